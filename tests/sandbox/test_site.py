"""The demo news site: what its feeds and pages hold, and what publishing and correcting change."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import feedparser
import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser
from starlette.applications import Starlette

from sandbox.site import LANGUAGES, NewsSite
from sandbox.site.articles import load_edition
from sandbox.site.feed import is_unchanged

BASE = "http://127.0.0.1:8110"
START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC).timestamp()


class Clock:
    """Unix seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(clock: Clock) -> NewsSite:
    return NewsSite(clock)


@pytest.fixture
async def web(site: NewsSite) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=Starlette(routes=site.routes()))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


def titles(feed: httpx.Response) -> list[str]:
    return [str(entry.title) for entry in feedparser.parse(feed.content).entries]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_feed_starts_with_three_articles_newest_first(web: httpx.AsyncClient, language: str) -> None:
    answer = await web.get(f"/news/{language}/feed/")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/rss+xml; charset=UTF-8"
    feed = feedparser.parse(answer.content)
    assert not feed.bozo, feed.get("bozo_exception")
    assert feed.feed.language == language
    drafts = load_edition(language).drafts
    assert [entry.title for entry in feed.entries] == [draft.title for draft in reversed(drafts[:3])]
    dates = [entry.published_parsed for entry in feed.entries]
    assert dates == sorted(dates, reverse=True)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_item_is_written_as_wordpress_writes_it(web: httpx.AsyncClient, language: str) -> None:
    answer = await web.get(f"/news/{language}/feed/")

    entry = feedparser.parse(answer.content).entries[0]
    assert entry.id.startswith(f"{BASE}/?p=")
    assert 'isPermaLink="false"' in answer.text
    assert entry.link.startswith(f"{BASE}/news/{language}/")
    assert entry.published.endswith(" +0000")
    assert entry.author == "Редакция"
    assert entry.summary.startswith(LexborHTMLParser(entry.content[0].value).text(separator=" ")[:40].strip())
    assert entry.content[0].value.startswith("<p>")
    assert "<description><![CDATA[" in answer.text
    assert "<content:encoded><![CDATA[" in answer.text


async def test_ids_are_never_shared_between_articles_and_languages(site: NewsSite, web: httpx.AsyncClient) -> None:
    for language in LANGUAGES * 9:
        site.publish(language)

    ids = [
        entry.id
        for language in LANGUAGES
        for entry in feedparser.parse((await web.get(f"/news/{language}/feed/")).content).entries
    ]
    assert len(ids) == len(set(ids)) == 20


async def test_an_unchanged_feed_answers_304_to_its_etag(web: httpx.AsyncClient) -> None:
    first = await web.get("/news/kk/feed/")

    again = await web.get("/news/kk/feed/", headers={"If-None-Match": first.headers["etag"]})

    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]


async def test_an_unchanged_feed_answers_304_to_its_date(web: httpx.AsyncClient) -> None:
    first = await web.get("/news/ru/feed/")

    again = await web.get("/news/ru/feed/", headers={"If-Modified-Since": first.headers["last-modified"]})

    assert again.status_code == 304


async def test_a_publication_in_the_same_second_still_changes_the_etag(site: NewsSite, web: httpx.AsyncClient) -> None:
    site.publish("ru")
    first = await web.get("/news/ru/feed/")
    site.publish("ru")

    again = await web.get("/news/ru/feed/", headers={"If-None-Match": first.headers["etag"]})

    assert again.status_code == 200
    assert len(titles(again)) == len(titles(first)) + 1


@pytest.mark.parametrize(
    ("if_none_match", "if_modified_since", "unchanged"),
    [
        (None, None, False),
        ('"a"', None, True),
        ('"b", "a"', None, True),
        ('"b"', None, False),
        ('W/"a"', None, False),
        ('"b"', "Sun, 22 Nov 2026 09:00:00 GMT", False),
        (None, "Sun, 22 Nov 2026 09:00:00 GMT", True),
        (None, "Sun, 22 Nov 2026 08:59:59 GMT", False),
        (None, "no date at all", False),
    ],
)
def test_the_conditions_of_a_get_are_judged_as_http_says(
    if_none_match: str | None, if_modified_since: str | None, *, unchanged: bool
) -> None:
    judged = is_unchanged(
        etag='"a"', modified_at=START + 0.7, if_none_match=if_none_match, if_modified_since=if_modified_since
    )

    assert judged is unchanged


async def test_publishing_puts_the_next_article_on_top_of_its_own_feed_only(
    clock: Clock, web: httpx.AsyncClient
) -> None:
    russian_before = titles(await web.get("/news/ru/feed/"))
    clock.now += 60

    published = (await web.post("/sandbox/publish", json={"language": "kk"})).json()["article"]

    feed = feedparser.parse((await web.get("/news/kk/feed/")).content)
    assert len(feed.entries) == 4
    assert (feed.entries[0].title, feed.entries[0].link, feed.entries[0].id) == (
        published["title"],
        published["link"],
        published["guid"],
    )
    assert feed.entries[0].published == "Sun, 22 Nov 2026 09:01:00 +0000"
    assert feed.feed.updated == "Sun, 22 Nov 2026 09:01:00 +0000"
    assert titles(await web.get("/news/ru/feed/")) == russian_before


async def test_publishing_goes_on_when_the_prepared_articles_are_used_up(site: NewsSite) -> None:
    published = [site.publish("kk") for _ in range(14)]

    slugs = {article.slug for article in site.articles("kk")}
    assert len(slugs) == 17
    assert published[4].title == load_edition("kk").drafts[7].title
    assert published[5].title == load_edition("kk").drafts[0].title + " (2)"
    assert published[13].title == load_edition("kk").drafts[0].title + " (3)"


async def test_a_correction_changes_the_title_and_not_the_identity(clock: Clock, web: httpx.AsyncClient) -> None:
    before = feedparser.parse((await web.get("/news/kk/feed/")).content).entries[0]
    clock.now += 60

    corrected = (await web.post("/sandbox/correct", json={"language": "kk"})).json()["article"]

    answer = await web.get("/news/kk/feed/")
    after = feedparser.parse(answer.content).entries[0]
    assert after.title == corrected["title"] == load_edition("kk").drafts[2].corrected_title
    assert after.title != before.title
    assert (after.id, after.link, after.published) == (before.id, before.link, before.published)
    assert answer.headers["last-modified"] == "Sun, 22 Nov 2026 09:01:00 GMT"


async def test_every_further_correction_is_another_title(site: NewsSite) -> None:
    corrected = [site.correct("ru").title for _ in range(4)]

    assert len(set(corrected)) == 4


@pytest.mark.parametrize("body", [{"language": "en"}, {}, [], {"language": None}])
async def test_a_language_the_site_lacks_is_refused(web: httpx.AsyncClient, body: object) -> None:
    answer = await web.post("/sandbox/publish", json=body)

    assert (answer.status_code, answer.json()) == (400, {"error": "language must be one of kk, ru"})
    assert len(titles(await web.get("/news/kk/feed/"))) == 3


async def test_a_form_of_a_foreign_page_publishes_nothing(web: httpx.AsyncClient) -> None:
    answer = await web.post("/sandbox/publish", content='{"language": "kk"}', headers={"Content-Type": "text/plain"})

    assert answer.status_code == 400
    assert len(titles(await web.get("/news/kk/feed/"))) == 3


async def test_a_name_that_only_leads_here_publishes_nothing(web: httpx.AsyncClient) -> None:
    answer = await web.post("/sandbox/publish", json={"language": "kk"}, headers={"Host": "evil.example:8110"})

    assert answer.status_code == 403
    assert len(titles(await web.get("/news/kk/feed/"))) == 3


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_article_page_carries_what_a_link_preview_needs(
    site: NewsSite, web: httpx.AsyncClient, language: str
) -> None:
    article = site.articles(language)[0]

    page = await web.get(article.path)

    tree = LexborHTMLParser(page.text)
    meta = {node.attributes["property"]: node.attributes["content"] for node in tree.css("meta[property]")}
    assert meta["og:title"] == article.title
    assert meta["og:description"] == article.excerpt
    assert meta["og:url"] == BASE + article.path
    picture = await web.get(str(meta["og:image"]))
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_the_front_pages_lead_to_every_article(site: NewsSite, web: httpx.AsyncClient) -> None:
    assert "/news/kk/" in (await web.get("/news/")).text
    for language in LANGUAGES:
        front = (await web.get(f"/news/{language}/")).text
        assert all(f'href="{article.path}"' in front for article in site.articles(language))


@pytest.mark.parametrize(
    "path", ["/news/en/", "/news/en/feed/", "/news/kk/nothing/", "/news/en/x/", "/news/pictures/..%2Fkk.svg"]
)
async def test_what_is_not_there_is_404(web: httpx.AsyncClient, path: str) -> None:
    assert (await web.get(path)).status_code == 404


async def test_links_begin_with_the_address_the_site_was_given(clock: Clock) -> None:
    site = NewsSite(clock, base_url="http://127.0.0.1:9")
    transport = httpx.ASGITransport(app=Starlette(routes=site.routes()))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        entry = feedparser.parse((await client.get("/news/kk/feed/")).content).entries[0]

    assert entry.link.startswith("http://127.0.0.1:9/news/kk/")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_prepared_article_has_exactly_one_misprint(language: str) -> None:
    drafts = load_edition(language).drafts

    assert len(drafts) >= 8
    for draft in drafts:
        assert draft.body.count(draft.misprint.wrong) == 1, draft.slug
        assert draft.misprint.right not in draft.misprint.wrong
        assert 3 <= draft.body.count("<p>") + draft.body.count("<ul>") + draft.body.count("<ol>") <= 7, draft.slug
        assert draft.title != draft.corrected_title
        assert draft.misprint.wrong not in draft.title


def test_the_editions_do_not_share_an_address() -> None:
    slugs = [(language, draft.slug) for language in LANGUAGES for draft in load_edition(language).drafts]

    assert len(slugs) == len(set(slugs))
