"""The desk's question about what may not have arrived, as several processes ask it and several editors answer."""

import asyncio
from datetime import timedelta

import pytest

from bot.services.desk import Desk, Editor, NotOnTheCard
from bot.services.doubts import AlreadySentAgain, Doubts, SentAgain
from bot.services.outbox import Bell
from db import deliveries as delivery_rows
from db import updates as update_rows
from db.database import Database, open_database
from db.deliveries import DeliveryState, Result
from db.updates import IncomingUpdate, UpdateState
from tests.db.rows import NOON, add_article, add_readers, claim, owe_article, stored
from tests.support.story import DESK_CHAT_ID

AIDANA, YERLAN = Editor(1, "Айдана"), Editor(2, "Ерлан")
DESK_LANE = 3
LATER = NOON + timedelta(minutes=1)


def doubts_in(database: Database) -> Doubts:
    bell = Bell()
    return Doubts(database, bell, Desk(database, bell, configured_chat_id=DESK_CHAT_ID))


@pytest.fixture
async def lost_article(database: Database) -> int:
    """It was on its way to three readers when the process died."""
    await add_readers(database, 1, 2, 3)
    article_id = await add_article(database)
    await owe_article(database, article_id)
    await claim(database)
    async with database.write() as connection:
        await delivery_rows.release_interrupted(connection, news_to=DeliveryState.UNCERTAIN, now=NOON)
    return article_id


async def keys(database: Database, prefix: str = "doubt") -> list[str]:
    return [key for key, _ in await stored(database) if key.startswith(prefix)]


async def test_nothing_in_doubt_is_nothing_owed(database: Database) -> None:
    assert await doubts_in(database).report(now=NOON) == 0


async def test_two_processes_that_report_at_once_ask_once(
    database: Database, database_url: str, lost_article: int
) -> None:
    del lost_article
    other = open_database(database_url)
    try:
        owed = await asyncio.gather(doubts_in(database).report(now=NOON), doubts_in(other).report(now=NOON))
    finally:
        await other.close()
    assert sorted(owed) == [0, 1]
    assert await keys(database) == ["doubt:1"]


async def test_a_question_on_its_way_is_brought_up_to_date_when_it_has_arrived(
    database: Database, lost_article: int
) -> None:
    doubts = doubts_in(database)
    await doubts.report(now=NOON)
    async with database.write() as connection:
        await delivery_rows.delete_of_reader(connection, 3)
    assert await doubts.report(now=LATER) == 0

    (row,) = [row for row in await claim(database, lane=DESK_LANE) if row.kind == "doubt"]
    async with database.write() as connection:
        result = Result(row.id, row.attempts, DeliveryState.SENT, message_id=42)
        await delivery_rows.record(connection, [result], now=NOON)

    assert await doubts.report(now=LATER) == 1
    assert await doubts.report(now=LATER) == 0
    assert await keys(database, "doubt_changed") == [f"doubt_changed:1:{DESK_CHAT_ID}:42:2:{LATER.timestamp():.3f}"]
    del lost_article


async def test_the_press_is_one_transaction_with_its_update_and_the_same_update_does_it_once(
    database: Database, lost_article: int
) -> None:
    doubts = doubts_in(database)
    await doubts.report(now=NOON)
    async with database.write() as connection:
        await update_rows.store_updates(connection, [IncomingUpdate(9, 1, {})], now=NOON)

    first = await doubts.send_again(1, by=AIDANA, message_id=42, update_id=9, now=LATER)
    again = await doubts.send_again(1, by=AIDANA, message_id=42, update_id=9, now=LATER)
    other = await doubts.send_again(1, by=YERLAN, message_id=42, update_id=10, now=LATER)

    assert isinstance(first, SentAgain)
    assert (first.doubt.article_id, first.doubt.count, first.doubt.decided_by) == (lost_article, 3, "Айдана")
    assert (again, other) == (AlreadySentAgain(first.doubt), AlreadySentAgain(first.doubt))
    async with database.read() as connection:
        assert await update_rows.find_state(connection, 9) is UpdateState.EFFECTED
    assert await keys(database, "doubt_changed") == [f"doubt_changed:1:{DESK_CHAT_ID}:42:resent"]
    assert len(await claim(database, now=LATER)) == 3


async def test_a_doubt_that_somebody_made_up_sends_nothing(database: Database, lost_article: int) -> None:
    del lost_article
    made = await doubts_in(database).send_again(4711, by=AIDANA, message_id=42, update_id=9, now=NOON)
    assert isinstance(made, NotOnTheCard)
    assert await claim(database) == []
