"""Fixtures that every layer's tests may use: a database of each kind, migrated and empty."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from db.database import Database, open_database
from db.migrate import migrate
from tests.support.postgres import PostgresServer, postgres_server, pytest_report_header

__all__ = ["postgres_server", "pytest_report_header"]

BACKENDS = ("sqlite", "postgresql")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=BACKENDS, default="sqlite", help="what the stories of tests/flows run on")


def migrate_now(url: str) -> None:
    """Migrates the database at `url`, for fixtures, which have no event loop."""

    async def work() -> None:
        database = open_database(url)
        try:
            await migrate(database)
        finally:
            await database.close()

    asyncio.run(work())


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file; each test gets a copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate_now(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    copy = tmp_path / "dauys.db"
    shutil.copyfile(migrated_sqlite, copy)
    return f"sqlite:///{copy}"


@pytest.fixture
def postgresql_url(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.database(migrate_now) as url:
        yield url


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """Every test that asks for it runs on both; `-k sqlite` or `-k postgresql` chooses one."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = open_database(database_url)
    yield opened
    await opened.close()
