"""What Telegram does to a text before it keeps it: cleaning, trimming, entities in UTF-16, links found by itself.

After TDLib's `fix_formatted_text` (tdlib/td, MessageEntity.cpp), with its words for what it refuses.
"""

import re
from collections.abc import Iterator

from sandbox.arguments import Json
from sandbox.errors import bad_request

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_ENTITIES = 100
_MARGIN = " \n"

_NEEDS_CLEANING = re.compile("[\x00-\x09\x0b-\x1f\u2028-\u202e]")
_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>\"«»]+"
    r"|(?<![\w@./-])(?:[a-z0-9-]+\.)+(?:kz|ru|com|org|net|info|gov|io|me|dev)(?![\w.-]*@)\b(?:/[^\s<>\"«»]*)?)"
    r"|(?P<email>(?<![\w.+-])[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,})"
    r"|(?P<mention>(?<![\w/])@[A-Za-z][A-Za-z0-9_]{3,31}\b)"
    r"|(?P<bot_command>(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z][A-Za-z0-9_]{3,31})?(?![\w/]))"
    r"|(?P<hashtag>(?<!\w)#\w*[^\W\d]\w*)",
    re.IGNORECASE,
)
_WORD = re.compile(r"\S+")
_SIGNS = frozenset(".@/#")
_URL_TAIL = ".,:;!?)]}'…"


def utf16_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def utf16_slice(text: str, offset: int, length: int) -> str | None:
    """The part at an offset in UTF-16 units; None when it lies outside or cuts a character in two."""
    units = text.encode("utf-16-le")
    start, end = 2 * offset, 2 * (offset + length)
    if offset < 0 or length < 0 or end > len(units):
        return None
    if any(units[at + 1 : at + 2] and 0xDC <= units[at + 1] <= 0xDF for at in (start, end)):  # noqa: PLR2004 - low halves
        return None
    return units[start:end].decode("utf-16-le")


def find_entities(text: str) -> list[Json]:
    """Links, addresses, mentions, commands and hashtags, as every Telegram client and server finds them."""
    if _SIGNS.isdisjoint(text):
        return []
    found: list[Json] = []
    at = offset = 0
    for match in _matches(text):
        kind = match.lastgroup or ""
        words = match.group().rstrip(_URL_TAIL) if kind == "url" else match.group()
        offset += utf16_length(text[at : match.start()])
        at = match.start()
        found.append({"type": kind, "offset": offset, "length": utf16_length(words)})
    return found


def _matches(text: str) -> Iterator[re.Match[str]]:
    """Only words with a sign in them are looked at closely: most words of a message have none."""
    for word in _WORD.finditer(text):
        if not _SIGNS.isdisjoint(word.group()):
            yield from _FOUND.finditer(text, word.start(), word.end())


def tidy(text: str, entities: list[Json], *, limit: int, word: str) -> tuple[str, list[Json]]:
    """The text and entities as Telegram would keep them. Raises RefusalError for what it would not.

    `word` is "message" or "message caption": whose length the refusal speaks of.
    """
    if len(entities) > MAX_ENTITIES:
        raise bad_request(f"more than {MAX_ENTITIES} entities")
    spans = [_checked(text, dict(entity)) for entity in entities]
    if _NEEDS_CLEANING.search(text):
        text = _clean(text, spans)
    text = _trim(text, spans)
    if utf16_length(text) > limit:
        raise bad_request(f"{word} is too long")
    kept = [span for span in spans if _length(span) > 0]
    found = [entity for entity in find_entities(text) if not any(_overlap(entity, span) for span in kept)]
    return text, sorted([*kept, *found], key=lambda span: (_offset(span), -_length(span)))


def clip(entities: list[Json], offset: int, length: int) -> list[Json]:
    """The entities within a quote, moved to its beginning; only the kinds that quotes keep."""
    kept: list[Json] = []
    for entity in entities:
        start = max(_offset(entity), offset)
        end = min(_offset(entity) + _length(entity), offset + length)
        if entity["type"] in _QUOTED and end > start:
            kept.append({**entity, "offset": start - offset, "length": end - start})
    return kept


_QUOTED = {"bold", "italic", "underline", "strikethrough", "spoiler", "custom_emoji"}


def _offset(span: Json) -> int:
    offset = span["offset"]
    return offset if isinstance(offset, int) else 0


def _length(span: Json) -> int:
    length = span["length"]
    return length if isinstance(length, int) else 0


def _overlap(one: Json, other: Json) -> bool:
    return _offset(one) < _offset(other) + _length(other) and _offset(other) < _offset(one) + _length(one)


def _checked(text: str, span: Json) -> Json:
    offset, length = _offset(span), _length(span)
    if offset < 0:
        raise bad_request(f"receive an entity with incorrect offset {offset}")
    if length < 0:
        raise bad_request(f"receive an entity with incorrect length {length}")
    units = utf16_length(text)
    if offset > units:
        raise bad_request(f"entity begins after the end of the text at UTF-16 offset {offset}")
    if offset + length > units:
        raise bad_request(
            f"entity beginning at UTF-16 offset {offset} ends after the end of the text "
            f"at UTF-16 offset {offset + length}"
        )
    if units != len(text):
        _check_borders(text, offset, length)
    if span["type"] == "text_link" and not span.get("url"):
        raise bad_request("can't parse entities: can't find field \"url\"")
    return span


def _check_borders(text: str, offset: int, length: int) -> None:
    if utf16_slice(text, 0, offset) is None:
        at_byte = len(_utf8_before(text, offset))
        raise bad_request(f"entity begins in a middle of a UTF-16 symbol at byte offset {at_byte}")
    if utf16_slice(text, offset, length) is None:
        at_byte = len(_utf8_before(text, offset + length))
        raise bad_request(
            f"entity beginning at UTF-16 offset {offset} ends in a middle of a UTF-16 symbol at byte offset {at_byte}"
        )


def _utf8_before(text: str, offset: int) -> bytes:
    """The bytes up to and with the character that the offset cuts."""
    return text.encode("utf-16-le")[: 2 * (offset + 1)].decode("utf-16-le").encode()


def _clean(text: str, spans: list[Json]) -> str:
    """Control characters become spaces; carriage returns and marks of writing direction vanish."""
    cleaned: list[str] = []
    vanished: list[int] = []  # UTF-16 offsets of what vanished
    at = 0
    for character in text:
        if character == "\r" or "\u2028" <= character <= "\u202e":
            vanished.append(at)
        else:
            cleaned.append(" " if character < " " and character != "\n" else character)
        at += 2 if character > "\uffff" else 1
    for span in spans:
        offset, end = _offset(span), _offset(span) + _length(span)
        before = sum(1 for place in vanished if place < offset)
        inside = sum(1 for place in vanished if offset <= place < end)
        span.update(offset=offset - before, length=end - offset - inside)
    return "".join(cleaned)


def _trim(text: str, spans: list[Json]) -> str:
    """Cuts spaces and newlines off both ends; in front only up to the first entity, as TDLib does."""
    room = min((_offset(span) for span in spans), default=len(text))
    leading = min(len(text) - len(text.lstrip(_MARGIN)), room)
    text = text[leading:].rstrip(_MARGIN + "\t\u00a0\u200b")
    units = utf16_length(text)
    for span in spans:
        offset = _offset(span) - leading
        span.update(offset=offset, length=min(offset + _length(span), units) - offset)
    return text
