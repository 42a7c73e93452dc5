"""The site itself: what is published now, and the routes that serve it and let a page or a test publish more.

Everything lives in memory; one instance is one site.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.site.articles import LANGUAGES, Article, correct_title, load_edition, pick_draft
from sandbox.site.feed import http_date, is_unchanged, last_modified, make_etag, render_feed
from sandbox.site.pages import render_article, render_front, render_home

# How long before the start the first articles came out, oldest first.
FIRST_AGES_S = (26 * 3600, 5 * 3600, 50 * 60)
FIRST_NUMBER = 36
# A name that only leads here (DNS rebinding) must not let another site's page publish.
OURSELVES = frozenset({"127.0.0.1", "localhost", "::1"})
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
}
HERE = Path(__file__).parent


class NewsSite:
    """A news site in Kazakh and Russian with three articles each from the start.

    `clock` gives unix seconds. `base_url` (without a slash at its end) is what links begin with; left out, links
    begin with whatever address a request came to. A feed holds the newest `feed_items` articles, 10 on WordPress.
    """

    def __init__(self, clock: Callable[[], float], *, base_url: str | None = None, feed_items: int = 10) -> None:
        self._clock = clock
        self._base_url = base_url
        self._feed_items = feed_items
        self._published: dict[str, list[Article]] = {language: [] for language in LANGUAGES}
        started_at = clock()
        for age_s in FIRST_AGES_S:
            for language in LANGUAGES:
                self._publish(language, at=started_at - age_s)

    def articles(self, language: str) -> tuple[Article, ...]:
        """All that is published in a language, newest first; raises KeyError for a language the site lacks."""
        return tuple(reversed(self._published[language]))

    def publish(self, language: str) -> Article:
        """Publishes the next prepared article, or a numbered variation when they are used up."""
        return self._publish(language, at=self._clock())

    def correct(self, language: str) -> Article:
        """Gives the newest article a better title, another one at each call; its id and date stay."""
        article = self._published[language][-1]
        corrected = replace(
            article,
            title=correct_title(article, load_edition(language).correction),
            corrections=article.corrections + 1,
            modified_at=self._clock(),
        )
        self._published[language][-1] = corrected
        return corrected

    def feed_path(self, language: str) -> str:
        """Where the feed of a language is, from the site's root."""
        return f"/news/{language}/feed/"

    def routes(self) -> list[Route]:
        """The feeds and pages under /news/, and POST /sandbox/publish and /sandbox/correct `{"language"}`.

        They must stand before `telegram_routes`, whose `/sandbox/{deed}` would take the two.
        """
        return [
            Route("/news/", self._serve_home),
            Route("/news/style.css", _serve_style),
            Route("/news/pictures/{name}.svg", _serve_picture),
            Route("/news/{language}/", self._serve_front),
            Route("/news/{language}/feed/", self._serve_feed),
            Route("/news/{language}/{slug}/", self._serve_article),
            Route("/sandbox/publish", self._serve_publish, methods=["POST"]),
            Route("/sandbox/correct", self._serve_correct, methods=["POST"]),
        ]

    def _publish(self, language: str, *, at: float) -> Article:
        published = self._published[language]
        draft = pick_draft(load_edition(language), len(published))
        article = Article(
            number=FIRST_NUMBER + sum(map(len, self._published.values())),
            language=language,
            slug=draft.slug,
            category=draft.category,
            picture=draft.picture,
            title=draft.title,
            corrected_title=draft.corrected_title,
            corrections=0,
            misprint=draft.misprint,
            body=draft.body,
            published_at=at,
            modified_at=at,
        )
        published.append(article)
        return article

    def _base(self, request: Request) -> str:
        return self._base_url or str(request.base_url).rstrip("/")

    async def _serve_home(self, _request: Request) -> Response:
        return _page(render_home([load_edition(language) for language in LANGUAGES]))

    async def _serve_front(self, request: Request) -> Response:
        language = request.path_params["language"]
        if language not in self._published:
            return _missing()
        return _page(render_front(load_edition(language), self.articles(language)))

    async def _serve_article(self, request: Request) -> Response:
        language, slug = request.path_params["language"], request.path_params["slug"]
        for article in self._published.get(language, ()):
            if article.slug == slug:
                return _page(render_article(load_edition(language), article, self._base(request)))
        return _missing()

    async def _serve_feed(self, request: Request) -> Response:
        language = request.path_params["language"]
        if language not in self._published:
            return _missing()
        articles = self.articles(language)[: self._feed_items]
        body = render_feed(load_edition(language), articles, self._base(request))
        modified_at = last_modified(articles)
        headers = {"ETag": make_etag(body), "Last-Modified": http_date(modified_at)}
        if is_unchanged(
            etag=headers["ETag"],
            modified_at=modified_at,
            if_none_match=request.headers.get("if-none-match"),
            if_modified_since=request.headers.get("if-modified-since"),
        ):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/rss+xml; charset=UTF-8", headers=headers)

    async def _serve_publish(self, request: Request) -> Response:
        return await self._change(request, self.publish)

    async def _serve_correct(self, request: Request) -> Response:
        return await self._change(request, self.correct)

    async def _change(self, request: Request, change: Callable[[str], Article]) -> Response:
        if request.url.hostname not in OURSELVES:
            return JSONResponse({"error": "the sandbox answers only to its own name"}, status_code=403)
        language = await _read_language(request)
        if language not in self._published:
            return JSONResponse({"error": f"language must be one of {', '.join(LANGUAGES)}"}, status_code=400)
        return JSONResponse({"article": _describe(change(language), self._base(request))})


async def _read_language(request: Request) -> str:
    # Anything but application/json is refused: a page of another origin cannot send that without being asked first.
    if not request.headers.get("content-type", "").startswith("application/json"):
        return ""
    try:
        body = await request.json()
    except ValueError:
        return ""
    return str(body.get("language", "")) if isinstance(body, dict) else ""


def _describe(article: Article, base_url: str) -> dict[str, object]:
    return {
        "id": article.number,
        "language": article.language,
        "title": article.title,
        "link": base_url + article.path,
        "guid": f"{base_url}/?p={article.number}",
        "text": article.text,
        "misprint": {"wrong": article.misprint.wrong, "right": article.misprint.right},
        "published_at": article.published_at,
        "modified_at": article.modified_at,
    }


async def _serve_style(_request: Request) -> Response:
    return Response((HERE / "style.css").read_text("utf-8"), media_type="text/css")


async def _serve_picture(request: Request) -> Response:
    name = request.path_params["name"]
    picture = HERE / "pictures" / f"{name}.svg"
    # Letters only: a name can lead nowhere but into that folder.
    if not (name.isalpha() and picture.is_file()):
        return _missing()
    return Response(picture.read_text("utf-8"), media_type="image/svg+xml")


def _page(html: str) -> Response:
    return Response(html, media_type="text/html", headers=PAGE_HEADERS)


def _missing() -> Response:
    return Response("404", status_code=404, media_type="text/plain")
