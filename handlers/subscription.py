"""The bot blocked and unblocked by a reader: deliveries stop, and start again."""

from telegram import ChatMember, Update

from bot.context import AnyHandler, Context
from bot.filters import MembershipHandler


async def follow(update: Update, context: Context) -> None:
    change = update.my_chat_member
    if change is None:
        return
    if change.new_chat_member.status in (ChatMember.BANNED, ChatMember.LEFT):
        await context.services.readers.lose(change.chat.id, now=context.now)
    else:
        await context.services.readers.welcome_back(change.chat.id, now=context.now)


def handlers() -> list[AnyHandler]:
    return [MembershipHandler(follow, private=True)]
