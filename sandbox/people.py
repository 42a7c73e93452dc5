"""What people do with the bot: speak, quote, press, block, come and go. Each deed becomes the updates the bot gets.

A deed that no Telegram client would let them do raises ValueError, an unknown id LookupError.
"""

from collections.abc import Iterable

from sandbox.arguments import Json
from sandbox.keyboard import callback_data_of
from sandbox.media import KINDS, WITH_CAPTION, MediaKind, contents
from sandbox.methods.access import is_service
from sandbox.methods.chats import change_bot_status, member_as
from sandbox.methods.sending import external_reply, topic_root
from sandbox.methods.topics import remove_topic
from sandbox.text import MAX_CAPTION, MAX_TEXT, clip, find_entities, tidy, utf16_length, utf16_slice
from sandbox.world import ALL_RIGHTS, Chat, Message, Person, Press, Topic, World, without_reply

Quote = str | tuple[str, int]  # the words, and where in UTF-16 units; without a place, where they first occur


class People:
    """The hands of everybody in the stand-in but the bot."""

    def __init__(self, world: World) -> None:
        self.world = world

    def add_person(
        self,
        first_name: str,
        last_name: str | None = None,
        *,
        username: str | None = None,
        language_code: str | None = "kk",
        user_id: int | None = None,
    ) -> Person:
        """Somebody who has not spoken to the bot yet. Raises ValueError when the id is taken."""
        user_id = self.world.free_person_id() if user_id is None else user_id
        if user_id in self.world.people or user_id <= 0:
            raise ValueError(f"{user_id} is taken or no person's id")
        person = Person(user_id, first_name, last_name, username, language_code)
        self.world.people[user_id] = person
        self._tell(person)
        return person

    def add_group(
        self,
        title: str,
        members: Iterable[int],
        *,
        forum: bool = False,
        supergroup: bool = True,
        bot_is_admin: bool = True,
        bot_rights: Iterable[str] | None = None,
        chat_id: int | None = None,
    ) -> Chat:
        """A group with the bot in it, made before the bot began to listen; the first member owns it."""
        owners = [self.world.person(user_id).user_id for user_id in members]
        if forum and not supergroup:
            raise ValueError("only a supergroup can be a forum")
        rights = frozenset(ALL_RIGHTS if bot_rights is None else bot_rights)
        if not rights <= ALL_RIGHTS:
            raise ValueError(f"no such right: {', '.join(sorted(rights - ALL_RIGHTS))}")
        chat_id = self.world.free_group_id(supergroup=supergroup) if chat_id is None else chat_id
        if chat_id in self.world.chats or chat_id >= 0:
            raise ValueError(f"{chat_id} is taken or no group's id")
        chat = Chat(chat_id, "supergroup" if supergroup else "group", title, is_forum=forum, members=owners)
        chat.bot_status = "administrator" if bot_is_admin else "member"
        chat.bot_rights = rights if bot_is_admin else frozenset()
        chat.last_message_id = 1  # "group created": in a forum, the number of the General topic
        self.world.chats[chat_id] = chat
        self.world.emit("chat", chat=self.world.chat_json(chat))
        return chat

    def person_says(
        self,
        user_id: int,
        chat_id: int,
        text: str,
        *,
        reply_to: int | None = None,
        reply_chat: int | None = None,
        quote: Quote | None = None,
        thread_id: int | None = None,
        forward_from: int | None = None,
    ) -> Json:
        """Send a text, perhaps in answer to a message (of another chat), perhaps quoting a part of it."""
        chat = self._place(user_id, chat_id)
        words, entities = tidy(text, [], limit=MAX_TEXT, word="message")
        if not words:
            raise ValueError("nobody can send an empty message")
        content: Json = {"text": words, "entities": entities} if entities else {"text": words}
        context, answered_thread = self._answering(chat, reply_to, reply_chat, quote)
        if forward_from is not None:
            author = self.world.user(forward_from)
            context["forward_origin"] = {"type": "user", "date": int(self.world.clock()), "sender_user": author}
        return self._send(chat, user_id, content, context=context, thread_id=thread_id or answered_thread)

    def person_sends(
        self,
        user_id: int,
        chat_id: int,
        kind: MediaKind,
        *,
        caption: str | None = None,
        reply_to: int | None = None,
        thread_id: int | None = None,
    ) -> list[Json]:
        """Send something else than text; an album becomes two messages."""
        if kind not in KINDS:
            raise ValueError(f"nobody can send a {kind}")
        chat = self._place(user_id, chat_id)
        context, answered_thread = self._answering(chat, reply_to, None, None)
        sent: list[Json] = []
        for number, content in enumerate(contents(self.world, kind, sender_id=user_id)):
            if caption and number == 0:
                content.update(_caption(kind, caption))
            thread = thread_id or answered_thread
            sent.append(self._send(chat, user_id, content, context=dict(context), thread_id=thread))
        return sent

    def person_edits(self, user_id: int, chat_id: int, message_id: int, text: str) -> Json:
        """Change one's own text (or caption); the bot gets an edited_message."""
        chat = self._place(user_id, chat_id)
        message = self.world.message(chat_id, message_id)
        if message.sender_id != user_id:
            raise ValueError("only one's own messages can be edited")
        is_text = "text" in message.content
        words, entities = tidy(text, [], limit=MAX_TEXT if is_text else MAX_CAPTION, word="message")
        name, spans = ("text", "entities") if is_text else ("caption", "caption_entities")
        kept = {key: value for key, value in message.content.items() if key not in {name, spans}}
        content: Json = {**kept, name: words, **({spans: entities} if entities else {})}
        self.world.change_message(message, content=content, markup=message.markup, shows_edited=True)
        if self._bot_hears(chat, message):
            self.world.updates.push("edited_message", message.json)
        return message.json

    def person_presses(self, user_id: int, chat_id: int, message_id: int, data: str, *, force: bool = False) -> str:
        """Press an inline button; returns the query's id.

        With `force` the press is a custom client's: any data, any message, from anybody who knows the chat.
        """
        chat = self.world.chat(chat_id) if force else self._place(user_id, chat_id)
        message = chat.messages.get(message_id)
        if not force and (message is None or data not in callback_data_of(message.markup)):
            raise ValueError(f"no button with {data!r} on message {message_id}")
        query_id = str(4_200_000_000_000_000 + self.world.serial())
        self.world.presses[query_id] = Press(query_id, user_id, chat_id, message_id, data, self.world.clock())
        unseen: Json = {"chat": self.world.chat_face(chat), "message_id": message_id, "date": 0}
        query: Json = {
            "id": query_id,
            "from": self.world.user(user_id),
            "message": unseen if message is None else message.json,
            "chat_instance": str(abs(chat_id) * 7),
            "data": data,
        }
        self.world.updates.push("callback_query", query)
        return query_id

    def person_blocks(self, user_id: int) -> None:
        self._set_blocked(user_id, is_blocked=True)

    def person_unblocks(self, user_id: int) -> None:
        self._set_blocked(user_id, is_blocked=False)

    def person_deactivates(self, user_id: int) -> None:
        """The account is deleted; nobody tells the bot."""
        person = self.world.person(user_id)
        person.deactivated = True
        self._tell(person)

    def bot_added(self, chat_id: int, *, by: int | None = None, admin: bool = True) -> None:
        """The bot comes (back) to a group, or is made an admin of it, or a plain member."""
        chat = self._group(chat_id)
        rights = ALL_RIGHTS if admin else frozenset[str]()
        who = chat.members[0] if by is None else by
        change_bot_status(self.world, chat, by=who, to="administrator" if admin else "member", rights=rights)

    def bot_kicked(self, chat_id: int, *, by: int | None = None) -> None:
        chat = self._group(chat_id)
        change_bot_status(self.world, chat, by=chat.members[0] if by is None else by, to="kicked")

    def person_joins(self, user_id: int, chat_id: int) -> Json:
        chat = self._group(chat_id)
        person = self.world.person(user_id)
        if user_id in chat.members:
            raise ValueError(f"{user_id} is in the group already")
        chat.members.append(user_id)
        self.world.emit("chat", chat=self.world.chat_json(chat))
        return self._note(chat, user_id, {"new_chat_members": [person.as_user()]})

    def person_opens_topic(self, user_id: int, chat_id: int, name: str) -> int:
        """A person makes a topic in a forum; returns its number."""
        chat = self._place(user_id, chat_id)
        if not chat.is_forum:
            raise ValueError("the chat is not a forum")
        created: Json = {"forum_topic_created": {"name": name, "icon_color": Topic(0, name).icon_color}}
        note = self.world.add_message(chat, user_id, created, opens_topic=True)
        chat.topics[note.message_id] = Topic(note.message_id, name)
        self.world.updates.push("message", note.json)
        self.world.emit("chat", chat=self.world.chat_json(chat))
        return note.message_id

    def delete_topic(self, chat_id: int, thread_id: int) -> None:
        """A person deletes a topic with all that is in it; nobody tells the bot."""
        chat = self._group(chat_id)
        if thread_id not in chat.topics:
            raise LookupError(f"no topic {thread_id}")
        remove_topic(self.world, chat, thread_id)

    def delete_message(self, chat_id: int, message_id: int) -> None:
        """A person deletes a message for everybody; nobody tells the bot."""
        message = self.world.message(chat_id, message_id)
        self.world.delete_messages(self.world.chat(chat_id), [message.message_id])

    def migrate(self, chat_id: int) -> int:
        """A basic group becomes a supergroup: a new chat with an id of its own, which is returned."""
        old = self._group(chat_id)
        if old.kind != "group":
            raise ValueError("it is a supergroup already")
        new_id = self.world.free_group_id(supergroup=True)
        new = Chat(new_id, "supergroup", old.title, members=list(old.members))
        new.bot_status, new.bot_rights = old.bot_status, old.bot_rights
        new.last_message_id = 1
        self.world.chats[new_id] = new
        self._note(old, old.members[0], {"migrate_to_chat_id": new_id})
        old.migrated_to = new_id
        self.world.emit("chat", chat=self.world.chat_json(old))
        self.world.emit("chat", chat=self.world.chat_json(new))
        self._note(new, old.members[0], {"migrate_from_chat_id": chat_id})
        return new_id

    def _tell(self, person: Person) -> None:
        self.world.emit("person", person=person.as_json())

    def _group(self, chat_id: int) -> Chat:
        chat = self.world.chat(chat_id)
        if chat.kind == "private" or chat.migrated_to is not None:
            raise ValueError(f"{chat_id} is no group (any more)")
        return chat

    def _place(self, user_id: int, chat_id: int) -> Chat:
        """The chat as somewhere this person can act; a private chat is started by the first word."""
        person = self.world.person(user_id)
        chat = self.world.chat(chat_id)
        if user_id not in chat.members:
            raise ValueError(f"{user_id} is not in chat {chat_id}")
        if chat.migrated_to is not None:
            raise ValueError(f"the group is now {chat.migrated_to}")
        if chat.kind == "private":
            if person.blocked or person.deactivated:
                raise ValueError(f"{user_id} has blocked the bot or is deactivated")
            if not person.started:
                person.started = True
                self._tell(person)
        return chat

    def _send(self, chat: Chat, user_id: int, content: Json, *, context: Json, thread_id: int | None) -> Json:
        if thread_id is not None:
            if thread_id not in chat.topics:
                raise LookupError(f"no topic {thread_id}")
            if "reply_to_message" not in context:
                context = {**topic_root(chat, thread_id), **context}
        message = self.world.add_message(chat, user_id, content, thread_id=thread_id, context=context)
        if self._bot_hears(chat, message):
            self.world.updates.push("message", message.json)
        return message.json

    def _note(self, chat: Chat, user_id: int, content: Json) -> Json:
        note = self.world.add_message(chat, user_id, content)
        if chat.bot_status in {"administrator", "member"}:
            self.world.updates.push("message", note.json)
        return note.json

    def _answering(
        self, chat: Chat, reply_to: int | None, reply_chat: int | None, quote: Quote | None
    ) -> tuple[Json, int | None]:
        if reply_to is None:
            if quote is not None:
                raise ValueError("a quote needs the message it is from")
            return {}, None
        there = chat if reply_chat is None else self.world.chat(reply_chat)
        message = self.world.message(there.chat_id, reply_to)
        context: Json = {}
        if quote is not None:
            context["quote"] = _quote_of(message, quote)
        if there is not chat:
            return {**context, "external_reply": external_reply(self.world, there, message)}, None
        return {**context, "reply_to_message": without_reply(message)}, message.thread_id

    def _bot_hears(self, chat: Chat, message: Message) -> bool:
        """Privacy mode: an admin hears all, a member what is meant for it (core.telegram.org/bots/features)."""
        if chat.bot_status in {"left", "kicked"}:
            return False
        if chat.kind == "private" or chat.bot_status == "administrator" or is_service(message):
            return True
        answered = message.context.get("reply_to_message")
        author = answered.get("from") if isinstance(answered, dict) else None
        if isinstance(author, dict) and author.get("id") == self.world.bot_id:
            return True
        return any(self._is_for_bot(message.words, span) for span in find_entities(message.words))

    def _is_for_bot(self, words: str, span: Json) -> bool:
        offset, length = span["offset"], span["length"]
        if span["type"] != "bot_command" or not isinstance(offset, int) or not isinstance(length, int):
            return False
        _, at, addressee = (utf16_slice(words, offset, length) or "").partition("@")
        return not at or addressee.lower() == str(self.world.bot["username"]).lower()

    def _set_blocked(self, user_id: int, *, is_blocked: bool) -> None:
        person = self.world.person(user_id)
        if person.blocked == is_blocked:
            return
        person.blocked = is_blocked
        self._tell(person)
        change: Json = {
            "chat": self.world.chat_face(self.world.chat(user_id)),
            "from": person.as_user(),
            "date": int(self.world.clock()),
            "old_chat_member": member_as(self.world, "member" if is_blocked else "kicked"),
            "new_chat_member": member_as(self.world, "kicked" if is_blocked else "member"),
        }
        self.world.updates.push("my_chat_member", change)


def _caption(kind: MediaKind, caption: str) -> Json:
    if kind not in WITH_CAPTION:
        raise ValueError(f"a {kind} has no caption")
    words, entities = tidy(caption, [], limit=MAX_CAPTION, word="message caption")
    return {"caption": words, "caption_entities": entities} if entities else {"caption": words}


def _quote_of(message: Message, quote: Quote) -> Json:
    """The Bot API's TextQuote of a part that a person marked by hand."""
    words, position = quote if isinstance(quote, tuple) else (quote, -1)
    if position < 0:
        if words not in message.words:
            raise ValueError("the quote is not in the message")
        position = utf16_length(message.words[: message.words.index(words)])
    length = utf16_length(words)
    if not 0 < length <= MAX_CAPTION or utf16_slice(message.words, position, length) != words:
        raise ValueError("the quote is not at this place of the message, or too long")
    entities = clip(message.entities, position, length)
    told: Json = {"text": words, "position": position, "is_manual": True}
    return {**told, "entities": entities} if entities else told
