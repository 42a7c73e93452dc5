"""The desk's buttons: one press, one decision, whoever presses. Anywhere else they do nothing but say so."""

from telegram import CallbackQuery, Message, Update
from telegram.ext import CallbackQueryHandler

from bot.context import AnyHandler, Context, press_of
from bot.filters import pressed
from bot.logic.callbacks import Action
from bot.logic.cutting import clean_words, one_line
from bot.logic.screens import desk as desk_screens
from bot.logic.screens import readers as reader_screens
from bot.services.desk import AlreadyDecided, Decided, Editor, HoldAlreadyDecided, HoldDecided, NotOnTheCard
from bot.services.doubts import AlreadySentAgain, SentAgain

EDITOR_NAME_LIMIT = 64


async def find_message_at_desk(update: Update, context: Context) -> Message | None:
    """The desk's message under which was pressed; None, and the press is answered, when it was somewhere else.

    The authority is the chat: a custom client can send any callback data from anywhere.
    """
    query = update.callback_query
    if query is not None and isinstance(query.message, Message):
        chat_id = query.message.chat_id
        if await context.services.desk.recognizes(chat_id, now=context.now):
            return query.message
    await context.toast(update, desk_screens.not_the_desk(context.texts(update)), alert=True)
    return None


def editor_of(query: CallbackQuery) -> Editor:
    return Editor(query.from_user.id, one_line(clean_words(query.from_user.full_name), EDITOR_NAME_LIMIT))


async def decide(update: Update, context: Context) -> None:
    """About a card, or about articles that came all at once."""
    query, message = update.callback_query, await find_message_at_desk(update, context)
    if query is None or message is None:
        return
    services = context.services
    press = press_of(update)
    act = services.desk.decide if press.action is Action.DECIDE else services.desk.decide_hold
    made = await act(
        press.word or "",
        press.number or 0,
        by=editor_of(query),
        message_id=message.message_id,
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


async def send_again(update: Update, context: Context) -> None:
    """What may not have reached its readers goes out once more."""
    query, message = update.callback_query, await find_message_at_desk(update, context)
    if query is None or message is None:
        return
    made = await context.services.doubts.send_again(
        press_of(update).number or 0,
        by=editor_of(query),
        message_id=message.message_id,
        update_id=update.update_id,
        now=context.now,
    )
    texts = context.services.catalogs[context.services.settings.desk.language]
    match made:
        case SentAgain(doubt):
            await context.toast(update, desk_screens.sent_again(texts, doubt.count))
        case AlreadySentAgain(doubt):
            await context.toast(update, desk_screens.already_sent_again(texts, who=doubt.decided_by), alert=True)
        case NotOnTheCard():
            await context.toast(update, reader_screens.too_late(texts))


def handlers() -> list[AnyHandler]:
    return [
        CallbackQueryHandler(decide, pattern=pressed(Action.DECIDE, Action.HOLD)),
        CallbackQueryHandler(send_again, pattern=pressed(Action.RESEND)),
    ]
