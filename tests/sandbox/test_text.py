"""What the stand-in finds in a text by itself, and keeps whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.errors import RefusalError
from sandbox.text import find_entities, tidy, utf16_length, utf16_slice

FOUND = [
    ("👋 /start@dauys_bot now", [("bot_command", "/start@dauys_bot")]),
    ("и/или 1/2 a//b", []),
    ("(https://a.kz/б?c=1). next", [("url", "https://a.kz/б?c=1")]),
    ("dauys.kz, мәтін.", [("url", "dauys.kz")]),
    ("me@news.kz", [("email", "me@news.kz")]),
    ("@dauys_bot #қауіпсіздік #1", [("mention", "@dauys_bot"), ("hashtag", "#қауіпсіздік")]),
    ("110 деп теріңіз", []),
]


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_what_a_client_would_link_is_found(text: str, expected: list[tuple[str, str]]) -> None:
    spans = [(span["type"], span["offset"], span["length"]) for span in find_entities(text)]
    assert [
        (kind, utf16_slice(text, offset, length))
        for kind, offset, length in spans
        if isinstance(offset, int) and isinstance(length, int)
    ] == expected
    assert len(spans) == len(expected)


@given(st.text(max_size=60), st.integers(-2, 70), st.integers(-2, 70))
def test_a_span_is_kept_whole_or_refused(text: str, offset: int, length: int) -> None:
    marked = utf16_slice(text, offset, length)
    try:
        kept, spans = tidy(text, [{"type": "bold", "offset": offset, "length": length}], limit=4096, word="message")
    except RefusalError:
        assert marked is None
        return
    assert marked is not None
    for span in spans:
        assert isinstance(span["offset"], int)
        assert isinstance(span["length"], int)
        inside = utf16_slice(kept, span["offset"], span["length"])
        assert inside is not None
        if span["type"] == "bold":
            assert inside.strip() == "" or "".join(inside.split()) in "".join(
                tidy(marked + "|", [], limit=4096, word="")[0].split()
            )


@given(st.text(max_size=60))
def test_lengths_are_utf16(text: str) -> None:
    assert utf16_length(text) == sum(2 if character > "\uffff" else 1 for character in text)
    assert utf16_slice(text, 0, utf16_length(text)) == text
