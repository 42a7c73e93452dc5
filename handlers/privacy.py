"""/privacy: what is kept about a reader, how long, and who sees it."""

from telegram import Update
from telegram.ext import CommandHandler
from telegram.ext.filters import ChatType

from bot.context import AnyHandler, Context
from bot.logic.screens import readers as reader_screens


async def show(update: Update, context: Context) -> None:
    texts = context.texts(update)
    await context.answer(update, reader_screens.privacy(texts, context.about(texts), code=context.reader.code))


def handlers() -> list[AnyHandler]:
    return [CommandHandler("privacy", show, filters=ChatType.PRIVATE)]
