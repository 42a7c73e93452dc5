"""editMessage…, deleteMessage(s), pins and reactions: what changes a message that is there."""

from sandbox.arguments import Arguments, Json
from sandbox.errors import NOT_MODIFIED, bad_request
from sandbox.keyboard import inline_keyboard
from sandbox.methods.access import is_service, known_chat, own_message, writable_chat
from sandbox.methods.sending import caption_content, text_content
from sandbox.world import Chat, Message, World, without_reply

_OF_CAPTION = {"caption", "caption_entities", "show_caption_above_media"}
_OF_TEXT = {"text", "entities", "link_preview_options"}
_MAX_DELETED = 100


def edit_message_text(world: World, call: Arguments) -> Json:
    message = own_message(world, call)
    if "text" not in message.content:
        raise bad_request("there is no text in the message to edit")
    return _changed(world, message, call, {**_without(message.content, _OF_TEXT), **text_content(call)})


def edit_message_caption(world: World, call: Arguments) -> Json:
    message = own_message(world, call)
    if "photo" not in message.content:
        raise bad_request("there is no caption in the message to edit")
    return _changed(world, message, call, {**_without(message.content, _OF_CAPTION), **caption_content(call)})


def edit_message_reply_markup(world: World, call: Arguments) -> Json:
    message = own_message(world, call)
    return _changed(world, message, call, message.content)


def _without(content: Json, names: set[str]) -> Json:
    return {name: value for name, value in content.items() if name not in names}


def _changed(world: World, message: Message, call: Arguments, content: Json) -> Json:
    """A keyboard that the call does not name again is taken away, as Telegram does."""
    markup = inline_keyboard(call.maybe_object("reply_markup"))
    if content == message.content and markup == message.markup:
        raise bad_request(NOT_MODIFIED)
    world.change_message(message, content=content, markup=markup, shows_edited=content != message.content)
    return message.json


def delete_message(world: World, call: Arguments) -> bool:
    chat = known_chat(world, call)
    message = chat.messages.get(call.integer("message_id"))
    if message is None:
        raise bad_request("message to delete not found")
    _refuse_undeletable(world, chat, message)
    world.delete_messages(chat, [message.message_id])
    return True


def delete_messages(world: World, call: Arguments) -> bool:
    """Messages that are not there are skipped."""
    chat = known_chat(world, call)
    message_ids = call.integers("message_ids")
    if not message_ids:
        raise bad_request("message identifiers are not specified")
    if len(message_ids) > _MAX_DELETED:
        raise bad_request("too many message identifiers specified")
    found = [chat.messages[message_id] for message_id in message_ids if message_id in chat.messages]
    for message in found:
        _refuse_undeletable(world, chat, message)
    world.delete_messages(chat, [message.message_id for message in found])
    return True


def _refuse_undeletable(world: World, chat: Chat, message: Message) -> None:
    if chat.kind != "private" and chat.bot_may("can_delete_messages"):
        return
    is_own = message.sender_id == world.bot_id or chat.kind == "private"
    if not is_own or world.clock() - message.date > world.limits.delete_own_s:
        raise bad_request("message can't be deleted for everyone")


def set_message_reaction(world: World, call: Arguments) -> bool:
    chat = writable_chat(world, call)
    message = chat.messages.get(call.integer("message_id"))
    if message is None:
        raise bad_request("message to react not found")
    if is_service(message):
        raise bad_request("REACTION_INVALID")
    reaction = call.objects("reaction")
    if len(reaction) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    world.emit("reaction", chat_id=chat.chat_id, message_id=message.message_id, reaction=reaction)
    return True


def pin_chat_message(world: World, call: Arguments) -> bool:
    chat = _chat_with_pins(world, call)
    message = chat.messages.get(call.integer("message_id"))
    if message is None or is_service(message):
        raise bad_request("message to pin not found")
    if message.message_id not in chat.pinned:
        chat.pinned.append(message.message_id)
        note = world.add_message(
            chat, world.bot_id, {"pinned_message": without_reply(message)}, thread_id=message.thread_id
        )
        world.updates.push("message", note.json)
        world.emit("chat", chat=world.chat_json(chat))
    return True


def unpin_chat_message(world: World, call: Arguments) -> bool:
    chat = _chat_with_pins(world, call)
    message_id = call.maybe_integer("message_id") or (chat.pinned[-1] if chat.pinned else 0)
    if message_id not in chat.pinned:
        raise bad_request("message to unpin not found")
    chat.pinned.remove(message_id)
    world.emit("chat", chat=world.chat_json(chat))
    return True


def _chat_with_pins(world: World, call: Arguments) -> Chat:
    chat = writable_chat(world, call)
    if chat.kind != "private" and not chat.bot_may("can_pin_messages"):
        raise bad_request("not enough rights to manage pinned messages in the chat")
    return chat
