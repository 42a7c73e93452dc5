"""Posts updates to the bot's webhook as Telegram's server does: in order for each chat, side by side across chats.

What is not answered by a 2xx is posted again, after the answer's Retry-After or a pause that grows (WebhookActor.cpp of
tdlib/telegram-bot-api: at once, then after 2, 4, … 60 s). Which updates there are, `sandbox.updates` knows.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
import orjson

from sandbox.arguments import Json

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header, not what is in it
ANSWERED_WITHIN_S = 60.0
LONGEST_PAUSE_S = 60.0
LONGEST_RETRY_AFTER_S = 3600
_ACCEPTED = range(200, 300)

QueueKey = tuple[str, int]


@dataclass(slots=True)
class Hook:
    """What setWebhook said, and what came of it last."""

    url: str
    secret: str
    max_connections: int
    error: str = ""
    error_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Posted:
    """One attempt; `status` is None when no answer came."""

    at: float
    update_id: int
    queue: QueueKey
    status: int | None

    @property
    def is_accepted(self) -> bool:
        return self.status is not None and self.status in _ACCEPTED


def queue_of(update: Json) -> QueueKey:
    """What waits for what: a chat's messages for each other. A press has a queue of its own: nobody promises more."""
    match update:
        case {"callback_query": {"from": {"id": int(user_id)}}}:
            return "press", user_id
    for payload in update.values():
        match payload:
            case {"chat": {"id": int(chat_id)}}:
                return "chat", chat_id
    return "chat", 0


class Posting:
    """Posts to one hook from `start()` to `stop()`; both want a running event loop."""

    def __init__(self, hook: Hook, *, clock: Callable[[], float], attempted: Callable[[Posted], None]) -> None:
        """`attempted` is told of each attempt."""
        self._hook = hook
        self._clock = clock
        self._attempted = attempted
        self._queues: dict[QueueKey, deque[tuple[int, Json]]] = {}
        self._begun: asyncio.Queue[QueueKey] = asyncio.Queue()
        self._free = asyncio.Semaphore(hook.max_connections)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(), name="posting to the webhook")

    def stop(self) -> None:
        """Nothing is posted any more; an answer that is still under way is not waited for."""
        if self._task is not None:
            self._task.cancel()

    def add(self, update_id: int, update: Json) -> None:
        key = queue_of(update)
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = deque()
            self._begun.put_nowait(key)
        queue.append((update_id, update))

    async def _run(self) -> None:
        connector = aiohttp.TCPConnector(limit=0)  # whoever waits for a free one must not be timed meanwhile
        patience = aiohttp.ClientTimeout(total=ANSWERED_WITHIN_S)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=patience) as session,
            asyncio.TaskGroup() as group,
        ):
            while True:
                group.create_task(self._empty(session, await self._begun.get()))

    async def _empty(self, session: aiohttp.ClientSession, key: QueueKey) -> None:
        queue = self._queues[key]
        while queue:
            update_id, update = queue[0]
            failures = 0
            while (pause_s := await self._post(session, key, update_id, update)) is not None:
                await asyncio.sleep(pause_s or (min(2.0**failures, LONGEST_PAUSE_S) if failures else 0))
                failures += 1
            queue.popleft()
        del self._queues[key]

    async def _post(self, session: aiohttp.ClientSession, key: QueueKey, update_id: int, update: Json) -> float | None:
        """None once it is accepted; else the pause that the receiver asked for, or 0."""
        headers = {"Content-Type": "application/json"}
        if self._hook.secret:
            headers[SECRET_HEADER] = self._hook.secret
        body = orjson.dumps(update)
        async with self._free:
            status, retry_after_s = None, 0
            try:
                async with session.post(self._hook.url, data=body, headers=headers, allow_redirects=False) as answer:
                    await answer.read()
                    status = answer.status
                    retry_after_s = _seconds(answer.headers.get("Retry-After", ""))
                    error = f"Wrong response from the webhook: {status} {answer.reason}"
            except TimeoutError:
                error = "Read timeout expired"
            except aiohttp.ClientConnectorError:
                error = "Connection refused"
            except (aiohttp.ClientError, OSError):
                error = "Webhook connection closed"
        posted = Posted(self._clock(), update_id, key, status)
        if not posted.is_accepted:
            self._hook.error, self._hook.error_at = error, self._clock()
        self._attempted(posted)
        if posted.is_accepted:
            return None
        return float(min(retry_after_s, LONGEST_RETRY_AFTER_S))


def _seconds(header: str) -> int:
    return int(header) if header.isascii() and header.isdigit() else 0
