"""Which error of PTB is which outcome: the only place where Telegram's texts are compared.

The texts are those of the Bot API server and of TDLib; PTB strips "Bad Request: " and changes the case of the rest, so
they are compared in lower case. Tested as a table over every exception class of `telegram.error`.
"""

import re
import warnings
from datetime import timedelta

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    PassportDecryptionError,
    RetryAfter,
    TelegramError,
)

from bot.delivery.request import NotSent
from bot.logic.outcome import (
    Gone,
    GoneReason,
    Later,
    LaterReason,
    Moved,
    Outcome,
    Refused,
    RefusedReason,
    Sent,
    TopicGone,
    Unknown,
)

AFTER_NOT_SENT_S = 5.0
"""How long a message waits when nothing left this machine."""
AFTER_OPERATOR_S = 60.0
"""How often a message is tried while the token is refused: until the operator mends it, nothing may be given up."""
AFTER_UNNAMED_FLOOD_S = 30.0
"""A flood wait whose length the server did not name."""
_DETAIL_LENGTH = 200

_FLOOD = re.compile(r"too many requests(?:: retry after (\d+))?", re.IGNORECASE)

_GONE = {
    "bot was blocked by the user": GoneReason.BLOCKED,
    "user_is_blocked": GoneReason.BLOCKED,
    "user is deactivated": GoneReason.DEACTIVATED,
    "user_deactivated": GoneReason.DEACTIVATED,  # also input_user_deactivated
    "bot can't initiate conversation": GoneReason.NEVER_STARTED,
    "bot can't send messages to": GoneReason.NEVER_STARTED,  # "… to bots", "… to the user"
    "bot was kicked": GoneReason.KICKED,  # from the group / supergroup / channel chat
    "bot is not a member": GoneReason.KICKED,
    "chat not found": GoneReason.CHAT_NOT_FOUND,
    "user not found": GoneReason.CHAT_NOT_FOUND,
    "peer_id_invalid": GoneReason.CHAT_NOT_FOUND,
    "chat_id_invalid": GoneReason.CHAT_NOT_FOUND,
    "group chat was deleted": GoneReason.CHAT_NOT_FOUND,
    "group chat was deactivated": GoneReason.CHAT_NOT_FOUND,
}

_TOPIC_GONE = ("message thread not found", "topic_closed", "topic_deleted", "topic_id_invalid")

_REFUSED = {
    "quote_text_invalid": RefusedReason.QUOTE,
    "quote not found": RefusedReason.QUOTE,
    "message to be replied not found": RefusedReason.REPLY_TARGET,
    "replied message not found": RefusedReason.REPLY_TARGET,
    "reply message not found": RefusedReason.REPLY_TARGET,
    "reply_message_id_invalid": RefusedReason.REPLY_TARGET,
    "failed to get http url content": RefusedReason.MEDIA,
    "wrong file identifier": RefusedReason.MEDIA,
    "wrong type of the web page content": RefusedReason.MEDIA,
    "webpage_": RefusedReason.MEDIA,
    "photo_invalid_dimensions": RefusedReason.MEDIA,
    "message to edit not found": RefusedReason.MESSAGE_GONE,
    "message to delete not found": RefusedReason.MESSAGE_GONE,
    "message can't be edited": RefusedReason.MESSAGE_GONE,
    "message can't be deleted": RefusedReason.MESSAGE_GONE,
    "message_id_invalid": RefusedReason.MESSAGE_GONE,
    "query is too old": RefusedReason.QUERY_TOO_OLD,
    "message is too long": RefusedReason.TOO_LONG,
    "message_too_long": RefusedReason.TOO_LONG,
    "caption is too long": RefusedReason.TOO_LONG,
    "media_caption_too_long": RefusedReason.TOO_LONG,
    "message text is empty": RefusedReason.EMPTY,
    "text must be non-empty": RefusedReason.EMPTY,
    "message must be non-empty": RefusedReason.EMPTY,
    "entit": RefusedReason.ENTITIES,  # "can't parse entities: …", "entity_bounds_invalid", "entities_too_long"
    "button_": RefusedReason.BUTTONS,  # button_data_invalid, button_url_invalid, …
    "inline keyboard": RefusedReason.BUTTONS,
    "reply_markup": RefusedReason.BUTTONS,
    "not enough rights": RefusedReason.NO_RIGHTS,
    "have no rights": RefusedReason.NO_RIGHTS,
    "need administrator rights": RefusedReason.NO_RIGHTS,
    "chat_write_forbidden": RefusedReason.NO_RIGHTS,
    "chat_admin_required": RefusedReason.NO_RIGHTS,
    "chat_restricted": RefusedReason.NO_RIGHTS,
    "user_restricted": RefusedReason.NO_RIGHTS,
}


def outcome_of(error: TelegramError, *, method: str) -> Outcome:  # noqa: PLR0911 - one return for each kind of error
    """What `error` says about the one attempt to call `method` that raised it.

    A refused token and a second poller are `Later`: they are no fault of the message, and a reader must not be
    marked as unreachable because of them; `reason` lets the engine tell the operator. The order of the cases matters:
    `BadRequest` and `NotSent` are subclasses of `NetworkError`.
    """
    match error:
        case RetryAfter():
            return Later(retry_after_s(error))
        case ChatMigrated():
            return Moved(error.new_chat_id)
        case NotSent():
            return Later(AFTER_NOT_SENT_S, LaterReason.NOT_SENT)
        case InvalidToken():  # PTB raises it for 401 and for 404
            return Later(AFTER_OPERATOR_S, LaterReason.UNAUTHORIZED)
        case Conflict():
            return Later(AFTER_OPERATOR_S, LaterReason.CONFLICT)
        case BadRequest():
            return _refusal(error.message, method=method, otherwise=RefusedReason.OTHER)
        case Forbidden():
            return _refusal(error.message, method=method, otherwise=RefusedReason.NO_RIGHTS)
        case EndPointNotFound() | PassportDecryptionError():
            return Refused(RefusedReason.OTHER, _cut(error.message))
        case _:  # TimedOut, NetworkError (5xx, a broken connection), an answer that cannot be read
            return _flood(error.message) or Unknown(_cut(error.message))


def retry_after_s(error: RetryAfter) -> float:
    """The exact seconds, from the int that PTB 22 gives as well as from the timedelta that it will give."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # PTB warns of the int, whoever reads it
        after = error.retry_after
    return after.total_seconds() if isinstance(after, timedelta) else float(after)


def _refusal(description: str, *, method: str, otherwise: RefusedReason) -> Outcome:
    words = description.lower()
    if _already_so(words, method=method):
        return Sent()
    if any(text in words for text in _TOPIC_GONE):
        return TopicGone()
    for text, gone in _GONE.items():
        if text in words:
            return Gone(gone)
    for text, refused in _REFUSED.items():
        if text in words:
            return Refused(refused, _cut(description))
    return Refused(otherwise, _cut(description))


def _already_so(words: str, *, method: str) -> bool:
    """An edit to what stands there and a deletion of what is gone have their effect."""
    return (method.startswith("edit") and "message is not modified" in words) or (
        method.startswith("delete") and "message to delete not found" in words
    )


def _flood(description: str) -> Later | None:
    """A 429 without `parameters`, which PTB makes a plain NetworkError."""
    found = _FLOOD.search(description)
    return None if found is None else Later(float(found[1]) if found[1] else AFTER_UNNAMED_FLOOD_S)


def _cut(detail: str) -> str:
    return detail[:_DETAIL_LENGTH]
