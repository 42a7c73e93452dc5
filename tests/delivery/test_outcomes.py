"""Every error of the Bot API, as the outcome it is: a table over PTB's classes and over Telegram's texts."""

import inspect
import warnings
from datetime import timedelta

import pytest
from telegram import error as telegram_errors
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    PassportDecryptionError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.delivery.outcomes import outcome_of
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

BY_CLASS: list[tuple[TelegramError, Outcome]] = [
    (RetryAfter(timedelta(seconds=7)), Later(7.0, LaterReason.FLOOD)),
    (ChatMigrated(-1001), Moved(-1001)),
    (NotSent("Not sent: ClientConnectorError"), Later(5.0, LaterReason.NOT_SENT)),
    (InvalidToken("Unauthorized"), Later(60.0, LaterReason.UNAUTHORIZED)),
    (Conflict("terminated by other getUpdates request"), Later(60.0, LaterReason.CONFLICT)),
    (BadRequest("Bad Request: something new"), Refused(RefusedReason.OTHER, "Something new")),
    (Forbidden("Forbidden: something new"), Refused(RefusedReason.NO_RIGHTS, "Forbidden: something new")),
    (EndPointNotFound("no such method"), Refused(RefusedReason.OTHER, "no such method")),
    (PassportDecryptionError("bad hash"), Refused(RefusedReason.OTHER, "PassportDecryptionError: bad hash")),
    (TimedOut(), Unknown("Timed out")),
    (NetworkError("Bad Gateway (502)"), Unknown("Bad Gateway (502)")),
    (
        TelegramError("The answer is not the JSON of a Bot API server"),
        Unknown("The answer is not the JSON of a Bot API server"),
    ),
]

BAD_REQUESTS: list[tuple[str, Outcome]] = [
    ("chat not found", Gone(GoneReason.CHAT_NOT_FOUND)),
    ("PEER_ID_INVALID", Gone(GoneReason.CHAT_NOT_FOUND)),
    ("user not found", Gone(GoneReason.CHAT_NOT_FOUND)),
    ("USER_IS_BLOCKED", Gone(GoneReason.BLOCKED)),
    ("INPUT_USER_DEACTIVATED", Gone(GoneReason.DEACTIVATED)),
    ("message thread not found", TopicGone()),
    ("TOPIC_CLOSED", TopicGone()),
    ("TOPIC_DELETED", TopicGone()),
]

REFUSALS: list[tuple[str, RefusedReason]] = [
    ("QUOTE_TEXT_INVALID", RefusedReason.QUOTE),
    ("message to be replied not found", RefusedReason.REPLY_TARGET),
    ("replied message not found", RefusedReason.REPLY_TARGET),
    ("failed to get HTTP URL content", RefusedReason.MEDIA),
    ("wrong file identifier/HTTP URL specified", RefusedReason.MEDIA),
    ("WEBPAGE_CURL_FAILED", RefusedReason.MEDIA),
    ("message to edit not found", RefusedReason.MESSAGE_GONE),
    ("message can't be edited", RefusedReason.MESSAGE_GONE),
    ("message can't be deleted for everyone", RefusedReason.MESSAGE_GONE),
    ("MESSAGE_ID_INVALID", RefusedReason.MESSAGE_GONE),
    ("query is too old and response timeout expired or query ID is invalid", RefusedReason.QUERY_TOO_OLD),
    ("message is too long", RefusedReason.TOO_LONG),
    ("message caption is too long", RefusedReason.TOO_LONG),
    ("message text is empty", RefusedReason.EMPTY),
    ("can't parse entities: unsupported start tag", RefusedReason.ENTITIES),
    ("ENTITY_BOUNDS_INVALID", RefusedReason.ENTITIES),
    ("BUTTON_DATA_INVALID", RefusedReason.BUTTONS),
    ("inline keyboard button URL 'tel:110' is invalid: unsupported URL protocol", RefusedReason.BUTTONS),
    ("not enough rights to send text messages to the chat", RefusedReason.NO_RIGHTS),
    ("need administrator rights in the channel chat", RefusedReason.NO_RIGHTS),
    ("CHAT_WRITE_FORBIDDEN", RefusedReason.NO_RIGHTS),
]

FORBIDDEN: list[tuple[str, GoneReason]] = [
    ("bot was blocked by the user", GoneReason.BLOCKED),
    ("user is deactivated", GoneReason.DEACTIVATED),
    ("bot can't initiate conversation with a user", GoneReason.NEVER_STARTED),
    ("bot can't send messages to bots", GoneReason.NEVER_STARTED),
    ("bot was kicked from the group chat", GoneReason.KICKED),
    ("bot was kicked from the supergroup chat", GoneReason.KICKED),
    ("bot is not a member of the channel chat", GoneReason.KICKED),
    ("the group chat was deleted", GoneReason.CHAT_NOT_FOUND),
]


@pytest.mark.parametrize(("error", "outcome"), BY_CLASS, ids=[type(error).__name__ for error, _ in BY_CLASS])
def test_every_class_of_error_is_one_outcome(error: TelegramError, outcome: Outcome) -> None:
    assert outcome_of(error, method="sendMessage") == outcome


def test_no_class_of_error_is_missing_from_the_table() -> None:
    of_ptb = {
        kind for _, kind in inspect.getmembers(telegram_errors, inspect.isclass) if issubclass(kind, TelegramError)
    }
    assert of_ptb <= {type(error) for error, _ in BY_CLASS}


@pytest.mark.parametrize(("description", "outcome"), BAD_REQUESTS)
def test_a_bad_request_about_the_chat_or_its_topic(description: str, outcome: Outcome) -> None:
    assert outcome_of(BadRequest(f"Bad Request: {description}"), method="sendMessage") == outcome


@pytest.mark.parametrize(("description", "reason"), REFUSALS)
def test_a_bad_request_about_the_message_names_its_reason(description: str, reason: RefusedReason) -> None:
    outcome = outcome_of(BadRequest(f"Bad Request: {description}"), method="sendMessage")
    assert isinstance(outcome, Refused)
    assert outcome.reason is reason
    assert outcome.detail.lower() == description.lower()


@pytest.mark.parametrize(("description", "reason"), FORBIDDEN)
def test_a_forbidden_chat_is_gone(description: str, reason: GoneReason) -> None:
    assert outcome_of(Forbidden(f"Forbidden: {description}"), method="sendMessage") == Gone(reason)


def test_an_edit_to_what_already_stands_there_has_its_effect() -> None:
    error = BadRequest(
        "Bad Request: message is not modified: specified new message content and reply markup are exactly the same"
    )
    assert outcome_of(error, method="editMessageText") == Sent()
    assert isinstance(outcome_of(error, method="sendMessage"), Refused)


def test_a_deletion_of_what_is_gone_has_its_effect() -> None:
    error = BadRequest("Bad Request: message to delete not found")
    assert outcome_of(error, method="deleteMessage") == Sent()


@pytest.mark.parametrize("opted_in", [True, False])
@pytest.mark.parametrize("seconds", [1, 35, 0.5])
def test_the_wait_is_exact_whichever_type_ptb_gives_and_nothing_warns(
    seconds: float, monkeypatch: pytest.MonkeyPatch, *, opted_in: bool
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true" if opted_in else "false")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PTB warns when the error is made, before we see it
        error = RetryAfter(timedelta(seconds=seconds))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert outcome_of(error, method="sendMessage") == Later(seconds)


@pytest.mark.parametrize(
    ("description", "seconds"),
    [("Too Many Requests: retry after 12", 12.0), ("Too Many Requests (429)", 30.0)],
)
def test_a_flood_wait_without_its_parameters_is_still_one(description: str, seconds: float) -> None:
    assert outcome_of(NetworkError(description), method="sendMessage") == Later(seconds)


def test_a_long_description_is_cut() -> None:
    outcome = outcome_of(BadRequest("x" * 5000), method="sendMessage")
    assert isinstance(outcome, Refused)
    assert len(outcome.detail) == 200
