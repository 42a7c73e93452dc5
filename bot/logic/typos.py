"""What a reader meant by the words typed with a quote, and where a pasted fragment stands. Decides, does nothing."""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from bot.logic.cutting import sentence_around, slice_utf16
from bot.logic.rich import Rich, utf16_length

FRAGMENT_LENGTH = range(2, 256)
CORRECTION_LIMIT = 500
SENTENCE_LIMIT = 600
"""UTF-16 units. A sentence may be a whole page; what is shown of it must leave room for the rest of the message."""
ALIKE = 0.55
"""From this likeness on (0…1, difflib's ratio) the typed words are the fragment put right."""


class Meaning(Enum):
    CORRECTION = "correction"
    """The typed words are how it should be."""
    POINTER = "pointer"
    """The typed words only say that there is an error."""
    UNCLEAR = "unclear"
    """A correction or a comment: the reader decides."""


@dataclass(frozen=True, slots=True)
class Guess:
    """`correction` is what would be written instead of the fragment; "" for a pointer."""

    meaning: Meaning
    correction: str = ""


_POINTERS = frozenset(
    {
        "қате",
        "қате бар",
        "осында қате",
        "мұнда қате",
        "опечатка",
        "тут опечатка",
        "здесь опечатка",
        "ошибка",
        "тут ошибка",
        "здесь ошибка",
        "typo",
        "a typo",
        "error",
        "mistake",
        "misprint",
    }
)
_LEAD_INS = re.compile(
    r"^(?:дұрысы|дұрыс|қате|түзету|правильно|верно|надо|нужно|должно быть|опечатка|ошибка|correct|should be|typo|fix)"
    r"\s*[:—–-]\s*|^.{0,255}?\s*(?:->|→|=>)\s*",
    re.IGNORECASE | re.DOTALL,
)
_QUOTES = "«»\"'“”„ \n\t"


def guess_meaning(fragment: str, typed: str) -> Guess:
    """What `typed` is, sent with a quote of `fragment`."""
    words = _folded(typed)
    if not re.sub(r"[\W_]", "", words) or words.strip(" .!?…") in _POINTERS:
        return Guess(Meaning.POINTER)
    lead_in = _LEAD_INS.match(typed.strip())
    if lead_in and (rest := typed.strip()[lead_in.end() :].strip(_QUOTES)):
        return Guess(Meaning.CORRECTION, rest)
    correction = typed.strip()
    if words == _folded(fragment) and correction == fragment.strip():
        return Guess(Meaning.POINTER)
    if _alike(fragment, correction) >= ALIKE or _both_numbers(fragment, correction):
        return Guess(Meaning.CORRECTION, correction)
    return Guess(Meaning.UNCLEAR, correction)


def _alike(fragment: str, typed: str) -> float:
    matcher = difflib.SequenceMatcher(None, _folded(fragment), _folded(typed), autojunk=False)
    # The upper bounds are quick; the ratio itself is not, for a fragment and a long comment.
    bound = min(matcher.real_quick_ratio(), matcher.quick_ratio())
    return matcher.ratio() if bound >= ALIKE else bound


def _both_numbers(fragment: str, typed: str) -> bool:
    return bool(re.fullmatch(r"[\d\s.,:/–-]+", fragment.strip()) and re.fullmatch(r"[\d\s.,:/–-]+", typed.strip()))


def _folded(words: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", words).casefold().split())


@dataclass(frozen=True, slots=True)
class Place:
    """A fragment, as the article has it, in its sentence; `at` counts UTF-16 code units from the sentence's beginning.

    Of a very long sentence only the words around the fragment are kept, with an ellipsis where it was cut.
    """

    fragment: str
    sentence: str
    at: int


def place_at(text: str, position: int, fragment: str) -> Place:
    """The sentence of `text` around the fragment that begins at `position` (UTF-16, as in Telegram's TextQuote)."""
    end = position + utf16_length(fragment)
    start_of_sentence, end_of_sentence = sentence_around(text, position, end - position)
    room = max(SENTENCE_LIMIT - (end - position), 0) // 2
    before = _slice(text, max(start_of_sentence, position - room), position)
    after = _slice(text, end, min(end_of_sentence, end + room))
    if position - start_of_sentence > room:
        before = "…" + before[before.find(" ") + 1 :]
    if end_of_sentence - end > room:
        after = (after[: after.rfind(" ")] if " " in after else after) + "…"
    return Place(fragment, before + fragment + after, utf16_length(before))


def _slice(text: str, start: int, end: int) -> str:
    return slice_utf16(Rich(text), start, end).text


def find_place(fragment: str, texts: Iterable[str]) -> Place | None:
    """Where a pasted fragment stands: exactly as it is, else without regard to letter case."""
    everything = list(texts)
    for text in everything:
        at = text.find(fragment)
        if at >= 0:
            return place_at(text, utf16_length(text[:at]), fragment)
    for text in everything:
        folded = text.lower()
        at = folded.find(fragment.lower())
        # Lower-casing may change a text's length ("İ"): then the place would be a wrong one.
        if at >= 0 and len(folded) == len(text):
            return place_at(text, utf16_length(text[:at]), text[at : at + len(fragment)])
    return None
