"""Doubts: one open at most for each article, decided once; and what may not have arrived is owed again."""

import asyncio
from datetime import timedelta

from db import deliveries as delivery_rows
from db import doubts as doubt_rows
from db import readers as reader_rows
from db.database import Database, Transaction, open_database
from db.deliveries import DeliveryKind, DeliveryState, NewDelivery
from db.doubts import Doubt, DoubtState
from tests.db.rows import NOON, add_article, add_readers, claim, message, owe, owe_article, stored

LATER = NOON + timedelta(minutes=5)


async def open_one(database: Database, article_id: int, *, count: int = 2) -> int | None:
    async with database.write() as connection:
        return await doubt_rows.open_doubt(connection, article_id, count=count, now=NOON)


async def lose_all(database: Database) -> None:
    """Everything that was owed is claimed, and then the process dies."""
    await claim(database)
    async with database.write() as connection:
        await delivery_rows.release_interrupted(connection, news_to=DeliveryState.UNCERTAIN, now=NOON)


async def test_an_article_has_one_open_doubt_and_a_new_one_when_that_is_resolved(database: Database) -> None:
    article_id = await add_article(database)
    doubt_id = await open_one(database, article_id)
    assert doubt_id is not None
    assert await open_one(database, article_id) is None
    async with database.write() as connection:
        assert await doubt_rows.resolve(connection, doubt_id, by="Айдана", now=LATER)
        assert not await doubt_rows.resolve(connection, doubt_id, by="Ерлан", now=LATER)
        await doubt_rows.note_resent(connection, doubt_id, count=5)
        assert await doubt_rows.find_open(connection, article_id) is None
        assert await doubt_rows.find_doubt(connection, doubt_id) == Doubt(
            doubt_id, article_id, DoubtState.RESENT, 5, "Айдана", LATER
        )
    assert await open_one(database, article_id) not in (None, doubt_id)


async def test_a_number_is_news_once_and_no_more_after_the_decision(database: Database) -> None:
    article_id = await add_article(database)
    doubt_id = await open_one(database, article_id, count=2) or 0
    async with database.write() as connection:
        assert not await doubt_rows.recount(connection, doubt_id, count=2)
        assert await doubt_rows.recount(connection, doubt_id, count=3)
        assert not await doubt_rows.recount(connection, doubt_id, count=3)
        found = await doubt_rows.find_open(connection, article_id)
        assert found is not None
        assert found.count == 3
        await doubt_rows.resolve(connection, doubt_id, by="Айдана", now=LATER)
        assert not await doubt_rows.recount(connection, doubt_id, count=4)


async def test_of_many_who_decide_at_once_one_does(database: Database, database_url: str) -> None:
    doubt_id = await open_one(database, await add_article(database)) or 0
    others = [open_database(database_url) for _ in range(3)]

    async def decide(one: Database, name: str) -> bool:
        async with one.write() as connection:
            return await doubt_rows.resolve(connection, doubt_id, by=name, now=LATER)

    try:
        decided = await asyncio.gather(*(decide(one, str(place)) for place, one in enumerate([database, *others])))
    finally:
        for other in others:
            await other.close()
    assert sorted(decided) == [False, False, False, True]


async def test_what_may_not_have_arrived_is_counted_for_each_article(database: Database) -> None:
    await add_readers(database, 1, 2, 3)
    first, second = await add_article(database, 1), await add_article(database, 2)
    await owe_article(database, first)
    await lose_all(database)
    await owe_article(database, second)
    async with database.read() as connection:
        assert await delivery_rows.count_uncertain(connection) == {first: 3}
        assert await delivery_rows.count_uncertain_of(connection, first) == 3
        assert await delivery_rows.count_uncertain_of(connection, second) == 0


async def test_it_is_owed_again_to_whoever_still_wants_it(database: Database) -> None:
    await add_readers(database, 1, 2)
    article_id, other = await add_article(database, 1), await add_article(database, 2)
    piece = NewDelivery(DeliveryKind.FULL_TEXT, 4, 2, "piece", reader_id=2, article_id=article_id)
    await owe_article(database, article_id)
    await lose_all(database)
    await owe(database, piece)
    await lose_all(database)
    await owe_article(database, other)
    await lose_all(database)

    async def resend(connection: Transaction) -> int:
        await reader_rows.set_subscribed(connection, 2, is_subscribed=False)
        return await delivery_rows.resend_uncertain(connection, article_id, now=LATER)

    async with database.write() as connection:
        # The second reader wants no articles any more, but asked for the text.
        assert await resend(connection) == 2
        assert await resend(connection) == 0
    assert await stored(database) == [
        (f"{DeliveryKind.ARTICLE}:{article_id}:1", "pending"),
        (f"{DeliveryKind.ARTICLE}:{article_id}:2", "failed"),
        ("piece", "pending"),
        (f"{DeliveryKind.ARTICLE}:{other}:1", "uncertain"),
        (f"{DeliveryKind.ARTICLE}:{other}:2", "uncertain"),
    ]
    assert [row.chat_id for row in await claim(database, now=LATER)] == [1, 2]


async def test_a_message_is_found_by_its_key_once_it_has_arrived(database: Database) -> None:
    await owe(database, message("a", chat_id=5))
    async with database.write() as connection:
        assert await delivery_rows.find_by_key(connection, "a") is None
    (row,) = await claim(database)
    async with database.write() as connection:
        result = delivery_rows.Result(row.id, row.attempts, DeliveryState.SENT, message_id=42)
        await delivery_rows.record(connection, [result], now=NOON)
        assert await delivery_rows.find_by_key(connection, "a") == (5, 42)
        assert await delivery_rows.find_by_key(connection, "b") is None
