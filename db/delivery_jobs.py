"""The jobs that send what is owed, deferred in the transaction that owes it. On SQLite there are none: the one process
there looks for itself.

A job says where to look; the truth is in the rows. `reconcile` finds rows that no job looks for.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Row, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.jobs import NewJob, defer
from db.tables import broadcasts, deliveries

PEOPLE = "people"
"""The queue of what one person waits for, and the desk: one process at a time does a lane of it."""
BROADCASTS = "broadcasts"

LANE = "deliver_lane"
CHUNK = "deliver_chunk"
FAN_OUT = "fan_out"
LOOK = "look_at_lane"

_ALONE = 0x44617581
"""One reconciler at a time."""


async def wake_lanes(connection: AsyncConnection, lanes: Iterable[int]) -> None:
    """Somebody is to send what is due in these lanes."""
    await defer(connection, *(_lane_job(lane) for lane in sorted(set(lanes))))


async def look_at_lane(connection: AsyncConnection, lane: int, *, at: datetime) -> None:
    """The same, at its moment: without the lane's lock, which would keep everything behind it waiting so long."""
    await defer(connection, NewJob(name=LOOK, queue=PEOPLE, ids={"lane": lane}, due_at=at))


async def hand_over(connection: AsyncConnection, chunks: Sequence[tuple[int, int, int]]) -> None:
    """Somebody is to send these chunks: broadcast, first and last chat."""
    await defer(connection, *(_chunk_job(*chunk) for chunk in chunks))


async def fan_out(connection: AsyncConnection, broadcast_id: int) -> None:
    """Somebody is to write out the rest of the broadcast."""
    await defer(connection, _fan_out_job(broadcast_id))


async def reconcile(connection: AsyncConnection, *, before: datetime) -> int:
    """Defers a job for what has been due since `before` and has none, whatever became of it: a restored backup, a job
    removed by hand. Returns how many. Several processes may ask at once; nothing is found on SQLite."""
    if connection.dialect.name != "postgresql":
        return 0
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ALONE})
    jobs = [
        *await _lanes_without_job(connection, before=before),
        *await _broadcasts_without_job(connection),
        *await _chunks_without_job(connection, before=before),
    ]
    await defer(connection, *jobs)
    return len(jobs)


def _lane_job(lane: int) -> NewJob:
    return NewJob(name=LANE, queue=PEOPLE, lock=f"lane:{lane}", ids={"lane": lane})


def _chunk_job(broadcast_id: int, first: int, last: int) -> NewJob:
    return NewJob(name=CHUNK, queue=BROADCASTS, ids={"broadcast": broadcast_id, "first": first, "last": last})


def _fan_out_job(broadcast_id: int) -> NewJob:
    # Before the chunks: what is written out can be sent by everybody.
    return NewJob(
        name=FAN_OUT, queue=BROADCASTS, lock=f"broadcast:{broadcast_id}", priority=1, ids={"broadcast": broadcast_id}
    )


async def _rows(connection: AsyncConnection, name: str) -> Sequence[Row[tuple[object]]]:
    """One live job of this name is enough to know that the work goes on."""
    statement = text("SELECT 1 FROM procrastinate_jobs WHERE task_name = :name AND status IN ('todo', 'doing') LIMIT 1")
    return (await connection.execute(statement, {"name": name})).all()


async def _lanes_without_job(connection: AsyncConnection, *, before: datetime) -> list[NewJob]:
    statement = (
        select(deliveries.c.lane)
        .where(text("deliveries.state = 'pending'"), deliveries.c.broadcast_id.is_(None), deliveries.c.due_at < before)
        .group_by(deliveries.c.lane)
    )
    lanes = (await connection.execute(statement)).scalars().all()
    return [_lane_job(lane) for lane in lanes] if lanes and not await _rows(connection, LANE) else []


async def _broadcasts_without_job(connection: AsyncConnection) -> list[NewJob]:
    unfinished = (await connection.execute(select(broadcasts.c.id).where(~broadcasts.c.is_done))).scalars().all()
    return [_fan_out_job(one) for one in unfinished] if unfinished and not await _rows(connection, FAN_OUT) else []


async def _chunks_without_job(connection: AsyncConnection, *, before: datetime) -> list[NewJob]:
    if await _rows(connection, CHUNK):
        return []
    statement = (
        select(deliveries.c.broadcast_id, func.min(deliveries.c.chat_id), func.max(deliveries.c.chat_id))
        .where(
            text("deliveries.state IN ('pending', 'sending')"),
            deliveries.c.broadcast_id.is_not(None),
            deliveries.c.due_at < before,
        )
        .group_by(deliveries.c.broadcast_id)
    )
    return [_chunk_job(row[0], row[1], row[2]) for row in await connection.execute(statement)]
