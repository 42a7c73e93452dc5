"""Statements about the inbox: updates as Telegram sent them, each handled once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import updates
from db.upserts import insert_into


class UpdateState(StrEnum):
    PENDING = "pending"
    """Stored, not handled."""
    EFFECTED = "effected"
    """Its effect is committed; its answer may not have been shown."""
    DONE = "done"
    """Handled and answered."""
    ASIDE = "aside"
    """Its handler failed; kept for the operator, never retried."""


@dataclass(frozen=True, slots=True)
class IncomingUpdate:
    update_id: int
    person_id: int
    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class WaitingUpdate:
    update_id: int
    person_id: int
    payload: Mapping[str, object]
    state: UpdateState
    attempts: int


async def store_updates(
    connection: AsyncConnection, incoming: Sequence[IncomingUpdate], *, now: datetime
) -> frozenset[int]:
    """Stores those that are not there yet and returns the ids that are new."""
    if not incoming:
        return frozenset()
    ids = [one.update_id for one in incoming]
    known = frozenset(
        (await connection.execute(select(updates.c.update_id).where(updates.c.update_id.in_(ids)))).scalars()
    )
    rows = [
        {
            "update_id": one.update_id,
            "person_id": one.person_id,
            "payload": dict(one.payload),
            "state": UpdateState.PENDING,
            "received_at": now,
        }
        for one in incoming
        if one.update_id not in known
    ]
    if rows:
        # A second poller may store the same update between the look and the insert.
        await connection.execute(insert_into(connection, updates).on_conflict_do_nothing(), rows)
    return frozenset(ids) - known


async def waiting_updates(
    connection: AsyncConnection, *, after: int | None = None, limit: int = 1000
) -> list[WaitingUpdate]:
    """What is stored and not finished, in Telegram's order, a page at a time."""
    statement = (
        select(updates.c.update_id, updates.c.person_id, updates.c.payload, updates.c.state, updates.c.attempts)
        .where(updates.c.state.in_([UpdateState.PENDING, UpdateState.EFFECTED]))
        .order_by(updates.c.update_id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(updates.c.update_id > after)
    rows = await connection.execute(statement)
    return [WaitingUpdate(row[0], row[1], row[2] or {}, UpdateState(row[3]), row[4]) for row in rows]


async def find_state(connection: AsyncConnection, update_id: int) -> UpdateState | None:
    state = (await connection.execute(select(updates.c.state).where(updates.c.update_id == update_id))).scalar()
    return None if state is None else UpdateState(state)


async def mark_effected(connection: AsyncConnection, update_id: int) -> bool:
    """To be called in the transaction of the effect; False when the effect was committed before: do nothing then."""
    result = await connection.execute(
        update(updates)
        .where(updates.c.update_id == update_id, updates.c.state == UpdateState.PENDING)
        .values(state=UpdateState.EFFECTED)
    )
    return bool(result.rowcount)


async def finish_updates(connection: AsyncConnection, update_ids: Collection[int], *, now: datetime) -> None:
    """Handled and answered: words and person are wiped, the number stays to recognise the update if it comes again."""
    await connection.execute(
        update(updates)
        .where(updates.c.update_id.in_(update_ids))
        .values(state=UpdateState.DONE, payload=None, person_id=0, done_at=now)
    )


async def put_aside(connection: AsyncConnection, update_id: int, *, error: str, now: datetime) -> None:
    await connection.execute(
        update(updates)
        .where(updates.c.update_id == update_id)
        .values(state=UpdateState.ASIDE, error=error, done_at=now, attempts=updates.c.attempts + 1)
    )


async def count_attempt(connection: AsyncConnection, update_id: int) -> None:
    await connection.execute(
        update(updates).where(updates.c.update_id == update_id).values(attempts=updates.c.attempts + 1)
    )


async def wipe_of_person(connection: AsyncConnection, person_id: int, *, but: int) -> None:
    """The words of the person's updates that were put aside; the update that asks for it (`but`) is still at work."""
    await connection.execute(
        delete(updates).where(
            updates.c.person_id == person_id, updates.c.update_id != but, updates.c.state == UpdateState.ASIDE
        )
    )


async def forget_done(connection: AsyncConnection, *, before: datetime) -> int:
    """Telegram keeps an update for 24 h at most: older numbers cannot come again."""
    result = await connection.execute(
        delete(updates).where(updates.c.state == UpdateState.DONE, updates.c.done_at < before)
    )
    return result.rowcount
