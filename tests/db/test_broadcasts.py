"""A broadcast is written out page by page: nobody is skipped or owed twice, and a page costs what it holds."""

import pytest
from sqlalchemy import event, select, text

from bot.logic.lanes import Lane
from db import broadcasts as broadcast_rows
from db import deliveries as delivery_rows
from db import readers as reader_rows
from db.broadcasts import CHUNK, Page
from db.database import Database, open_database
from db.tables import deliveries, metadata
from tests.db.rows import NOON, add_article

LANGUAGE = "kk"


async def _crowd(database: Database, people: int, *, first: int = 1) -> None:
    async with database.write() as connection:
        for reader_id in range(first, first + people):
            await reader_rows.add_reader(connection, reader_id, code=f"{reader_id:05d}", now=NOON)
            await reader_rows.set_article_languages(connection, reader_id, [LANGUAGE])
            await reader_rows.set_subscribed(connection, reader_id, is_subscribed=True)


async def _publish(database: Database, article_id: int) -> Page:
    async with database.write() as connection:
        return await broadcast_rows.publish(connection, article_id, language=LANGUAGE, lane=Lane.BROADCAST, now=NOON)


async def _go_on(database: Database, limit: int) -> Page | None:
    async with database.write() as connection:
        broadcast = await broadcast_rows.find_unfinished(connection)
        if broadcast is None:
            return None
        return await broadcast_rows.go_on(connection, broadcast, lane=Lane.BROADCAST, limit=limit)


async def _owed(database: Database) -> list[int]:
    async with database.read() as connection:
        return list((await connection.execute(select(deliveries.c.chat_id).order_by(deliveries.c.id))).scalars())


async def test_a_small_newsroom_is_owed_everything_in_the_transaction_that_publishes(database: Database) -> None:
    await _crowd(database, 3)
    page = await _publish(database, await add_article(database))
    assert (page.owed, page.is_last) == (3, True)
    assert await _go_on(database, 10) is None


async def test_page_after_page_reaches_everybody_once_and_remembers_nobody(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast_rows.go_on, "__kwdefaults__", {"limit": 2})
    await _crowd(database, 7)
    assert not (await _publish(database, await add_article(database))).is_last
    # Who comes between two pages is reached when they stand behind the cursor, and never twice.
    await _crowd(database, 1, first=8)

    pages = []
    while (page := await _go_on(database, 3)) is not None:
        pages.append(page.owed)

    assert pages == [3, 3, 0]
    assert await _owed(database) == list(range(1, 9))
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT cursor FROM broadcasts"))).scalars().all() == [None]


async def test_chunks_cover_exactly_the_chats_of_their_page(database: Database) -> None:
    people = 2 * CHUNK + 1
    await _crowd(database, people)
    page = await _publish(database, await add_article(database))
    assert [(chunk.first_chat_id, chunk.last_chat_id) for chunk in page.chunks] == [
        (1, CHUNK),
        (CHUNK + 1, 2 * CHUNK),
        (people, people),
    ]


async def test_a_chunk_is_claimed_apart_from_all_others(database: Database) -> None:
    await _crowd(database, CHUNK + 2)
    _, second = (await _publish(database, await add_article(database))).chunks
    async with database.write() as connection:
        claimed = await delivery_rows.claim_due(connection, lane=Lane.BROADCAST, limit=10, now=NOON, chunk=second)
    assert [row.chat_id for row in claimed] == [CHUNK + 1, CHUNK + 2]


async def test_what_looks_for_few_among_a_million_goes_by_an_index(sqlite_url: str) -> None:
    """Without one a claim, or a page, would look at every row there is."""
    database = open_database(sqlite_url)
    seen: list[tuple[str, tuple[object, ...]]] = []
    event.listen(database.writer.sync_engine, "before_cursor_execute", lambda *given: seen.append((given[2], given[3])))
    await _crowd(database, 1)
    article_id = await add_article(database)
    seen.clear()
    async with database.write() as connection:
        await broadcast_rows.publish(connection, article_id, language=LANGUAGE, lane=Lane.BROADCAST, now=NOON)
        await delivery_rows.claim_due(connection, lane=Lane.BROADCAST, limit=10, now=NOON)
        await delivery_rows.release_unclaimed(connection, lane=Lane.BROADCAST, but=[], now=NOON)
        await delivery_rows.drop_for_reader(connection, 1)
        await delivery_rows.delete_of_reader(connection, 1)
        plans = [
            (statement, str(row.detail))
            for statement, given in list(seen)
            if statement.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))
            for row in (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)).all()
        ]
    await database.close()
    tables = {f"SCAN {table.name}" for table in metadata.sorted_tables}
    assert len(plans) > len(seen)
    assert [(step, statement) for statement, step in plans if step in tables] == []
