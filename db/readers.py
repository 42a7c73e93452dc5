"""Statements about readers and their subscriptions."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.dialogs import DIALOG_COLUMNS, DialogRow
from db.tables import dialogs, readers, subscriptions
from db.upserts import count_inserted, insert_into


@dataclass(frozen=True, slots=True)
class Reader:
    """A person who uses the bot; `id` is also their private chat's."""

    id: int
    code: str
    language: str | None
    is_subscribed: bool
    blocked_at: datetime | None


_COLUMNS = (readers.c.id, readers.c.code, readers.c.language, readers.c.is_subscribed, readers.c.blocked_at)


async def find_reader(connection: AsyncConnection, reader_id: int) -> Reader | None:
    row = (await connection.execute(select(*_COLUMNS).where(readers.c.id == reader_id))).one_or_none()
    return None if row is None else Reader(*row)


async def add_reader(connection: AsyncConnection, reader_id: int, *, code: str, now: datetime) -> bool:
    """Returns whether the row is new; False also when `code` is somebody else's."""
    statement = (
        insert_into(connection, readers).values(id=reader_id, code=code, created_at=now).on_conflict_do_nothing()
    )
    return bool(await count_inserted(connection, statement))


async def find_readers(connection: AsyncConnection, reader_ids: Collection[int]) -> dict[int, Reader]:
    """Those of them who are known, by id."""
    rows = await connection.execute(select(*_COLUMNS).where(readers.c.id.in_(reader_ids)))
    return {row.id: Reader(*row) for row in rows}


async def find_with_dialogs(
    connection: AsyncConnection, reader_ids: Collection[int]
) -> dict[int, tuple[Reader, DialogRow | None]]:
    """Those of them who are known, by id, each with where they stand."""
    statement = select(*_COLUMNS, *DIALOG_COLUMNS).select_from(
        readers.outerjoin(dialogs, dialogs.c.reader_id == readers.c.id)
    )
    rows = await connection.execute(statement.where(readers.c.id.in_(reader_ids)))
    cut = len(_COLUMNS)
    return {row[0]: (Reader(*row[:cut]), None if row[cut] is None else DialogRow(*row[cut:])) for row in rows}


async def set_language(connection: AsyncConnection, reader_id: int, language: str) -> None:
    await connection.execute(update(readers).where(readers.c.id == reader_id).values(language=language))


async def set_subscribed(connection: AsyncConnection, reader_id: int, *, is_subscribed: bool) -> None:
    await connection.execute(update(readers).where(readers.c.id == reader_id).values(is_subscribed=is_subscribed))


async def article_languages(connection: AsyncConnection, reader_id: int) -> frozenset[str]:
    rows = await connection.execute(select(subscriptions.c.language).where(subscriptions.c.reader_id == reader_id))
    return frozenset(rows.scalars())


async def set_article_languages(connection: AsyncConnection, reader_id: int, languages: Collection[str]) -> None:
    await connection.execute(delete(subscriptions).where(subscriptions.c.reader_id == reader_id))
    if languages:
        rows = [{"reader_id": reader_id, "language": language} for language in sorted(languages)]
        await connection.execute(insert(subscriptions), rows)


async def set_blocked(connection: AsyncConnection, reader_id: int, at: datetime | None) -> bool:
    """Returns whether that changed anything."""
    is_blocked = readers.c.blocked_at.is_not(None)
    changes = is_blocked if at is None else ~is_blocked
    result = await connection.execute(update(readers).where(readers.c.id == reader_id, changes).values(blocked_at=at))
    return bool(result.rowcount)


async def delete_reader(connection: AsyncConnection, reader_id: int) -> None:
    """The subscriptions and the dialog go with it."""
    await connection.execute(delete(readers).where(readers.c.id == reader_id))
