"""A call for the hotline is heard in three languages, and nothing else is taken for one."""

import pytest

from bot.logic.callbacks import Action, Press
from bot.logic.hotline import is_hotline_press, is_hotline_text

NUMBERS = frozenset({"110", "112"})


@pytest.mark.parametrize(
    "words",
    [
        "110",
        " 110 ",
        "１１０",
        "110!",
        "112",
        "☎️ 110",
        "hotline",
        "HOTLINE",
        "Горячая линия",
        "горячая  линия?",
        "сенім телефоны",
        "Сенім телефоны.",
        "/110",
        "/112",
        "/hotline",
        "/hotline@dauys_bot",
        "/hotline now please",
    ],
)
def test_a_call_for_the_hotline_is_heard(words: str) -> None:
    assert is_hotline_text(words, numbers=NUMBERS, bot_username="Dauys_bot")


@pytest.mark.parametrize(
    "words", [None, "", "1100", "call 110", "горячая вода", "/hotline@other_bot", "/start", "/1100"]
)
def test_other_words_are_no_call(words: str | None) -> None:
    assert not is_hotline_text(words, numbers=NUMBERS, bot_username="dauys_bot")


def test_only_its_own_button_is_a_press_for_it() -> None:
    assert is_hotline_press(Press(Action.HOTLINE).pack())
    assert not is_hotline_press("hotline:x")
    assert not is_hotline_press(None)
