"""Durable jobs on PostgreSQL, the side that carries them out: procrastinate's worker, made to outlive the database's
absence, another process's death and its own sleep. Knows nothing of bots; jobs are asked for in `db.jobs`.

A worker's life: register ─► beat every 2 s ─► fetch ─► run ─► finish | again. Who has not beaten for 8 s is dead to the
others, and what it was doing is done again by whoever looks first.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import structlog
from procrastinate import App, BaseRetryStrategy, JobContext, RetryDecision
from procrastinate.jobs import DeleteJobCondition, Job
from procrastinate.worker import Worker

from db.database import DatabaseError, open_statements
from db.worker_statements import AWAY_S, WorkerStatements, retry_stalled

HEARTBEAT_S = 2.0
STALLED_AFTER_S = 8.0
"""Four beats missed."""
LOOK_EVERY_S = 1.0
"""Jobs are announced; this is for those whose announcement was lost, and for those of another machine's dead worker."""
LONGEST_PAUSE_S = 30.0
GRACE_S = 5.0
"""How long a stop waits for jobs that are being done; then they are cancelled and owed again."""

Handler = Callable[..., Awaitable[None]]
"""Called with a job's ids as keyword arguments. Must bear to be called again for what was done: a process may die
between the deed and its record, or be taken for dead."""

_log = structlog.get_logger(__name__)


class Again(Exception):  # noqa: N818 - no error: a job that is to be done once more
    """Raised by a handler: the job keeps its place in its lock's order and comes again, after a pause or at once."""

    def __init__(self, after_s: float = 0.0) -> None:
        super().__init__(after_s)
        self.after_s = after_s


class Jobs:
    """The handlers of a process, by name, and the workers that call them."""

    def __init__(
        self, url: str, *, beats_every_s: float = HEARTBEAT_S, stalled_after_s: float = STALLED_AFTER_S
    ) -> None:
        """Opens nothing. `url` as for `open_database`; raises ValueError unless it is a PostgreSQL's."""
        self._database = open_statements(url, connections=4)
        self._handlers: dict[str, Handler] = {}
        self._workers: set[Worker] = set()
        self._beats_every_s = beats_every_s
        self._stalled_after_s = stalled_after_s
        self.stopping = asyncio.Event()
        """Set by `stop`: a handler that takes long looks at it, comes to an end and raises `Again`."""

    def register(self, name: str, handler: Handler) -> None:
        """From now on the jobs of that name are calls of `handler`; to be told before `run`."""
        self._handlers[name] = handler

    async def run(self, queues: Sequence[str], *, concurrency: int) -> None:
        """Does the jobs of these queues until `stop`, `concurrency` at a time; several calls side by side are fine.

        While the database is away it waits and tries again. Cancelled, it lets what is being done end for `GRACE_S`.
        """
        pause_s = AWAY_S
        while not self.stopping.is_set():
            worker = self._new_worker(queues, concurrency)
            self._workers.add(worker)
            try:
                await worker.run()  # type: ignore[no-untyped-call] # procrastinate left its types out
                pause_s = AWAY_S
            except DatabaseError as error:
                _log.warning("jobs_interrupted", queues=list(queues), error=type(error).__name__)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S / 10)
            finally:
                self._workers.discard(worker)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause_s)

    def stop(self) -> None:
        """No new job is begun; `run` returns when those being done have ended, after `GRACE_S` at the latest."""
        self.stopping.set()
        for worker in self._workers:
            worker.stop()  # type: ignore[no-untyped-call] # as above

    async def sweep(self) -> int:
        """Makes due again what dead workers were doing; returns how many jobs. Every worker does it at every beat, and
        two at once never take the same job. Raises DatabaseError."""
        return await retry_stalled(self._database, stalled_after_s=self._stalled_after_s)

    async def close(self) -> None:
        """To be called when `run` has ended."""
        await self._database.close()

    def _new_worker(self, queues: Sequence[str], concurrency: int) -> Worker:
        # An app of its own for each worker: it is nothing but the worker's view of handlers and database.
        statements = WorkerStatements(self._database, stalled_after_s=self._stalled_after_s, stopping=self.stopping)
        app = App(connector=statements.connector)
        app.job_manager = statements
        for name, handler in self._handlers.items():
            app.task(name=name, retry=_Retry(statements.pauses), pass_context=True)(_calling(name, handler))
        return Worker(
            app,
            queues=list(queues),
            concurrency=concurrency,
            fetch_job_polling_interval=LOOK_EVERY_S,
            delete_jobs=DeleteJobCondition.SUCCESSFUL,
            install_signal_handlers=False,
            update_heartbeat_interval=self._beats_every_s,
            stalled_worker_timeout=self._stalled_after_s,
            shutdown_graceful_timeout=GRACE_S,
        )


def _calling(name: str, handler: Handler) -> Callable[..., Awaitable[None]]:
    async def call(context: JobContext, **ids: int | str) -> None:
        try:
            await handler(**ids)
        except Again:
            raise
        except Exception:
            _log.exception("job_failed", job=name, job_id=context.job.id, attempts=context.job.attempts)
            raise

    return call


class _Retry(BaseRetryStrategy):
    """Every job is tried again, for ever: at once when it was cut off, else after 1, 2, 4 … 30 s."""

    def __init__(self, pauses: dict[int, float]) -> None:
        self._pauses = pauses

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        # The pause is handed to the manager, which counts it by the database's clock: ours may be another.
        if job.id is not None:
            self._pauses[job.id] = _pause_after(exception, job.attempts)
        return RetryDecision()


def _pause_after(error: BaseException, attempts: int) -> float:
    match error:
        case Again():
            return error.after_s
        case asyncio.CancelledError():
            return 0.0
        case _:
            return min(2.0 ** min(attempts, 10), LONGEST_PAUSE_S)
