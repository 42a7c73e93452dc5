"""Groups: the desk's is followed when it becomes a supergroup, every other one is left at once.

What belongs to a private chat does nothing in a group but say so.
"""

from contextlib import suppress

import structlog
from telegram import Chat, ChatMember, Update
from telegram.error import BadRequest, Forbidden
from telegram.ext import CallbackQueryHandler, MessageHandler
from telegram.ext.filters import ChatType, StatusUpdate, UpdateFilter

from bot.context import AnyHandler, Context, situation
from bot.filters import MembershipHandler
from bot.logic.screens import desk as desk_screens
from bot.logic.screens import readers as reader_screens

_log = structlog.get_logger(__name__)

_NOT_IN = (ChatMember.BANNED, ChatMember.LEFT)


class AtDesk(UpdateFilter):
    """Whether it happens in the desk's group."""

    def filter(self, update: Update) -> bool:
        chat = update.effective_chat
        return chat is not None and situation.get().services.desk.is_desk(chat.id)


async def follow_migration(update: Update, context: Context) -> None:
    """Telegram tells it twice: the old group names the new one, and the new one the old."""
    message, desk = update.message, context.services.desk
    if message is not None and message.migrate_to_chat_id is not None:
        await desk.follow(message.chat_id, message.migrate_to_chat_id, now=context.now)
    elif message is not None and message.migrate_from_chat_id is not None:
        await desk.follow(message.migrate_from_chat_id, message.chat_id, now=context.now)


async def ignore(update: Update, context: Context) -> None:
    """Editors talk among themselves at the desk: that is none of the bot's business."""


async def leave(update: Update, context: Context) -> None:
    chat = update.effective_chat
    if chat is None or await context.services.desk.recognizes(chat.id, now=context.now):
        return
    change = update.my_chat_member
    if change is not None and change.new_chat_member.status in _NOT_IN:
        return
    # The operator who looks for the id of the desk's group finds it here.
    _log.warning("group_left", chat_id=chat.id, fix="if this is the desk, set desk.chat_id to this id")
    # Where it may not write it leaves without a word; where it is out already there is nothing to leave.
    with suppress(BadRequest, Forbidden):
        await context.answer(update, desk_screens.leaving(context.texts(update)))
    with suppress(BadRequest, Forbidden):
        await context.bot.leave_chat(chat.id)


async def take_foreign_press(update: Update, context: Context) -> None:
    """No button of a reader is ever sent to a group: somebody made the press up."""
    await context.toast(update, reader_screens.too_late(context.texts(update)))


class ForeignPressHandler(CallbackQueryHandler[Context, None]):
    """Every press outside of private chats that the desk and the hotline did not take."""

    def check_update(self, update: object) -> bool:
        if not isinstance(update, Update) or update.callback_query is None:
            return False
        chat = update.effective_chat
        return chat is None or chat.type != Chat.PRIVATE


def handlers() -> list[AnyHandler]:
    return [
        MessageHandler(StatusUpdate.MIGRATE, follow_migration),
        MessageHandler(AtDesk(), ignore),
        MembershipHandler(leave, private=False),
        MessageHandler(~ChatType.PRIVATE, leave),
        ForeignPressHandler(take_foreign_press),
    ]
