"""The control API's deeds by name: what /sandbox/… accepts, and what each does to the stand-in.

The contract is the docstring of `sandbox.server`.
"""

from collections.abc import Callable, Mapping

from sandbox.arguments import Arguments, Json
from sandbox.errors import RefusalError
from sandbox.faults import KINDS as FAULT_KINDS
from sandbox.faults import Fault
from sandbox.media import KINDS as MEDIA_KINDS
from sandbox.people import Quote
from sandbox.spec import Specification
from sandbox.telegram import Telegram

Deed = Callable[[Telegram, Arguments], Json]

_PLACE = {"user_id": "Integer", "chat_id": "Integer"}
_PARAMETERS: dict[str, object] = {
    "people": {
        "required": {"first_name": "String"},
        "optional": {"last_name": "String", "username": "String", "language_code": "String", "user_id": "Integer"},
    },
    "groups": {
        "required": {"title": "String", "members": "Array of Integer"},
        "optional": {
            "forum": "Boolean",
            "supergroup": "Boolean",
            "bot_is_admin": "Boolean",
            "bot_rights": "Array of String",
            "chat_id": "Integer",
        },
    },
    "say": {
        "required": {**_PLACE, "text": "String"},
        "optional": {
            "reply_to": "Integer",
            "reply_chat": "Integer",
            "quote": "Quote",
            "thread_id": "Integer",
            "forward_from": "Integer",
        },
    },
    "send": {
        "required": {**_PLACE, "kind": "String"},
        "optional": {"caption": "String", "reply_to": "Integer", "thread_id": "Integer"},
    },
    "edit": {"required": {**_PLACE, "message_id": "Integer", "text": "String"}},
    "press": {
        "required": {**_PLACE, "message_id": "Integer", "data": "String"},
        "optional": {"force": "Boolean"},
    },
    "block": {"required": {"user_id": "Integer"}},
    "unblock": {"required": {"user_id": "Integer"}},
    "deactivate": {"required": {"user_id": "Integer"}},
    "add_bot": {"required": {"chat_id": "Integer"}, "optional": {"user_id": "Integer", "admin": "Boolean"}},
    "kick_bot": {"required": {"chat_id": "Integer"}, "optional": {"user_id": "Integer"}},
    "join": {"required": _PLACE},
    "migrate": {"required": {"chat_id": "Integer"}},
    "delete_topic": {"required": {"chat_id": "Integer", "thread_id": "Integer"}},
    "faults": {
        "required": {"kind": "String"},
        "optional": {
            "method": "String",
            "chat_id": "Integer",
            "times": "Integer",
            "retry_after": "Integer",
            "delay_s": "Float",
            "status": "Integer",
            "description": "String",
        },
    },
}
_TYPES: dict[str, object] = {"Quote": {"required": {"text": "String"}, "optional": {"position": "Integer"}}}
_SPECIFICATION = Specification({"methods": _PARAMETERS, "types": _TYPES})


def perform(telegram: Telegram, name: str, given: Mapping[str, object]) -> Json:
    """Do it and return what the contract says. Raises ValueError or LookupError with a sentence."""
    try:
        arguments = _SPECIFICATION.check(name, given)
        return DEEDS[name](telegram, arguments)
    except RefusalError as refusal:
        raise ValueError(refusal.description.removeprefix("Bad Request: ")) from refusal


def state(telegram: Telegram) -> Json:
    """Everything a page needs to draw the stand-in."""
    world = telegram.world
    return {
        "seq": len(world.events),
        "bot": world.bot,
        "people": [person.as_json() for person in world.people.values()],
        "chats": [{**world.chat_json(chat), "messages": world.messages(chat.chat_id)} for chat in world.chats.values()],
        "commands": list(world.commands.values()),
    }


def _add_person(telegram: Telegram, given: Arguments) -> Json:
    person = telegram.add_person(
        given.text("first_name"),
        given.maybe_text("last_name"),
        username=given.maybe_text("username"),
        language_code=given.maybe_text("language_code") if "language_code" in given else "kk",
        user_id=given.maybe_integer("user_id"),
    )
    return {"person": person.as_json()}


def _add_group(telegram: Telegram, given: Arguments) -> Json:
    chat = telegram.add_group(
        given.text("title"),
        given.integers("members"),
        forum=given.flag("forum"),
        supergroup=_flag(given, "supergroup"),
        bot_is_admin=_flag(given, "bot_is_admin"),
        bot_rights=given.texts("bot_rights") if "bot_rights" in given else None,
        chat_id=given.maybe_integer("chat_id"),
    )
    return {"chat": telegram.world.chat_json(chat)}


def _flag(given: Arguments, name: str) -> bool:
    """True unless said otherwise."""
    return given.flag(name) or name not in given


def _with_chat_id(message: Json, chat_id: int) -> Json:
    return {**message, "chat_id": chat_id}


def _say(telegram: Telegram, given: Arguments) -> Json:
    message = telegram.person_says(
        given.integer("user_id"),
        given.integer("chat_id"),
        given.text("text"),
        reply_to=given.maybe_integer("reply_to"),
        reply_chat=given.maybe_integer("reply_chat"),
        quote=_quote(given.maybe_object("quote")),
        thread_id=given.maybe_integer("thread_id"),
        forward_from=given.maybe_integer("forward_from"),
    )
    return {"message": _with_chat_id(message, given.integer("chat_id"))}


def _quote(told: Json | None) -> Quote | None:
    if told is None:
        return None
    quote = Arguments(told)
    position = quote.maybe_integer("position")
    return quote.text("text") if position is None else (quote.text("text"), position)


def _send(telegram: Telegram, given: Arguments) -> Json:
    kind = next((known for known in MEDIA_KINDS if known == given.text("kind")), None)
    if kind is None:
        raise ValueError(f"nobody can send a {given.text('kind')}")
    messages = telegram.person_sends(
        given.integer("user_id"),
        given.integer("chat_id"),
        kind,
        caption=given.maybe_text("caption"),
        reply_to=given.maybe_integer("reply_to"),
        thread_id=given.maybe_integer("thread_id"),
    )
    return {"messages": [_with_chat_id(message, given.integer("chat_id")) for message in messages]}


def _edit(telegram: Telegram, given: Arguments) -> Json:
    chat_id = given.integer("chat_id")
    message = telegram.person_edits(given.integer("user_id"), chat_id, given.integer("message_id"), given.text("text"))
    return {"message": _with_chat_id(message, chat_id)}


def _press(telegram: Telegram, given: Arguments) -> Json:
    query_id = telegram.person_presses(
        given.integer("user_id"),
        given.integer("chat_id"),
        given.integer("message_id"),
        given.text("data"),
        force=given.flag("force"),
    )
    return {"query_id": query_id}


def _block(telegram: Telegram, given: Arguments) -> Json:
    telegram.person_blocks(given.integer("user_id"))
    return {}


def _unblock(telegram: Telegram, given: Arguments) -> Json:
    telegram.person_unblocks(given.integer("user_id"))
    return {}


def _deactivate(telegram: Telegram, given: Arguments) -> Json:
    telegram.person_deactivates(given.integer("user_id"))
    return {}


def _add_bot(telegram: Telegram, given: Arguments) -> Json:
    telegram.bot_added(given.integer("chat_id"), by=given.maybe_integer("user_id"), admin=_flag(given, "admin"))
    return {}


def _kick_bot(telegram: Telegram, given: Arguments) -> Json:
    telegram.bot_kicked(given.integer("chat_id"), by=given.maybe_integer("user_id"))
    return {}


def _join(telegram: Telegram, given: Arguments) -> Json:
    chat_id = given.integer("chat_id")
    return {"message": _with_chat_id(telegram.person_joins(given.integer("user_id"), chat_id), chat_id)}


def _migrate(telegram: Telegram, given: Arguments) -> Json:
    return {"chat_id": telegram.migrate(given.integer("chat_id"))}


def _delete_topic(telegram: Telegram, given: Arguments) -> Json:
    telegram.delete_topic(given.integer("chat_id"), given.integer("thread_id"))
    return {}


def _add_fault(telegram: Telegram, given: Arguments) -> Json:
    kind = next((known for known in FAULT_KINDS if known == given.text("kind")), None)
    if kind is None:
        raise ValueError(f"unknown kind of fault: {given.text('kind')}")
    plain = Fault(kind)
    delay_s = given.values.get("delay_s", plain.delay_s)
    telegram.add_fault(
        Fault(
            kind,
            method=given.maybe_text("method"),
            chat_id=given.maybe_integer("chat_id"),
            times=given.maybe_integer("times") or plain.times,
            retry_after=given.maybe_integer("retry_after") or plain.retry_after,
            delay_s=delay_s if isinstance(delay_s, (int, float)) else plain.delay_s,
            status=given.maybe_integer("status") or plain.status,
            description=given.maybe_text("description") or plain.description,
        )
    )
    return {}


DEEDS: dict[str, Deed] = {
    "people": _add_person,
    "groups": _add_group,
    "say": _say,
    "send": _send,
    "edit": _edit,
    "press": _press,
    "block": _block,
    "unblock": _unblock,
    "deactivate": _deactivate,
    "add_bot": _add_bot,
    "kick_bot": _kick_bot,
    "join": _join,
    "migrate": _migrate,
    "delete_topic": _delete_topic,
    "faults": _add_fault,
}
