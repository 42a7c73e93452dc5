"""The updates that wait for the bot, and long polling for them (core.telegram.org/bots/api#getting-updates)."""

import asyncio
from collections import deque
from collections.abc import Callable

from sandbox.arguments import Arguments, Json
from sandbox.errors import CONFLICT, RefusalError

FIRST_UPDATE_ID = 500_000_001
KEPT_FOR_S = 24 * 3600
MAX_BATCH = 100
MAX_WAIT_S = 50
# Not sent unless the bot asks for them by name.
_ON_DEMAND = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


class Updates:
    """Each update is handed out until a higher `offset` confirms it, as Telegram does."""

    def __init__(self, clock: Callable[[], float], on_change: Callable[[], None]) -> None:
        self._clock = clock
        self._on_change = on_change
        self._waiting: deque[tuple[float, Json]] = deque()
        self._next_id = FIRST_UPDATE_ID
        self._allowed: frozenset[str] | None = None
        self._poll: asyncio.Future[None] | None = None

    @property
    def pending(self) -> int:
        """How many updates are not confirmed yet."""
        return len(self._waiting)

    @property
    def has_poll(self) -> bool:
        """Is a bot waiting in a long poll right now?"""
        return self._poll is not None

    @property
    def allowed(self) -> list[str]:
        return sorted(self._allowed or ())

    def push(self, kind: str, payload: Json) -> None:
        """Queue an update, unless the bot did not ask for its kind."""
        wanted = kind in self._allowed if self._allowed else kind not in _ON_DEMAND
        if not wanted:
            return
        self._waiting.append((self._clock(), {"update_id": self._next_id, kind: payload}))
        self._next_id += 1
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)

    def forget(self) -> None:
        """What `drop_pending_updates` does."""
        self._waiting.clear()

    async def take(self, call: Arguments) -> list[Json]:
        """getUpdates. A second poll at the same time ends the first with 409."""
        if self._poll is not None:
            if not self._poll.done():
                self._poll.set_exception(RefusalError(409, CONFLICT))
            self._poll = None
        if "allowed_updates" in call:
            self._allowed = frozenset(call.texts("allowed_updates")) or None
        self._confirm(call.integer("offset"))
        limit = min(max(call.maybe_integer("limit") or MAX_BATCH, 1), MAX_BATCH)
        wait_s = min(call.integer("timeout"), MAX_WAIT_S)
        if not self._waiting and wait_s > 0:
            await self._wait(wait_s)
        return [update for _, update in list(self._waiting)[:limit]]

    def _confirm(self, offset: int) -> None:
        while self._waiting and self._waiting[0][0] < self._clock() - KEPT_FOR_S:
            self._waiting.popleft()
        if offset < 0:
            while len(self._waiting) > -offset:
                self._waiting.popleft()
        while self._waiting and _id_of(self._waiting[0][1]) < offset:
            self._waiting.popleft()
        self._on_change()

    async def _wait(self, wait_s: float) -> None:
        poll = self._poll = asyncio.get_running_loop().create_future()
        self._on_change()
        try:
            async with asyncio.timeout(wait_s):
                await poll
        except TimeoutError:
            return
        finally:
            if self._poll is poll:
                self._poll = None


def _id_of(update: Json) -> int:
    update_id = update["update_id"]
    return update_id if isinstance(update_id, int) else 0
