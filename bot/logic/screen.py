"""What a person is shown, before any library of Telegram hears of it: text, buttons, preview.

Adapters in `bot.delivery` turn a screen into the parameters of a Bot API method.
"""

from dataclasses import dataclass
from typing import Literal

from bot.logic.rich import Rich

ButtonStyle = Literal["primary", "success", "danger"]


@dataclass(frozen=True, slots=True)
class Button:
    """One inline button; exactly one of `data`, `url` and `copy` says what a press does.

    `data` is at most 64 bytes (packed by `bot.logic.callbacks`), `copy` at most 256 characters.
    """

    label: str
    data: str | None = None
    url: str | None = None
    copy: str | None = None
    style: ButtonStyle | None = None


Keyboard = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Screen:
    """One message: what it says, its buttons, and the page whose large preview stands above it."""

    body: Rich
    keyboard: Keyboard = ()
    preview_url: str | None = None
    silent: bool = False
