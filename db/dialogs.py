"""Statements about dialogs: where a reader stands in a guided flow, and the draft."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import dialogs
from db.upserts import insert_into

Document = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class DialogRow:
    """One reader has at most one; parked: it ended by itself, its draft waits to be taken up."""

    reader_id: int
    flow: str
    step: str
    data: Document
    is_parked: bool
    updated_at: datetime


DIALOG_COLUMNS = (
    dialogs.c.reader_id,
    dialogs.c.flow,
    dialogs.c.step,
    dialogs.c.data,
    dialogs.c.is_parked,
    dialogs.c.updated_at,
)
"""In the order of a `DialogRow`."""


async def find_dialog(connection: AsyncConnection, reader_id: int) -> DialogRow | None:
    row = (await connection.execute(select(*DIALOG_COLUMNS).where(dialogs.c.reader_id == reader_id))).one_or_none()
    return None if row is None else DialogRow(*row)


async def save_dialog(connection: AsyncConnection, row: DialogRow) -> None:
    values = {
        "flow": row.flow,
        "step": row.step,
        "data": dict(row.data),
        "is_parked": row.is_parked,
        "updated_at": row.updated_at,
    }
    statement = insert_into(connection, dialogs).values(reader_id=row.reader_id, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=[dialogs.c.reader_id], set_=values))


async def delete_dialog(connection: AsyncConnection, reader_id: int) -> None:
    await connection.execute(delete(dialogs).where(dialogs.c.reader_id == reader_id))


async def park_dialogs(connection: AsyncConnection, *, idle_since: datetime) -> list[DialogRow]:
    """Ends the dialogs that nobody touched since then and returns them."""
    statement = (
        update(dialogs)
        .where(~dialogs.c.is_parked, dialogs.c.updated_at <= idle_since)
        .values(is_parked=True)
        .returning(*DIALOG_COLUMNS)
    )
    return [DialogRow(*row) for row in await connection.execute(statement)]


async def delete_parked(connection: AsyncConnection, *, untouched_since: datetime) -> int:
    result = await connection.execute(
        delete(dialogs).where(dialogs.c.is_parked, dialogs.c.updated_at <= untouched_since)
    )
    return result.rowcount
