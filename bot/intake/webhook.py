"""Receives updates by POST and hands them over to be stored before Telegram is told; tells Telegram where to post them.

Any number of receivers may stand behind one address: what they share is the secret, which comes from the token, and the
database, which knows each update once. TLS is the reverse proxy's work.
"""

import asyncio
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from operator import attrgetter
from typing import Self
from urllib.parse import unquote, urlsplit

import aiohttp
import orjson
import structlog
from aiohttp import web
from telegram import Bot, WebhookInfo
from telegram.error import BadRequest, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.delivery.outcomes import retry_after_s
from bot.intake.incoming import ALLOWED_UPDATES, RawUpdate, update_id_of
from bot.intake.polling import Take
from bot.settings import Telegram

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header, not what is in it
LARGEST_UPDATE = 1024 * 1024
MAX_CONNECTIONS = 100
"""Telegram's own limit. Concurrent updates are stored together, so that many of them cost little more than one."""
STORED_AT_ONCE = 100
BODY_WITHIN_S = 10.0
LINGER_S = 1.0
"""Whoever is refused while still sending: a connection closed at once would lose them the answer."""
ENDED_WITHIN_S = 3.0
LOOK_AGAIN_S = 300.0
LONGEST_PAUSE_S = 30.0
_NUMBERS_END = 2**52

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Hook:
    """Where Telegram posts, what it proves itself with, and where we listen."""

    url: str
    host: str
    port: int
    secret: str = field(repr=False)

    @classmethod
    def from_settings(cls, telegram: Telegram) -> Self:
        """Raises SettingsError when the token cannot be read, LookupError when the settings name no webhook_url."""
        if telegram.webhook_url is None:
            raise LookupError("telegram.webhook_url is not set")
        host, port = telegram.listen_address()
        return cls(telegram.webhook_url, host, port, telegram.read_webhook_secret())

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.url).path) or "/"


@dataclass(frozen=True, slots=True)
class _Arrival:
    update_id: int
    raw: RawUpdate
    stored: "asyncio.Future[bool]"


class Receiver:
    """`open()`, then `run()` until it is cancelled; or `close()`."""

    def __init__(self, bot: Bot, hook: Hook, take: Take) -> None:
        """`take` is called for one batch at a time."""
        self._bot = bot
        self._hook = hook
        self._take = take
        self._arrivals: list[_Arrival] = []
        self._arrived = asyncio.Event()
        self._runner: web.ServerRunner | None = None
        self._storing: asyncio.Task[None] | None = None
        self._saw_wrong_secret = False
        self._last_error_at: datetime | None = None

    @property
    def waiting(self) -> int:
        """How many updates have come that nobody began to store."""
        return len(self._arrivals)

    async def open(self) -> None:
        """Listens and stores. Raises OSError when the address is taken or is not this machine's."""
        server = web.Server(self._answer, access_log=None, auto_decompress=False, lingering_time=LINGER_S)
        self._runner = web.ServerRunner(server, shutdown_timeout=ENDED_WITHIN_S)
        self._storing = asyncio.create_task(self._store_arrivals(), name="storing what was received")
        try:
            await self._runner.setup()
            await web.TCPSite(self._runner, self._hook.host, self._hook.port).start()
        except BaseException:
            await self.close()
            raise

    async def run(self) -> None:
        """Tells Telegram the address and keeps it told; once cancelled, ends as `close` does."""
        if self._storing is None:
            raise RuntimeError("open() comes before run()")
        announcing = asyncio.create_task(self._keep_announced(), name="announcing the webhook")
        try:
            await asyncio.wait([self._storing, announcing], return_when=asyncio.FIRST_COMPLETED)
            for task in (self._storing, announcing):
                if task.done():
                    task.result()
        finally:
            announcing.cancel()
            await asyncio.gather(announcing, return_exceptions=True)
            await self.close()

    async def close(self) -> None:
        """Takes no request any more and answers those that it has, once they are stored. Calling it again is harmless.

        Telegram keeps what comes later and posts it to another receiver, or to the next start.
        """
        runner, storing = self._runner, self._storing
        self._runner = self._storing = None
        if runner is not None:
            await runner.cleanup()
        if storing is not None:
            storing.cancel()
            await asyncio.gather(storing, return_exceptions=True)

    async def announce(self) -> None:
        """Returns when Telegram knows the address; asks first, and says nothing when it already does.

        An error that Telegram remembers at the first look is a reason to say it again: the secret may be another one
        since the token was changed, which Telegram does not show, and it posts what waits at once instead of after its
        growing pause. Pending updates are kept (core.telegram.org/bots/api#setwebhook).
        """
        failures = 0
        while True:
            try:
                told = await self._bot.get_webhook_info()
                if not self._is_known(told):
                    await self._bot.set_webhook(
                        self._hook.url,
                        secret_token=self._hook.secret,
                        allowed_updates=ALLOWED_UPDATES,
                        max_connections=MAX_CONNECTIONS,
                        drop_pending_updates=False,
                    )
                    _log.info("webhook_set", server=urlsplit(self._hook.url).hostname)
            except TelegramError as error:
                failures += 1
                await asyncio.sleep(_pause_after(error, failures))
            else:
                self._last_error_at = told.last_error_date
                return

    async def _keep_announced(self) -> None:
        while True:
            # Somebody who polls with this token takes the address away, and then nothing comes and nothing complains.
            await self.announce()
            await asyncio.sleep(LOOK_AGAIN_S)

    def _is_known(self, told: WebhookInfo) -> bool:
        same_kinds = set(told.allowed_updates or ()) == set(ALLOWED_UPDATES)
        if (told.url, told.max_connections) != (self._hook.url, MAX_CONNECTIONS) or not same_kinds:
            return False
        if told.last_error_date is None or told.last_error_date == self._last_error_at:
            return True
        _log.warning("webhook_trouble", error=told.last_error_message, waiting=told.pending_update_count)
        return False

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        status = self._refusal_by_head(request)
        if status is None:
            status = await self._receive(request)
        # Retry-After: Telegram keeps to it up to an hour; without it its own pause grows to minutes, for each chat.
        headers = {
            HTTPStatus.METHOD_NOT_ALLOWED: {"Allow": "POST"},
            HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "1"},
        }
        return web.Response(status=status, headers=headers.get(status))

    def _refusal_by_head(self, request: web.BaseRequest) -> HTTPStatus | None:
        """The status for what need not be read: nothing of a body is before the secret is right."""
        if request.path != self._hook.path:
            return HTTPStatus.NOT_FOUND
        if request.method != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED
        given = request.headers.get(SECRET_HEADER, "")
        # Bytes: compare_digest refuses texts beyond ASCII, and anybody may send them.
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._hook.secret.encode()):
            self._tell_wrong_secret()
            return HTTPStatus.FORBIDDEN
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if (request.content_length or 0) > LARGEST_UPDATE else None

    def _tell_wrong_secret(self) -> None:
        if not self._saw_wrong_secret:  # once: a stranger must not be able to fill the log
            self._saw_wrong_secret = True
            _log.warning("webhook_secret_wrong", fix="a stranger, or a receiver with another token: run `check`")

    async def _receive(self, request: web.BaseRequest) -> HTTPStatus:
        try:
            async with asyncio.timeout(BODY_WITHIN_S):
                body = await _read_body(request)
        except TimeoutError:
            return HTTPStatus.REQUEST_TIMEOUT
        except (aiohttp.ClientError, ConnectionError):
            return HTTPStatus.BAD_REQUEST  # hung up: nobody hears it
        if body is None:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        raw = _parse(body)
        update_id = None if raw is None else update_id_of(raw)
        # A number that is none, or that no database holds, would fail for ever, and all that came with it.
        if raw is None or update_id is None or isinstance(update_id, bool) or not 0 <= update_id < _NUMBERS_END:
            _log.error("update_without_number", bytes=len(body))
            return HTTPStatus.BAD_REQUEST
        return HTTPStatus.OK if await self._is_stored(update_id, raw) else HTTPStatus.SERVICE_UNAVAILABLE

    async def _is_stored(self, update_id: int, raw: RawUpdate) -> bool:
        arrival = _Arrival(update_id, raw, asyncio.get_running_loop().create_future())
        self._arrivals.append(arrival)
        self._arrived.set()
        return await arrival.stored

    async def _store_arrivals(self) -> None:
        """Whatever came while the last batch was being stored is the next one: one transaction for all of it."""
        while True:
            await self._arrived.wait()
            batch, self._arrivals = self._arrivals[:STORED_AT_ONCE], self._arrivals[STORED_AT_ONCE:]
            if not self._arrivals:
                self._arrived.clear()
            batch.sort(key=attrgetter("update_id"))
            stored = False
            try:
                stored = await self._take([arrival.raw for arrival in batch])
            finally:
                for arrival in batch:
                    if not arrival.stored.done():
                        arrival.stored.set_result(stored)


async def _read_body(request: web.BaseRequest) -> bytes | None:
    """The body; None once it is too large, and then the rest is left where it is."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > LARGEST_UPDATE:
            return None
    return bytes(body)


def _parse(body: bytes) -> RawUpdate | None:
    try:
        raw = orjson.loads(body)
    except ValueError:
        return None
    return raw if isinstance(raw, dict) else None


def _pause_after(error: TelegramError, failures: int) -> float:
    match error:
        case RetryAfter():
            return retry_after_s(error)
        case InvalidToken():
            _log.error("token_refused", fix="ask @BotFather for the token and set telegram.token")
            return LONGEST_PAUSE_S
        case BadRequest():
            _log.error("webhook_refused", error=error.message, fix="correct telegram.webhook_url; `check` says more")
            return LONGEST_PAUSE_S
        case NetworkError():
            _log.warning("webhook_not_set", error=error.message, failures=failures)
            return min(0.5 * 2.0 ** min(failures - 1, 8), LONGEST_PAUSE_S)
        case _:
            _log.error("webhook_not_set", error=error.message, failures=failures)
            return LONGEST_PAUSE_S
