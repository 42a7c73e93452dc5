"""What became of one attempt to send, as a value: nothing above `bot.delivery` tells exceptions apart.

Only the records; which error becomes which of them is `bot.delivery.outcomes`.
"""

from dataclasses import dataclass
from enum import StrEnum


class GoneReason(StrEnum):
    """Why a chat cannot be written to any more; all of them last until the person or group acts."""

    BLOCKED = "blocked"  # the reader blocked the bot
    DEACTIVATED = "deactivated"  # the account was deleted
    NEVER_STARTED = "never_started"  # this person has never pressed Start (or is a bot itself)
    KICKED = "kicked"  # the bot is not in this group or channel (any more)
    CHAT_NOT_FOUND = "chat_not_found"  # there is no such chat, or it was deleted


class RefusedReason(StrEnum):
    """Why Telegram will never take this message as it is; the first ones have a way round."""

    QUOTE = "quote"  # the quote is no exact part of the message: send without it
    REPLY_TARGET = "reply_target"  # the message replied to is gone: send without the reply
    MEDIA = "media"  # Telegram could not fetch the picture or page: send the text alone
    MESSAGE_GONE = "message_gone"  # the message to edit or delete is gone or not ours
    QUERY_TOO_OLD = "query_too_old"  # the press was answered too late; nothing to do
    TOO_LONG = "too_long"  # over 4096 (1024) UTF-16 units
    EMPTY = "empty"  # nothing to send
    ENTITIES = "entities"  # formatting out of range
    BUTTONS = "buttons"  # a button Telegram does not take
    NO_RIGHTS = "no_rights"  # the bot may not write here
    OTHER = "other"  # `detail` has Telegram's words


class LaterReason(StrEnum):
    """Why a message has to wait; the last two need the operator, and nothing is lost until then."""

    FLOOD = "flood"  # Telegram named the seconds
    NOT_SENT = "not_sent"  # no connection: nothing left this machine
    UNAUTHORIZED = "unauthorized"  # the token is not (or no longer) valid, or this server has no such method
    CONFLICT = "conflict"  # another process polls with the same token


@dataclass(frozen=True, slots=True)
class Sent:
    """Telegram took it (or it already stood there as wanted); `message_id` where the method returns a message."""

    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """It certainly did not arrive, and may be sent again after `after_s` seconds, unchanged."""

    after_s: float
    reason: LaterReason = LaterReason.FLOOD


@dataclass(frozen=True, slots=True)
class Gone:
    """It did not arrive, and nothing to this chat will until the other side acts."""

    reason: GoneReason


@dataclass(frozen=True, slots=True)
class TopicGone:
    """The forum topic was deleted or closed; the group itself still takes messages."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The group has become a supergroup: send again, and always from now on, to `chat_id`."""

    chat_id: int


@dataclass(frozen=True, slots=True)
class Refused:
    """It did not arrive and never will as it is; `detail` is Telegram's own description, cut short."""

    reason: RefusedReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have arrived: the answer was lost. Sending again may double it."""

    detail: str


Outcome = Sent | Later | Gone | TopicGone | Moved | Refused | Unknown
