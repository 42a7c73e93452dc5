"""Durable jobs on PostgreSQL, the side that asks for them: a job is deferred in the transaction of its cause.

The tables and functions are procrastinate's (migration 0003); who carries the jobs out is `db.workers`. On SQLite there
is one process and there are no jobs. Knows nothing of bots.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

Ids = Mapping[str, int | str]
"""What a job is about: numbers and short names of ours, never what a person wrote or is called."""

EAR = "dauys jobs: "
"""What a worker's session is called that listens for jobs; the queue's name follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """One call, owed: `name` says of what, `ids` are its arguments. Of one `lock` one job runs at a time, and in the
    order they were deferred, also when the first has to be tried again later; a higher `priority` goes first."""

    name: str
    queue: str
    ids: Ids = field(default_factory=dict)
    lock: str | None = None
    priority: int = 0
    due_at: datetime | None = None


# The function that procrastinate's own Python calls, without that Python: importing it takes 0.7 s, and its errors are
# not those of every other statement.
_DEFER = text(
    """
    SELECT procrastinate_defer_jobs_v1(array_agg(
        ROW(job.queue, job.name, job.priority, job.lock, NULL, job.ids, job.due_at)::procrastinate_job_to_defer_v1
        ORDER BY job.number
    ))
    FROM jsonb_to_recordset(CAST(:jobs AS jsonb)) AS job(
        number int, queue text, name text, priority int, lock text, ids jsonb, due_at timestamptz
    )
    """
)


async def defer(connection: AsyncConnection, *jobs: NewJob) -> None:
    """The jobs are there once the transaction is committed, and never when it is rolled back. Nothing on SQLite."""
    if not jobs or connection.dialect.name != "postgresql":
        return
    rows = [
        {
            "number": number,
            "queue": job.queue,
            "name": job.name,
            "priority": job.priority,
            "lock": job.lock,
            "ids": dict(job.ids),
            "due_at": job.due_at,
        }
        for number, job in enumerate(jobs)
    ]
    await connection.execute(_DEFER, {"jobs": orjson.dumps(rows).decode()})


async def live_jobs(connection: AsyncConnection, name: str) -> list[Ids]:
    """What the jobs of that name are about that wait or are being done, oldest first; none on SQLite."""
    if connection.dialect.name != "postgresql":
        return []
    rows = await connection.execute(
        text("SELECT args FROM procrastinate_jobs WHERE task_name = :name AND status IN ('todo', 'doing') ORDER BY id"),
        {"name": name},
    )
    return [row.args for row in rows]
