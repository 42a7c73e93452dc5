"""PTB's `BaseUpdateProcessor` port: tells handlers who speaks and where they stand, and settles what became of it."""

import asyncio
from collections.abc import Awaitable, Coroutine, Mapping, Sequence

from telegram import Chat, Message, Update
from telegram.ext import BaseUpdateProcessor

from bot.context import Services, Situation, situation
from bot.intake.gathering import Gathering
from bot.intake.inbox import Inbox
from bot.intake.settling import Settler
from bot.logic.callbacks import Action, read_press
from bot.logic.views import ArticleView
from bot.services.readers import Acquaintance
from db.database import DatabaseError
from db.updates import UpdateState

SIDE_BY_SIDE = 64
"""How many people are served at the same time."""


class PersonalProcessor(BaseUpdateProcessor):
    """One person's updates one after another (the inbox feeds them so), different people's side by side."""

    def __init__(self, inbox: Inbox, services: Services, settler: Settler) -> None:
        super().__init__(SIDE_BY_SIDE)
        self._inbox = inbox
        self._services = services
        self._settler = settler
        self._meeting = Gathering(self._meet)
        self._handling: set[asyncio.Task[object]] = set()

    async def let_go(self) -> None:
        """Ends what is still being handled; it is in the inbox and comes again at the next start."""
        for task in self._handling:
            task.cancel()
        await asyncio.gather(*self._handling, return_exceptions=True)
        await self._meeting.close()

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
                await self._fill(here, update)
            except DatabaseError as error:
                here.failure = error
            else:
                await coroutine
            language = None if here.reader is None else here.reader.language
            await self._settler.settle(row, here.failure, language=language)
        finally:
            _dispose(coroutine)
            situation.reset(token)

    async def _fill(self, here: Situation, update: Update) -> None:
        """Learns who speaks. Raises DatabaseError."""
        user, chat = update.effective_user, update.effective_chat
        if user is None or chat is None or chat.type != Chat.PRIVATE:
            return
        known = await self._meeting.ask(user.id)
        here.reader, here.dialog = known.reader, known.dialog
        if here.reader.blocked_at is not None and update.my_chat_member is None:
            # Who speaks has not blocked the bot; a send refused before may have been recorded after the unblocking.
            await self._services.readers.welcome_back(user.id, now=self._services.now())
        message = update.message
        if message is not None and isinstance(message.reply_to_message, Message):
            here.quoted_article = await self._find_quoted(chat.id, message.reply_to_message)

    async def _meet(self, reader_ids: Sequence[int]) -> Mapping[int, Acquaintance]:
        return await self._services.readers.meet_all(reader_ids, now=self._services.now())

    async def _find_quoted(self, chat_id: int, quoted: Message) -> ArticleView | None:
        articles = self._services.articles
        if (known := await articles.find_in_message(chat_id, quoted.message_id)) is not None:
            return known
        # A copy that arrived just before a crash stands in no row; its buttons still say what it is.
        is_ours = quoted.from_user is not None and quoted.from_user.id == self._inbox.application.bot.id
        return await articles.find(_article_under(quoted)) if is_ours else None


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
