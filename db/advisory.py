"""One session with PostgreSQL that holds an advisory lock: PostgreSQL frees it with the session, however that ends.

Outside the pool and outside any transaction, for weeks. What is done while the lock is held is `db.leadership`'s.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import LiteralString

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy.ext.asyncio import AsyncEngine

CONNECT_WITHIN_S = 5
CHECK_EVERY_S = 1.0
ANSWER_WITHIN_S = 3.0
"""A holder that hears nothing lets go 4 s after the last word at the latest: before PostgreSQL gives its lock away."""

# A machine that is gone says no goodbye: PostgreSQL asks after 5 s of silence, thrice, and frees the lock after 11.
_SERVER_LOOKS = """
SELECT set_config('tcp_keepalives_idle', '5', false), set_config('tcp_keepalives_interval', '2', false),
    set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '11000', false)
"""
_CLIENT_LOOKS = {"keepalives": 1, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
_GIVE_UP_AGAIN_S = 0.2


class SessionLostError(Exception):
    """The session is over or cannot be had: nothing is held any more."""


class Session:
    """An open session; use it from one task at a time. Made by `open_session`."""

    def __init__(self, connection: psycopg.AsyncConnection[TupleRow]) -> None:
        self._connection = connection
        self._asking: asyncio.Task[bool] | None = None

    async def prepare(self) -> None:
        """Tells the server how to notice that we are gone. Raises SessionLostError."""
        with _told_as_lost():
            await self._ask(_SERVER_LOOKS)

    async def try_lock(self, key: int) -> bool:
        """Whether the lock is now this session's. Raises SessionLostError."""
        with _told_as_lost():
            return await self._ask("SELECT pg_try_advisory_lock(%s)", key)

    async def until_lost(self) -> None:
        """Returns when the session is over: at once when the server ends it, within 4 s when it falls silent."""
        with suppress(psycopg.Error, OSError):
            while True:
                # Waits on the socket, so that the server's last word is heard when it is said, not at the next check.
                async for _ in self._connection.notifies(timeout=CHECK_EVERY_S):
                    pass
                await self._ask("SELECT true")

    async def close(self) -> None:
        """Frees the lock, even when a question was cut off half-way."""
        asking = self._asking
        while asking is not None and not asking.done():
            # The first time, psycopg asks the server to stop and waits for that; the second time it hangs up.
            asking.cancel()
            await asyncio.wait({asking}, timeout=_GIVE_UP_AGAIN_S)
        await self._connection.close()

    async def _ask(self, statement: LiteralString, *values: int) -> bool:
        # In a task: cancelling psycopg's own wait takes up to 10 s when the server is silent.
        self._asking = asyncio.create_task(_answer(self._connection, statement, values))
        await asyncio.wait({self._asking}, timeout=ANSWER_WITHIN_S)
        if not self._asking.done():
            raise TimeoutError
        return self._asking.result()


async def _answer(
    connection: psycopg.AsyncConnection[TupleRow], statement: LiteralString, values: Sequence[int]
) -> bool:
    row = await (await connection.execute(statement, values)).fetchone()
    return row is not None and bool(row[0])


@asynccontextmanager
async def open_session(engine: AsyncEngine, *, called: str) -> AsyncIterator[Session]:
    """A session to the engine's database, `called` so in pg_stat_activity. Raises SessionLostError."""
    args, options = engine.dialect.create_connect_args(engine.url)
    options.update(_CLIENT_LOOKS, connect_timeout=CONNECT_WITHIN_S, application_name=called)
    with _told_as_lost():
        connection = await psycopg.AsyncConnection.connect(*args, autocommit=True, **options)
    session = Session(connection)
    try:
        await session.prepare()
        yield session
    finally:
        await session.close()


@contextmanager
def _told_as_lost() -> Iterator[None]:
    try:
        yield
    except (psycopg.Error, OSError) as error:
        raise SessionLostError from error
