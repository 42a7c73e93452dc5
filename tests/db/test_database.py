"""The open database: its two doors, what SQLite is told when it opens, and that it lets go of everything."""

import asyncio
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from db.database import Database, DatabaseError, driver_url, open_database
from tests.db.rows import add_readers, until_threads_ended
from tests.support.postgres import set_doors

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("written", "driver"),
    [
        ("sqlite:///data/dauys.db", "sqlite+aiosqlite"),
        ("postgresql://user@host/name", "postgresql+psycopg"),
        ("postgres://user@host/name", "postgresql+psycopg"),
    ],
)
def test_people_write_the_address_and_the_driver_is_ours(written: str, driver: str) -> None:
    assert driver_url(written).drivername == driver


def test_another_kind_of_database_is_refused_with_the_way_to_mend_it() -> None:
    with pytest.raises(ValueError, match="use sqlite:///… or postgresql://…"):
        driver_url("mysql://user@host/name")


async def test_sqlite_is_told_to_be_safe_on_every_connection(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    expected = {
        "journal_mode": "wal",
        "synchronous": 2,
        "busy_timeout": 5000,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "secure_delete": 1,
    }
    try:
        for door in (database.write, database.read):
            async with door() as connection:
                for pragma, value in expected.items():
                    assert (await connection.execute(text(f"PRAGMA {pragma}"))).scalar() == value, pragma
    finally:
        await database.close()


def test_what_is_deleted_from_sqlite_is_gone_from_its_file(sqlite_url: str) -> None:
    asyncio.run(_write_and_delete(sqlite_url, "CANARY4"))
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    assert b"CANARY4" not in path.read_bytes()


async def _write_and_delete(url: str, canary: str) -> None:
    database = open_database(url)
    try:
        async with database.write() as connection:
            await connection.execute(
                text("INSERT INTO readers (id, code, created_at) VALUES (1, :code, '2026-03-01')"),
                {"code": canary},
            )
        async with database.write() as connection:
            await connection.execute(text("DELETE FROM readers"))
    finally:
        await database.close()


async def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/deep/er/dauys.db")
    try:
        assert (await database.version()).startswith("3.")
    finally:
        await database.close()
    assert (tmp_path / "deep" / "er" / "dauys.db").exists()


async def test_a_block_that_fails_leaves_nothing_behind(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as connection:
            await connection.execute(
                text("INSERT INTO holds (source, state, created_at) VALUES ('x', 'waiting', '2026-03-01')")
            )
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM holds"))).scalar() == 0


async def test_writers_wait_for_each_other_and_readers_for_nobody(database: Database) -> None:
    await add_readers(database, 1)
    async with database.write() as connection:
        await connection.execute(text("UPDATE readers SET language = 'ru'"))
        async with database.read() as reader:
            assert (await reader.execute(text("SELECT language FROM readers"))).scalar() == "kk"
    async with database.read() as reader:
        assert (await reader.execute(text("SELECT language FROM readers"))).scalar() == "ru"


async def test_a_pool_without_a_free_connection_is_a_database_that_is_away(sqlite_url: str) -> None:
    writer = create_async_engine(driver_url(sqlite_url), pool_size=1, max_overflow=0, pool_timeout=0.05)
    database = replace(open_database(sqlite_url), writer=writer)
    try:
        async with database.write():
            with pytest.raises(DatabaseError) as caught:
                async with database.write():
                    raise AssertionError("there is no second connection")
        assert caught.value.connection_invalidated
    finally:
        await database.close()


async def test_a_file_that_cannot_be_opened_is_a_database_that_is_away(tmp_path: Path) -> None:
    (tmp_path / "dauys.db").mkdir()
    database = open_database(f"sqlite:///{tmp_path}/dauys.db")
    try:
        with pytest.raises(DatabaseError):
            await database.version()
    finally:
        await database.close()
        await until_threads_ended()


async def test_a_file_that_another_process_holds_is_a_database_that_is_away(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.database.SQLITE_PRAGMAS", ("PRAGMA busy_timeout=50",))
    database = open_database(sqlite_url)
    holder = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError, match="locked"):
            async with database.write():
                raise AssertionError("the file is held")
        holder.execute("ROLLBACK")
        async with database.write() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar() == 1
    finally:
        holder.close()
        await database.close()


async def test_a_postgresql_that_is_not_there_is_a_database_that_is_away(tmp_path: Path) -> None:
    database = open_database(f"postgresql://dauys@/dauys?host={tmp_path}")
    try:
        with pytest.raises(DatabaseError):
            await database.version()
    finally:
        await database.close()


async def test_no_error_of_the_database_carries_what_people_wrote(database: Database) -> None:
    with pytest.raises(DatabaseError) as caught:
        async with database.write() as connection:
            await connection.execute(text("INSERT INTO dialogs (flow) VALUES (:words)"), {"words": "canary words"})
    assert "canary" not in str(caught.value)


def test_a_closed_database_lets_the_interpreter_end(database_url: str) -> None:
    """An open aiosqlite connection is a thread that nobody ends."""
    work = (
        "import asyncio, sys\n"
        "from db.database import open_database\n"
        "async def work():\n"
        "    database = open_database(sys.argv[1])\n"
        "    async with database.write(), database.read(): pass\n"
        "    closing = asyncio.create_task(database.close())\n"
        "    await asyncio.sleep(0)\n"
        "    closing.cancel()\n"
        "    await asyncio.gather(closing, return_exceptions=True)\n"
        "    await database.close()\n"
        "asyncio.run(work())\n"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-W", "error", "-c", work, database_url],
        cwd=ROOT,
        timeout=30,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


async def test_closing_twice_is_closing_once(database: Database) -> None:
    await database.version()
    await asyncio.gather(database.close(), database.close())


async def test_connections_that_the_server_has_ended_are_not_given_out(postgresql_url: str) -> None:
    database = open_database(postgresql_url)
    try:
        for door in (database.read, database.write):
            async with door() as one, door() as other:  # two connections wait in the pool
                await one.execute(text("SELECT 1"))
                await other.execute(text("SELECT 1"))
            await asyncio.to_thread(set_doors, postgresql_url, are_open=False)
            await asyncio.to_thread(set_doors, postgresql_url, are_open=True)
            async with door() as one, door() as other:
                await one.execute(text("SELECT 1"))
                await other.execute(text("SELECT 1"))
    finally:
        await database.close()
