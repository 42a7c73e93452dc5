"""Articles and holds as they are stored."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import StatementError

from db import articles as article_rows
from db.articles import ArticleState, HoldState
from db.database import Database, open_database
from tests.db.rows import NOON, add_article, new_article


async def test_an_article_comes_back_as_it_was_stored(database: Database) -> None:
    new = replace(new_article(), published_at=datetime(2026, 3, 1, 17, tzinfo=timezone(timedelta(hours=5))))
    async with database.write() as connection:
        made = await article_rows.add_article(connection, new, state=ArticleState.SEEN, now=NOON)
        assert made is not None
        article = await article_rows.find_article(connection, made)
    assert article is not None
    assert (article.source, article.external_id, article.url) == (new.source, new.external_id, new.url)
    assert (article.title, article.lead, article.body) == (new.title, new.lead, list(new.body))
    assert (article.language, article.content_hash, article.state) == ("kk", new.content_hash, ArticleState.SEEN)
    assert (article.published_at, article.first_seen_at) == (NOON, NOON)
    assert article.published_at is not None
    assert article.published_at.tzinfo is UTC


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    naive = replace(new_article(), published_at=datetime(2026, 3, 1, 12))  # noqa: DTZ001 - that is what is refused
    with pytest.raises(StatementError, match="without a zone"):
        async with database.write() as connection:
            await article_rows.add_article(connection, naive, state=ArticleState.SEEN, now=NOON)


async def test_an_article_is_added_once_for_each_source(database: Database) -> None:
    async with database.write() as connection:
        assert await article_rows.add_article(connection, new_article(), state=ArticleState.SEEN, now=NOON) is not None
        assert await article_rows.add_article(connection, new_article(), state=ArticleState.SEEN, now=NOON) is None
        elsewhere = replace(new_article(), source="Новости")
        assert await article_rows.add_article(connection, elsewhere, state=ArticleState.SEEN, now=NOON) is not None
        known = await article_rows.known_articles(connection, "Жаңалықтар")
    assert [(row.external_id, row.url, row.content_hash) for row in known] == [
        (new_article().external_id, new_article().url, new_article().content_hash)
    ]


async def test_a_correction_changes_the_words_and_nothing_else(database: Database) -> None:
    article_id = await add_article(database)
    corrected = replace(new_article(title="Түзетілген"), body=[], published_at=NOON + timedelta(days=1))
    async with database.write() as connection:
        await article_rows.correct_article(connection, article_id, corrected)
        article = await article_rows.find_article(connection, article_id)
    assert article is not None
    assert (article.title, article.body, article.content_hash) == ("Түзетілген", [], corrected.content_hash)
    assert (article.state, article.published_at) == (ArticleState.PUBLISHED, NOON)


async def test_an_article_that_is_not_there_is_none(database: Database) -> None:
    async with database.read() as connection:
        assert await article_rows.find_article(connection, 404) is None
        assert await article_rows.find_hold(connection, 404) is None


async def test_the_latest_articles_leave_out_what_the_desk_holds_back(database: Database) -> None:
    async with database.write() as connection:
        for number, state in enumerate(ArticleState):
            new = replace(new_article(number), published_at=NOON + timedelta(minutes=number))
            await article_rows.add_article(connection, new, state=state, now=NOON)
        undated = replace(new_article(10), published_at=None)
        await article_rows.add_article(connection, undated, state=ArticleState.SEEN, now=NOON - timedelta(hours=1))
        await article_rows.add_article(connection, new_article(11, language="ru"), state=ArticleState.SEEN, now=NOON)
        latest = await article_rows.latest_articles(connection, ["kk", "en"], 10)
        newest = await article_rows.latest_articles(connection, ["kk", "ru"], 1)
    assert [article.state for article in latest] == [ArticleState.PUBLISHED, ArticleState.SEEN, ArticleState.SEEN]
    assert latest[-1].published_at is None
    assert len(newest) == 1


async def _hold(database: Database, count: int = 3) -> int:
    async with database.write() as connection:
        hold_id = await article_rows.add_hold(connection, "Жаңалықтар", now=NOON)
        for number in range(count):
            new = new_article(number, title=f"Жаңалық {number}")
            await article_rows.add_article(connection, new, state=ArticleState.HELD, hold_id=hold_id, now=NOON)
    return hold_id


async def test_a_hold_knows_its_articles(database: Database) -> None:
    hold_id = await _hold(database)
    async with database.read() as connection:
        hold = await article_rows.find_hold(connection, hold_id)
        assert await article_rows.held_titles(connection, hold_id, limit=2) == ["Жаңалық 0", "Жаңалық 1"]
    assert hold is not None
    assert (hold.source, hold.state, hold.count, hold.decided_by) == ("Жаңалықтар", HoldState.WAITING, 3, None)


@pytest.mark.parametrize(
    ("to", "state"),
    [(HoldState.RELEASED, ArticleState.PUBLISHED), (HoldState.DROPPED, ArticleState.DROPPED)],
)
async def test_a_hold_is_decided_once(database: Database, to: HoldState, state: ArticleState) -> None:
    hold_id = await _hold(database)
    async with database.write() as connection:
        decided = await article_rows.decide_hold(connection, hold_id, to=to, by="Айдана", now=NOON)
        again = await article_rows.decide_hold(connection, hold_id, to=HoldState.DROPPED, by="Ерлан", now=NOON)
        assert decided is not None
        found = [await article_rows.find_article(connection, article_id) for article_id in decided]
        hold = await article_rows.find_hold(connection, hold_id)
    assert again is None
    assert decided == sorted(decided)
    assert [article.state for article in found if article is not None] == [state] * 3
    assert hold is not None
    assert (hold.state, hold.decided_by, hold.decided_at) == (to, "Айдана", NOON)


async def test_of_two_deciding_at_once_one_wins(database_url: str) -> None:
    databases = [open_database(database_url) for _ in range(2)]
    try:
        hold_id = await _hold(databases[0])

        async def decide(database: Database, to: HoldState) -> bool:
            async with database.write() as connection:
                return await article_rows.decide_hold(connection, hold_id, to=to, by=to, now=NOON) is not None

        both = await asyncio.gather(decide(databases[0], HoldState.RELEASED), decide(databases[1], HoldState.DROPPED))
        async with databases[0].read() as connection:
            hold = await article_rows.find_hold(connection, hold_id)
    finally:
        await asyncio.gather(*(database.close() for database in databases))
    assert sorted(both) == [False, True]
    assert hold is not None
    assert hold.decided_by == (HoldState.RELEASED if both[0] else HoldState.DROPPED)
