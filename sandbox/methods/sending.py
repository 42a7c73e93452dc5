"""sendMessage, sendPhoto, sendContact, copyMessage, forwardMessage, sendChatAction: what puts something in a chat."""

from sandbox.arguments import Arguments, Json, Upload
from sandbox.errors import bad_request
from sandbox.keyboard import inline_keyboard
from sandbox.methods.access import is_service, known_chat, open_thread, writable_chat
from sandbox.text import MAX_CAPTION, MAX_TEXT, clip, tidy, utf16_length, utf16_slice
from sandbox.world import Chat, Message, World, without_reply


def text_content(call: Arguments) -> Json:
    """What a text message keeps of a call."""
    text, entities = tidy(call.text("text"), call.objects("entities"), limit=MAX_TEXT, word="message")
    if not text:
        raise bad_request("message text is empty")
    content: Json = {"text": text}
    if entities:
        content["entities"] = entities
    preview = call.maybe_object("link_preview_options")
    if preview:
        content["link_preview_options"] = preview
    return content


def caption_content(call: Arguments) -> Json:
    caption, entities = tidy(
        call.text("caption"), call.objects("caption_entities"), limit=MAX_CAPTION, word="message caption"
    )
    content: Json = {}
    if caption:
        content["caption"] = caption
    if entities:
        content["caption_entities"] = entities
    if call.flag("show_caption_above_media"):
        content["show_caption_above_media"] = True
    return content


def send_message(world: World, call: Arguments) -> Json:
    return post(world, call, text_content(call))


def send_contact(world: World, call: Arguments) -> Json:
    if not call.text("phone_number").strip():
        raise bad_request("PHONE_NUMBER_INVALID")
    if not call.text("first_name").strip():
        raise bad_request("contact first name must be non-empty")
    names = ("phone_number", "first_name", "last_name", "vcard")
    return post(world, call, {"contact": {name: call.text(name) for name in names if call.text(name)}})


def send_photo(world: World, call: Arguments) -> Json:
    photo = call.values["photo"]
    if isinstance(photo, Upload):
        file_id = f"upload-{world.serial()}"
    elif isinstance(photo, str) and photo.startswith(("http://", "https://")):
        file_id = f"photo-{world.serial()}"
    elif photo in world.file_ids:
        file_id = str(photo)
    else:
        raise bad_request("wrong remote file identifier specified: Wrong string length")
    content: Json = {"photo": photo_sizes(world, file_id), **caption_content(call)}
    if call.flag("has_spoiler"):
        content["has_media_spoiler"] = True
    return post(world, call, content)


def photo_sizes(world: World, file_id: str) -> list[Json]:
    """The small and the large form of a picture, as the Bot API lists them."""
    sizes = (("s", 90, 60, 1_400), ("x", 1280, 853, 120_000))
    world.file_ids.update(f"{file_id}-{mark}" if mark == "s" else file_id for mark, *_ in sizes)
    return [
        {
            "file_id": file_id if mark == "x" else f"{file_id}-{mark}",
            "file_unique_id": f"unique-{file_id}-{mark}",
            "width": width,
            "height": height,
            "file_size": size,
        }
        for mark, width, height, size in sizes
    ]


def copy_message(world: World, call: Arguments) -> Json:
    message = _source(world, call, missing="message to copy not found")
    if is_service(message):
        raise bad_request("message can't be copied")
    content = dict(message.content)
    if "caption" in call:
        content = {name: value for name, value in content.items() if name not in {"caption", "caption_entities"}}
        content.update(caption_content(call))
    posted = post(world, call, content)
    return {"message_id": posted["message_id"]}


def forward_message(world: World, call: Arguments) -> Json:
    message = _source(world, call, missing="message to forward not found")
    if is_service(message):
        raise bad_request("message can't be forwarded")
    if message.content.get("has_protected_content"):
        raise bad_request("message has protected content and can't be forwarded")
    origin = message.context.get("forward_origin") or origin_of(world, message)
    return post(world, call, dict(message.content), extra={"forward_origin": origin})


def origin_of(world: World, message: Message) -> Json:
    """The Bot API's MessageOrigin."""
    return {"type": "user", "date": int(message.date), "sender_user": world.user(message.sender_id)}


def send_chat_action(world: World, call: Arguments) -> bool:
    chat = writable_chat(world, call)
    thread_id = call.maybe_integer("message_thread_id")
    if thread_id != 1:  # only here the General topic has a number
        open_thread(chat, thread_id)
    world.emit("action", chat_id=chat.chat_id, thread_id=thread_id, action=call.text("action"))
    return True


def post(world: World, call: Arguments, content: Json, *, extra: Json | None = None) -> Json:
    """Put the bot's message into its chat, if reply, topic, buttons and pace allow it. Raises RefusalError."""
    chat = writable_chat(world, call)
    markup = inline_keyboard(call.maybe_object("reply_markup"))
    context, answered_thread = _reply(world, chat, call)
    thread_id = open_thread(chat, call.maybe_integer("message_thread_id") or answered_thread)
    if thread_id is not None and "reply_to_message" not in context:
        context.update(topic_root(chat, thread_id))
    if call.flag("protect_content"):
        content["has_protected_content"] = True
    world.pace.charge(chat.chat_id, world.clock())
    message = world.add_message(
        chat, world.bot_id, content, markup=markup, thread_id=thread_id, context={**context, **(extra or {})}
    )
    return message.json


def topic_root(chat: Chat, thread_id: int) -> Json:
    """In a topic, what answers nothing answers the message that opened it: so the Bot API shows it."""
    root = chat.messages.get(thread_id)
    return {} if root is None else {"reply_to_message": without_reply(root)}


def _source(world: World, call: Arguments, *, missing: str) -> Message:
    chat = known_chat(world, call, "from_chat_id")
    message = chat.messages.get(call.integer("message_id"))
    if message is None:
        raise bad_request(missing)
    return message


def _reply(world: World, chat: Chat, call: Arguments) -> tuple[Json, int | None]:
    """How the new message shows what it answers, and the topic it thereby goes to."""
    asked = call.maybe_object("reply_parameters")
    if asked is None:
        return {}, None
    reply = Arguments(asked)
    there = chat if reply.values.get("chat_id") in (None, chat.chat_id) else known_chat(world, reply)
    message = there.messages.get(reply.integer("message_id"))
    if message is None:
        if reply.flag("allow_sending_without_reply"):
            return {}, None
        raise bad_request("message to be replied not found")
    shown: Json = {}
    if "quote" in reply:
        shown["quote"] = _quote(message, reply)
    if there is not chat:
        shown["external_reply"] = external_reply(world, there, message)
        return shown, None
    shown["reply_to_message"] = without_reply(message)
    return shown, message.thread_id


def external_reply(world: World, chat: Chat, message: Message) -> Json:
    """The Bot API's ExternalReplyInfo: a message elsewhere is shown by origin and place, without its text."""
    shown: Json = {"origin": origin_of(world, message), "message_id": message.message_id}
    return shown if chat.kind == "private" else {**shown, "chat": world.chat_face(chat)}


def _quote(message: Message, reply: Arguments) -> Json:
    words, entities = tidy(reply.text("quote"), reply.objects("quote_entities"), limit=MAX_CAPTION, word="quote")
    if not words or words not in message.words:
        raise bad_request("QUOTE_TEXT_INVALID")
    position = reply.integer("quote_position")
    length = utf16_length(words)
    if utf16_slice(message.words, position, length) != words:
        position = utf16_length(message.words[: message.words.index(words)])
    quote: Json = {"text": words, "position": position, "is_manual": True}
    kept = clip(entities, 0, length)
    return {**quote, "entities": kept} if kept else quote
