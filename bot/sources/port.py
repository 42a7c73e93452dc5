"""The port that every source implements, and the closed set of what a fetch can come to. No network here."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from bot.logic.article import SourceArticle


class SourceFault(Enum):
    """Why a fetch gave no articles."""

    UNREACHABLE = "unreachable"
    """No connection, or it broke: name not found, refused, reset, bad TLS, an address that must not be asked."""
    TIMED_OUT = "timed_out"
    """The whole answer did not arrive in time."""
    TOO_LARGE = "too_large"
    """More bytes than a feed may have, counted after decompression."""
    TOO_MANY_REDIRECTS = "too_many_redirects"
    """More redirects in a row than are followed."""
    HTTP_ERROR = "http_error"
    """The server answered, but with a status that is not a feed's."""
    NOT_A_FEED = "not_a_feed"
    """Something else lies under the address, most often an HTML page."""
    EMPTY = "empty"
    """No bytes, or a feed without a single item: WordPress answers so for a category that does not exist."""
    TRUNCATED = "truncated"
    """The feed breaks off before its first whole item."""
    FORBIDDEN_MARKUP = "forbidden_markup"
    """DOCTYPE or ENTITY: no feed needs them, and they are how a small feed becomes a huge one."""
    GARBLED = "garbled"
    """The letters cannot be read: over 2 % of them are replacement characters."""


class SourceWarning(Enum):
    """What was wrong with a fetch that still gave articles."""

    TRUNCATED = "truncated"
    """The feed breaks off; the items before the break are whole and were taken."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What makes the next fetch conditional; as the server gave them, an ETag without its W/."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """The source's articles in its own order (feeds: newest first), and what to bring to the next fetch.

    After a warning `validators` is empty: a 304 would hide what is missing.
    """

    articles: tuple[SourceArticle, ...]
    validators: Validators
    title: str
    warning: SourceWarning | None = None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The server says nothing changed since the validators. Not always true: see `bot.logic.polling`."""


@dataclass(frozen=True, slots=True)
class Faulty:
    """Nothing was taken. `detail` is for the operator: one line, no secrets; `retry_after_s` as the server asks."""

    fault: SourceFault
    detail: str
    retry_after_s: float | None = None


class ArticleSource(Protocol):
    """A feed or a site that articles come from."""

    @property
    def name(self) -> str:
        """The source's name in the settings."""

    async def fetch(self, validators: Validators | None) -> Fetched | Unchanged | Faulty:
        """What the source says now; `validators` of the last Fetched, or None to read it whatever it claims.

        Faults of the source are values, never exceptions; cancellation passes through.
        """
