"""What a real WordPress says in its category feeds is read as a reader should see it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.logic.article import SourceArticle
from bot.sources.fetching import open_session
from bot.sources.port import Faulty, Fetched, SourceFault, Unchanged, Validators
from bot.sources.rss import RssSource
from tests.support.wordpress import WordPress

LANGUAGES = ("kk", "ru", "en")


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session("Dauys/test") as session:
        yield session


async def fetch(session: aiohttp.ClientSession, url: str, validators: Validators | None = None) -> object:
    source = RssSource("site", url=url, language="auto", languages=LANGUAGES, session=session)
    return await source.fetch(validators)


async def articles_of(session: aiohttp.ClientSession, url: str) -> tuple[SourceArticle, ...]:
    fetched = await fetch(session, url)
    assert isinstance(fetched, Fetched), fetched
    assert fetched.warning is None
    return fetched.articles


async def test_each_category_gives_its_own_articles_in_its_own_language(
    wordpress: WordPress, session: aiohttp.ClientSession
) -> None:
    wordpress.publish("Қыста жұқа мұзға шықпаңыз", "<p>Мұздың қауіпсіз қалыңдығы — 10 см.</p>", category="kaz")
    russian = wordpress.publish("Не выходите на тонкий лёд", "<p>Безопасный лёд — от 10 см.</p>", category="rus")
    (kazakh,) = await articles_of(session, wordpress.feed_url("kaz"))
    assert (kazakh.title, kazakh.language) == ("Қыста жұқа мұзға шықпаңыз", "kk")
    assert [paragraph.text for paragraph in kazakh.body] == ["Мұздың қауіпсіз қалыңдығы — 10 см."]
    (article,) = await articles_of(session, wordpress.feed_url("rus"))
    assert (article.title, article.language, article.url) == ("Не выходите на тонкий лёд", "ru", russian.url)
    assert article.lead.text == "Безопасный лёд — от 10 см."


async def test_signs_and_emoji_arrive_as_they_were_typed(wordpress: WordPress, session: aiohttp.ClientSession) -> None:
    wordpress.publish("Дом & школа: «A < B» 🚸", "<p>Осторожно 🚸, дети &amp; 1 &lt; 2 👩‍🚒!</p>")
    (article,) = await articles_of(session, wordpress.feed_url("rus"))
    assert article.title == "Дом & школа: «A < B» 🚸"
    assert [paragraph.text for paragraph in article.body] == ["Осторожно 🚸, дети & 1 < 2 👩‍🚒!"]
    assert article.lead.text == "Осторожно 🚸, дети & 1 < 2 👩‍🚒!"


async def test_a_correction_is_the_same_article_with_other_words(
    wordpress: WordPress, session: aiohttp.ClientSession
) -> None:
    at = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    post = wordpress.publish("Открыт новый мост", "<p>Мост открыт.</p>", at=at)
    (before,) = await articles_of(session, wordpress.feed_url("rus"))
    wordpress.edit(post.id, title="Открыт пешеходный мост")
    (after,) = await articles_of(session, wordpress.feed_url("rus"))
    assert (before.title, after.title) == ("Открыт новый мост", "Открыт пешеходный мост")
    assert after.external_id == before.external_id
    assert after.content_hash() != before.content_hash()
    assert before.published_at == after.published_at == at


async def test_a_post_behind_a_password_is_nobodys(wordpress: WordPress, session: aiohttp.ClientSession) -> None:
    wordpress.publish("Для всех", "<p>Открытый текст.</p>")
    wordpress.publish("Для волонтёров", "<p>Закрытый текст.</p>", password="sekret")
    assert [article.title for article in await articles_of(session, wordpress.feed_url("rus"))] == ["Для всех"]


async def test_drafts_trash_and_what_waits_for_its_date_do_not_show(
    wordpress: WordPress, session: aiohttp.ClientSession
) -> None:
    wordpress.publish("Сегодня", "<p>Новость.</p>")
    wordpress.publish("Через годы", "<p>Новость.</p>", at=datetime(2090, 1, 1, tzinfo=UTC))
    wordpress.trash(wordpress.publish("Ошибка редакции", "<p>Новость.</p>").id)
    assert [article.title for article in await articles_of(session, wordpress.feed_url("rus"))] == ["Сегодня"]


async def test_nothing_is_fetched_twice_until_something_changes(
    wordpress: WordPress, session: aiohttp.ClientSession
) -> None:
    url = wordpress.feed_url("rus")
    wordpress.publish("Первая", "<p>Новость.</p>", at=datetime(2026, 3, 1, tzinfo=UTC))
    first = await fetch(session, url)
    assert isinstance(first, Fetched)
    assert isinstance(await fetch(session, url, first.validators), Unchanged)
    wordpress.publish("Вторая", "<p>Новость.</p>")
    second = await fetch(session, url, first.validators)
    assert isinstance(second, Fetched)
    assert [article.title for article in second.articles] == ["Вторая", "Первая"]


async def test_what_is_published_within_the_second_of_a_fetch_is_not_missed(
    wordpress: WordPress, session: aiohttp.ClientSession
) -> None:
    url = wordpress.feed_url("rus")
    wordpress.publish("Первая", "<p>Новость.</p>")
    first = await fetch(session, url)
    assert isinstance(first, Fetched)
    assert first.validators == Validators()


async def test_a_site_behind_a_compressing_server_is_spared_too(
    wordpress: WordPress, session: aiohttp.ClientSession
) -> None:
    wordpress.publish("Первая", "<p>Новость.</p>", at=datetime(2026, 3, 1, tzinfo=UTC))
    async with TestServer(weakening(wordpress, session), host="127.0.0.1") as server:
        url = str(server.make_url("/category/rus/feed/"))
        first = await fetch(session, url)
        assert isinstance(first, Fetched)
        assert [article.title for article in first.articles] == ["Первая"]
        assert isinstance(await fetch(session, url, first.validators), Unchanged)


def weakening(wordpress: WordPress, session: aiohttp.ClientSession) -> web.Application:
    """Passes everything on to WordPress, but makes its ETag a W/"…", as nginx with gzip does.

    WordPress compares what comes back letter by letter: it takes the ETag only without the W/.
    """

    async def pass_on(request: web.Request) -> web.Response:
        conditions = {
            name: request.headers[name] for name in ("If-None-Match", "If-Modified-Since") if name in request.headers
        }
        async with session.get(wordpress.url + request.path_qs, headers=conditions) as answer:
            headers = {
                name: answer.headers[name] for name in ("Content-Type", "Last-Modified") if name in answer.headers
            }
            headers["ETag"] = f"W/{answer.headers['ETag']}"
            return web.Response(status=answer.status, body=await answer.read(), headers=headers)

    application = web.Application()
    application.router.add_get("/{path:.*}", pass_on)
    return application


async def test_a_feed_of_excerpts_gives_the_lead_alone(wordpress: WordPress, session: aiohttp.ClientSession) -> None:
    wordpress.set_option("rss_use_excerpt", "1")
    wordpress.publish("Коротко", "<p>Первый абзац.</p><p>Второй абзац.</p>", excerpt="Что случилось.")
    (article,) = await articles_of(session, wordpress.feed_url("rus"))
    assert (article.lead.text, article.body) == ("Что случилось.", ())


async def test_a_category_that_does_not_exist_is_an_empty_feed(
    wordpress: WordPress, session: aiohttp.ClientSession
) -> None:
    wordpress.publish("Новость", "<p>Новость.</p>")
    answer = await fetch(session, wordpress.feed_url("eng"))
    assert isinstance(answer, Faulty)
    assert answer.fault is SourceFault.EMPTY


async def test_with_plain_addresses_the_home_page_is_no_feed(
    wordpress: WordPress, session: aiohttp.ClientSession
) -> None:
    wordpress.publish("Новость", "<p>Новость.</p>")
    wordpress.use_addresses("")
    answer = await fetch(session, wordpress.feed_url("rus"))
    assert isinstance(answer, Faulty)
    assert answer.fault is SourceFault.NOT_A_FEED
    plain = await articles_of(session, f"{wordpress.url}/?feed=rss2&category_name=rus")
    assert [article.title for article in plain] == ["Новость"]


async def test_a_restored_site_does_not_make_its_articles_new(
    wordpress: WordPress, session: aiohttp.ClientSession
) -> None:
    post = wordpress.publish("Новость", "<p>Новость.</p>")
    (before,) = await articles_of(session, wordpress.feed_url("rus"))
    wordpress.eval("$wpdb->update($wpdb->posts, ['guid' => 'x'], ['ID' => $given['id']]);", id=post.id)
    (after,) = await articles_of(session, wordpress.feed_url("rus"))
    assert before.url == after.url == post.url
