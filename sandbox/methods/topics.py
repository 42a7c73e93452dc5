"""The topics of a forum: created, edited, closed, reopened and deleted by the bot."""

from sandbox.arguments import Arguments, Json
from sandbox.errors import bad_request
from sandbox.methods.access import writable_chat
from sandbox.text import utf16_length
from sandbox.world import Chat, Topic, World

MAX_NAME = 128
_DEFAULT_COLOR = 0x6FB9F0
_COLORS = frozenset({0x6FB9F0, 0xFFD67E, 0xCB86DB, 0x8EEE98, 0xFF93B2, 0xFB6F5F})


def create_forum_topic(world: World, call: Arguments) -> Json:
    chat = _forum(world, call, refused="not enough rights to create a topic")
    name = _checked_name(call.text("name"))
    color = call.maybe_integer("icon_color") or _DEFAULT_COLOR
    if color not in _COLORS:
        raise bad_request("TOPIC_ICON_COLOR_INVALID")
    face: Json = {"name": name, "icon_color": color}
    note = world.add_message(chat, world.bot_id, {"forum_topic_created": face}, opens_topic=True)
    chat.topics[note.message_id] = Topic(note.message_id, name, color)
    world.updates.push("message", note.json)
    world.emit("chat", chat=world.chat_json(chat))
    return {"message_thread_id": note.message_id, **face}


def edit_forum_topic(world: World, call: Arguments) -> bool:
    chat, topic = _topic(world, call)
    if "name" in call:
        name = _checked_name(call.text("name"))
        if name == topic.name:
            raise bad_request("TOPIC_NOT_MODIFIED")
        topic.name = name
        _note(world, chat, topic, {"forum_topic_edited": {"name": name}})
    return True


def close_forum_topic(world: World, call: Arguments) -> bool:
    return _set_closed(world, call, is_closed=True)


def reopen_forum_topic(world: World, call: Arguments) -> bool:
    return _set_closed(world, call, is_closed=False)


def delete_forum_topic(world: World, call: Arguments) -> bool:
    chat, topic = _topic(world, call)
    remove_topic(world, chat, topic.thread_id)
    return True


def remove_topic(world: World, chat: Chat, thread_id: int) -> None:
    """The topic goes with all its messages."""
    del chat.topics[thread_id]
    world.delete_messages(chat, [m.message_id for m in chat.messages.values() if m.thread_id == thread_id])
    world.emit("chat", chat=world.chat_json(chat))


def _set_closed(world: World, call: Arguments, *, is_closed: bool) -> bool:
    chat, topic = _topic(world, call)
    if topic.is_closed == is_closed:
        raise bad_request("TOPIC_NOT_MODIFIED")
    topic.is_closed = is_closed
    _note(world, chat, topic, {"forum_topic_closed" if is_closed else "forum_topic_reopened": {}})
    return True


def _note(world: World, chat: Chat, topic: Topic, content: Json) -> None:
    note = world.add_message(chat, world.bot_id, content, thread_id=topic.thread_id)
    world.updates.push("message", note.json)
    world.emit("chat", chat=world.chat_json(chat))


def _forum(world: World, call: Arguments, *, refused: str) -> Chat:
    chat = writable_chat(world, call)
    if not chat.is_forum:
        raise bad_request("the chat is not a forum")
    if not chat.bot_may("can_manage_topics"):
        raise bad_request(refused)
    return chat


def _topic(world: World, call: Arguments) -> tuple[Chat, Topic]:
    chat = _forum(world, call, refused="not enough rights to edit the topic")
    topic = chat.topics.get(call.integer("message_thread_id"))
    if topic is None:
        raise bad_request("message thread not found")
    return chat, topic


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name:
        raise bad_request("TOPIC_TITLE_EMPTY")
    if utf16_length(name) > MAX_NAME:
        raise bad_request("topic name is too long")
    return name
