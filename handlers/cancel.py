"""/cancel and the button ✖️: leaves what was begun, in any step; the draft is thrown away as asked."""

from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler
from telegram.ext.filters import ChatType

from bot.context import AnyHandler, Context
from bot.filters import pressed_in_dialog
from bot.logic.screens import dialogs as dialog_screens


async def command(update: Update, context: Context) -> None:
    texts = context.texts(update)
    if context.dialog is None:
        await context.answer(update, dialog_screens.nothing_to_cancel(texts))
        return
    await context.services.dialogs.end(context.reader.id, update_id=update.update_id)
    await context.answer(update, dialog_screens.cancelled(texts))


async def press(update: Update, context: Context) -> None:
    await context.services.dialogs.end(context.reader.id, update_id=update.update_id)
    await context.toast(update)
    await context.replace(update, dialog_screens.cancelled(context.texts(update)))


def handlers() -> list[AnyHandler]:
    return [
        CommandHandler("cancel", command, filters=ChatType.PRIVATE),
        CallbackQueryHandler(press, pattern=pressed_in_dialog("cancel")),
    ]
