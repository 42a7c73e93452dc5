"""RSS 2.0 as WordPress writes it, and the conditional GET that goes with it. Pure: strings in, strings out."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha1
from html import escape

from sandbox.site.articles import Article, Edition

HEAD = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
	xmlns:content="http://purl.org/rss/1.0/modules/content/"
	xmlns:dc="http://purl.org/dc/elements/1.1/"
	xmlns:atom="http://www.w3.org/2005/Atom"
	xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"
	>
"""


def render_feed(edition: Edition, articles: Sequence[Article], base_url: str) -> str:
    """The feed of one language; `articles` come newest first."""
    home = f"{base_url}/news/{edition.language}/"
    built_at = last_modified(articles)
    items = "".join(_render_item(article, edition, base_url) for article in articles)
    return f"""{HEAD}
<channel>
	<title>{escape(edition.name)}</title>
	<atom:link href="{escape(home)}feed/" rel="self" type="application/rss+xml" />
	<link>{escape(home)}</link>
	<description>{escape(edition.tagline)}</description>
	<lastBuildDate>{rss_date(built_at)}</lastBuildDate>
	<language>{edition.language}</language>
	<sy:updatePeriod>hourly</sy:updatePeriod>
	<sy:updateFrequency>1</sy:updateFrequency>
	<generator>https://wordpress.org/?v=6.1.9</generator>
{items}</channel>
</rss>
"""


def _render_item(article: Article, edition: Edition, base_url: str) -> str:
    return f"""	<item>
		<title>{escape(article.title, quote=False)}</title>
		<link>{escape(base_url + article.path)}</link>
		<dc:creator>{_cdata(edition.author)}</dc:creator>
		<pubDate>{rss_date(article.published_at)}</pubDate>
		<category>{_cdata(article.category)}</category>
		<guid isPermaLink="false">{escape(base_url)}/?p={article.number}</guid>
		<description>{_cdata(article.excerpt)}</description>
		<content:encoded>{_cdata(article.body)}</content:encoded>
	</item>
"""


def _cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def rss_date(at: float) -> str:
    """Unix seconds as RFC 822 with WordPress's `+0000`."""
    return format_datetime(datetime.fromtimestamp(int(at), UTC))


def http_date(at: float) -> str:
    """Unix seconds as HTTP wants them."""
    return format_datetime(datetime.fromtimestamp(int(at), UTC), usegmt=True)


def last_modified(articles: Sequence[Article]) -> float:
    """When the newest change was made; 0 for no articles."""
    return max((article.modified_at for article in articles), default=0.0)


def make_etag(body: str) -> str:
    """A strong ETag of a body: two changes within one second still differ."""
    return f'"{sha1(body.encode(), usedforsecurity=False).hexdigest()}"'


def is_unchanged(*, etag: str, modified_at: float, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """Whether a conditional GET gets 304; If-None-Match decides when it is there (RFC 9110, 13.2.2).

    As on a real WordPress a weak `W/"…"` does not match.
    """
    if if_none_match is not None:
        return etag in {part.strip() for part in if_none_match.split(",")}
    if if_modified_since is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since)
    except ValueError:
        return False
    return int(modified_at) <= (since if since.tzinfo else since.replace(tzinfo=UTC)).timestamp()
