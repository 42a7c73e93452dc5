"""The site's HTML pages. Pure: everything but the prepared bodies is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape

from sandbox.site.articles import Article, Edition


def render_article(edition: Edition, article: Article, base_url: str) -> str:
    """One article's page, with the Open Graph tags a link preview is made of."""
    picture = f"/news/pictures/{article.picture}.svg"
    meta = {
        "og:type": "article",
        "og:site_name": edition.name,
        "og:title": article.title,
        "og:description": article.excerpt,
        "og:url": base_url + article.path,
        "og:image": base_url + picture,
    }
    body = f"""<article>
<p class="meta"><span class="category">{escape(article.category)}</span> {_render_time(article)}</p>
<h1>{escape(article.title)}</h1>
<img src="{picture}" alt="" width="1200" height="630">
{article.body}
<p class="author">{escape(edition.author)}</p>
<p><a href="/news/{edition.language}/">← {escape(edition.back)}</a></p>
</article>"""
    return _render_page(edition, title=f"{article.title} — {edition.name}", body=body, meta=meta)


def render_front(edition: Edition, articles: Iterable[Article]) -> str:
    """The list of articles in one language, newest first."""
    cards = "\n".join(_render_card(article) for article in articles)
    body = f"<h2>{escape(edition.latest)}</h2>\n<div class=cards>{cards}</div>"
    return _render_page(edition, title=edition.name, body=body, meta={"og:title": edition.name})


def render_home(editions: Sequence[Edition]) -> str:
    """The door to both languages."""
    links = "\n".join(
        f'<p class="door"><a lang="{edition.language}" href="/news/{edition.language}/">'
        f"<strong>{escape(edition.name)}</strong><br>{escape(edition.tagline)}</a></p>"
        for edition in editions
    )
    return _render_page(editions[0], title=editions[0].name, body=links, meta={})


def _render_card(article: Article) -> str:
    return f"""<a class="card" href="{article.path}">
<img src="/news/pictures/{article.picture}.svg" alt="" width="1200" height="630">
<span class="meta"><span class="category">{escape(article.category)}</span> {_render_time(article)}</span>
<strong>{escape(article.title)}</strong>
</a>"""


def _render_time(article: Article) -> str:
    at = datetime.fromtimestamp(int(article.published_at), UTC)
    return f'<time datetime="{at.isoformat()}">{at:%d.%m.%Y}</time>'


def _render_page(edition: Edition, *, title: str, body: str, meta: Mapping[str, str]) -> str:
    tags = "\n".join(f'<meta property="{name}" content="{escape(content)}">' for name, content in meta.items())
    description = f'<meta name="description" content="{escape(meta.get("og:description", edition.tagline))}">'
    language = edition.language
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
{description}
{tags}
<link rel="alternate" type="application/rss+xml" title="{escape(edition.name)}" href="/news/{language}/feed/">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/news/style.css">
</head>
<body>
<header><a href="/news/{language}/"><strong>{escape(edition.name)}</strong></a>
<nav><a lang="kk" href="/news/kk/">Қазақша</a> <a lang="ru" href="/news/ru/">Русский</a></nav></header>
<main>
{body}
</main>
<footer>{escape(edition.tagline)} · 110</footer>
</body>
</html>
"""
