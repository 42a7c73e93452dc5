"""Broadcasts: how one is cut into chunks."""

from db import broadcasts as broadcast_rows
from db.database import Database
from db.deliveries import Chunk
from tests.db.rows import BROADCAST, NOON, add_article, add_readers

READERS = 2 * broadcast_rows.CHUNK + 50


async def test_a_chunk_is_many_chats(database: Database) -> None:
    await add_readers(database, *range(1, READERS + 1))
    article_id = await add_article(database)
    async with database.write() as connection:
        page = await broadcast_rows.publish(connection, article_id, language="kk", lane=BROADCAST, now=NOON)
    size = broadcast_rows.CHUNK
    broadcast_id = page.chunks[0].broadcast_id
    assert page.owed == READERS
    assert list(page.chunks) == [
        Chunk(broadcast_id, 1, size),
        Chunk(broadcast_id, size + 1, 2 * size),
        Chunk(broadcast_id, 2 * size + 1, READERS),
    ]
