import asyncio

import aiohttp

from bot.sources.fetching import FetchLimits
from bot.sources.port import ArticleSource, Faulty, Fetched, SourceFault, SourceWarning, Unchanged, Validators
from bot.sources.rss import RssSource
from tests.sources.feeds import item, rss
from tests.sources.hostile import HostileSite, break_off, drip


def source(session: aiohttp.ClientSession, url: str, *, total_s: float = 20) -> ArticleSource:
    limits = FetchLimits(total_s=total_s)
    return RssSource("site", url, language="kk", languages=("kk", "ru"), session=session, limits=limits)


async def test_a_feed_comes_and_the_next_time_is_unchanged(session: aiohttp.ClientSession, site: HostileSite) -> None:
    site.says("/feed", rss(item(2), item(1)), ETag='W/"abc"')
    first = await source(session, site.at("/feed")).fetch(None)
    assert isinstance(first, Fetched)
    assert [article.title for article in first.articles] == ["Жаңалық 2", "Жаңалық 1"]
    site.says("/feed", b"", status=304)
    assert await source(session, site.at("/feed")).fetch(first.validators) == Unchanged()
    assert site.asked[1].headers["If-None-Match"] == '"abc"'


async def test_a_windows_1251_feed_under_a_wrong_header_reads_right(
    session: aiohttp.ClientSession, site: HostileSite
) -> None:
    site.says(
        "/feed",
        rss(item(1, title="Приёмная открыта", description="Вход со двора."), title="Сайт").encode("windows-1251"),
    )
    fetched = await source(session, site.at("/feed")).fetch(None)
    assert isinstance(fetched, Fetched)
    assert (fetched.title, fetched.articles[0].title) == ("Сайт", "Приёмная открыта")


async def test_one_broken_source_does_not_hold_up_another(session: aiohttp.ClientSession, site: HostileSite) -> None:
    site.answers["/slow"] = drip
    site.says("/feed", rss(item(1)))
    slow, good = await asyncio.gather(
        source(session, site.at("/slow"), total_s=0.3).fetch(None), source(session, site.at("/feed")).fetch(None)
    )
    assert isinstance(slow, Faulty)
    assert slow.fault is SourceFault.TIMED_OUT
    assert isinstance(good, Fetched)


async def test_a_broken_connection_gives_the_items_that_came(session: aiohttp.ClientSession, site: HostileSite) -> None:
    body = rss(item(2), item(1)).encode()
    site.answers["/feed"] = break_off(body[:-100], promised=len(body))
    fetched = await source(session, site.at("/feed")).fetch(None)
    assert isinstance(fetched, Fetched)
    assert ([article.title for article in fetched.articles], fetched.warning, fetched.validators) == (
        ["Жаңалық 2"],
        SourceWarning.TRUNCATED,
        Validators(),
    )


async def test_links_are_made_whole_with_the_address_after_redirects(
    session: aiohttp.ClientSession, site: HostileSite
) -> None:
    site.redirects("/feed", "/new/feed")
    site.says("/new/feed", rss(item(1, link="article")))
    fetched = await source(session, site.at("/feed")).fetch(None)
    assert isinstance(fetched, Fetched)
    assert fetched.articles[0].url == site.at("/new/article")
