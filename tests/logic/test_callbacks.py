"""Callback data: ours is read back as it was packed, anything else is nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.logic.callbacks import Action, Press, read_press

NEAR_MISSES = st.lists(st.sampled_from([*(action.value for action in Action), ":", "::", "1", "0", "x", "ä", "\n"]))


@given(st.one_of(st.text(max_size=64), st.binary(max_size=64).map(lambda raw: raw.decode("utf-8", "replace"))))
def test_whatever_a_client_sends_is_nothing_or_packs_to_itself(data: str) -> None:
    press = read_press(data)
    assert press is None or press.pack() == data


@given(NEAR_MISSES.map("".join))
def test_what_looks_like_ours_is_nothing_or_packs_to_itself(data: str) -> None:
    press = read_press(data)
    assert press is None or press.pack() == data


PRESSES = [
    Press(Action.HOTLINE),
    Press(Action.COMMENT, number=10**18 - 1),
    Press(Action.FULL_TEXT, number=1),
    Press(Action.LANGUAGE, "kk"),
    Press(Action.DIALOG, "begin_new", 10**18 - 1),
    Press(Action.DECIDE, "not_error", 7),
    Press(Action.HOLD, "release", 7),
]


@pytest.mark.parametrize("press", PRESSES, ids=str)
def test_a_press_is_read_back_and_fits_its_64_bytes(press: Press) -> None:
    assert read_press(press.pack()) == press
    assert len(press.pack().encode()) <= 64


@pytest.mark.parametrize(
    "data",
    [
        None,
        "",
        "hotline:",
        "hotline::1",
        "comment",
        "comment::0",
        "comment::01",
        "comment::-1",
        "comment::١",
        "comment:word:1",
        "resend",
        "resend:again:1",
        "decide:approve",
        "decide:approve:1:2",
        "decide:approve:1\n",
        "DECIDE:approve:1",
        "drop:table:1",
        "decide:approve:9999999999999999999",
    ],
)
def test_no_other_data_is_ours(data: str | None) -> None:
    assert read_press(data) is None
