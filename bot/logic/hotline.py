"""Recognises a call for the hotline in whatever a person sends. Pure, because it must work when nothing else does."""

import re
import unicodedata
from collections.abc import Collection

from bot.logic.callbacks import Action, read_press

WORDS = frozenset({"hotline", "hot line", "горячая линия", "телефон доверия", "сенім телефоны", "жедел желі"})
COMMANDS = frozenset({"hotline", "110"})
_COMMAND = re.compile(r"/(?P<name>[A-Za-z0-9_]{1,32})(?:@(?P<bot>\w+))?(?:\s.*)?", re.DOTALL)


def is_hotline_text(text: str | None, *, numbers: Collection[str], bot_username: str | None = None) -> bool:
    """Whether these words alone ask for the hotline: a command, its name in three languages, or one of its numbers."""
    if not text:
        return False
    command = _COMMAND.fullmatch(text.strip())
    if command:
        for_us = command["bot"] is None or bot_username is None or command["bot"].lower() == bot_username.lower()
        return for_us and (command["name"].lower() in COMMANDS or command["name"] in numbers)
    words = " ".join(unicodedata.normalize("NFKC", text).casefold().split()).strip(" .!?…☎️📞")
    return words in WORDS or words in numbers


def is_hotline_press(data: str | None) -> bool:
    press = read_press(data)
    return press is not None and press.action is Action.HOTLINE
