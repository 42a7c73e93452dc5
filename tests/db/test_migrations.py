"""Migrations: from nothing they make the tables, once, whoever else does it at the same moment."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from db import migrate as migrations
from db.database import Database, open_database
from db.migrate import HEAD, NewerTablesError, find_revision, migrate
from db.tables import metadata
from tests.conftest import BACKENDS
from tests.db.rows import until_threads_ended
from tests.support.postgres import PostgresServer

ROOT = Path(__file__).parents[2]
PROCESSES = 4

MIGRATE = """
import asyncio, sys
from db.database import open_database
from db.migrate import migrate

async def work():
    database = open_database(sys.argv[1])
    try:
        print(await migrate(database))
    finally:
        await database.close()

asyncio.run(work())
"""


@pytest.fixture(params=BACKENDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a single table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as url:
        yield url


def is_ours(name: str | None, kind: str, parents: object) -> bool:
    """The queue's tables are procrastinate's."""
    del parents
    return kind != "table" or not str(name).startswith("procrastinate_")


async def test_the_migrations_make_exactly_the_tables(database: Database) -> None:
    def compare(connection: Connection) -> list[object]:
        options = {"compare_type": True, "compare_server_default": True, "include_name": is_ours}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    async with database.read() as connection:
        assert await connection.run_sync(compare) == []


def test_the_head_that_the_code_knows_is_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


async def test_a_second_migration_has_nothing_to_do(empty_url: str) -> None:
    database = open_database(empty_url)
    try:
        assert await find_revision(database) is None
        assert await migrate(database)
        assert await find_revision(database) == HEAD
        assert not await migrate(database)
    finally:
        await database.close()


async def test_a_migration_that_fails_has_changed_nothing(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def upgrade_and_fail(connection: Connection) -> None:
        upgrade(connection)
        raise LookupError

    upgrade = migrations._upgrade  # noqa: SLF001 - the crash must come between the tables and the commit
    monkeypatch.setattr(migrations, "_upgrade", upgrade_and_fail)
    database = open_database(empty_url)
    try:
        with pytest.raises(LookupError):
            await migrate(database)
        assert await find_revision(database) is None
        monkeypatch.undo()
        assert await migrate(database)
    finally:
        await database.close()


async def test_trouble_with_the_database_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database, this is a text" * 100)
    database = open_database(f"sqlite:///{broken}")
    try:
        with pytest.raises(Exception, match="not a database"):
            await find_revision(database)
    finally:
        await database.close()
        await until_threads_ended()


def test_processes_that_migrate_at_once_all_succeed_and_one_does_it(empty_url: str) -> None:
    command = [sys.executable, "-W", "error", "-c", MIGRATE, empty_url]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter
        for _ in range(PROCESSES)
    ]
    said = [process.communicate(timeout=50) for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES, [error for _, error in said]

    async def is_whole() -> bool:
        database = open_database(empty_url)
        try:
            async with database.read() as connection:
                await connection.execute(text("SELECT count(*) FROM deliveries"))
            return await find_revision(database) == HEAD
        finally:
            await database.close()

    assert asyncio.run(is_whole())


async def test_tables_of_a_newer_program_are_left_alone(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerTablesError, match=f"at 9999, and this program knows them up to {HEAD}"):
        await migrate(database)
    assert await find_revision(database) == "9999"
