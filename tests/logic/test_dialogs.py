"""Dialogs survive being stored, and a new one never loses an old draft unasked."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.logic.dialogs import Dialog, Draft, Opened, Step, as_document, open_dialog, read_dialog

WORDS = st.none() | st.text()
DRAFTS = st.builds(
    Draft,
    article_id=st.none() | st.integers(min_value=1),
    text=WORDS,
    signature=WORDS,
    is_signed=st.booleans(),
    fragment=WORDS,
    sentence=WORDS,
    fragment_at=st.none() | st.integers(min_value=0),
)
PLAIN = st.builds(Dialog, number=st.integers(min_value=1), step=st.sampled_from(Step), draft=DRAFTS)
DIALOGS = st.builds(replace, PLAIN, is_parked=st.booleans(), wanted=st.none() | PLAIN)


@given(DIALOGS)
def test_a_dialog_is_read_back_as_it_was_stored(dialog: Dialog) -> None:
    assert read_dialog(dialog.step, as_document(dialog), is_parked=dialog.is_parked) == dialog


@given(st.text(), st.dictionaries(st.text(), st.none() | st.integers() | st.text()))
def test_what_nobody_can_read_any_more_is_no_dialog_and_no_error(step: str, document: dict[str, object]) -> None:
    assert read_dialog(step, document, is_parked=False) is None


@given(st.none() | DIALOGS, PLAIN)
def test_no_draft_is_ever_lost_without_a_question(current: Dialog | None, wanted: Dialog) -> None:
    opened = open_dialog(current, wanted)
    if current is not None and not current.draft.is_empty:
        assert opened.dialog.draft == current.draft
        assert opened.asks == (opened.dialog.wanted is not None)
    else:
        assert opened == Opened(wanted, asks=False)


COMMENT = Dialog(1, Step.COMMENT_SIGN, Draft(article_id=5, text="Жақсы!"))
SAME = Dialog(2, Step.COMMENT_TEXT, Draft(article_id=5))


@pytest.mark.parametrize(
    ("current", "wanted", "asks"),
    [
        (COMMENT, SAME, False),
        (COMMENT, replace(SAME, draft=Draft(article_id=6)), True),
        (COMMENT, replace(SAME, step=Step.TYPO_FRAGMENT), True),
        (COMMENT, replace(SAME, draft=Draft(article_id=5, text="басқа")), True),
        (replace(COMMENT, is_parked=True), SAME, True),
    ],
)
def test_the_same_button_comes_back_to_the_draft_and_any_other_asks(
    current: Dialog,
    wanted: Dialog,
    asks: bool,  # noqa: FBT001 - a column of the table
) -> None:
    opened = open_dialog(current, wanted)
    assert (opened.asks, opened.dialog.number) == (asks, current.number)
