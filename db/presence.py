"""Which processes are there and what waits for them, as PostgreSQL sees it; for `check`. Changes nothing.

Processes are known by the names of their sessions; on SQLite there is one process and nothing to ask.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from db.database import Database
from db.jobs import EAR
from db.leadership import key_of

BOT = "bot"
"""What bots contend to lead."""

_SESSIONS = text(
    """
    SELECT application_name, count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'dauys %' GROUP BY application_name
    """
)
# How PostgreSQL shows an advisory lock of 64 bits: https://www.postgresql.org/docs/current/view-pg-locks.html
_IS_LED = text(
    """
    SELECT EXISTS (
        SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND ((classid::bigint << 32) | objid::bigint) = :key
    )
    """
)
# A job that was never tried has no moment of its own: its first event has.
_OLDEST_WAITING = text(
    """
    SELECT oldest.queue_name, extract(epoch FROM now() - coalesce(
        oldest.scheduled_at, (SELECT min(at) FROM procrastinate_events AS event WHERE event.job_id = oldest.id)
    ))::float AS waits_s
    FROM (
        SELECT DISTINCT ON (queue_name) id, queue_name, scheduled_at FROM procrastinate_jobs
        WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())
        ORDER BY queue_name, id
    ) AS oldest
    """
)
_HAS_JOBS = text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")
_BUSY = text("SELECT DISTINCT queue_name FROM procrastinate_jobs WHERE status = 'doing'")


@dataclass(frozen=True, slots=True)
class Presence:
    bots: int
    is_led: bool
    doing: Mapping[str, int]
    """By queue, how many processes do its jobs."""
    waits_s: Mapping[str, float]
    """By queue, for how long its oldest due job has been waiting; a queue where none waits is not there."""
    busy: frozenset[str]
    """The queues of which some job is being done."""


async def look(database: Database) -> Presence:
    """Only on PostgreSQL; with older tables, which have no jobs, nothing waits."""
    async with database.read() as connection:
        sessions = {row[0]: row[1] for row in await connection.execute(_SESSIONS)}
        is_led = bool((await connection.execute(_IS_LED, {"key": key_of(BOT)})).scalar_one())
        waits_s: dict[str, float] = {}
        busy: frozenset[str] = frozenset()
        if (await connection.execute(_HAS_JOBS)).scalar_one():
            waits_s = {row.queue_name: row.waits_s or 0.0 for row in await connection.execute(_OLDEST_WAITING)}
            busy = frozenset((await connection.execute(_BUSY)).scalars())
    return Presence(
        bots=sessions.get(f"dauys {BOT}", 0),
        is_led=is_led,
        doing={name.removeprefix(EAR): count for name, count in sessions.items() if name.startswith(EAR)},
        waits_s=waits_s,
        busy=busy,
    )
