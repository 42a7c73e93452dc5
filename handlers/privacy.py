"""/privacy: what is kept about a reader, how long, and who sees it; and the way to have all of it deleted.

/privacy ──► 🗑 ──► are you sure? ──► deleted
                         └─────────► kept
"""

from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler
from telegram.ext.filters import ChatType

from bot.context import AnyHandler, Context
from bot.filters import pressed
from bot.logic.callbacks import Action
from bot.logic.screens import readers as reader_screens


async def show(update: Update, context: Context) -> None:
    texts = context.texts(update)
    await context.answer(update, reader_screens.privacy(texts, context.about(texts), code=context.reader.code))


async def ask(update: Update, context: Context) -> None:
    await context.toast(update)
    await context.replace(update, reader_screens.erase_question(context.texts(update)))


async def erase(update: Update, context: Context) -> None:
    texts = context.texts(update)
    await context.services.readers.forget(context.reader.id, update_id=update.update_id, now=context.now)
    await context.toast(update)
    await context.replace(update, reader_screens.erased(texts))


async def keep(update: Update, context: Context) -> None:
    await context.toast(update)
    await context.replace(update, reader_screens.kept(context.texts(update)))


def handlers() -> list[AnyHandler]:
    return [
        CommandHandler("privacy", show, filters=ChatType.PRIVATE),
        CallbackQueryHandler(ask, pattern=pressed(Action.MENU, words={"erase"})),
        CallbackQueryHandler(erase, pattern=pressed(Action.MENU, words={"erase_yes"})),
        CallbackQueryHandler(keep, pattern=pressed(Action.MENU, words={"erase_no"})),
    ]
