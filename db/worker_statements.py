"""What procrastinate's worker says to the database, with what the worker lacks: patience while the database is away, a
fence against its own late return, and an ear for what it missed. For `db.workers` alone.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

import structlog
from procrastinate.connector import BaseAsyncConnector, Notify
from procrastinate.jobs import Job, JobInserted, Notification, Status
from procrastinate.manager import JobManager, NotificationCallback
from psycopg import AsyncConnection, sql
from psycopg import Error as DriverError
from psycopg.errors import UniqueViolation
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.elements import TextClause

from db.database import Database, DatabaseError, is_away
from db.jobs import EAR

AWAY_S = 0.5
"""After so long a database that is away is asked again."""
_log = structlog.get_logger(__name__)

# One statement: between a look and a retry of its own, another process might have taken the job over and begun it.
_RETRY_STALLED = text(
    """
    SELECT procrastinate_retry_job_v2(stalled.id, now(), NULL, NULL, NULL), stalled.queue_name
    FROM (
        SELECT job.id, job.queue_name FROM procrastinate_jobs AS job
        WHERE job.status = 'doing' AND (
            job.worker_id IS NULL OR EXISTS (
                SELECT FROM procrastinate_workers AS worker WHERE worker.id = job.worker_id
                AND worker.last_heartbeat < now() - make_interval(secs => :stalled_after_s)
            )
        )
        FOR UPDATE OF job SKIP LOCKED
    ) AS stalled
    """
)
_ANNOUNCE = text("""SELECT pg_notify('procrastinate_queue_v1#' || :queue, '{"type": "job_inserted", "job_id": 0}')""")
# Of the next two only what is still ours: who was taken for dead and comes back must not end what another one is doing.
_FINISH = text(
    """
    SELECT procrastinate_finish_job_v1(job.id, CAST(:status AS procrastinate_job_status), :is_deleted)
    FROM (
        SELECT id FROM procrastinate_jobs
        WHERE id = :job_id AND status = 'doing' AND worker_id = :worker_id FOR UPDATE
    ) AS job
    """
)
_RETRY = text(
    """
    SELECT procrastinate_retry_job_v2(job.id, now() + make_interval(secs => :after_s), NULL, NULL, NULL)
    FROM (
        SELECT id FROM procrastinate_jobs
        WHERE id = :job_id AND status = 'doing' AND worker_id = :worker_id FOR UPDATE
    ) AS job
    """
)


async def retry_stalled(database: Database, *, stalled_after_s: float) -> int:
    """Makes due again what workers were doing that have not beaten for so long; returns how many jobs those were."""
    async with database.write() as connection:
        rows = await connection.execute(_RETRY_STALLED, {"stalled_after_s": stalled_after_s})
        queues = [str(row.queue_name) for row in rows]
        for queue in sorted(set(queues)):
            await connection.execute(_ANNOUNCE, {"queue": queue})
    if queues:
        _log.warning("jobs_taken_over", count=len(queues))
    return len(queues)


class Connector(BaseAsyncConnector):
    """procrastinate's way to the database: ours, so that errors are the same everywhere and heal the same way."""

    def __init__(self, database: Database) -> None:
        self._database = database
        url = database.writer.url.set(drivername="postgresql")
        self._listening_at = url.render_as_string(hide_password=False)

    async def execute_query_async(self, query: str, **arguments: object) -> None:
        await self.execute_query_all_async(query, **arguments)

    async def execute_query_one_async(self, query: str, **arguments: object) -> dict[str, object]:
        (row,) = await self.execute_query_all_async(query, **arguments)
        return row

    async def execute_query_all_async(self, query: str, **arguments: object) -> list[dict[str, object]]:
        parameters = {name: Jsonb(value) if isinstance(value, dict) else value for name, value in arguments.items()}
        async with self._database.write() as connection:
            result = await connection.exec_driver_sql(query, parameters)
            return [dict(row) for row in result.mappings()] if result.returns_rows else []

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Until it is cancelled; a lost connection is made again, and what was announced meanwhile is looked for."""
        wanted = list(channels)
        while True:
            with suppress(DriverError):
                async with await self._open_ear(called=EAR + _queues_of(wanted)) as ear:
                    for channel in wanted:
                        await ear.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                    async for heard in ear.notifies():
                        await on_notification(channel=heard.channel, payload=heard.payload)
            await asyncio.sleep(AWAY_S)

    async def _open_ear(self, *, called: str) -> "AsyncConnection[TupleRow]":
        # Without keepalives, who only listens would not notice that the other machine is lost.
        return await AsyncConnection.connect(
            self._listening_at,
            autocommit=True,
            connect_timeout=5,
            application_name=called,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
        )


def _queues_of(channels: Iterable[str]) -> str:
    """procrastinate's channels are called procrastinate_queue_v1#<queue>."""
    return ", ".join(channel.partition("#")[2] for channel in channels if "#" in channel)


class WorkerStatements(JobManager):
    """The statements of one worker."""

    def __init__(self, database: Database, *, stalled_after_s: float, stopping: asyncio.Event) -> None:
        super().__init__(Connector(database))
        self._database = database
        self._stalled_after_s = stalled_after_s
        self._stopping = stopping
        self.pauses: dict[int, float] = {}
        """How long each job that is to come again waits before, in seconds; filled in by who decides it."""
        self._wake_worker: NotificationCallback | None = None
        self._was_announced = False
        self._beats = 0
        self._waking: set[asyncio.Task[None]] = set()

    async def listen_for_jobs(
        self, *, on_notification: NotificationCallback, queues: Iterable[str] | None = None
    ) -> None:
        async def announce(*, channel: str, notification: Notification) -> None:
            self._was_announced = True
            await on_notification(channel=channel, notification=notification)

        self._wake_worker = announce
        await super().listen_for_jobs(on_notification=announce, queues=queues)

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        while True:
            self._was_announced = False
            try:
                job = await super().fetch_job(queues, worker_id)
            except IntegrityError as error:
                # Two jobs of one lock, taken by two workers in the same moment: the other one was first. Anything else
                # means that this worker was forgotten as dead: it has to register anew.
                if not isinstance(error.orig, UniqueViolation):
                    raise
            except DatabaseError as error:
                if not is_away(error):
                    raise
                self._note_absence(error)
                await asyncio.sleep(AWAY_S)
                return None
            else:
                # The worker forgets what was announced while it was looking.
                if job is not None or not self._was_announced:
                    return job

    async def update_heartbeat(self, worker_id: int) -> None:
        try:
            await super().update_heartbeat(worker_id)
            self._beats += 1
            # After the database's absence everybody seems dead, until they have had the time for a beat.
            if self._beats > 1:
                await retry_stalled(self._database, stalled_after_s=self._stalled_after_s)
        except DatabaseError as error:
            if not is_away(error):
                raise
            self._note_absence(error)

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: FBT001 - as in the parent
        await self._settle(_FINISH, job, {"status": status.value, "is_deleted": delete_job})
        if job.lock is not None:
            await self._wake()  # the next of the same lock may be there since long

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,  # noqa: ARG002 - by our clock; the pause is counted by the database's
        priority: int | None = None,  # noqa: ARG002 - never changed
        queue: str | None = None,  # noqa: ARG002 - as above
        lock: str | None = None,  # noqa: ARG002 - as above
    ) -> None:
        after_s = self.pauses.pop(job.id or 0, 0.0)
        await self._settle(_RETRY, job, {"after_s": after_s}, announced=not after_s)
        asyncio.get_running_loop().call_later(after_s, self._wake_soon)

    async def _settle(
        self, statement: TextClause, job: Job, values: dict[str, object], *, announced: bool = False
    ) -> None:
        """Writes down what becomes of a job; `announced` to every worker, when another one may be free for it now."""
        known = {"job_id": job.id, "worker_id": job.worker_id, **values}
        while True:
            try:
                async with self._database.write() as connection:
                    is_ours = (await connection.execute(statement, known)).first() is not None
                    if announced and is_ours:
                        await connection.execute(_ANNOUNCE, {"queue": job.queue})
            except DatabaseError as error:
                if not is_away(error):
                    raise
                self._note_absence(error)
                if self._stopping.is_set():
                    return  # it stays ours until we are taken for dead; then it is done again
                await asyncio.sleep(AWAY_S)
            else:
                if not is_ours:
                    _log.warning("job_was_taken_over", job_id=job.id, job=job.task_name)
                return

    def _note_absence(self, error: DatabaseError) -> None:
        self._beats = 0
        _log.warning("jobs_database_away", error=type(error).__name__)

    def _wake_soon(self) -> None:
        task = asyncio.create_task(self._wake())
        self._waking.add(task)
        task.add_done_callback(self._waking.discard)

    async def _wake(self) -> None:
        """The worker looks for a job now."""
        if self._wake_worker is not None:
            await self._wake_worker(channel="", notification=JobInserted(type="job_inserted", job_id=0))
