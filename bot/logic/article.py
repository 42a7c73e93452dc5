"""What a source gave us, in the form in which the rest of Dauys knows an article. No fetching, no storing.

An article's identity is its source and the site's own id; what it says is its content hash, which is apart from it.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from bot.logic.rich import Rich

_TRACKING = re.compile(r"utm_\w*|fbclid|gclid|yclid|_openstat", re.IGNORECASE)
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_LEFT_ALONE = "%/:@!$&'()*+,;=~"
_OWN_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class SourceArticle:
    """One article as its source shows it now.

    `title` is one line of plain text, `lead` the short beginning, `body` the full text by paragraphs (empty when the
    source gives none), `published_at` aware UTC or None when the source does not say.
    """

    external_id: str
    url: str
    title: str
    lead: Rich
    body: tuple[Rich, ...]
    language: str
    published_at: datetime | None

    def content_hash(self) -> str:
        """64 hexadecimal digits that change when a reader would see a difference; dates and ids are left out.

        The address counts in its canonical form: a site that moves to https has not corrected every article.
        """
        said = [self.title, canonical_url(self.url), _plain(self.lead), [_plain(paragraph) for paragraph in self.body]]
        # Lone surrogates are possible in foreign text and UTF-8 refuses them; ASCII JSON does not.
        return hashlib.sha256(json.dumps(said).encode("ascii")).hexdigest()


def canonical_url(url: str) -> str:
    """`url` without what does not change the page: http or https, fragment, tracking parameters, trailing slash.

    For comparing only; the address shown to readers stays as the source gave it.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return url.strip()
    if parts.scheme.lower() not in _OWN_PORTS:
        return url.strip()
    host = (parts.hostname or "").rstrip(".")
    if port is not None and port != _OWN_PORTS[parts.scheme.lower()]:
        host = f"{host}:{port}"
    path = quote(parts.path, safe=_LEFT_ALONE, errors="surrogatepass").rstrip("/")
    path = _ESCAPE.sub(lambda escape: escape.group().upper(), path)
    return urlunsplit(("https", host, path, _without_tracking(parts.query), ""))


def _without_tracking(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([pair for pair in pairs if not _TRACKING.fullmatch(pair[0])], errors="surrogatepass")


def _plain(words: Rich) -> list[object]:
    return [words.text, [[entity.kind, entity.offset, entity.length, entity.url] for entity in words.entities]]
