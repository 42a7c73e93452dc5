"""Cutting text: at sentences, into messages, around a fragment, and cleaning what a person typed.

All limits and offsets that come in or go out are UTF-16 code units; inside, plain string indexes are used.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.logic.rich import Entity, Rich

MESSAGE_LIMIT = 4096
ENTITY_LIMIT = 100

_ELLIPSIS = "…"
_ZWNJ, _ZWJ, _VS16, _KEYCAP = "\u200c", "\u200d", "\ufe0f", "\u20e3"
_MOST_MARKS = 3
_REASONABLE = 0.4  # a cut in the first two fifths wastes too much of what fits
_LONGEST_CLUSTER = 64
_BLANK_LINE = "\n\n"
_NO_BREAK = "\u00a0\u2007\u202f"
# Letters and marks by category that show nothing: fillers, the Braille blank, joiners of ancient use.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_TEXTUAL_EMOJI = frozenset("‼⁉ℹ〰")
_KEYS = frozenset("0123456789#*")

_WIDE = re.compile("[\U00010000-\U0010ffff]")
_LINE_BREAK = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n{3,}")
_SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[»”\"’)\]]*+(?=\s|\Z)")  # possessive: linear on a megabyte of dots
_WORD_BORDER = re.compile(r"[\s(«\"“„\[]")
_LONGEST_ABBREVIATION = 16
# Words whose full stop belongs to them: Kazakh, Russian, English.
# Units that end sentences in news ("10 см.") are left out on purpose.
_ABBREVIATION_LIST = """
ж жж т.б т.с.с с.с б.з.д б.з т.ғ.к т.т ш ғ ғғ қ ауд обл көш даң ықш мкр бөл млн млрд тг сағ мин тел
г гг в вв ул д кв стр корп пр просп пер наб пл б-р р-н пос с р оз т.е т.д т.п т.к т.н т.о н.э др проч им руб коп тыс
рис табл ст п пп ч ред авт напр соотв акад проф доц канд зам нач гл св шт эт оф моб
mr mrs ms dr st vs e.g i.e jr sr prof inc fig approx
"""
_ABBREVIATIONS = frozenset(_ABBREVIATION_LIST.split())


def slice_utf16(rich: Rich, start: int, end: int) -> Rich:
    """What stands between two UTF-16 offsets, entities cut at the borders.

    Offsets outside the text are moved to its edge; a border within a surrogate pair moves inward, never tearing it.
    """
    ruler = _Ruler(rich.text)
    return _take(rich, ruler.index(start, up=True), ruler.index(end))


def strip(rich: Rich) -> Rich:
    """`rich` without white space at its ends: Telegram drops it, and stored offsets must be those of what it shows."""
    text = rich.text
    return _take(rich, len(text) - len(text.lstrip()), len(text.rstrip())) if text != text.strip() else rich


def cut_at_sentence(rich: Rich, limit: int) -> Rich:
    """The beginning of `rich` in at most `limit` UTF-16 units; all of it when it fits.

    Ends after a whole sentence where one ends in a reasonable part of the limit, else after a word and an ellipsis.
    """
    if _length(rich.text) <= limit:
        return rich
    if limit <= 0:
        return Rich()
    most = _Ruler(rich.text).index(limit)
    sentence = _last_sentence_end(rich.text, most)
    if sentence >= most * _REASONABLE:
        return _take(rich, 0, sentence)
    return _cut_words(rich, limit)


def split_paragraphs(
    paragraphs: Iterable[Rich],
    limit: int = MESSAGE_LIMIT,
    *,
    first_limit: int | None = None,
    most_entities: int = ENTITY_LIMIT,
) -> list[Rich]:
    """Pieces of at most `limit` UTF-16 units and `most_entities` entities, cut between paragraphs wherever it can be.

    Paragraphs of one piece are joined by a blank line. An over-long one is cut between sentences, else between words,
    else anywhere but within a surrogate pair, a combining sequence or an emoji. White space at the edges of a paragraph
    and of a cut goes, no letter does. `first_limit` leaves room in the first piece. Raises ValueError for a limit
    under 2, the length of one emoji.
    """
    room = limit if first_limit is None else first_limit
    if min(limit, room) < len(Rich("🚸")) or most_entities < 1:
        raise ValueError("a piece must have room for one character")
    pieces: list[list[Rich]] = []
    length = entities = 0
    for paragraph in paragraphs:
        for part in _cut_to_fit(paragraph, limit if pieces else room, limit, most_entities=most_entities):
            longer = length + len(_BLANK_LINE) + _length(part.text)
            more = entities + len(part.entities)
            if pieces and longer <= (room if len(pieces) == 1 else limit) and more <= most_entities:
                pieces[-1].append(part)
                length, entities = longer, more
            else:
                pieces.append([part])
                length, entities = _length(part.text), len(part.entities)
    return [_join_by_blank_line(parts) for parts in pieces]


def sentence_around(text: str, position: int, length: int) -> tuple[int, int]:
    """Start and end, in UTF-16 units, of the sentence or sentences that hold a fragment; a line break ends one too.

    The fragment itself is always inside; a position outside the text is moved to its edge.
    """
    ruler = _Ruler(text)
    first = ruler.index(position)
    last = max(first, ruler.index(position + max(length, 0), up=True))
    start, end = 0, len(text)
    for border in sorted({*_sentence_ends(text), *(found.start() for found in re.finditer("\n", text))}):
        if border <= first:
            start = border
        elif border >= last:
            end = border
            break
    while start < first and text[start].isspace():
        start += 1
    while end > last and text[end - 1].isspace():
        end -= 1
    return ruler.units(start), ruler.units(end)


def clean_words(text: str) -> str:
    """What a person typed, fit to be stored and shown: NFC, nothing invisible, at most three marks on a letter.

    Control, bidirectional and zero-width characters go, except those that hold an emoji together and the non-joiner
    between letters. Line breaks stay; more than one blank line in a row becomes one. Cleaning twice changes nothing.
    """
    broken = _LINE_BREAK.sub("\n", text)
    visible = "".join(_visible(unicodedata.normalize("NFC", broken)))
    lines = [line.rstrip() for line in _cap_marks(unicodedata.normalize("NFC", visible)).split("\n")]
    return _BLANK_LINES.sub(_BLANK_LINE, "\n".join(lines)).strip()


def one_line(text: str, limit: int) -> str:
    """`text` cleaned, on one line, in at most `limit` UTF-16 units; what does not fit ends in an ellipsis."""
    return _cut_words(Rich(" ".join(clean_words(text).split())), limit).text


class _Ruler:
    """Translates between string indexes and UTF-16 offsets of one text."""

    def __init__(self, text: str) -> None:
        self._size = len(text)
        self._wide = [found.start() for found in _WIDE.finditer(text)]
        self._wide_ends = [start + order + 2 for order, start in enumerate(self._wide)]

    def index(self, units: int, *, up: bool = False) -> int:
        """The index at a UTF-16 offset; within a surrogate pair the one before it, or after it when `up`."""
        passed = bisect_right(self._wide_ends, units)
        index = units - passed
        if passed < len(self._wide) and index > self._wide[passed]:
            index = self._wide[passed] + int(up)
        return min(max(index, 0), self._size)

    def units(self, index: int) -> int:
        return index + bisect_left(self._wide, index)


def _length(text: str) -> int:
    """As `utf16_length`, by the C encoder: feeds bring paragraphs of a megabyte."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _take(rich: Rich, start: int, end: int) -> Rich:
    """The characters from index `start` to `end`, with the parts of the entities that lie there."""
    if end <= start:
        return Rich()
    first = _length(rich.text[:start])
    taken = rich.text[start:end]
    last = first + _length(taken)
    entities = (_clip(entity, first, last) for entity in rich.entities)
    return Rich(taken, tuple(entity for entity in entities if entity.length > 0))


def _clip(entity: Entity, first: int, last: int) -> Entity:
    start, end = max(entity.offset, first), min(entity.offset + entity.length, last)
    return replace(entity, offset=start - first, length=end - start)


def _sentence_ends(text: str) -> Iterator[int]:
    """Indexes just after the sentences of `text`, in order."""
    for found in _SENTENCE_END.finditer(text):
        if _ends_sentence(text, found.start(), found.end()):
            yield found.end()


def _last_sentence_end(text: str, most: int) -> int:
    last = 0
    for end in _sentence_ends(text[: most + _LONGEST_ABBREVIATION]):
        if end > most:
            break
        last = end
    return last


def _ends_sentence(text: str, start: int, end: int) -> bool:
    """Whether the marks from `start` to `end`, with white space or nothing after them, end a sentence."""
    gap = len(text[end : end + 8]) - len(text[end : end + 8].lstrip())
    following = text[end + gap : end + gap + 1]
    if not following or "\n" in text[end : end + gap]:
        return True
    if following.islower():
        return False
    if text[start:end].rstrip('»”"’)]') != ".":
        return True
    word = _WORD_BORDER.split(text[max(0, start - _LONGEST_ABBREVIATION) : start])[-1]
    if word.isdigit():
        line_start = text.rfind("\n", 0, start) + 1
        return bool(text[line_start : start - len(word)].strip())
    is_initial = all(len(part) == 1 and part.isupper() for part in word.split("."))
    return not is_initial and word.casefold() not in _ABBREVIATIONS


def _cut_words(rich: Rich, limit: int) -> Rich:
    """As `cut_at_sentence`, but always after a word."""
    if _length(rich.text) <= limit:
        return rich
    if limit <= 0:
        return Rich()
    text = rich.text
    end = _cut_after_word(text, _Ruler(text).index(limit - 1))
    # "word, …" reads as a mistake: the ellipsis takes the place of whatever joined the next word.
    while end and (text[end - 1].isspace() or text[end - 1] in ",;:—–-"):
        end -= 1
    return _take(rich, 0, end) + _ELLIPSIS


def _cut_after_word(text: str, most: int) -> int:
    """The best index at most `most` that tears no word, else no cluster; no-break spaces hold where others are near."""
    least = most * _REASONABLE
    loose = 0
    for index in range(most, 0, -1):
        if index < least:
            break
        if index < len(text) and text[index].isspace() and not _is_joined(text, index + 1):
            if text[index] not in _NO_BREAK:
                return index
            loose = loose or index
    return loose or _cluster_border(text, most)


def _cluster_border(text: str, most: int) -> int:
    """The last index at most `most` where no visible character is torn; `most` where one is longer than any real."""
    for index in range(most, max(0, most - _LONGEST_CLUSTER), -1):
        if not _is_joined(text, index):
            return index
    return most


def _is_joined(text: str, index: int) -> bool:
    """Whether the characters before and after `index` are parts of one visible character."""
    if not 0 < index < len(text):
        return False
    before, after = text[index - 1], text[index]
    if before == _ZWJ or after in (_ZWJ, _ZWNJ) or unicodedata.category(after)[0] == "M":
        return True
    if _is_skin_tone(after) or _is_tag(after):
        return True
    if not (_is_regional(before) and _is_regional(after)):
        return False
    run = index
    while run and _is_regional(text[run - 1]):
        run -= 1
    return (index - run) % 2 == 1


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _cut_to_fit(paragraph: Rich, room: int, limit: int, *, most_entities: int) -> Iterator[Rich]:
    """The paragraph in parts: the first fits `room`, the others `limit`."""
    rest = strip(paragraph)
    while rest:
        end = _find_cut(rest, room, most_entities=most_entities)
        part = strip(_take(rest, 0, end))
        if part:
            yield Rich(part.text, part.entities[:most_entities])
        rest = strip(_take(rest, end, len(rest.text)))
        room = limit


def _find_cut(rich: Rich, room: int, *, most_entities: int) -> int:
    """Where the first part of `rich` ends: its end when all fits, else after a sentence, a word, a character."""
    text, entities = rich.text, rich.entities
    units = room
    if len(entities) > most_entities and entities[most_entities].offset > 0:
        # Entities are in order of offset: before this one begin exactly as many as a message may have.
        units = min(units, entities[most_entities].offset)
    most = max(_Ruler(text[: units + 1]).index(units), 1)
    if most >= len(text):
        return len(text)
    sentence = _last_sentence_end(text, most)
    return sentence if sentence >= most * _REASONABLE else _cut_after_word(text, most)


def _join_by_blank_line(parts: list[Rich]) -> Rich:
    """As `rich.join` with a blank line, in linear time."""
    entities: list[Entity] = []
    shift = 0
    for part in parts:
        entities.extend(entity.moved(shift) for entity in part.entities)
        shift += _length(part.text) + len(_BLANK_LINE)
    return Rich(_BLANK_LINE.join(part.text for part in parts), tuple(entities))


def _visible(text: str) -> Iterator[str]:
    """The characters of `text` that may stay; tabs become spaces."""
    before = ""
    for index, character in enumerate(text):
        kept = " " if character == "\t" else character
        if kept != "\n" and _is_invisible(kept, before, text[index + 1 : index + 2]):
            continue
        yield kept
        before = kept


def _is_invisible(character: str, before: str, after: str) -> bool:
    if character == _ZWJ:
        return not ((before == _VS16 or _is_pictorial(before)) and _is_pictorial(after))
    if character == _ZWNJ:
        return not (before.isalpha() and after.isalpha())
    if character == _VS16:
        return not (_is_pictorial(before) or before in _TEXTUAL_EMOJI or (before in _KEYS and after == _KEYCAP))
    if _is_tag(character):
        return not (before == "\U0001f3f4" or _is_tag(before))
    return character in _BLANKS or unicodedata.category(character) in ("Cc", "Cf", "Cs")


def _is_pictorial(character: str) -> bool:
    """Whether an emoji may begin or end with it; emoji newer than this Python's tables are unassigned to it."""
    if not character:
        return False
    if _is_skin_tone(character):
        return True
    match unicodedata.category(character):
        case "So":
            return True
        case "Sm":
            return character >= "\u2000"
        case "Cn":
            return "\U0001f000" <= character <= "\U0001faff"
        case _:
            return False


def _is_skin_tone(character: str) -> bool:
    return "\U0001f3fb" <= character <= "\U0001f3ff"


def _is_tag(character: str) -> bool:
    """The invisible letters that make the flags of England, Scotland and Wales."""
    return "\U000e0020" <= character <= "\U000e007f"


def _cap_marks(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)
