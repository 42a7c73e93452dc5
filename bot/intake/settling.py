"""What becomes of an update whose answer failed: let go, tried again, or put aside, and who is told."""

from enum import Enum, auto

import structlog
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError

from bot.context import Services
from bot.delivery.direct import send_screen
from bot.delivery.outcomes import retry_after_s
from bot.intake.inbox import Inbox
from bot.intake.incoming import Asker, asker_of
from bot.logic.screens import readers as reader_screens
from bot.logic.screens.hotline import hotline_button
from db.database import DatabaseError, is_away
from db.updates import WaitingUpdate

MOST_ATTEMPTS = 5
DATABASE_AWAY_S = 5.0

_log = structlog.get_logger(__name__)


class Remedy(Enum):
    """What is done about a handler's error."""

    LET_GO = auto()
    """The reader blocked the bot: there is nobody to answer."""
    AGAIN = auto()
    """Something was away; tried again a few times."""
    WAIT = auto()
    """The database is away; tried again until it is back."""
    ASIDE = auto()
    """A fault of ours: kept, told, not tried again."""


def remedy_for(error: Exception, *, attempts: int) -> Remedy:
    """`attempts` counts those before this one."""
    match error:
        case Forbidden():
            return Remedy.LET_GO
        case DatabaseError():
            return Remedy.WAIT if is_away(error) else Remedy.ASIDE
        case BadRequest():  # a NetworkError to PTB, but no trying again will mend it
            return Remedy.ASIDE
        case NetworkError() | RetryAfter():
            return Remedy.AGAIN if attempts + 1 < MOST_ATTEMPTS else Remedy.ASIDE
        case _:
            return Remedy.ASIDE


class Settler:
    def __init__(self, inbox: Inbox, services: Services) -> None:
        self._inbox = inbox
        self._services = services
        self._apologized: set[int] = set()

    async def settle(self, row: WaitingUpdate, error: Exception | None, *, language: str | None) -> None:
        """To be called once for each time that an update was handled; `language` is the reader's, if known."""
        if error is None:
            self._apologized.discard(row.update_id)
            await self._inbox.finish(row)
            return
        remedy = remedy_for(error, attempts=row.attempts)
        _log.error("update_failed", update_id=row.update_id, remedy=remedy.name, exc_info=error)
        asker = asker_of(row.payload)
        match remedy:
            case Remedy.LET_GO:
                if asker.is_private and asker.chat_id is not None:
                    await self._services.readers.lose(asker.chat_id, now=self._services.now())
                await self._inbox.finish(row)
            case Remedy.AGAIN:
                after_s = retry_after_s(error) if isinstance(error, RetryAfter) else 2.0**row.attempts
                await self._inbox.try_again(row, after_s=after_s, counts=True)
            case Remedy.WAIT:
                await self._apologize(row, asker, language)
                await self._inbox.try_again(row, after_s=DATABASE_AWAY_S, counts=False)
            case Remedy.ASIDE:
                await self._apologize(row, asker, language)
                # The desk first: after a crash in between it hears of it twice, not never.
                await self._tell_desk(error)
                await self._inbox.put_aside(row, error)

    async def _apologize(self, row: WaitingUpdate, asker: Asker, language: str | None) -> None:
        """One friendly sentence, once for each update; it must not fail in turn."""
        if asker.chat_id is None or not asker.is_private or row.update_id in self._apologized:
            return
        self._apologized.add(row.update_id)
        texts = self._services.catalogs[language or asker.app_language]
        hotline = hotline_button(self._services.settings.hotline.numbers)
        bot = self._inbox.application.bot
        try:
            if asker.press_id is not None:
                await bot.answer_callback_query(asker.press_id)
            await send_screen(bot, asker.chat_id, reader_screens.trouble(texts, hotline))
        except TelegramError as error:
            _log.warning("apology_not_sent", error=type(error).__name__)

    async def _tell_desk(self, error: Exception) -> None:
        kind = type(error).__name__
        try:
            await self._services.desk.tell(
                f"handler_error:{kind}", facts={"kind": "handler_error", "error": kind}, now=self._services.now()
            )
        except DatabaseError:
            _log.warning("desk_not_told", error=kind)
