"""The site's articles: what is prepared in kk.toml and ru.toml, and what of it has been published."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from html import unescape
from pathlib import Path

LANGUAGES = ("kk", "ru")

# WordPress cuts an automatic excerpt after 55 words.
EXCERPT_WORDS = 55
TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True, slots=True)
class Misprint:
    """The one mistake an article is published with: `wrong` stands in its text exactly once."""

    wrong: str
    right: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An article as prepared: `title` is published first, `corrected_title` is what the desk makes of it later."""

    slug: str
    category: str
    picture: str
    title: str
    corrected_title: str
    misprint: Misprint
    body: str


@dataclass(frozen=True, slots=True)
class Edition:
    """The site in one language: its own words and the drafts in the order of their publication."""

    language: str
    name: str
    tagline: str
    author: str
    correction: str
    latest: str
    back: str
    drafts: tuple[Draft, ...]


@dataclass(frozen=True, slots=True)
class Article:
    """A published article; `number` is the site's own id, times are unix seconds."""

    number: int
    language: str
    slug: str
    category: str
    picture: str
    title: str
    corrected_title: str
    corrections: int
    misprint: Misprint
    body: str
    published_at: float
    modified_at: float

    @property
    def path(self) -> str:
        """Where the article's page is, from the site's root."""
        return f"/news/{self.language}/{self.slug}/"

    @property
    def text(self) -> str:
        """The body as plain text."""
        return " ".join(unescape(TAG.sub(" ", self.body)).split())

    @property
    def excerpt(self) -> str:
        """The first 55 words, as WordPress makes an excerpt."""
        words = self.text.split(" ")
        return self.text if len(words) <= EXCERPT_WORDS else " ".join(words[:EXCERPT_WORDS]) + " […]"


@cache
def load_edition(language: str) -> Edition:
    """The prepared articles of one language of `LANGUAGES`."""
    data = tomllib.loads((Path(__file__).parent / f"{language}.toml").read_text("utf-8"))
    drafts = tuple(
        Draft(**{**entry, "misprint": Misprint(**entry["misprint"]), "body": entry["body"].strip()})
        for entry in data["articles"]
    )
    return Edition(language=language, drafts=drafts, **data["site"])


def pick_draft(edition: Edition, index: int) -> Draft:
    """The draft to publish as number `index` from 0; past the prepared ones they return with a number in the title."""
    turn, place = divmod(index, len(edition.drafts))
    draft = edition.drafts[place]
    if turn == 0:
        return draft
    mark = f" ({turn + 1})"
    return Draft(
        slug=f"{draft.slug}-{turn + 1}",
        category=draft.category,
        picture=draft.picture,
        title=draft.title + mark,
        corrected_title=draft.corrected_title + mark,
        misprint=draft.misprint,
        body=draft.body,
    )


def correct_title(article: Article, word: str) -> str:
    """The next better title: the prepared one, then that one with `word` after it, then numbered."""
    match article.corrections:
        case 0:
            return article.corrected_title
        case 1:
            return f"{article.corrected_title} [{word}]"
        case times:
            return f"{article.corrected_title} [{word}, {times}]"
