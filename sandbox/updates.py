"""The updates that wait for the bot, and its two ways to them (core.telegram.org/bots/api#getting-updates).

Long polling is done here, posting to a webhook in `sandbox.posting`; each excludes the other.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from sandbox.arguments import Arguments, Json
from sandbox.errors import CONFLICT, SET_WEBHOOK_CONFLICT, WEBHOOK_CONFLICT, RefusalError
from sandbox.posting import Hook, Posted, Posting

FIRST_UPDATE_ID = 500_000_001
KEPT_FOR_S = 24 * 3600
MAX_BATCH = 100
MAX_WAIT_S = 50
# Not sent unless the bot asks for them by name.
_ON_DEMAND = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass(frozen=True, slots=True)
class _Waiting:
    since: float
    update: Json


class Updates:
    """Each update is handed out until a higher `offset` or the webhook's answer confirms it, as Telegram does."""

    def __init__(self, clock: Callable[[], float], on_change: Callable[[], None]) -> None:
        self._clock = clock
        self._on_change = on_change
        self._waiting: OrderedDict[int, _Waiting] = OrderedDict()  # by number, which grows
        self._next_id = FIRST_UPDATE_ID
        self._allowed: frozenset[str] | None = None
        self._poll: asyncio.Future[None] | None = None
        self._posting: Posting | None = None
        self.hook: Hook | None = None
        self.posted: list[Posted] = []

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

    def allow(self, kinds: list[str]) -> None:
        """From now on only these are queued; none means those that need not be asked for."""
        self._allowed = frozenset(kinds) or None

    def push(self, kind: str, payload: Json) -> None:
        """Queue an update, unless the bot did not ask for its kind."""
        wanted = kind in self._allowed if self._allowed else kind not in _ON_DEMAND
        if not wanted:
            return
        update_id, update = self._next_id, {"update_id": self._next_id, kind: payload}
        self._next_id += 1
        self._waiting[update_id] = _Waiting(self._clock(), update)
        if self._posting is not None:
            self._posting.add(update_id, update)
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)

    def forget(self) -> None:
        """What `drop_pending_updates` does."""
        self._waiting.clear()
        self.set_hook(self.hook)

    def set_hook(self, hook: Hook | None) -> None:
        """Post to this hook from now on, beginning with what waits; None ends it. A hook wants a running loop."""
        if self._posting is not None:
            self._posting.stop()
        self._posting, self.hook = None, hook
        if hook is None:
            return
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(RefusalError(409, SET_WEBHOOK_CONFLICT))
        self._drop_old()
        self._posting = Posting(hook, clock=self._clock, attempted=self._attempted)
        for update_id, waiting in self._waiting.items():
            self._posting.add(update_id, waiting.update)
        self._posting.start()

    def _attempted(self, posted: Posted) -> None:
        self.posted.append(posted)
        if posted.is_accepted:
            self._waiting.pop(posted.update_id, None)
        self._on_change()

    async def take(self, call: Arguments) -> list[Json]:
        """getUpdates. A second poll at the same time ends the first with 409; a webhook refuses every poll."""
        if self.hook is not None:
            raise RefusalError(409, WEBHOOK_CONFLICT)
        if self._poll is not None:
            if not self._poll.done():
                self._poll.set_exception(RefusalError(409, CONFLICT))
            self._poll = None
        if "allowed_updates" in call:
            self.allow(call.texts("allowed_updates"))
        self._confirm(call.integer("offset"))
        limit = min(max(call.maybe_integer("limit") or MAX_BATCH, 1), MAX_BATCH)
        wait_s = min(call.integer("timeout"), MAX_WAIT_S)
        if not self._waiting and wait_s > 0:
            await self._wait(wait_s)
        return [waiting.update for waiting in islice(self._waiting.values(), limit)]

    def _confirm(self, offset: int) -> None:
        self._drop_old()
        while offset < 0 and len(self._waiting) > -offset:
            self._waiting.popitem(last=False)
        while self._waiting and next(iter(self._waiting)) < offset:
            self._waiting.popitem(last=False)
        self._on_change()

    def _drop_old(self) -> None:
        oldest = self._clock() - KEPT_FOR_S
        while self._waiting and next(iter(self._waiting.values())).since < oldest:
            self._waiting.popitem(last=False)

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
