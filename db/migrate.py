"""Brings the tables to the newest form, at start and by `main.py migrate`; several processes may do it at once."""

from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.database import Database

HEAD = "0005"
"""The newest revision; a test keeps it equal to the folder's. Known here, a start at head need not import Alembic."""


class NewerTablesError(Exception):
    """The tables were made by a newer program. Its text names both revisions."""

    def __init__(self, revision: str) -> None:
        super().__init__(f"the tables are at {revision}, and this program knows them up to {HEAD}")


_FOLDER = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 0x44617579


async def find_revision(database: Database) -> str | None:
    """The revision that the tables are at, or None for an empty database."""
    try:
        async with database.read() as connection:
            return (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()
    except DBAPIError as error:
        if "alembic_version" in str(error.orig):
            return None
        raise


async def migrate(database: Database) -> bool:
    """Migrates to `HEAD`; returns whether anything was to be done. On a crash nothing has happened: one transaction.

    Raises NewerTablesError.
    """
    revision = await find_revision(database)
    if revision == HEAD:
        return False
    if revision is not None and revision > HEAD:
        raise NewerTablesError(revision)
    async with database.write() as connection:
        await _lock(connection)
        await connection.run_sync(_upgrade)
    return True


async def _lock(connection: AsyncConnection) -> None:
    # SQLite's transaction is IMMEDIATE and locks by itself.
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - imported only when there is something to migrate
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
