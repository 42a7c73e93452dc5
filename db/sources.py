"""Statements about sources: what the last fetches told."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import sources
from db.upserts import insert_into


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is known of a source; all empty before its first fetch."""

    name: str
    etag: str | None = None
    last_modified: str | None = None
    first_fetched_at: datetime | None = None
    last_full_at: datetime | None = None
    last_ok_at: datetime | None = None
    next_poll_at: datetime | None = None
    failures: int = 0
    fault: str | None = None
    detail: str | None = None


_COLUMNS = (
    sources.c.name,
    sources.c.etag,
    sources.c.last_modified,
    sources.c.first_fetched_at,
    sources.c.last_full_at,
    sources.c.last_ok_at,
    sources.c.next_poll_at,
    sources.c.failures,
    sources.c.fault,
    sources.c.detail,
)


async def get_source(connection: AsyncConnection, name: str) -> SourceState:
    """Its state, made empty if this is the first time it is asked for."""
    row = (await connection.execute(select(*_COLUMNS).where(sources.c.name == name))).one_or_none()
    if row is not None:
        return SourceState(**row._asdict())
    await connection.execute(insert_into(connection, sources).values(name=name).on_conflict_do_nothing())
    return SourceState(name)


async def save_source(connection: AsyncConnection, state: SourceState) -> None:
    await connection.execute(
        update(sources)
        .where(sources.c.name == state.name)
        .values(
            etag=state.etag,
            last_modified=state.last_modified,
            first_fetched_at=state.first_fetched_at,
            last_full_at=state.last_full_at,
            last_ok_at=state.last_ok_at,
            next_poll_at=state.next_poll_at,
            failures=state.failures,
            fault=state.fault,
            detail=state.detail,
        )
    )
