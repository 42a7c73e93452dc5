"""The typed door from a handler to everything else: who is speaking, where they stand, the services, the way to answer.

The intake fills a `Situation` before the handlers are chosen, so that a filter can ask for a dialog's step.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from telegram import Message, Update
from telegram.ext import Application, BaseHandler, CallbackContext, ExtBot

from bot.delivery.direct import answer_press, edit_screen, send_screen
from bot.i18n import Catalogs, Texts
from bot.logic.callbacks import Press, read_press
from bot.logic.cutting import clean_words, one_line
from bot.logic.dialogs import Dialog, open_dialog
from bot.logic.lanes import Lane
from bot.logic.screen import Screen
from bot.logic.screens.dialogs import NAME_LENGTH, step_screen
from bot.logic.screens.hotline import hotline_button
from bot.logic.screens.readers import About, saved, too_late
from bot.logic.views import ArticleView
from bot.services.articles import Articles
from bot.services.desk import Desk
from bot.services.dialogs import Dialogs
from bot.services.doubts import Doubts
from bot.services.readers import Readers
from bot.services.submissions import Submissions
from bot.settings import Settings
from db.readers import Reader

Bot = ExtBot[Lane]


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a handler may use; made once by `bot.app`."""

    settings: Settings
    catalogs: Catalogs
    now: Callable[[], datetime]
    articles: Articles
    readers: Readers
    dialogs: Dialogs
    submissions: Submissions
    doubts: Doubts
    desk: Desk

    @property
    def offered_languages(self) -> tuple[str, ...]:
        """The languages that articles can come in, in the settings' order."""
        given = {source.language for source in self.settings.sources}
        if not given or "auto" in given:
            return self.settings.languages
        return tuple(language for language in self.settings.languages if language in given)

    def first_news_languages(self, language: str) -> tuple[str, ...]:
        """What a reader who speaks `language` gets at first: news in it, or all there is when there is none in it."""
        return (language,) if language in self.offered_languages else self.offered_languages


@dataclass(slots=True)
class Situation:
    """One update on its way through the handlers."""

    services: Services
    update_id: int
    reader: Reader | None = None
    dialog: Dialog | None = None
    quoted_article: ArticleView | None = None
    """The article that the message is a reply to."""
    is_replay: bool = False
    """Its effect was committed before a crash: only the answer is owed."""
    failure: Exception | None = None
    """What the handler raised; set by the error handler, read by the intake."""


_Data = dict[object, object]
"""PTB's own stores, which stay empty: what must last is in the database."""

situation: ContextVar[Situation] = ContextVar("situation")


class Context(CallbackContext[Bot, _Data, _Data, _Data]):
    """PTB's context with the situation; the second argument of every handler."""

    def __init__(
        self,
        application: "DauysApplication",
        chat_id: int | None = None,
        user_id: int | None = None,
    ) -> None:
        super().__init__(application, chat_id, user_id)
        self.situation = situation.get()
        self.services = self.situation.services

    @property
    def now(self) -> datetime:
        return self.services.now()

    @property
    def reader(self) -> Reader:
        """Who speaks; the intake meets everybody who writes in a private chat."""
        if self.situation.reader is None:
            raise LookupError("this update has no reader")
        return self.situation.reader

    @property
    def dialog(self) -> Dialog | None:
        return self.situation.dialog

    def texts(self, update: Update) -> Texts:
        """In the language the reader chose; before that, in the app's."""
        return texts_for(self.services, self.situation.reader, update)

    def about(self, texts: Texts) -> About:
        settings = self.services.settings
        return About(
            name=settings.newsroom.name.in_language(texts.language),
            site=settings.newsroom.site,
            privacy_contact=settings.newsroom.privacy_contact,
            hotline=hotline_button(settings.hotline.numbers),
            hotline_number=settings.hotline.numbers[0].number,
        )

    async def answer(self, update: Update, screen: Screen) -> None:
        """A new message in the chat that the update came from."""
        if update.effective_chat is not None:
            await send_screen(self.bot, update.effective_chat.id, screen)

    async def replace(self, update: Update, screen: Screen) -> None:
        """The screen instead of the message whose button was pressed; a new message where there was no press."""
        query = update.callback_query
        if query is not None and isinstance(query.message, Message):
            await edit_screen(self.bot, query.message.chat_id, query.message.message_id, screen)
        else:
            await self.answer(update, screen)

    async def toast(self, update: Update, text: str | None = None, *, alert: bool = False) -> None:
        """Answers a press, which Telegram's apps wait for; too late is no error."""
        if update.callback_query is not None:
            await answer_press(self.bot, update.callback_query.id, text, alert=alert)

    async def speak(self, update: Update) -> bool:
        """Whether the language that was pressed is spoken from now on; answers the press either way."""
        language = press_of(update).word or ""
        if language not in self.services.settings.languages:
            await self.toast(update, too_late(self.texts(update)))
            return False
        readers, reader_id = self.services.readers, self.reader.id
        await readers.speak(reader_id, language, first_news=self.services.first_news_languages(language))
        self.situation.reader = await readers.find(reader_id)
        await self.toast(update, saved(self.texts(update)))
        return True

    async def begin(self, update: Update, wanted: Dialog) -> None:
        """Begins a dialog, or asks which of two the reader wants; then shows where they stand."""
        opened = open_dialog(self.dialog, wanted)
        await self.advance(update, opened.dialog)

    async def advance(self, update: Update, dialog: Dialog, *, in_place: bool = False) -> None:
        """Keeps the dialog as it is now and shows its step; `in_place` where the pressed button belongs to the flow."""
        reader_id = self.reader.id
        await self.services.dialogs.save(reader_id, dialog, update_id=update.update_id, now=self.now)
        await self.show_step(update, dialog, in_place=in_place)

    async def show_step(self, update: Update, dialog: Dialog, *, in_place: bool = False) -> None:
        screen = await self.step_screen(update, dialog)
        await (self.replace(update, screen) if in_place else self.answer(update, screen))

    async def step_screen(self, update: Update, dialog: Dialog) -> Screen:
        article = await self.services.articles.find(dialog.draft.article_id)
        return step_screen(self.texts(update), dialog, article, own_name=self.own_name(update))

    @staticmethod
    def own_name(update: Update) -> str:
        """The name the reader has in Telegram, fit to be shown and signed with."""
        user = update.effective_user
        name = one_line(clean_words(user.full_name), NAME_LENGTH.stop - 1) if user is not None else ""
        return name or "…"


DauysApplication = Application[Bot, Context, _Data, _Data, _Data, None]
AnyHandler = BaseHandler[Update, Context, None]


def texts_for(services: Services, reader: Reader | None, update: Update) -> Texts:
    if reader is not None and reader.language is not None:
        return services.catalogs[reader.language]
    return services.catalogs[app_language(update)]


def app_language(update: Update) -> str | None:
    """The language of the person's app, without its country ("pt-br")."""
    user = update.effective_user
    code = user.language_code if user is not None else None
    return None if code is None else code.partition("-")[0].lower()


def press_of(update: Update) -> Press:
    """The press of a handler that was chosen by `pressed`."""
    query = update.callback_query
    press = read_press(query.data) if query is not None else None
    if press is None:
        raise LookupError("this update is no press of ours")
    return press
