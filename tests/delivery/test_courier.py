"""Several chunks of one broadcast side by side in one process, as jobs ask for them."""

import asyncio

from bot.delivery.courier import slots_for
from bot.logic.lanes import Lane
from db import broadcasts
from db.database import Database
from db.deliveries import Chunk, DeliveryState
from tests.delivery.outbox import Outbox, open_outbox

READERS = 4 * slots_for(25)[Lane.BROADCAST]


async def _owe(outbox: Outbox) -> tuple[Chunk, Chunk]:
    """An article to everybody, nothing of it sent yet, and its two halves."""
    readers = sorted([await outbox.reader() for _ in range(READERS)])
    await outbox.stop()
    await outbox.limiter.initialize()
    await outbox.publish()
    async with outbox.database.read() as connection:
        assert await broadcasts.find_unfinished(connection) is None, "one page"
    half = READERS // 2
    return Chunk(1, readers[0], readers[half - 1]), Chunk(1, readers[half], readers[-1])


async def test_two_chunks_share_the_slots_and_both_arrive(database: Database) -> None:
    async with open_outbox(database) as outbox:
        chunks = await _owe(outbox)
        async with outbox.make_courier() as courier:
            await asyncio.gather(*(courier.deliver(Lane.BROADCAST, chunk) for chunk in chunks))
        assert await outbox.rows(state=DeliveryState.SENT) == [("sent", None)] * READERS
        assert outbox.telegram.counts["sendMessage"] == READERS


async def test_a_chunk_that_finds_no_slot_begins_as_soon_as_one_is_free(database: Database) -> None:
    async with open_outbox(database) as outbox:
        first, second = await _owe(outbox)
        async with outbox.make_courier() as courier:
            began_at = asyncio.get_running_loop().time()
            await asyncio.gather(courier.deliver(Lane.BROADCAST, first), courier.deliver(Lane.BROADCAST, second))
            assert asyncio.get_running_loop().time() - began_at < 4.0, "it looked by itself, after 5 s"
