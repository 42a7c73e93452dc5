"""Decides what an outcome means for the row of a delivery. Changes nothing itself."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal, assert_never

from bot.logic.outcome import Gone, GoneReason, Later, Moved, Outcome, Refused, RefusedReason, Sent, TopicGone, Unknown

AfterCrash = Literal["resend", "uncertain"]

LONGEST_BACK_OFF_S = 300.0
DESK_AWAY_S = 60.0
"""How often a desk is tried that threw the bot out: its cards wait until somebody lets it in again."""


class Fate(Enum):
    SENT = auto()
    AGAIN = auto()
    """Owed again after `after_s`."""
    FAILED = auto()
    UNCERTAIN = auto()


class Duty(Enum):
    """What else is to be done because of the outcome."""

    NOTHING = auto()
    LOSE_READER = auto()
    FORGET_TOPIC = auto()
    FOLLOW_GROUP = auto()
    TELL_OPERATOR = auto()
    SHOW_ANEW = auto()
    """The message to edit is gone: its content goes out as a new one."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """`number` counts from 1; an edit may be made twice without harm."""

    number: int
    is_edit: bool
    is_to_desk: bool
    is_news: bool = False
    """An article, which the operator may prefer missing to doubled; a card or a verdict is never let go."""


@dataclass(frozen=True, slots=True)
class Settled:
    fate: Fate
    after_s: float = 0.0
    error: str | None = None
    is_repeat: bool = False
    duty: Duty = Duty.NOTHING


def settle(attempt: Attempt, outcome: Outcome, *, after_crash: AfterCrash) -> Settled:  # noqa: PLR0911 - one return for each outcome
    """What becomes of the row; `after_crash` is also the rule for an answer that was lost on the way."""
    match outcome:
        case Sent():
            return Settled(Fate.SENT)
        case Later(after_s):
            return Settled(Fate.AGAIN, after_s=max(after_s, 0.2), error=f"later: {outcome.reason}")
        case TopicGone():
            return Settled(Fate.AGAIN, duty=Duty.FORGET_TOPIC, error="topic gone")
        case Moved() if attempt.is_edit:
            # The message stayed behind with its old number, which means another message in the new group.
            return Settled(Fate.FAILED, duty=Duty.FOLLOW_GROUP, error="moved")
        case Moved():
            return Settled(Fate.AGAIN, duty=Duty.FOLLOW_GROUP, error="moved")
        case Gone(reason):
            return _gone(attempt, reason)
        case Refused():
            return _refused(attempt, outcome)
        case Unknown(detail):
            if after_crash == "uncertain" and attempt.is_news:
                return Settled(Fate.UNCERTAIN, error=detail)
            return Settled(Fate.AGAIN, after_s=back_off_s(attempt.number), error=detail, is_repeat=not attempt.is_edit)
        case _:
            assert_never(outcome)


def _refused(attempt: Attempt, refused: Refused) -> Settled:
    if attempt.is_to_desk and refused.reason is RefusedReason.NO_RIGHTS:
        # Somebody took the right to write away: the cards wait as if the bot were thrown out.
        return Settled(Fate.AGAIN, after_s=DESK_AWAY_S, error=f"desk: {refused.reason}")
    error = f"{refused.reason}: {refused.detail}" if refused.detail else str(refused.reason)
    if attempt.is_edit:
        return Settled(Fate.FAILED, error=error, duty=Duty.SHOW_ANEW if attempt.is_to_desk else Duty.NOTHING)
    return Settled(Fate.FAILED, error=error, duty=Duty.TELL_OPERATOR)


def _gone(attempt: Attempt, reason: GoneReason) -> Settled:
    if attempt.is_to_desk:
        return Settled(Fate.AGAIN, after_s=DESK_AWAY_S, error=f"desk: {reason}")
    return Settled(Fate.FAILED, error="gone", duty=Duty.LOSE_READER)


def back_off_s(attempt_number: int) -> float:
    """1, 2, 4 … seconds, five minutes at most; it goes on for ever, for what is owed is owed."""
    return min(2.0 ** min(attempt_number - 1, 16), LONGEST_BACK_OFF_S)
