"""/help: what the bot can do, on one screen."""

from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler
from telegram.ext.filters import ChatType

from bot.context import AnyHandler, Context
from bot.filters import pressed
from bot.logic.callbacks import Action
from bot.logic.screens import readers as reader_screens


async def show(update: Update, context: Context) -> None:
    texts = context.texts(update)
    await context.answer(update, reader_screens.help_screen(texts, context.about(texts)))
    await context.toast(update)


def handlers() -> list[AnyHandler]:
    return [
        CommandHandler("help", show, filters=ChatType.PRIVATE),
        CallbackQueryHandler(show, pattern=pressed(Action.MENU, words={"help"})),
    ]
