"""One process at a time sends from a database: a second one would take the first one's deliveries for interrupted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from filelock import FileLock, Timeout
from sqlalchemy import text

from db.database import Database

WAIT_S = 5.0
"""A process that was just killed may need a moment to be gone."""
LOOK_AGAIN_S = 0.2
_ADVISORY_LOCK = 0x44617580


class NotAloneError(Exception):
    """Another process holds the database."""


def alone(database: Database, *, wait_s: float = WAIT_S) -> AbstractAsyncContextManager[None]:
    """While the block runs, no other process gets in; a dead one's hold is let go by the system it lived on.

    Raises NotAloneError after `wait_s`.
    """
    return _hold_file(database, wait_s) if database.dialect == "sqlite" else _hold_session(database, wait_s)


@asynccontextmanager
async def _hold_file(database: Database, wait_s: float) -> AsyncIterator[None]:
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


@asynccontextmanager
async def _hold_session(database: Database, wait_s: float) -> AsyncIterator[None]:
    async with database.writer.connect() as connection:
        # Not within a transaction: one that stays open for weeks keeps PostgreSQL from tidying up.
        session = await connection.execution_options(isolation_level="AUTOCOMMIT")
        statement = text("SELECT pg_try_advisory_lock(:key)")
        left_s = wait_s
        while not (await session.execute(statement, {"key": _ADVISORY_LOCK})).scalar_one():
            if left_s <= 0:
                raise NotAloneError
            await asyncio.sleep(LOOK_AGAIN_S)
            left_s -= LOOK_AGAIN_S
        try:
            yield
        finally:
            await session.invalidate()
