"""Whether the bot may do something in a chat, before it is done; the words of refusal are Telegram's."""

from sandbox.arguments import Arguments
from sandbox.errors import bad_request, forbidden, moved
from sandbox.world import Chat, Message, World


def known_chat(world: World, call: Arguments, name: str = "chat_id") -> Chat:
    """A chat that the bot can ask about. Raises RefusalError."""
    chat_id = call.values.get(name)
    if not isinstance(chat_id, int):
        raise bad_request("chat not found")
    if chat_id in world.people and not world.people[chat_id].started and chat_id not in world.chats:
        raise bad_request("chat not found")
    try:
        chat = world.chat(chat_id)
    except LookupError as error:
        raise bad_request("chat not found") from error
    if chat.migrated_to is not None:
        raise moved(chat.migrated_to)
    if chat.kind != "private":
        _refuse_outsider(chat)
    return chat


def writable_chat(world: World, call: Arguments) -> Chat:
    """A chat that the bot can write to. Raises RefusalError."""
    chat_id = call.values.get("chat_id")
    person = world.people.get(chat_id) if isinstance(chat_id, int) else None
    if person is not None:
        if person.deactivated:
            raise forbidden("user is deactivated")
        if person.blocked:
            raise forbidden("bot was blocked by the user")
        if not person.started:
            raise forbidden("bot can't initiate conversation with a user")
    return known_chat(world, call)


def _refuse_outsider(chat: Chat) -> None:
    word = "supergroup" if chat.kind == "supergroup" else "group"
    if chat.bot_status == "kicked":
        raise forbidden(f"bot was kicked from the {word} chat")
    if chat.bot_status == "left":
        raise forbidden(f"bot is not a member of the {word} chat")


def open_thread(chat: Chat, thread_id: int | None) -> int | None:
    """The topic to write to. Raises RefusalError when it is gone, or closed to a bot that cannot manage topics."""
    if thread_id is None:
        return None
    topic = chat.topics.get(thread_id)
    if topic is None:
        raise bad_request("message thread not found")
    if topic.is_closed and not chat.bot_may("can_manage_topics"):
        raise bad_request("TOPIC_CLOSED")
    return thread_id


def own_message(world: World, call: Arguments) -> Message:
    """A message of the bot that it wants to edit. Raises RefusalError."""
    if "message_id" not in call:
        raise bad_request("message identifier is not specified")
    if "chat_id" not in call:
        raise bad_request("chat_id is empty")
    chat = writable_chat(world, call)
    message = chat.messages.get(call.integer("message_id"))
    if message is None:
        raise bad_request("message to edit not found")
    if message.sender_id != world.bot_id or "forward_origin" in message.context or is_service(message):
        raise bad_request("message can't be edited")
    return message


SERVICE = frozenset(
    {
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_closed",
        "forum_topic_reopened",
        "new_chat_members",
        "left_chat_member",
        "pinned_message",
        "migrate_to_chat_id",
        "migrate_from_chat_id",
        "group_chat_created",
        "supergroup_chat_created",
    }
)


def is_service(message: Message) -> bool:
    return not SERVICE.isdisjoint(message.content)
