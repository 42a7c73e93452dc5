"""Text with entities, the only form in which words leave Dauys: nothing to escape, nothing to inject.

Offsets and lengths are in UTF-16 code units, as the Bot API counts them (core.telegram.org/bots/api#messageentity).
Cutting and splitting live in `cutting`, foreign HTML in `markup`.
"""

import string
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

EntityKind = Literal[
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "code",
    "pre",
    "blockquote",
    "expandable_blockquote",
    "text_link",
]

_FORMATTER = string.Formatter()


def utf16_length(text: str) -> int:
    """Length of `text` in UTF-16 code units, the unit of every limit of the Bot API."""
    # A lone surrogate is one unit, too: Python keeps those, and so must this.
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(frozen=True, slots=True)
class Entity:
    """One span of formatting; `url` only for `text_link`."""

    kind: EntityKind
    offset: int
    length: int
    url: str | None = None

    def moved(self, by: int) -> "Entity":
        return replace(self, offset=self.offset + by)

    def as_json(self) -> dict[str, str | int]:
        """The Bot API's MessageEntity."""
        plain: dict[str, str | int] = {"type": self.kind, "offset": self.offset, "length": self.length}
        return plain if self.url is None else {**plain, "url": self.url}


@dataclass(frozen=True, slots=True)
class Rich:
    """A text and its entities, ordered by offset."""

    text: str = ""
    entities: tuple[Entity, ...] = ()

    def __len__(self) -> int:
        """Length in UTF-16 code units."""
        return utf16_length(self.text)

    def __add__(self, other: "Rich | str") -> "Rich":
        tail = as_rich(other)
        shift = len(self)
        return Rich(self.text + tail.text, self.entities + tuple(entity.moved(shift) for entity in tail.entities))

    def __bool__(self) -> bool:
        return bool(self.text)


def as_rich(words: Rich | str) -> Rich:
    return words if isinstance(words, Rich) else Rich(words)


def styled(words: Rich | str, kind: EntityKind, *, url: str | None = None) -> Rich:
    """`words` with one more entity over all of it; empty words stay empty (Telegram refuses an empty entity)."""
    inner = as_rich(words)
    if not inner:
        return inner
    return Rich(inner.text, (Entity(kind, 0, len(inner), url), *inner.entities))


def bold(words: Rich | str) -> Rich:
    return styled(words, "bold")


def italic(words: Rich | str) -> Rich:
    return styled(words, "italic")


def quoted(words: Rich | str) -> Rich:
    return styled(words, "blockquote")


def link(words: Rich | str, url: str) -> Rich:
    return styled(words, "text_link", url=url)


def join(parts: Iterable[Rich | str], separator: Rich | str = "\n") -> Rich:
    """The non-empty parts, one after another, with `separator` between them."""
    whole = Rich()
    for part in parts:
        piece = as_rich(part)
        if piece:
            whole = piece if not whole else whole + separator + piece
    return whole


def fill(template: str, **values: Rich | str | int) -> Rich:
    """A translated sentence with its `{placeholders}` filled; a value keeps its own entities and is never parsed.

    Raises KeyError when the template names a placeholder that was not given.
    """
    whole = Rich()
    for literal, name, _spec, _conversion in _FORMATTER.parse(template):
        whole += literal
        if name is not None:
            value = values[name]
            whole += str(value) if isinstance(value, int) else value
    return whole
