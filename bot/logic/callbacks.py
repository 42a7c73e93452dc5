"""What a button says when it is pressed: packed in one place, read back strictly, trusted for nothing.

A custom client can send any callback data (1–64 bytes): what is not exactly of our making reads as None.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """The first word of the data; the second and third, where there are any, stand behind it."""

    HOTLINE = "hotline"
    """Show the hotline."""
    COMMENT = "comment"
    """Comment on the article `number`."""
    TYPO = "typo"
    """Report a typo in the article `number`."""
    FULL_TEXT = "full"
    """Show the whole text of the article `number`."""
    BEGIN = "begin"
    """The first question: speak the language `word`, and welcome the reader in it."""
    LANGUAGE = "language"
    """Speak the language `word` from now on."""
    NEWS = "news"
    """Send articles in the language `word`. What is to be, not a turning round: handled twice, it is done once."""
    NO_NEWS = "nonews"
    """Send none in the language `word`."""
    MENU = "menu"
    """Open the screen `word`."""
    DIALOG = "dialog"
    """Do `word` in the dialog that the update `number` began."""
    DECIDE = "decide"
    """The desk decides `word` about the submission `number`."""
    HOLD = "hold"
    """The desk decides `word` about the held articles `number`."""
    RESEND = "resend"
    """The desk has everything in the doubt `number` sent again."""


@dataclass(frozen=True, slots=True)
class Press:
    action: Action
    word: str | None = None
    number: int | None = None

    def pack(self) -> str:
        """At most 64 bytes of ASCII."""
        parts = [self.action.value, self.word or "", "" if self.number is None else str(self.number)]
        return ":".join(parts).rstrip(":")


_WORDS = frozenset(
    {
        Action.BEGIN,
        Action.LANGUAGE,
        Action.NEWS,
        Action.NO_NEWS,
        Action.MENU,
        Action.DIALOG,
        Action.DECIDE,
        Action.HOLD,
    }
)
_NUMBERS = frozenset(
    {
        Action.COMMENT,
        Action.TYPO,
        Action.FULL_TEXT,
        Action.DIALOG,
        Action.DECIDE,
        Action.HOLD,
        Action.RESEND,
    }
)
_SHAPE = re.compile(r"(?P<action>[a-z]{1,10})(?::(?P<word>[a-z_]{0,16})(?::(?P<number>[1-9][0-9]{0,17}))?)?")


def read_press(data: str | None) -> Press | None:
    """The press that `data` stands for, or None when no button of ours says that."""
    shape = _SHAPE.fullmatch(data or "")
    if shape is None:
        return None
    try:
        action = Action(shape["action"])
    except ValueError:
        return None
    word = shape["word"] or None
    number = int(shape["number"]) if shape["number"] else None
    if (word is not None) != (action in _WORDS) or (number is not None) != (action in _NUMBERS):
        return None
    press = Press(action, word, number)
    return press if press.pack() == data else None
