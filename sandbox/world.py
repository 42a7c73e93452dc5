"""The people, chats and messages that the stand-in knows, and what of them the bot and a page get to see.

Nothing is decided here about requests; time is the `clock` that the world is given.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from sandbox.arguments import Json
from sandbox.limits import Limits, Pace
from sandbox.updates import Updates

BotStatus = Literal["administrator", "member", "left", "kicked"]
ALL_RIGHTS = frozenset(
    {
        "can_manage_chat",
        "can_delete_messages",
        "can_manage_video_chats",
        "can_restrict_members",
        "can_promote_members",
        "can_change_info",
        "can_invite_users",
        "can_post_stories",
        "can_edit_stories",
        "can_delete_stories",
        "can_pin_messages",
        "can_manage_topics",
    }
)
_FIRST_PERSON_ID = 700_000_001
_FIRST_GROUP_ID = 4_000_000_001
_SUPERGROUP_SHIFT = 1_000_000_000_000


@dataclass(slots=True)
class Person:
    """Somebody with a Telegram account."""

    user_id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    started: bool = False
    blocked: bool = False
    deactivated: bool = False

    def as_user(self) -> Json:
        user: Json = {"id": self.user_id, "is_bot": False, "first_name": self.first_name}
        named = {"last_name": self.last_name, "username": self.username, "language_code": self.language_code}
        user.update({name: value for name, value in named.items() if value})
        return user

    def as_json(self) -> Json:
        return {
            **self.as_user(),
            "started": self.started,
            "blocked": self.blocked,
            "deactivated": self.deactivated,
        }


@dataclass(slots=True)
class Topic:
    thread_id: int
    name: str
    icon_color: int = 0x6FB9F0
    is_closed: bool = False


@dataclass(slots=True)
class Press:
    """A person's press on a button, which the bot should answer soon."""

    query_id: str
    user_id: int
    chat_id: int
    message_id: int
    data: str
    pressed_at: float
    answer: Json | None = None  # {"text", "show_alert", "url"}


@dataclass(slots=True)
class Message:
    """A message as it stands now; `content` holds what a Message of the Bot API holds beyond its frame."""

    message_id: int
    chat_id: int
    sender_id: int
    date: float
    content: Json
    markup: Json | None = None
    thread_id: int | None = None
    context: Json = field(default_factory=dict)  # reply_to_message, quote, external_reply, forward_origin …
    edited_at: float | None = None
    json: Json = field(default_factory=dict)  # the Bot API's Message, never changed once handed out

    @property
    def words(self) -> str:
        """Its text or caption."""
        return str(self.content.get("text") or self.content.get("caption") or "")

    @property
    def entities(self) -> list[Json]:
        spans = self.content.get("entities") or self.content.get("caption_entities")
        return spans if isinstance(spans, list) else []


@dataclass(slots=True)
class Chat:
    """A private chat (its id is the person's) or a group."""

    chat_id: int
    kind: Literal["private", "group", "supergroup"]
    title: str = ""
    is_forum: bool = False
    members: list[int] = field(default_factory=list)  # the first is the owner
    bot_status: BotStatus = "left"
    bot_rights: frozenset[str] = frozenset()
    topics: dict[int, Topic] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    migrated_to: int | None = None
    pinned: list[int] = field(default_factory=list)
    last_message_id: int = 0

    def bot_may(self, right: str) -> bool:
        return self.bot_status == "administrator" and right in self.bot_rights


class World:
    """Everything there is, and who must hear when it changes."""

    def __init__(self, *, clock: Callable[[], float], limits: Limits, bot: Json) -> None:
        self.clock = clock
        self.limits = limits
        self.pace = Pace(limits)
        self.updates = Updates(clock, self.wake)
        self.bot = bot
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.presses: dict[str, Press] = {}
        self.file_ids: set[str] = set()
        self.commands: dict[tuple[str, str], Json] = {}  # by scope (as JSON) and language
        self.menu_buttons: dict[int | None, Json] = {}
        self.events: list[Json] = []
        self._watchers: set[asyncio.Future[None]] = set()
        self._last_message_id = 0
        self._last_serial = 0

    @property
    def bot_id(self) -> int:
        bot_id = self.bot["id"]
        return bot_id if isinstance(bot_id, int) else 0

    def person(self, user_id: int) -> Person:
        """Raises LookupError when nobody has this id."""
        if user_id not in self.people:
            raise LookupError(f"no person {user_id}")
        return self.people[user_id]

    def chat(self, chat_id: int) -> Chat:
        """The chat; a person's private chat begins to exist when it is first asked for. Raises LookupError."""
        if chat_id not in self.chats and chat_id in self.people:
            self.chats[chat_id] = Chat(chat_id, "private", members=[chat_id], bot_status="member")
            self.emit("chat", chat=self.chat_json(self.chats[chat_id]))
        if chat_id not in self.chats:
            raise LookupError(f"no chat {chat_id}")
        return self.chats[chat_id]

    def message(self, chat_id: int, message_id: int) -> Message:
        """Raises LookupError when there is no such message (any more)."""
        message = self.chat(chat_id).messages.get(message_id)
        if message is None:
            raise LookupError(f"no message {message_id} in chat {chat_id}")
        return message

    def free_person_id(self) -> int:
        return max([_FIRST_PERSON_ID - 1, *self.people]) + 1

    def free_group_id(self, *, supergroup: bool) -> int:
        serial = _FIRST_GROUP_ID
        while -serial in self.chats or -_SUPERGROUP_SHIFT - serial in self.chats:
            serial += 1
        return -_SUPERGROUP_SHIFT - serial if supergroup else -serial

    def serial(self) -> int:
        """A number not given before: query ids, file ids, albums."""
        self._last_serial += 1
        return self._last_serial

    def add_message(
        self,
        chat: Chat,
        sender_id: int,
        content: Json,
        *,
        markup: Json | None = None,
        thread_id: int | None = None,
        context: Json | None = None,
        opens_topic: bool = False,
    ) -> Message:
        """A new message, numbered as Telegram does: supergroups by themselves, all other chats together.

        A topic has the number of the message that opens it, which belongs to the topic as well.
        """
        if chat.kind == "supergroup":
            chat.last_message_id += 1
            message_id = chat.last_message_id
        else:
            self._last_message_id += 1
            message_id = self._last_message_id
        thread_id = message_id if opens_topic else thread_id
        now = self.clock()
        message = Message(message_id, chat.chat_id, sender_id, now, content, markup, thread_id, context or {})
        message.json = self._render(message)
        chat.messages[message_id] = message
        self.emit("message", message=_with_chat_id(message))
        return message

    def change_message(self, message: Message, *, content: Json, markup: Json | None, shows_edited: bool) -> None:
        message.content, message.markup = content, markup
        if shows_edited:
            message.edited_at = self.clock()
        message.json = self._render(message)
        self.emit("edited", message=_with_chat_id(message))

    def delete_messages(self, chat: Chat, message_ids: Iterable[int]) -> None:
        gone = [message_id for message_id in message_ids if chat.messages.pop(message_id, None) is not None]
        if gone:
            self.emit("deleted", chat_id=chat.chat_id, message_ids=gone)

    def emit(self, kind: str, **payload: object) -> None:
        """Tell every watcher that something happened."""
        self.events.append({"seq": len(self.events) + 1, "type": kind, **payload})
        self.wake()

    def wake(self) -> None:
        for watcher in self._watchers:
            if not watcher.done():
                watcher.set_result(None)
        self._watchers.clear()

    async def changed(self) -> None:
        """Returns after the next change."""
        watcher: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watchers.add(watcher)
        try:
            await watcher
        finally:
            self._watchers.discard(watcher)

    def user(self, user_id: int) -> Json:
        return self.bot_user() if user_id == self.bot_id else self.person(user_id).as_user()

    def bot_user(self) -> Json:
        return {name: self.bot[name] for name in ("id", "is_bot", "first_name", "username")}

    def chat_face(self, chat: Chat) -> Json:
        """The Bot API's Chat."""
        if chat.kind == "private":
            person = self.person(chat.chat_id)
            face: Json = {"id": chat.chat_id, "type": "private", "first_name": person.first_name}
            face.update({n: v for n, v in (("last_name", person.last_name), ("username", person.username)) if v})
            return face
        face = {"id": chat.chat_id, "type": chat.kind, "title": chat.title}
        return {**face, "is_forum": True} if chat.is_forum else face

    def chat_json(self, chat: Chat) -> Json:
        """A chat as the page sees it, without its messages."""
        topics = [
            {"message_thread_id": topic.thread_id, "name": topic.name, "is_closed": topic.is_closed}
            for topic in chat.topics.values()
        ]
        return {
            **self.chat_face(chat),
            "members": list(chat.members),
            "bot_status": chat.bot_status,
            "migrated_to": chat.migrated_to,
            "pinned": list(chat.pinned),
            "topics": topics,
        }

    def messages(self, chat_id: int) -> list[Json]:
        """The chat as its members see it now, oldest first."""
        return [_with_chat_id(message) for message in self.chat(chat_id).messages.values()]

    def _render(self, message: Message) -> Json:
        chat = self.chats[message.chat_id]
        rendered: Json = {
            "message_id": message.message_id,
            "from": self.user(message.sender_id),
            "chat": self.chat_face(chat),
            "date": int(message.date),
        }
        if message.edited_at is not None:
            rendered["edit_date"] = int(message.edited_at)
        if message.thread_id is not None:
            rendered["message_thread_id"] = message.thread_id
            rendered["is_topic_message"] = True
        rendered.update(message.context)
        rendered.update(message.content)
        if message.markup is not None:
            rendered["reply_markup"] = message.markup
        return rendered


def _with_chat_id(message: Message) -> Json:
    return {**message.json, "chat_id": message.chat_id}


def without_reply(message: Message) -> Json:
    """A message as it stands inside another one that answers it."""
    left_out = {"reply_to_message", "external_reply", "quote"}
    return {name: value for name, value in message.json.items() if name not in left_out}
