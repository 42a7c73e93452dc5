"""Anything else a person sends gets one short helpful answer: never silence, never an error."""

from collections import OrderedDict

from telegram import Update
from telegram.ext import CallbackQueryHandler, MessageHandler
from telegram.ext.filters import COMMAND, LOCATION, TEXT, ChatType, StatusUpdate, UpdateType

from bot.context import AnyHandler, Context
from bot.filters import InDialog
from bot.logic.screen import Screen
from bot.logic.screens import dialogs as dialog_screens
from bot.logic.screens import readers as reader_screens

ALBUMS_REMEMBERED = 500


class Albums:
    """An album arrives as one message for each picture, and is answered once."""

    def __init__(self) -> None:
        self._answered: OrderedDict[str, None] = OrderedDict()

    def _remember(self, album_id: str) -> None:
        self._answered[album_id] = None
        if len(self._answered) > ALBUMS_REMEMBERED:
            self._answered.popitem(last=False)

    async def take_no_words(self, update: Update, context: Context) -> None:
        """Photos, voices, stickers: a friendly sentence, and the draft stays."""
        album_id = update.message.media_group_id if update.message is not None else None
        if album_id in self._answered:
            return
        texts = context.texts(update)
        is_open = context.dialog is not None and not context.dialog.is_parked
        await context.answer(
            update, dialog_screens.words_needed(texts) if is_open else reader_screens.only_words(texts)
        )
        # Only now: an answer that did not get through is tried again.
        if album_id is not None:
            self._remember(album_id)


async def take_words(update: Update, context: Context) -> None:
    await context.answer(update, _answer_to_words(update, context))


def _answer_to_words(update: Update, context: Context) -> Screen:
    texts = context.texts(update)
    message = update.message
    if message is not None and (message.quote is not None or message.external_reply is not None):
        return dialog_screens.quote_an_article(texts)
    return reader_screens.not_understood(texts, context.about(texts))


async def ask_for_press(update: Update, context: Context) -> None:
    """Words at a step that awaits a press: the step is shown again, with its buttons."""
    if context.dialog is not None:
        step = await context.step_screen(update, context.dialog)
        await context.answer(update, dialog_screens.press_a_button(context.texts(update), step))


async def take_edit(update: Update, context: Context) -> None:
    await context.answer(update, dialog_screens.edits_unseen(context.texts(update)))


async def take_old_press(update: Update, context: Context) -> None:
    await context.toast(update, reader_screens.too_late(context.texts(update)))


async def ignore(update: Update, context: Context) -> None:
    """What nobody said: Telegram's own notes in the chat (a pinned message, a changed timer), a place that moves."""


def handlers() -> list[AnyHandler]:
    private = ChatType.PRIVATE & UpdateType.MESSAGE
    return [
        MessageHandler(StatusUpdate.ALL, ignore),
        MessageHandler(private & TEXT & ~COMMAND & InDialog(), ask_for_press),
        MessageHandler(private & TEXT, take_words),
        MessageHandler(private, Albums().take_no_words),
        # A live location is "edited" every few seconds while somebody walks.
        MessageHandler(ChatType.PRIVATE & UpdateType.EDITED_MESSAGE & LOCATION, ignore),
        MessageHandler(ChatType.PRIVATE & UpdateType.EDITED_MESSAGE, take_edit),
        CallbackQueryHandler(take_old_press),
    ]
