"""Texts with entities keep their entities over the words they were put on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.logic.rich import Rich, bold, fill, italic, join, link, utf16_length

WORDS = st.text(st.characters(exclude_categories=["Cs"]))
PARTS = st.one_of(
    WORDS.map(Rich), WORDS.map(bold), WORDS.map(italic), WORDS.map(lambda words: link(words, "https://a.kz"))
)


def spans(rich: Rich) -> list[tuple[str, str]]:
    """Each entity with the words under it."""
    encoded = rich.text.encode("utf-16-le")
    return [
        (one.kind, encoded[one.offset * 2 : (one.offset + one.length) * 2].decode("utf-16-le")) for one in rich.entities
    ]


@given(WORDS)
def test_lengths_are_counted_in_utf_16(words: str) -> None:
    assert len(Rich(words)) == utf16_length(words) == len(words.encode("utf-16-le")) // 2


@given(st.lists(PARTS), WORDS)
def test_joined_parts_keep_their_words_and_entities(parts: list[Rich], separator: str) -> None:
    whole = join(parts, separator)
    there = [part for part in parts if part.text]
    assert whole.text == separator.join(part.text for part in there)
    assert spans(whole) == [span for part in there for span in spans(part)]


@given(PARTS, PARTS, st.integers())
def test_a_filled_value_is_never_parsed_and_keeps_its_entities(one: Rich, two: Rich, number: int) -> None:
    whole = fill("🌊 {one} – {number} – {two}", one=one, two=two, number=number)
    assert whole.text == f"🌊 {one.text} – {number} – {two.text}"
    assert spans(whole) == spans(one) + spans(two)


def test_braces_in_a_value_are_only_words() -> None:
    assert fill("{a}", a="{b} {0} {a.text}").text == "{b} {0} {a.text}"


def test_a_placeholder_that_was_not_given_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill("{a} {b}", a="x")
