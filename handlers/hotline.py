"""The hotline: button, /hotline, /110 or the bare words, in any state, to everybody, even with the database gone."""

from telegram import Update
from telegram.ext import CallbackQueryHandler, MessageHandler
from telegram.ext.filters import UpdateFilter

from bot.context import AnyHandler, Context, answer_hotline, situation
from bot.filters import pressed
from bot.logic.callbacks import Action
from bot.logic.hotline import is_hotline_text


class AsksForHotline(UpdateFilter):
    """Whether the message asks for the hotline and nothing else."""

    def filter(self, update: Update) -> bool:
        message = update.message
        if message is None:
            return False
        numbers = {each.number for each in situation.get().services.settings.hotline.numbers}
        return is_hotline_text(message.text, numbers=numbers, bot_username=message.get_bot().username)


async def show(update: Update, context: Context) -> None:
    reader = context.situation.reader
    await answer_hotline(context.bot, context.services, update, language=None if reader is None else reader.language)
    await context.toast(update)


def handlers() -> list[AnyHandler]:
    return [
        MessageHandler(AsksForHotline(), show),
        CallbackQueryHandler(show, pattern=pressed(Action.HOTLINE)),
    ]
