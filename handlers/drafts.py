"""Going on with a draft, or dropping it for something new: the question that another button in the middle raises."""

from telegram import Update
from telegram.ext import CallbackQueryHandler

from bot.context import AnyHandler, Context
from bot.filters import pressed_in_dialog
from bot.logic.screens import readers as reader_screens


async def go_on(update: Update, context: Context) -> None:
    """Takes the draft up again, also one whose dialog ended by itself."""
    dialog = context.dialog
    if dialog is None:
        return
    await context.toast(update)
    await context.advance(update, dialog.at(dialog.step), in_place=True)


async def begin_new(update: Update, context: Context) -> None:
    dialog = context.dialog
    if dialog is None or dialog.wanted is None:
        await context.toast(update, reader_screens.too_late(context.texts(update)))
        return
    await context.toast(update)
    await context.advance(update, dialog.wanted, in_place=True)


def handlers() -> list[AnyHandler]:
    return [
        CallbackQueryHandler(go_on, pattern=pressed_in_dialog("go_on")),
        CallbackQueryHandler(begin_new, pattern=pressed_in_dialog("begin_new")),
    ]
