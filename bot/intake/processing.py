"""PTB's `BaseUpdateProcessor` port: tells handlers who speaks and where they stand, and settles what became of it."""

import asyncio
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass
from enum import Enum, auto

import structlog
from telegram import Chat, Message, Update
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError
from telegram.ext import BaseUpdateProcessor

from bot.context import Services, Situation, situation, texts_for
from bot.delivery.direct import send_screen
from bot.delivery.outcomes import retry_after_s
from bot.intake.inbox import Inbox
from bot.logic.callbacks import Action, read_press
from bot.logic.screens import readers as reader_screens
from bot.logic.screens.hotline import hotline_button
from bot.logic.views import ArticleView
from db.database import DatabaseError, is_away
from db.updates import UpdateState, WaitingUpdate

SIDE_BY_SIDE = 64
"""How many people are served at the same time."""
MOST_ATTEMPTS = 5
DATABASE_AWAY_S = 5.0
HOTLINE_LOOKS_FOR_S = 0.5
"""The hotline waits no longer than this to learn the reader's language."""

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


@dataclass(frozen=True, slots=True)
class _Handled:
    update: Update
    row: WaitingUpdate
    situation: Situation


class PersonalProcessor(BaseUpdateProcessor):
    """One person's updates one after another (the inbox feeds them so), different people's side by side."""

    def __init__(self, inbox: Inbox, services: Services) -> None:
        super().__init__(SIDE_BY_SIDE)
        self._inbox = inbox
        self._services = services
        self._apologized: set[int] = set()
        self._handling: set[asyncio.Task[object]] = set()

    async def let_go(self) -> None:
        """Ends what is still being handled; it is in the inbox and comes again at the next start."""
        for task in self._handling:
            task.cancel()
        await asyncio.gather(*self._handling, return_exceptions=True)

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_process_update(self, update: object, coroutine: Awaitable[object]) -> None:
        row = self._inbox.waiting_of(update.update_id) if isinstance(update, Update) else None
        task = asyncio.current_task()
        if not isinstance(update, Update) or row is None or task is None:
            _dispose(coroutine)
            return
        self._handling.add(task)
        task.add_done_callback(self._handling.discard)
        here = Situation(self._services, update.update_id, is_replay=row.state is UpdateState.EFFECTED)
        token = situation.set(here)
        try:
            try:
                await self._fill(here, update, row)
            except DatabaseError as error:
                here.failure = error
            else:
                await coroutine
            await self._settle(_Handled(update, row, here))
        finally:
            _dispose(coroutine)
            situation.reset(token)

    async def _fill(self, here: Situation, update: Update, row: WaitingUpdate) -> None:
        """Learns who speaks. Raises DatabaseError, but not for the hotline, which needs to know nothing."""
        user, chat = update.effective_user, update.effective_chat
        if user is None or chat is None or chat.type != Chat.PRIVATE:
            return
        now = self._services.now()
        if self._inbox.is_hotline(row.payload):
            try:
                async with asyncio.timeout(HOTLINE_LOOKS_FOR_S):
                    here.reader = await self._services.readers.find(user.id)
            except (DatabaseError, TimeoutError):
                _log.warning("hotline_without_database")
            return
        here.reader = await self._services.readers.meet(user.id, now=now)
        if here.reader.blocked_at is not None and update.my_chat_member is None:
            # Who speaks has not blocked the bot; a send refused before may have been recorded after the unblocking.
            await self._services.readers.welcome_back(user.id, now=now)
        here.dialog = await self._services.dialogs.find(user.id, now=now)
        message = update.message
        if message is not None and isinstance(message.reply_to_message, Message):
            here.quoted_article = await self._find_quoted(chat.id, message.reply_to_message)

    async def _find_quoted(self, chat_id: int, quoted: Message) -> ArticleView | None:
        articles = self._services.articles
        if (known := await articles.find_in_message(chat_id, quoted.message_id)) is not None:
            return known
        # A copy that arrived just before a crash stands in no row; its buttons still say what it is.
        is_ours = quoted.from_user is not None and quoted.from_user.id == self._inbox.application.bot.id
        return await articles.find(_article_under(quoted)) if is_ours else None

    async def _settle(self, handled: _Handled) -> None:
        error = handled.situation.failure
        row = handled.row
        if error is None:
            self._apologized.discard(row.update_id)
            await self._inbox.finish(row)
            return
        remedy = remedy_for(error, attempts=row.attempts)
        _log.error("update_failed", update_id=row.update_id, remedy=remedy.name, exc_info=error)
        match remedy:
            case Remedy.LET_GO:
                await self._let_go(handled)
            case Remedy.AGAIN:
                after_s = retry_after_s(error) if isinstance(error, RetryAfter) else 2.0**row.attempts
                await self._inbox.try_again(row, after_s=after_s, counts=True)
            case Remedy.WAIT:
                await self._apologize(handled)
                await self._inbox.try_again(row, after_s=DATABASE_AWAY_S, counts=False)
            case Remedy.ASIDE:
                await self._apologize(handled)
                # The desk first: after a crash in between it hears of it twice, not never.
                await self._tell_desk(error)
                await self._inbox.put_aside(row, error)

    async def _let_go(self, handled: _Handled) -> None:
        chat = handled.update.effective_chat
        if chat is not None and chat.type == Chat.PRIVATE:
            await self._services.readers.lose(chat.id, now=self._services.now())
        await self._inbox.finish(handled.row)

    async def _apologize(self, handled: _Handled) -> None:
        """One friendly sentence, once for each update; it must not fail in turn."""
        update, chat = handled.update, handled.update.effective_chat
        if chat is None or chat.type != Chat.PRIVATE or handled.row.update_id in self._apologized:
            return
        self._apologized.add(handled.row.update_id)
        texts = texts_for(self._services, handled.situation.reader, update)
        hotline = hotline_button(self._services.settings.hotline.numbers)
        try:
            if update.callback_query is not None:
                await update.callback_query.answer()
            await send_screen(self._inbox.application.bot, chat.id, reader_screens.trouble(texts, hotline))
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


def _article_under(message: Message) -> int | None:
    """The article that the buttons under a message of ours are about."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup is not None else ()
    for button in (button for row in rows for button in row):
        press = read_press(button.callback_data) if isinstance(button.callback_data, str) else None
        if press is not None and press.action is Action.COMMENT:
            return press.number
    return None


def _dispose(coroutine: Awaitable[object]) -> None:
    """Python warns of a coroutine that nobody awaited; PTB always hands over one. Nothing to one that has ended."""
    if isinstance(coroutine, Coroutine):
        coroutine.close()
