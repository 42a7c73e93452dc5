"""The open database: one writer and some readers, the same two doors on SQLite and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from select import POLLIN, poll
from typing import Protocol

from sqlalchemy import URL, Connection, Engine, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    # A "sent" mark must survive a power cut, else an article goes out twice.
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=5000",
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA journal_size_limit=67108864",
    # What a reader deletes is overwritten, not merely unlinked.
    "PRAGMA secure_delete=ON",
)


class _Cursor(Protocol):
    def execute(self, statement: str) -> object: ...
    def close(self) -> None: ...


class _DriverConnection(Protocol):
    isolation_level: str | None

    def cursor(self) -> _Cursor: ...


@dataclass(frozen=True, slots=True)
class Database:
    """Two doors: `write()` is a transaction that may change things, `read()` one that only looks.

    On SQLite there is exactly one writer connection (waiting writers queue in the pool: p99 85 ms, against 669 ms when
    15 connections fight over the file's lock) and it begins IMMEDIATE, so that a transaction never fails half-way for
    want of the lock.
    """

    writer: AsyncEngine
    reader: AsyncEngine

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        async with _begun(self.writer) as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with _begun(self.reader) as connection:
            yield connection

    @property
    def dialect(self) -> str:
        return self.writer.dialect.name

    async def version(self) -> str:
        """The server's own version, for `check`."""
        query = "SELECT sqlite_version()" if self.dialect == "sqlite" else "SHOW server_version"
        async with self.read() as connection:
            return str((await connection.execute(text(query))).scalar_one())

    async def close(self) -> None:
        """An open aiosqlite connection keeps the interpreter from ending: always closed, even when cancelled."""
        closing = asyncio.gather(self.writer.dispose(), self.reader.dispose())
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            await closing
            raise


@asynccontextmanager
async def _begun(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with AsyncExitStack() as stack:
        try:
            connection = await stack.enter_async_context(engine.begin())
        except PoolTimeoutError as error:
            # SQLAlchemy does not count it among the database's errors, but it is to be waited out like any of them.
            raise OperationalError(None, None, error, connection_invalidated=True) from error
        yield connection


def driver_url(url: str) -> URL:
    """The address with the driver that Dauys uses; people write `sqlite:///file` or `postgresql://user@host/name`.

    Raises ValueError for any other kind of database.
    """
    parsed = make_url(url)
    match parsed.drivername:
        case "sqlite":
            return parsed.set(drivername="sqlite+aiosqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise ValueError(f"a database of the kind {other!r} is not known: use sqlite:///… or postgresql://…")


def open_database(url: str) -> Database:
    """Opens nothing yet: the first transaction connects. A missing folder for SQLite's file is made."""
    target = driver_url(url)
    if target.drivername.startswith("postgresql"):
        engine = _postgresql(target, connections=10)
        return Database(engine, _by_statement(engine))
    if target.database:
        Path(target.database).parent.mkdir(parents=True, exist_ok=True)
    return Database(
        _sqlite(target, begin="BEGIN IMMEDIATE", connections=1), _sqlite(target, begin="BEGIN", connections=4)
    )


def open_statements(url: str, *, connections: int) -> Database:
    """A PostgreSQL with connections of its own, on which each statement is a transaction of its own, at both doors: one
    round trip instead of three, for who says one thing at a time. Raises ValueError for another database."""
    target = driver_url(url)
    if not target.drivername.startswith("postgresql"):
        raise ValueError("this needs PostgreSQL")
    engine = _by_statement(_postgresql(target, connections=connections))
    return Database(engine, engine)


def _by_statement(engine: AsyncEngine) -> AsyncEngine:
    """On the same connections, without BEGIN and COMMIT. For reading it is the same: each statement of a transaction
    sees what is committed by then (READ COMMITTED) either way."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _postgresql(target: URL, *, connections: int) -> AsyncEngine:
    engine = create_async_engine(
        target,
        pool_size=connections,
        max_overflow=5,
        # An error's text goes to the log, and the parameters are people's words.
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "handle_error", _hide_rows)
    _refuse_closed(engine.sync_engine)
    return engine


def _refuse_closed(engine: Engine) -> None:
    """A connection that the server has ended is never given out: the pool opens another one in its place.

    SQLAlchemy's own `pool_pre_ping` asks the server each time, a fourth round trip for three; here it is asked only
    when something of it lies unread, which is its farewell, or nothing of importance.
    """

    def refuse(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        ear = poll()
        try:
            ear.register(record.driver_connection, POLLIN)  # type: ignore[arg-type] # None for who is not connected: nobody here
            if ear.poll(0):
                engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error

    event.listen(engine, "checkout", refuse)


def _sqlite(target: URL, *, begin: str, connections: int) -> AsyncEngine:
    engine = create_async_engine(target, pool_size=connections, max_overflow=0, hide_parameters=True)

    def on_connect(connection: _DriverConnection, _record: object) -> None:
        # The driver must not begin transactions by itself; `on_begin` below does.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in SQLITE_PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine.sync_engine, "connect", on_connect)
    event.listen(engine.sync_engine, "begin", on_begin)
    return engine


def _hide_rows(context: ExceptionContext) -> None:
    """PostgreSQL's DETAIL and CONTEXT show the failing row, people's words and all; only its first line is kept."""
    from psycopg import Error  # noqa: PLC0415 - a bot on SQLite need not load it

    original, wrapped = context.original_exception, context.sqlalchemy_exception
    if isinstance(original, Error) and original.diag.message_primary and wrapped is not None:
        original.args = (original.diag.message_primary,)
        wrapped.args = (f"({type(original).__name__}) {original.diag.message_primary}",)


DatabaseError = DBAPIError
"""What every failed statement, lost connection and full pool raises."""


def is_away(error: DatabaseError) -> bool:
    """Whether the database itself is in trouble (gone, locked, full), not the statement: trying again may help."""
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


Transaction = AsyncConnection
"""What `read()` and `write()` give, and what every statement of this package takes first."""
