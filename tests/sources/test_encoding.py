import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources.encoding import decode_feed
from tests.sources.feeds import item, rss

RUSSIAN = "Приёмная изменила часы работы с понедельника: вход со двора"
KAZAKH = "Қабылдау бөлмесінің жұмыс уақыты дүйсенбіден бастап өзгерді"


def feed(words: str, *, declared: str | None = None) -> str:
    head = "<?xml version='1.0'?>" if declared is None else f'<?xml version="1.0" encoding="{declared}"?>'
    return rss(item(1, title=words, description=""), title="Site", head=head)


@pytest.mark.parametrize("real", ["windows-1251", "koi8-r", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("declared", [None, "windows-1251", "koi8-r", "utf-8", "us-ascii", "iso-8859-1", "no-such"])
@pytest.mark.parametrize("header", ["", "; charset=windows-1251", "; charset=koi8-r", "; charset=UTF-8", "; charset=x"])
def test_a_russian_feed_reads_right_whatever_is_declared(real: str, declared: str | None, header: str) -> None:
    said = feed(RUSSIAN, declared=declared)
    assert decode_feed(said.encode(real), "text/xml" + header) == said


@pytest.mark.parametrize("real", ["utf-8", "utf-16", "kz1048"])
def test_a_kazakh_feed_reads_right(real: str) -> None:
    said = feed(KAZAKH, declared="windows-1251")
    assert decode_feed(said.encode(real), "") == said


@pytest.mark.parametrize("encoding", ["iso8859-5", "cp866", "mac-cyrillic"])
def test_even_the_oldest_encodings_read_right_when_nothing_is_declared(encoding: str) -> None:
    said = feed(RUSSIAN)
    assert decode_feed(said.encode(encoding), "") == said


def test_a_feed_in_english_alone_reads_as_declared() -> None:
    said = feed("Café on the “corner”", declared="windows-1252")
    assert decode_feed(said.encode("windows-1252"), "") == said


def test_a_few_broken_bytes_spoil_only_themselves() -> None:
    said = feed(RUSSIAN * 20)
    text = decode_feed(said.encode() + b"\xd0", "")
    assert text is not None
    assert text.startswith(said)


@pytest.mark.parametrize(
    "body", [b"\x81\x8d\x98" * 3000, bytes(range(128, 256)) * 100, ("\ufffd" * 50 + "abc").encode()]
)
def test_letters_that_cannot_be_read_are_told(body: bytes) -> None:
    assert decode_feed(b"<rss>" + body, "") is None


@settings(deadline=None)  # a busy machine is no fault
@given(st.binary(max_size=300), st.text(max_size=40))
def test_no_bytes_and_no_header_raise(body: bytes, header: str) -> None:
    decode_feed(body, f"text/xml; charset={header}")
    decode_feed(b'<?xml version="1.0" encoding="utf-7"?>' + body, "text/xml; charset=punycode")
