"""Statements about doubts: an article that may not have reached all its readers, until the desk has it sent again."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import doubts
from db.upserts import insert_into


class DoubtState(StrEnum):
    OPEN = "open"
    """The desk is asked; an article has one open doubt at most."""
    RESENT = "resent"


@dataclass(frozen=True, slots=True)
class Doubt:
    """`count`: how many messages are in doubt, as the desk was told; once it is resent, how many went out again."""

    id: int
    article_id: int
    state: DoubtState
    count: int
    decided_by: str | None
    decided_at: datetime | None


_COLUMNS = (
    doubts.c.id,
    doubts.c.article_id,
    doubts.c.state,
    doubts.c.count,
    doubts.c.decided_by,
    doubts.c.decided_at,
)


async def open_doubt(connection: AsyncConnection, article_id: int, *, count: int, now: datetime) -> int | None:
    """Returns its id, or None when the article has an open one already."""
    statement = (
        insert_into(connection, doubts)
        .values(article_id=article_id, state=DoubtState.OPEN, count=count, created_at=now)
        .on_conflict_do_nothing(index_elements=[doubts.c.article_id], index_where=text("state = 'open'"))
        .returning(doubts.c.id)
    )
    made: int | None = (await connection.execute(statement)).scalar()
    return made


async def find_doubt(connection: AsyncConnection, doubt_id: int) -> Doubt | None:
    row = (await connection.execute(select(*_COLUMNS).where(doubts.c.id == doubt_id))).one_or_none()
    return None if row is None else Doubt(**{**row._asdict(), "state": DoubtState(row.state)})


async def find_open(connection: AsyncConnection, article_id: int) -> Doubt | None:
    statement = select(*_COLUMNS).where(doubts.c.article_id == article_id, doubts.c.state == DoubtState.OPEN)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Doubt(**{**row._asdict(), "state": DoubtState(row.state)})


async def recount(connection: AsyncConnection, doubt_id: int, *, count: int) -> bool:
    """Returns whether that is news; of two who say the same, one hears that it is. Nothing once it is decided."""
    result = await connection.execute(
        update(doubts)
        .where(doubts.c.id == doubt_id, doubts.c.state == DoubtState.OPEN, doubts.c.count != count)
        .values(count=count)
    )
    return bool(result.rowcount)


async def resolve(connection: AsyncConnection, doubt_id: int, *, by: str, now: datetime) -> bool:
    """Returns whether this is the decision; False when there was one before. The first statement of its transaction
    that touches the doubt, so that of two who decide at once the second waits for the first and then sees it."""
    result = await connection.execute(
        update(doubts)
        .where(doubts.c.id == doubt_id, doubts.c.state == DoubtState.OPEN)
        .values(state=DoubtState.RESENT, decided_by=by, decided_at=now)
    )
    return bool(result.rowcount)


async def note_resent(connection: AsyncConnection, doubt_id: int, *, count: int) -> None:
    """How many went out again; in the transaction that resolves the doubt."""
    await connection.execute(update(doubts).where(doubts.c.id == doubt_id).values(count=count))
