"""Bytes of a feed to text: what the server says, what the feed says, and what the letters themselves say.

Declared encodings are often wrong on old sites: windows-1251 under a header of utf-8, koi8-r under windows-1251. An
8-bit encoding decodes anything, so Cyrillic read by a wrong one is told by its look, not by an error.
"""

import codecs
import re
from typing import Final

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    ("<?".encode("utf-16-le"), "utf-16-le"),
    ("<?".encode("utf-16-be"), "utf-16-be"),
)
_WIDE: Final = ("utf-16", "utf-32", "ucs-2", "ucs-4", "iso-10646")
_CYRILLIC_8_BIT: Final = ("windows-1251", "koi8-r", "kz1048", "iso8859-5", "cp866", "mac-cyrillic")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_SAMPLE_BYTES = 200_000
_MOST_REPLACED = 0.02

_LOWER = "абвгдежзийклмнопрстуфхцчшщъыьэюяёәғқңөұүһі"
_WEIGHTS: Final = dict.fromkeys(_LOWER, 1) | dict.fromkeys("оеаитнсрвлк", 2) | dict.fromkeys("«»“”„‘’—–…№°·\u00a0", 0)


def decode_feed(body: bytes, content_type: str) -> str | None:
    """The text of `body` without a byte order mark; None when no way of reading it gives readable letters.

    Order: byte order mark, UTF-8 where it fits, then the declared encodings and the usual Cyrillic ones by how much
    the result looks like words.
    """
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return _accept(body.decode(encoding, "replace"))
    whole = _decode_utf8(body)
    if whole is not None:
        return _accept(whole)
    names = _declared_names(body, content_type)
    readings = [text for name in (*names, *_CYRILLIC_8_BIT) if (text := _read(body, name)) is not None]
    best = max(readings, key=lambda text: _likeness(text[:_SAMPLE_BYTES]))
    if _likeness(best[:_SAMPLE_BYTES]) > 0:
        return _accept(best)
    foreign = next((text for name in names if (text := _read(body, name)) is not None), None)
    return _accept(foreign if foreign is not None else body.decode("utf-8", "replace"))


def _accept(text: str) -> str | None:
    replaced = text.count("\ufffd")
    if replaced and replaced > _MOST_REPLACED * max(sum(map(str.isalpha, text)), 1):
        return None
    return text.lstrip("\ufeff")


def _decode_utf8(body: bytes) -> str | None:
    """`body` as UTF-8, with a few broken characters or a torn last one allowed, if it is UTF-8 at all."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    wide = sum(1 for character in text if character > "\x7f") - broken
    # Cyrillic in 8 bits read as UTF-8 breaks at every second letter; a feed with a torn picture title does not.
    return text if broken * 10 <= wide else None


def _declared_names(body: bytes, content_type: str) -> list[str]:
    found = _CHARSET.search(content_type)
    declared = _DECLARED.match(body)
    return ([found[1]] if found else []) + ([declared[1].decode("ascii", "replace")] if declared else [])


def _read(body: bytes, name: str) -> str | None:
    """`body` in an encoding of one byte a letter; None for any other, which would have been found before."""
    try:
        return body.decode(name, "replace") if len("я".encode(name, "replace")) == 1 else None
    except (LookupError, ValueError):
        return None


def _likeness(text: str) -> float:
    """How much `text` looks like Kazakh or Russian prose: common small letters count for it, odd things against.

    koi8-r taken for windows-1251, and the other way round, gives words in capitals with a small first letter; a French
    or Turkish letter taken for a Cyrillic one stands among Latin ones.
    """
    score = 0.0
    before = ""
    for character in text:
        if character > "\x7f":
            score += _WEIGHTS.get(character, -0.5 if character.lower() in _LOWER else -2)
            if before.isascii() and before.isalpha():
                score -= 4
        before = character
    return score
