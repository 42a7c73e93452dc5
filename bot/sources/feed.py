"""The bytes of a feed to articles: everything that WordPress and older engines are known to do is undone here.

Pure apart from importing its parser late; meant for a thread.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from time import struct_time  # noqa: TID251  # the parser's type, not a clock
from typing import Final
from urllib.parse import urljoin, urlsplit

from bot.logic.article import SourceArticle, canonical_url
from bot.logic.cutting import cut_at_sentence, one_line
from bot.logic.markup import html_to_paragraphs, html_to_text
from bot.logic.rich import Rich, join
from bot.sources.encoding import decode_feed
from bot.sources.fetching import Page
from bot.sources.language import detect_language
from bot.sources.port import Faulty, Fetched, SourceFault, SourceWarning, Validators
from bot.sources.wordpress_marks import is_protected, strip_marks

MOST_ITEMS: Final = 200
LONGEST_TITLE: Final = 500
LONGEST_LEAD: Final = 1000
_SHORT_ARTICLE = 400
_MOST_TAGS = 40_000
_FEW_PARAGRAPHS = 3
_LEAST_LEAD = 60
_COMPARED = 100

# What XML cannot hold and word processors leave in posts; one of them makes a strict parser refuse the whole feed.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DECLARATION = re.compile(r"<\?xml\b[^>]*+>", re.IGNORECASE)
_BEFORE_ROOT = re.compile(r"(?:\s++|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_FORBIDDEN = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_ROOT = re.compile(r"<((?:[\w-]+:)?(?:rss|feed|rdf))\b", re.IGNORECASE)
_ITEM = re.compile(r"<(?:[\w-]+:)?(?:item|entry)\b", re.IGNORECASE)
_ITEM_END = re.compile(r"</(?:[\w-]+:)?(?:item|entry)\s*>", re.IGNORECASE)
_JUNK_BEFORE = 4096


# feedparser promises to raise nothing and does, on odd namespaces, encodings and declarations.
_PARSER_GIVES_UP = (ValueError, TypeError, AttributeError, LookupError, AssertionError, RecursionError)


@dataclass(frozen=True, slots=True)
class _Entry:
    """An item in the parser's terms, as far as it is used."""

    external_id: str
    link: str
    title: str
    summary: str
    content: str
    published_at: datetime | None


def read_feed(page: Page, *, language: str, languages: Sequence[str]) -> Fetched | Faulty:
    """The feed's articles in its own order, at most MOST_ITEMS; password-protected and nameless ones are left out.

    A feed that breaks off gives its whole items, a warning, and no validators: the next fetch must bring the rest.
    """
    prepared = _prepare(page)
    if isinstance(prepared, Faulty):
        return prepared
    text, is_whole = prepared
    try:
        title, entries = _parse(text)
    except _PARSER_GIVES_UP as error:
        return Faulty(SourceFault.NOT_A_FEED, f"the parser gives up on its markup: {type(error).__name__}")
    if not entries:
        return Faulty(SourceFault.EMPTY, "a feed without items; a WordPress category that does not exist looks so")
    articles = (_to_article(entry, page.url, language, languages) for entry in entries)
    return Fetched(
        articles=tuple(article for article in articles if article is not None),
        validators=page.validators if is_whole else Validators(),
        title=title,
        warning=None if is_whole else SourceWarning.TRUNCATED,
    )


def _prepare(page: Page) -> tuple[str, bool] | Faulty:
    """Well-formed enough text of a feed and whether it was whole, or what it is instead."""
    if not page.body.strip():
        return Faulty(SourceFault.EMPTY, "no bytes at all")
    decoded = decode_feed(page.body, page.content_type)
    if decoded is None:
        return Faulty(SourceFault.GARBLED, "the letters cannot be read in any encoding that was tried")
    text = _NOT_XML.sub("", _drop_junk(decoded))
    body = text[_end_of_prolog(text) :]
    if _HTML.match(body):
        return Faulty(SourceFault.NOT_A_FEED, "an HTML page lies under this address")
    marks = _mask_cdata(text)
    if _FORBIDDEN.search(marks):
        return Faulty(SourceFault.FORBIDDEN_MARKUP, "DOCTYPE or ENTITY in the feed")
    root = _ROOT.match(body)
    if root is None:
        return Faulty(SourceFault.NOT_A_FEED, "what lies under this address is neither RSS nor Atom")
    return _close(text, marks, root[1])


def _drop_junk(text: str) -> str:
    """Without what PHP prints before the feed: blank lines, warnings."""
    start = text.find("<?xml", 0, _JUNK_BEFORE)
    return text[start:] if start > 0 and not _ROOT.search(text, 0, start) else text.lstrip()


def _mask_cdata(text: str) -> str:
    """`text` with blanks for what articles quote, a DOCTYPE or an </item> among it; indexes stay.

    No regular expression: on unclosed sections it takes quadratic time.
    """
    kept: list[str] = []
    at = 0
    while (start := text.find("<![CDATA[", at)) >= 0:
        end = text.find("]]>", start)
        kept += (text[at:start], " " * ((len(text) if end < 0 else end) - start))
        at = len(text) if end < 0 else end
    return "".join((*kept, text[at:]))


def _end_of_prolog(text: str) -> int:
    found = _BEFORE_ROOT.match(text)
    return found.end() if found else 0


def _close(text: str, marks: str, root: str) -> tuple[str, bool] | Faulty:
    """The first MOST_ITEMS items, closed so that the parser meets no half item; False where the feed breaks off."""
    ends = list(re.finditer(rf"</{re.escape(root)}\s*>", marks, re.IGNORECASE))
    is_whole = bool(ends) and not _ITEM.search(marks, ends[-1].end())
    items = [found.end() for found in islice(_ITEM_END.finditer(marks), MOST_ITEMS + 1)]
    if not is_whole and not items:
        return Faulty(SourceFault.TRUNCATED, "the feed breaks off before its first whole item")
    if not is_whole or len(items) > MOST_ITEMS:
        end = items[:MOST_ITEMS][-1]
        text = text[:end] + ("</channel>" if root.lower() == "rss" else "") + f"</{root}>"
        marks = marks[:end]
    # The parser's patient half, for feeds that are not well-formed, takes a second for every 15,000 tags.
    if marks.count("<") > _MOST_TAGS:
        return Faulty(SourceFault.TOO_LARGE, f"more than {_MOST_TAGS} tags")
    return text, is_whole


def _parse(text: str) -> tuple[str, list[_Entry]]:
    import feedparser  # noqa: PLC0415  # a quarter of a second that a start need not pay

    declaration = _DECLARATION.match(text)
    parsed = feedparser.parse(
        b'<?xml version="1.0" encoding="utf-8"?>' + text[declaration.end() if declaration else 0 :].encode("utf-8"),
        # No address of the feed: the parser would resolve ids against it, and they would change when the feed moves.
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    entries = [_to_entry(entry) for entry in parsed.entries[:MOST_ITEMS]]
    return one_line(html_to_text(_text(parsed.feed, "title")), LONGEST_TITLE), entries


def _text(found: Mapping[str, object], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _to_entry(parsed: dict[str, object]) -> _Entry:
    found = dict(parsed)  # the parser's own dictionary answers for a missing key with another's value and a warning
    contents = found.get("content")
    bodies = [_text(part, "value") for part in contents] if isinstance(contents, list) else []
    content = max(bodies, key=len, default="")
    summary = _text(found, "summary")
    return _Entry(
        external_id=_text(found, "id").strip(),
        # Without links of its own an item's "link" is its guid, made into an address however little it is one.
        link=_text(found, "link").strip() if found.get("links") else "",
        title=_text(found, "title"),
        summary="" if summary == content else summary,  # the parser repeats one as the other where one is missing
        content=content,
        published_at=_to_time(found.get("published_parsed") or found.get("updated_parsed")),
    )


def _to_time(parts: object) -> datetime | None:
    """The parser's struct_time, which is UTC; None for what no calendar has."""
    if not isinstance(parts, struct_time):
        return None
    try:
        return datetime(
            parts.tm_year, parts.tm_mon, parts.tm_mday, parts.tm_hour, parts.tm_min, min(parts.tm_sec, 59), tzinfo=UTC
        )
    except ValueError:
        return None


def _to_article(entry: _Entry, feed_url: str, language: str, languages: Sequence[str]) -> SourceArticle | None:
    """None for what cannot be told from others, has nothing to show, or is behind a password."""
    link = _absolute(entry.link, feed_url) or _absolute_only(entry.external_id)
    external_id = entry.external_id or (canonical_url(link) if link else "")
    if not external_id or is_protected(entry.summary, entry.content):
        return None
    url = link or urljoin(feed_url, "/")
    body = strip_marks(html_to_paragraphs(entry.content, base_url=url))
    said = strip_marks(html_to_paragraphs(entry.summary, base_url=url))
    lead = _choose_lead(said, body)
    title = one_line(html_to_text(entry.title), LONGEST_TITLE) or one_line(lead.text, _COMPARED)
    if not title:
        return None
    sample = " ".join((title, lead.text, *(paragraph.text for paragraph in body[:10])))
    return SourceArticle(
        external_id=external_id,
        url=url,
        title=title,
        lead=lead,
        body=body or (said if len(said) > 1 or len(lead) < len(join(said, "\n\n")) else ()),
        language=detect_language(sample, languages) if language == "auto" else language,
        published_at=entry.published_at,
    )


def _choose_lead(said: tuple[Rich, ...], body: tuple[Rich, ...]) -> Rich:
    """What the editors wrote as a summary; where WordPress made it of the text, the text's own beginning.

    WordPress's own summary is the first 55 words with headings, lists and paragraphs run together.
    """
    if said and not (body and _flat(body).startswith(_flat(said)[:_COMPARED])):
        return cut_at_sentence(join(said, "\n\n"), LONGEST_LEAD)
    if len(body) <= _FEW_PARAGRAPHS and sum(len(paragraph) for paragraph in body) <= _SHORT_ARTICLE:
        return join(body, "\n\n")
    lead = Rich()
    for paragraph in body:
        lead = join((lead, paragraph), "\n\n")
        if len(lead) >= _LEAST_LEAD:
            break
    return cut_at_sentence(lead, LONGEST_LEAD)


def _flat(paragraphs: tuple[Rich, ...]) -> str:
    """The letters alone: WordPress and we set different marks around list items and table cells."""
    beginning = "".join(paragraph.text[: 4 * _COMPARED] for paragraph in paragraphs[:20])
    return "".join(filter(str.isalpha, beginning)).casefold()[: 2 * _COMPARED]


def _absolute(link: str, base: str) -> str:
    try:
        url = urljoin(base, link) if link else ""
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.hostname else ""


def _absolute_only(external_id: str) -> str:
    """An id that is itself an address serves as the link where there is none."""
    return _absolute(external_id, "") if external_id.startswith(("http://", "https://")) else ""
