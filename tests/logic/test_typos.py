"""What the words typed with a quote mean, and where a fragment stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.logic.rich import utf16_length
from bot.logic.typos import SENTENCE_LIMIT, Guess, Meaning, find_place, guess_meaning, place_at

WORDS = st.text(st.sampled_from("аә .\n!😀🌳b,"), max_size=2500)


def slice_utf16(text: str, start: int, length: int) -> str:
    return text.encode("utf-16-le")[start * 2 : (start + length) * 2].decode("utf-16-le")


@pytest.mark.parametrize(
    ("fragment", "typed", "guess"),
    [
        ("кате", "қате", Guess(Meaning.POINTER)),
        ("кате", "қате!", Guess(Meaning.POINTER)),
        ("саябак", "Тут опечатка", Guess(Meaning.POINTER)),
        ("саябак", "саябак", Guess(Meaning.POINTER)),
        ("саябак", "👆", Guess(Meaning.POINTER)),
        ("саябак", "саябақ", Guess(Meaning.CORRECTION, "саябақ")),
        ("Саябақ", "саябақ", Guess(Meaning.CORRECTION, "саябақ")),
        ("саябак", "дұрысы: «саябақ»", Guess(Meaning.CORRECTION, "саябақ")),
        ("парк", "правильно — сквер", Guess(Meaning.CORRECTION, "сквер")),
        ("парк", "парк -> сквер", Guess(Meaning.CORRECTION, "сквер")),
        ("2025", "2026", Guess(Meaning.CORRECTION, "2026")),
        ("12:30", "9:00", Guess(Meaning.CORRECTION, "9:00")),
        ("парк", "сквер", Guess(Meaning.UNCLEAR, "сквер")),
        ("парк", "Наконец-то в нашем районе!", Guess(Meaning.UNCLEAR, "Наконец-то в нашем районе!")),
    ],
)
def test_the_typed_words_mean(fragment: str, typed: str, guess: Guess) -> None:
    assert guess_meaning(fragment, typed) == guess


@pytest.mark.timeout(2)
def test_a_fragment_and_a_comment_as_long_as_they_get_are_compared_quickly() -> None:
    for _ in range(20):
        assert guess_meaning("а" * 255, "а" * 4096).meaning is Meaning.UNCLEAR


@given(before=WORDS, fragment=st.text(st.sampled_from("сө 😀"), min_size=2, max_size=255), after=WORDS)
def test_a_place_shows_the_fragment_where_it_stands_and_fits_a_message(before: str, fragment: str, after: str) -> None:
    text = before + fragment + after

    place = place_at(text, utf16_length(before), fragment)

    assert slice_utf16(place.sentence, place.at, utf16_length(fragment)) == fragment
    assert utf16_length(place.sentence) <= SENTENCE_LIMIT + 2
    assert place.sentence.strip("…") in text


@given(WORDS, WORDS)
def test_pasted_words_are_found_wherever_they_stand(before: str, after: str) -> None:
    place = find_place("КЕСЕ", ["басқа", f"{before}кесе{after}"])

    assert place is not None
    assert place.fragment == "кесе"
    assert slice_utf16(place.sentence, place.at, 4) == "кесе"


def test_words_as_they_are_go_before_words_in_other_letters() -> None:
    place = find_place("Көше", ["көше", "Ұзын. Көше кең."])

    assert place is not None
    assert (place.fragment, place.sentence, place.at) == ("Көше", "Көше кең.", 0)


def test_words_that_are_not_there_have_no_place() -> None:
    assert find_place("жоқ", ["мұнда", "бар"]) is None
