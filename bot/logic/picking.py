"""Decides which fetched articles are new, which are corrections, and what becomes of the new ones. Does nothing itself.

Asked once for each fetch; the caller stores the answer in the transaction that makes the deliveries.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from bot.logic.article import SourceArticle, canonical_url


@dataclass(frozen=True, slots=True)
class KnownArticle:
    """An article as it was stored when last seen."""

    external_id: str
    url: str
    content_hash: str


class Fate(Enum):
    """What becomes of the new articles of one fetch."""

    SEEN = "seen"
    """The source's first fetch: remembered, never published."""
    PUBLISH = "publish"
    """Published, oldest first."""
    HOLD = "hold"
    """Too many at once: the desk is asked first."""


@dataclass(frozen=True, slots=True)
class Picked:
    """`new` oldest first; `corrected` pairs what is stored with what the source says now."""

    new: tuple[SourceArticle, ...]
    corrected: tuple[tuple[KnownArticle, SourceArticle], ...]
    fate: Fate


def pick(
    known: Collection[KnownArticle],
    fetched: Sequence[SourceArticle],
    *,
    is_first_fetch: bool,
    hold_above: int = 10,
) -> Picked:
    """What is new and what changed, given everything `known` of this source.

    An article is known when its id or its canonical address is, so a restored site with other ids sends nothing twice.
    The id decides where the two disagree. Of doubles within one fetch the first counts: feeds list newest first.
    """
    by_id = {article.external_id: article for article in known}
    by_page = {page: article for article in known if (page := _page(article.url))}
    new: list[SourceArticle] = []
    corrected: dict[str, tuple[KnownArticle, SourceArticle]] = {}
    for article in _without_doubles(fetched):
        before = by_id.get(article.external_id) or by_page.get(_page(article.url) or "")
        if before is None:
            new.append(article)
        elif before.content_hash != article.content_hash():
            corrected.setdefault(before.external_id, (before, article))
    return Picked(
        new=_oldest_first(new),
        corrected=tuple(corrected.values()),
        fate=_decide_fate(len(new), is_first_fetch=is_first_fetch, hold_above=hold_above),
    )


def _decide_fate(count: int, *, is_first_fetch: bool, hold_above: int) -> Fate:
    if is_first_fetch:
        return Fate.SEEN
    return Fate.HOLD if count > hold_above else Fate.PUBLISH


def _page(url: str) -> str | None:
    """The canonical address, or None where it names no page of its own.

    Some feeds link every item to the site's front page; taken as an identity that would swallow all but one.
    """
    page = canonical_url(url)
    parts = urlsplit(page)
    return page if parts.path or parts.query else None


def _without_doubles(fetched: Sequence[SourceArticle]) -> list[SourceArticle]:
    ids: set[str] = set()
    pages: set[str] = set()
    single: list[SourceArticle] = []
    for article in fetched:
        page = _page(article.url)
        if article.external_id in ids or page in pages:
            continue
        ids.add(article.external_id)
        if page:
            pages.add(page)
        single.append(article)
    return single


def _oldest_first(new: list[SourceArticle]) -> tuple[SourceArticle, ...]:
    """By date where every article has one, else the feed's order turned round; equal dates keep the turned order."""
    turned = list(reversed(new))
    dated = [(article.published_at, article) for article in turned if article.published_at is not None]
    if len(dated) < len(turned):
        return tuple(turned)
    return tuple(article for _, article in sorted(dated, key=lambda pair: pair[0]))
