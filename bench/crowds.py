"""Databases with as many readers as a measure needs, made once for a size and copied for each round."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from sqlalchemy import text

from bench.message import LANGUAGE
from bench.processes import SERVER_CORE, on_core
from db.database import Database, open_database
from db.migrate import migrate
from tests.support.postgres import URL_VARIABLE, PostgresServer, running_server

FIRST_READER = 1_000_001
FIRST_BYSTANDER = 900_000_001
"""Known to the bot and speaking, but without news: who asks while others get an article."""
BYSTANDERS = 5_000

_DURABLE = ("fsync = on", "full_page_writes = on", "synchronous_commit = on", "autovacuum = on", "max_wal_size = '4GB'")
_NUMBERS = {
    "sqlite": "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :people)",
    "postgresql": "WITH numbers AS (SELECT generate_series(0, CAST(:people AS bigint) - 1) AS n)",
}
_CODE = {"sqlite": ":mark || printf('%07x', n)", "postgresql": "CAST(:mark AS text) || lpad(to_hex(n), 7, '0')"}


class Crowds:
    """Gives databases; all of them are gone at the end of `gathered()`."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self._files: dict[int, Path] = {}
        self._fillings: dict[int, Callable[[str], None]] = {}
        self._server: PostgresServer | None = None

    @contextmanager
    def database(self, dialect: str, readers: int) -> Iterator[str]:
        """The address of a database in which so many people get the news, for the length of the block."""
        if dialect == "postgresql":
            # One function for each size: the server fills once for each function, and copies for each call.
            filling = self._fillings.setdefault(readers, lambda url: asyncio.run(_fill(url, readers)))
            with self._postgres().database(filling) as url:
                yield url
            return
        if readers not in self._files:
            self._files[readers] = self.folder / f"{readers}.db"
            asyncio.run(_fill(f"sqlite:///{self._files[readers]}", readers))
        with TemporaryDirectory(dir=self.folder) as folder:
            copy = Path(folder) / "dauys.db"
            shutil.copyfile(self._files[readers], copy)
            yield f"sqlite:///{copy}"

    def _postgres(self) -> PostgresServer:
        if self._server is None:
            with on_core(SERVER_CORE):
                self._server = self._stack.enter_context(running_server())
            _make_durable(self._server)
        return self._server


@contextmanager
def gathered() -> Iterator[Crowds]:
    with TemporaryDirectory(prefix="dauys-bench-") as folder, ExitStack() as stack:
        yield Crowds(Path(folder), stack)


def _make_durable(server: PostgresServer) -> None:
    """The tests' server forgets what a power cut takes; here it pays for what it promises. A foreign one is let be."""
    if server.label == URL_VARIABLE:
        return
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        for setting in _DURABLE:
            admin.execute(f"ALTER SYSTEM SET {setting}".encode())
        admin.execute("SELECT pg_reload_conf()")


async def _fill(url: str, readers: int) -> None:
    database = open_database(url)
    try:
        await migrate(database)
        await _add(database, FIRST_READER, readers, mark="r", is_subscribed=True)
        await _add(database, FIRST_BYSTANDER, BYSTANDERS, mark="b", is_subscribed=False)
        async with database.write() as connection:
            if database.dialect == "postgresql":  # which does it by itself, in a minute
                await connection.execute(text("ANALYZE"))
    finally:
        await database.close()


async def _add(database: Database, first: int, people: int, *, mark: str, is_subscribed: bool) -> None:
    numbers, code = _NUMBERS[database.dialect], _CODE[database.dialect]
    given = {"first": first, "people": people, "mark": mark, "language": LANGUAGE, "is_subscribed": is_subscribed}
    # The dialects number rows in ways of their own, which SQLAlchemy has no one word for; nothing foreign is in them.
    new_readers = f"""
        INSERT INTO readers (id, code, language, is_subscribed, created_at)
        {numbers} SELECT CAST(:first AS bigint) + n, {code}, :language, :is_subscribed, CURRENT_TIMESTAMP FROM numbers
    """  # noqa: S608 - see above
    subscriptions = f"""
        INSERT INTO subscriptions (reader_id, language)
        {numbers} SELECT CAST(:first AS bigint) + n, :language FROM numbers
    """  # noqa: S608 - see above
    async with database.write() as connection:
        await connection.execute(text(new_readers), given)
        if is_subscribed:
            await connection.execute(text(subscriptions), given)
