"""Fetches updates by getUpdates and hands each batch over to be stored before Telegram is told.

The offset is sent once, right after its batch was stored, and then forgotten: after a week without updates Telegram may
number them anew (core.telegram.org/bots/api#update), and an offset kept for ever would throw those away unseen.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from telegram import Bot
from telegram.error import BadRequest, Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import BaseRequest

from bot.delivery.outcomes import retry_after_s
from bot.delivery.request import request_data
from bot.intake.incoming import ALLOWED_UPDATES, RawUpdate, update_id_of

LONG_POLL_S = 30
LONGEST_PAUSE_S = 30.0
NOT_STORED_PAUSE_S = 1.0
CONFLICT_PAUSE_S = 5.0
NOT_DELETED_PAUSE_S = 1.0
UNAUTHORIZED_PAUSE_S = 30.0

Take = Callable[[Sequence[RawUpdate]], Awaitable[bool]]
"""Stores a batch; False when it could not, and then Telegram must keep it."""

_log = structlog.get_logger(__name__)


class Poller:
    def __init__(self, bot: Bot, request: BaseRequest, take: Take) -> None:
        self._bot = bot
        self._request = request
        self._take = take

    async def run(self) -> None:
        """Until it is cancelled. What was fetched and not stored is fetched again by the next start."""
        offset: int | None = None
        failures = 0
        while True:
            try:
                batch = await self._fetch(offset)
            except TelegramError as error:
                failures += 1
                await asyncio.sleep(await self._pause_after(error, failures))
                continue
            failures = 0
            offset = None
            if not batch:
                continue
            if await self._take(batch):
                offset = max((update_id_of(raw) or 0 for raw in batch), default=0) + 1
            else:
                await asyncio.sleep(NOT_STORED_PAUSE_S)

    async def _fetch(self, offset: int | None) -> Sequence[RawUpdate]:
        # An acknowledgement is answered at once, so that what follows it is not kept waiting behind an empty poll.
        parameters: dict[str, object] = {"timeout": LONG_POLL_S, "allowed_updates": list(ALLOWED_UPDATES)}
        if offset is not None:
            parameters["offset"] = offset
        data = request_data(parameters)
        result = await self._request.post(f"{self._bot.base_url}/getUpdates", data, read_timeout=LONG_POLL_S + 10)
        return result if isinstance(result, list) else []

    async def _pause_after(self, error: TelegramError, failures: int) -> float:
        match error:
            case RetryAfter():
                return retry_after_s(error)
            case Conflict():
                return await self._pause_after_conflict(error)
            case InvalidToken():
                _log.error("token_refused", fix="ask @BotFather for the token and set telegram.token")
                return UNAUTHORIZED_PAUSE_S
            case BadRequest():
                _log.error("polling_refused", error=error.message)
                return LONGEST_PAUSE_S
            case NetworkError():
                _log.warning("polling_failed", error=error.message, failures=failures)
                return min(0.5 * 2.0 ** min(failures - 1, 8), LONGEST_PAUSE_S)
            case _:
                _log.error("polling_failed", error=error.message, failures=failures)
                return LONGEST_PAUSE_S

    async def _pause_after_conflict(self, error: Conflict) -> float:
        """A webhook that somebody set is taken away, its updates stay; another poller is only waited for."""
        _log.error("polling_conflict", fix="another process polls with this token, or a webhook is set")
        if "webhook is active" not in error.message.lower():
            return CONFLICT_PAUSE_S
        try:
            await self._bot.delete_webhook(drop_pending_updates=False)
        except TelegramError as failed:
            _log.warning("webhook_not_deleted", error=failed.message)
            return NOT_DELETED_PAUSE_S
        return 0.0
