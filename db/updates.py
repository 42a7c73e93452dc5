"""Statements about the inbox: updates as Telegram sent them, each handled once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Row, and_, delete, or_, select, text, update
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

    def as_waiting(self) -> "WaitingUpdate":
        """The same, just stored."""
        return WaitingUpdate(self.update_id, self.person_id, self.payload, UpdateState.PENDING, attempts=0)


@dataclass(frozen=True, slots=True)
class WaitingUpdate:
    update_id: int
    person_id: int
    payload: Mapping[str, object]
    state: UpdateState
    attempts: int


_UNFINISHED = (UpdateState.PENDING, UpdateState.EFFECTED)
_WAITING = select(
    updates.c.update_id, updates.c.person_id, updates.c.payload, updates.c.state, updates.c.attempts
).where(updates.c.state.in_(_UNFINISHED))
_WITHOUT_JOB = text(
    """
    SELECT update_id, person_id FROM updates
    WHERE state IN ('pending', 'effected') AND received_at < :before AND NOT EXISTS (
        SELECT FROM procrastinate_jobs AS job
        WHERE job.task_name = :job_name AND job.status IN ('todo', 'doing')
        AND CAST(job.args ->> 'update_id' AS bigint) = updates.update_id
    )
    ORDER BY update_id LIMIT :limit
    """
)


def _waiting(row: Row[int, int, dict[str, object] | None, str, int]) -> WaitingUpdate:
    return WaitingUpdate(row[0], row[1], row[2] or {}, UpdateState(row[3]), row[4])


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
    statement = _WAITING.order_by(updates.c.update_id).limit(limit)
    if after is not None:
        statement = statement.where(updates.c.update_id > after)
    return [_waiting(row) for row in await connection.execute(statement)]


async def waiting_up_to(connection: AsyncConnection, update_id: int, *, limit: int = 100) -> list[WaitingUpdate]:
    """This one, unless it is finished, after the same person's earlier ones that are not."""
    own = updates.alias()
    person = (
        select(own.c.person_id)
        .where(own.c.update_id == update_id, own.c.person_id != 0, own.c.state.in_(_UNFINISHED))
        .scalar_subquery()
    )
    is_earlier = and_(updates.c.update_id < update_id, updates.c.person_id == person)
    statement = _WAITING.where(or_(updates.c.update_id == update_id, is_earlier)).order_by(updates.c.update_id)
    return [_waiting(row) for row in await connection.execute(statement.limit(limit))]


async def updates_without_job(
    connection: AsyncConnection, job_name: str, *, before: datetime, limit: int = 1000
) -> list[tuple[int, int]]:
    """Update and person of what came before that moment, is not finished, and of which no job lives; in order.

    PostgreSQL only; the job's number of the update is its id `update_id`.
    """
    rows = await connection.execute(_WITHOUT_JOB, {"job_name": job_name, "before": before, "limit": limit})
    return [(row.update_id, row.person_id) for row in rows]


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
