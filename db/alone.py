"""One process at a time uses an SQLite file: a second one would take the first one's deliveries for interrupted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from filelock import FileLock, Timeout

from db.database import Database

WAIT_S = 5.0
"""A process that was just killed may need a moment to be gone."""


class NotAloneError(Exception):
    """Another process holds the database."""


@asynccontextmanager
async def alone(database: Database, *, wait_s: float = WAIT_S) -> AsyncIterator[None]:
    """While the block runs, no other process gets in; a dead one's hold is let go by the system it lived on.

    Raises NotAloneError after `wait_s`.
    """
    # Beside the database, not the database itself: SQLite has locks of its own on that one.
    lock = FileLock(f"{database.writer.url.database}.lock", thread_local=False)
    try:
        await asyncio.to_thread(lock.acquire, timeout=wait_s)
    except Timeout:
        raise NotAloneError from None
    try:
        yield
    finally:
        lock.release()
