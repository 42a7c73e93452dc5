"""What screens show, as plain records: nothing of how it is stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.logic.rich import Rich


@dataclass(frozen=True, slots=True)
class ArticleView:
    """`body` is empty where the source gives only a summary."""

    id: int
    source: str
    url: str
    title: str
    lead: Rich
    body: tuple[Rich, ...]
    language: str
    published_at: datetime
    content_hash: str


SubmissionWord = Literal["pending", "approved", "rejected", "fixed", "not_error", "withdrawn"]


@dataclass(frozen=True, slots=True)
class SubmissionView:
    """A submission as the desk and its reader see it. `signature` None: anonymous; `fragment_at` in UTF-16 units."""

    id: int
    is_typo: bool
    state: SubmissionWord
    words: str
    signature: str | None
    fragment: str | None
    sentence: str | None
    fragment_at: int | None
    reader_code: str
    reader_language: str
    article: ArticleView | None
    decided_by: str | None = None
    decided_at: datetime | None = None
    is_erased: bool = False
    """The reader deleted everything about them: there are no words to show."""


@dataclass(frozen=True, slots=True)
class HoldView:
    """Many new articles at once that wait, or waited, for the desk's yes."""

    id: int
    source: str
    count: int
    titles: tuple[str, ...]
    is_released: bool | None
    """None while it waits."""
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class DoubtView:
    """Messages of an article that may not have arrived. `count`: how many those are, or how many went out again."""

    id: int
    article: ArticleView
    count: int
    decided_by: str | None
    """None while the desk is asked."""
    decided_at: datetime | None
