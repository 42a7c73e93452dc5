"""What each outcome means for its row, as a table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from bot.logic.settling import DESK_AWAY_S, LONGEST_BACK_OFF_S, AfterCrash, Attempt, Duty, Fate, back_off_s, settle

TO_READER = Attempt(1, is_edit=False, is_to_desk=False)
NEWS = Attempt(1, is_edit=False, is_to_desk=False, is_news=True)
TO_DESK = Attempt(1, is_edit=False, is_to_desk=True)
EDIT_AT_READER = Attempt(1, is_edit=True, is_to_desk=False)
EDIT_AT_DESK = Attempt(1, is_edit=True, is_to_desk=True)
EVERYBODY = (TO_READER, TO_DESK, EDIT_AT_READER, EDIT_AT_DESK)
BOTH: tuple[AfterCrash, ...] = ("resend", "uncertain")
REFUSED = Refused(RefusedReason.ENTITIES, "can't parse entities")

TABLE: list[tuple[Outcome, tuple[Attempt, ...], tuple[AfterCrash, ...], Fate, float, Duty, bool]] = [
    (Sent(5), EVERYBODY, BOTH, Fate.SENT, 0, Duty.NOTHING, False),
    (Later(7), EVERYBODY, BOTH, Fate.AGAIN, 7, Duty.NOTHING, False),
    (Later(0), EVERYBODY, BOTH, Fate.AGAIN, 0.2, Duty.NOTHING, False),
    (Later(60, LaterReason.UNAUTHORIZED), EVERYBODY, BOTH, Fate.AGAIN, 60, Duty.NOTHING, False),
    (TopicGone(), EVERYBODY, BOTH, Fate.AGAIN, 0, Duty.FORGET_TOPIC, False),
    (Moved(-100), (TO_READER, TO_DESK), BOTH, Fate.AGAIN, 0, Duty.FOLLOW_GROUP, False),
    (Moved(-100), (EDIT_AT_READER, EDIT_AT_DESK), BOTH, Fate.FAILED, 0, Duty.FOLLOW_GROUP, False),
    (Gone(GoneReason.BLOCKED), (TO_READER, EDIT_AT_READER), BOTH, Fate.FAILED, 0, Duty.LOSE_READER, False),
    (Gone(GoneReason.KICKED), (TO_DESK, EDIT_AT_DESK), BOTH, Fate.AGAIN, DESK_AWAY_S, Duty.NOTHING, False),
    (REFUSED, (TO_READER, TO_DESK), BOTH, Fate.FAILED, 0, Duty.TELL_OPERATOR, False),
    (REFUSED, (EDIT_AT_READER,), BOTH, Fate.FAILED, 0, Duty.NOTHING, False),
    (REFUSED, (EDIT_AT_DESK,), BOTH, Fate.FAILED, 0, Duty.SHOW_ANEW, False),
    (Refused(RefusedReason.NO_RIGHTS), (TO_READER,), BOTH, Fate.FAILED, 0, Duty.TELL_OPERATOR, False),
    (
        Refused(RefusedReason.NO_RIGHTS),
        (TO_DESK, EDIT_AT_DESK),
        BOTH,
        Fate.AGAIN,
        DESK_AWAY_S,
        Duty.NOTHING,
        False,
    ),
    (Unknown("reset"), (TO_READER, TO_DESK), BOTH, Fate.AGAIN, 1, Duty.NOTHING, True),
    (Unknown("reset"), (NEWS,), ("resend",), Fate.AGAIN, 1, Duty.NOTHING, True),
    (Unknown("reset"), (NEWS,), ("uncertain",), Fate.UNCERTAIN, 0, Duty.NOTHING, False),
    (Unknown("reset"), (EDIT_AT_READER, EDIT_AT_DESK), BOTH, Fate.AGAIN, 1, Duty.NOTHING, False),
]
CASES = [
    pytest.param(
        outcome,
        attempt,
        rule,
        fate,
        after_s,
        duty,
        repeat,
        id=f"{outcome}-{attempt.is_edit}-{attempt.is_to_desk}-{attempt.is_news}-{rule}",
    )
    for outcome, attempts, rules, fate, after_s, duty, repeat in TABLE
    for attempt in attempts
    for rule in rules
]


@pytest.mark.parametrize(("outcome", "attempt", "rule", "fate", "after_s", "duty", "is_repeat"), CASES)
def test_an_outcome_settles_its_row(
    outcome: Outcome,
    attempt: Attempt,
    rule: AfterCrash,
    fate: Fate,
    after_s: float,
    duty: Duty,
    is_repeat: bool,  # noqa: FBT001 - a column of the table
) -> None:
    settled = settle(attempt, outcome, after_crash=rule)
    assert (settled.fate, settled.after_s, settled.duty, settled.is_repeat) == (fate, after_s, duty, is_repeat)
    assert (settled.error is None) == (fate is Fate.SENT), "whatever did not go out says why"


@given(st.integers(min_value=1, max_value=10**9))
def test_the_back_off_grows_stays_bounded_and_never_ends(number: int) -> None:
    assert 1 <= back_off_s(number) <= back_off_s(number + 1) <= LONGEST_BACK_OFF_S


def test_the_back_off_doubles() -> None:
    assert [back_off_s(number) for number in range(1, 5)] == [1, 2, 4, 8]
