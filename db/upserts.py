"""INSERT … ON CONFLICT for the dialect at hand: SQLAlchemy has one for each, with the same methods."""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

Insert = postgresql.Insert | sqlite.Insert


def insert_into(connection: AsyncConnection, table: Table) -> Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


async def count_inserted(connection: AsyncConnection, statement: Insert) -> int:
    """Executes it and returns how many rows it made: without being asked, SQLAlchemy says -1 on PostgreSQL."""
    result = await connection.execute(statement, execution_options={"preserve_rowcount": True})
    return result.rowcount
