"""What can be told of an update from its raw JSON, before PTB makes objects of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bot.logic.hotline import is_hotline_press, is_hotline_text

RawUpdate = Mapping[str, object]

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")


def update_id_of(raw: RawUpdate) -> int | None:
    value = raw.get("update_id")
    return value if isinstance(value, int) else None


def person_of(raw: RawUpdate) -> int:
    """Who caused it: their updates are handled one after another. 0 for what nobody in particular caused."""
    for kind in ALLOWED_UPDATES:
        match raw.get(kind):
            case {"from": {"id": int(person_id)}}:
                return person_id
            case {"chat": {"id": int(chat_id)}}:
                return chat_id
    return 0


def asks_for_hotline(raw: RawUpdate, *, numbers: Collection[str], bot_username: str | None) -> bool:
    match raw:
        case {"message": {"text": str(text)}}:
            return is_hotline_text(text, numbers=numbers, bot_username=bot_username)
        case {"callback_query": {"data": str(data)}}:
            return is_hotline_press(data)
        case _:
            return False


@dataclass(frozen=True, slots=True)
class Asker:
    """Who is to be answered, and where."""

    chat_id: int | None = None
    is_private: bool = False
    thread_id: int | None = None
    """The topic of a forum that it was said in."""
    person_id: int | None = None
    app_language: str | None = None
    """The language of the person's app, without its country ("pt-br")."""
    press_id: str | None = None
    """The press that their app waits for an answer to."""

    @property
    def reader_id(self) -> int | None:
        """The person, where they speak to the bot alone."""
        return self.person_id if self.is_private else None


def asker_of(raw: RawUpdate) -> Asker:
    """Of any shape: what is missing is None."""
    said = next((said for kind in ALLOWED_UPDATES if isinstance(said := raw.get(kind), dict)), {})
    press_id = said.get("id") if "callback_query" in raw else None
    # What was pressed stands in the message with the button; one that is too old for Telegram has its chat at least.
    message = said.get("message") if "callback_query" in raw else said
    user = said.get("from")
    person = user if isinstance(user, dict) else {}
    code = person.get("language_code")
    shown = message if isinstance(message, dict) else {}
    return Asker(
        chat_id=_whole(shown, "chat", "id"),
        is_private=isinstance(chat := shown.get("chat"), dict) and chat.get("type") == "private",
        thread_id=_whole(shown, "message_thread_id") if shown.get("is_topic_message") is True else None,
        person_id=_whole(person, "id"),
        app_language=code.partition("-")[0].lower() if isinstance(code, str) else None,
        press_id=press_id if isinstance(press_id, str) else None,
    )


def _whole(found: object, *path: str) -> int | None:
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, int) else None
