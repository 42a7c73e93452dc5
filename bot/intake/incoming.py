"""What can be told of an update from its raw JSON, before PTB makes objects of it."""

from collections.abc import Collection, Mapping

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
