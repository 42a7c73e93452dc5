"""The inbox: each update is stored once, handled once, and then only its number is kept."""

import asyncio
from datetime import timedelta

from sqlalchemy import select

from db import updates as update_rows
from db.database import Database, open_database
from db.tables import updates
from db.updates import IncomingUpdate, UpdateState
from tests.db.rows import NOON


def incoming(*update_ids: int, text: str = "Сәлем 🌊") -> list[IncomingUpdate]:
    return [IncomingUpdate(update_id, 7, {"update_id": update_id, "text": text}) for update_id in update_ids]


async def store(database: Database, *update_ids: int) -> frozenset[int]:
    async with database.write() as connection:
        return await update_rows.store_updates(connection, incoming(*update_ids), now=NOON)


async def test_an_update_is_new_once(database: Database) -> None:
    assert await store(database, 1, 2) == {1, 2}
    assert await store(database, 2, 3) == {3}
    assert await store(database) == frozenset()


async def test_what_waits_comes_back_whole_and_in_telegrams_order(database: Database) -> None:
    await store(database, 3, 1)
    await store(database, 2)
    async with database.read() as connection:
        waiting = await update_rows.waiting_updates(connection)
        page = await update_rows.waiting_updates(connection, after=1, limit=1)
    assert [row.update_id for row in waiting] == [1, 2, 3]
    assert (waiting[0].person_id, waiting[0].state, waiting[0].attempts) == (7, UpdateState.PENDING, 0)
    assert waiting[0].payload == {"update_id": 1, "text": "Сәлем 🌊"}
    assert [row.update_id for row in page] == [2]


async def test_an_update_with_letters_that_no_text_may_have_is_stored_like_any_other(database: Database) -> None:
    """A custom client chooses the bytes behind a press; one such update must not keep all others out."""
    hostile = "\x00 and half an emoji: \ud83c"
    async with database.write() as connection:
        await update_rows.store_updates(connection, incoming(1, text=hostile), now=NOON)
    async with database.read() as connection:
        (row,) = await update_rows.waiting_updates(connection)
    assert row.payload == {"update_id": 1, "text": hostile}


async def test_an_effect_is_taken_for_the_first_time_only_once(database: Database) -> None:
    await store(database, 1)
    async with database.write() as connection:
        assert await update_rows.mark_effected(connection, 1)
        assert not await update_rows.mark_effected(connection, 1)
        assert not await update_rows.mark_effected(connection, 99)
    async with database.read() as connection:
        assert await update_rows.find_state(connection, 1) is UpdateState.EFFECTED
        assert await update_rows.find_state(connection, 99) is None
        (waiting,) = await update_rows.waiting_updates(connection)
    assert waiting.state is UpdateState.EFFECTED, "its answer is still owed"


async def test_two_at_once_take_an_effect_once(database_url: str) -> None:
    databases = [open_database(database_url) for _ in range(2)]
    try:
        await store(databases[0], 1)

        async def take(database: Database) -> bool:
            async with database.write() as connection:
                return await update_rows.mark_effected(connection, 1)

        assert sorted(await asyncio.gather(*map(take, databases))) == [False, True]
    finally:
        await asyncio.gather(*(database.close() for database in databases))


async def test_a_finished_update_keeps_its_number_and_loses_its_words(database: Database) -> None:
    await store(database, 1, 2)
    async with database.write() as connection:
        await update_rows.finish_updates(connection, [1], now=NOON)
    async with database.read() as connection:
        rows = await connection.execute(select(updates.c.update_id, updates.c.payload).order_by(updates.c.update_id))
        assert [(row[0], row[1] is None) for row in rows] == [(1, True), (2, False)]
        assert [row.update_id for row in await update_rows.waiting_updates(connection)] == [2]
    assert await store(database, 1) == frozenset()


async def test_an_update_put_aside_is_kept_with_its_words_and_not_handled_again(database: Database) -> None:
    await store(database, 1)
    async with database.write() as connection:
        await update_rows.count_attempt(connection, 1)
        await update_rows.put_aside(connection, 1, error="ValueError", now=NOON)
    async with database.read() as connection:
        assert await update_rows.waiting_updates(connection) == []
        columns = (updates.c.state, updates.c.error, updates.c.attempts, updates.c.payload)
        row = (await connection.execute(select(*columns))).one()
    assert (row.state, row.error, row.attempts) == (UpdateState.ASIDE, "ValueError", 2)
    assert row.payload["text"] == "Сәлем 🌊"


async def test_old_numbers_are_forgotten_but_never_what_is_not_done(database: Database) -> None:
    await store(database, 1, 2, 3, 4)
    async with database.write() as connection:
        await update_rows.finish_updates(connection, [1], now=NOON)
        await update_rows.finish_updates(connection, [2], now=NOON + timedelta(days=2))
        await update_rows.put_aside(connection, 3, error="x", now=NOON)
        assert await update_rows.forget_done(connection, before=NOON + timedelta(days=1)) == 1
        left = (await connection.execute(select(updates.c.update_id).order_by(updates.c.update_id))).scalars()
        assert list(left) == [2, 3, 4]
