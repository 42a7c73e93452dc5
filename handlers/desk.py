"""The desk's buttons: one press, one decision, whoever presses. Anywhere else they do nothing but say so."""

from telegram import Message, Update
from telegram.ext import CallbackQueryHandler

from bot.context import AnyHandler, Context, press_of
from bot.filters import pressed
from bot.logic.callbacks import Action
from bot.logic.cutting import clean_words, one_line
from bot.logic.screens import desk as desk_screens
from bot.logic.screens import readers as reader_screens
from bot.services.desk import AlreadyDecided, Decided, Editor, HoldAlreadyDecided, HoldDecided, NotOnTheCard

EDITOR_NAME_LIMIT = 64


async def decide(update: Update, context: Context) -> None:
    """The authority is the chat: a custom client can send any callback data from anywhere."""
    query = update.callback_query
    services = context.services
    if query is None or not isinstance(query.message, Message) or not services.desk.is_desk(query.message.chat_id):
        await context.toast(update, desk_screens.not_the_desk(context.texts(update)), alert=True)
        return
    press = press_of(update)
    act = services.desk.decide if press.action is Action.DECIDE else services.desk.decide_hold
    made = await act(
        press.word or "",
        press.number or 0,
        by=Editor(query.from_user.id, one_line(clean_words(query.from_user.full_name), EDITOR_NAME_LIMIT)),
        message_id=query.message.message_id,
        update_id=update.update_id,
        now=context.now,
    )
    texts = services.catalogs[services.settings.desk.language]
    match made:
        case Decided():
            await context.toast(update, desk_screens.decided_by_you(texts))
        case HoldDecided():
            await context.toast(update, reader_screens.saved(texts))
        case AlreadyDecided(submission):
            await context.toast(update, desk_screens.already_decided(texts, who=submission.decided_by), alert=True)
        case HoldAlreadyDecided(hold):
            await context.toast(update, desk_screens.already_decided(texts, who=hold.decided_by), alert=True)
        case NotOnTheCard():
            await context.toast(update, reader_screens.too_late(texts))


def handlers() -> list[AnyHandler]:
    return [CallbackQueryHandler(decide, pattern=pressed(Action.DECIDE, Action.HOLD))]
