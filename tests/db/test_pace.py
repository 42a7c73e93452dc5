"""The pace that all processes keep together, on the server's clock: who gets which places in line."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from db import pace
from db.database import Database, open_database

PER_S = 25.0
OVERALL_PER_S = 30.0
SOON_S = 0.5
"""What some statements in a row may take on a busy machine."""


@pytest.fixture
async def door(postgresql_url: str) -> AsyncIterator[Database]:
    database = open_database(postgresql_url)
    yield pace.open_door(database)
    await database.close()


async def reserve(door: Database, n: int, *, broadcast_per_s: float = PER_S) -> float:
    """In how many seconds the first place is."""
    async with door.write() as connection:
        got = await pace.reserve(connection, n, broadcast_per_s=broadcast_per_s, overall_per_s=OVERALL_PER_S)
    # Between the row's change and its answer the clock goes on by some microseconds.
    return max(0.0, got.first_at - got.answered_at)


async def debit(door: Database, n: int) -> float:
    async with door.write() as connection:
        return await pace.debit(connection, n, overall_per_s=OVERALL_PER_S)


async def hold(door: Database, seconds: float) -> None:
    async with door.write() as connection:
        await pace.hold(connection, seconds)


async def held_s(door: Database) -> float:
    async with door.read() as connection:
        return await pace.held_s(connection)


async def test_the_first_place_is_now_and_the_next_ones_are_in_line(door: Database) -> None:
    assert await reserve(door, 100) == 0.0
    assert 4.0 - SOON_S < await reserve(door, 50) <= 4.0
    assert 6.0 - SOON_S < await reserve(door, 1) <= 6.0


async def test_no_two_who_ask_at_once_get_the_same_place(door: Database) -> None:
    await asyncio.gather(*[reserve(door, 5) for _ in range(50)])
    assert 10.0 - 2 * SOON_S < await reserve(door, 1) <= 10.0


async def test_a_pause_saves_up_nothing(door: Database) -> None:
    await reserve(door, 1)
    await asyncio.sleep(0.5)
    assert await reserve(door, 10) == 0.0
    assert 0.4 - SOON_S < await reserve(door, 1) <= 0.4


async def test_a_few_replies_fit_beside_a_broadcast_and_more_push_it(door: Database) -> None:
    await reserve(door, 100)
    await debit(door, 20)  # at 30/s, 120 calls take the same 4 s
    assert 4.0 - SOON_S < await reserve(door, 100) <= 4.0
    await debit(door, 35)
    assert 8.5 - SOON_S < await reserve(door, 1) <= 8.5


async def test_a_broadcast_makes_up_for_at_most_a_second_of_replies(door: Database) -> None:
    await debit(door, 10_000)
    await debit(door, 10_000)
    assert 1.0 - SOON_S < await reserve(door, 1) <= 1.0


async def test_a_flood_wait_holds_the_next_places_until_its_end(door: Database) -> None:
    assert await held_s(door) == 0.0
    await hold(door, 5)
    await hold(door, 2)  # a shorter one changes nothing
    assert 5.0 - SOON_S < await held_s(door) <= 5.0
    assert 5.0 - SOON_S < await debit(door, 1) <= 5.0
    assert 5.0 - SOON_S < await reserve(door, 25) <= 5.0
    assert 6.0 - SOON_S < await reserve(door, 1) <= 6.0


async def test_the_row_is_not_locked_between_two_statements(door: Database) -> None:
    async with door.write() as connection:
        await pace.reserve(connection, 1, broadcast_per_s=PER_S, overall_per_s=OVERALL_PER_S)
        await asyncio.wait_for(reserve(door, 1), 2)
        assert (await connection.execute(text("SELECT count(*) FROM pace"))).scalar() == 1


async def test_a_paid_broadcast_gets_its_places_closer_together(door: Database) -> None:
    await reserve(door, 1000, broadcast_per_s=1000.0)
    # The whole bot's 30/s, as given, still counts.
    assert 33.3 - SOON_S < await reserve(door, 1, broadcast_per_s=1000.0) <= 1000 / 30
