"""Jobs on a real PostgreSQL: asked for in a transaction, done whatever dies, in the order of their lock."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import pytest
from sqlalchemy import text

from db.database import Database, open_database
from db.jobs import NewJob, defer, live_jobs
from db.presence import look
from db.workers import Again, Jobs
from tests.support.postgres import set_doors

ROOT = Path(__file__).parents[2]
QUEUE = "updates"
WITHIN_S = 20.0
FAST = {"beats_every_s": 0.2, "stalled_after_s": 1.0}

HOLD = """
import asyncio, sys
from db.workers import Jobs

async def work():
    jobs = Jobs(sys.argv[1], beats_every_s=0.2, stalled_after_s=1.0)

    async def hold(number):
        print("holding", number, flush=True)
        await asyncio.Event().wait()

    jobs.register("note", hold)
    await jobs.run(["updates"], concurrency=1)

asyncio.run(work())
"""


@dataclass(slots=True)
class Notes:
    """What was done, in the order it was begun."""

    begun: list[int] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def note(self, number: int) -> None:
        self.begin(number)
        self.end(number)

    def begin(self, number: int) -> None:
        self.begun.append(number)
        self.changed.set()

    def end(self, number: int) -> None:
        self.done.append(number)
        self.changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not holds():
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
async def database(postgresql_url: str) -> AsyncIterator[Database]:
    opened = open_database(postgresql_url)
    yield opened
    await opened.close()


@asynccontextmanager
async def working(
    url: str, handler: Callable[..., Awaitable[None]], *, concurrency: int = 8, fast: bool = True
) -> AsyncIterator[Jobs]:
    """Another process's worker, as far as the database can tell."""
    jobs = Jobs(url, **FAST) if fast else Jobs(url)
    jobs.register("note", handler)
    task = asyncio.create_task(jobs.run([QUEUE], concurrency=concurrency))
    try:
        yield jobs
    finally:
        jobs.stop()
        await task
        await jobs.close()


async def ask(database: Database, *numbers: int, lock: str | None = None, due_at: datetime | None = None) -> None:
    async with database.write() as connection:
        jobs = [
            NewJob(name="note", queue=QUEUE, ids={"number": number}, lock=lock, due_at=due_at) for number in numbers
        ]
        await defer(connection, *jobs)


async def live(database: Database) -> list[object]:
    async with database.read() as connection:
        return [ids["number"] for ids in await live_jobs(connection, "note")]


async def until_nothing_lives(database: Database) -> None:
    async with asyncio.timeout(WITHIN_S):
        while await live(database):  # noqa: ASYNC110 - the state is in the database
            await asyncio.sleep(0.01)


async def kept(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.execute(text("SELECT count(*) FROM procrastinate_jobs"))).scalar_one())


async def test_what_is_deferred_in_a_transaction_that_is_rolled_back_was_never_there(database: Database) -> None:
    with contextlib.suppress(LookupError):
        async with database.write() as connection:
            await defer(connection, NewJob(name="note", queue=QUEUE, ids={"number": 1}))
            raise LookupError
    assert await live(database) == []


async def test_what_is_deferred_is_done_and_leaves_nothing_behind(database: Database, postgresql_url: str) -> None:
    notes = Notes()
    await ask(database, 1, 2)
    assert await live(database) == [1, 2]
    async with working(postgresql_url, notes.note):
        await notes.until(lambda: len(notes.done) == 2)
        await ask(database, 3)
        await notes.until(lambda: len(notes.done) == 3)
        await until_nothing_lives(database)
    assert sorted(notes.done) == [1, 2, 3]
    assert await kept(database) == 0


async def test_the_jobs_of_one_lock_are_done_in_order_by_two_workers_and_without_waiting_for_a_look(
    database: Database, postgresql_url: str
) -> None:
    notes = Notes()
    loop = asyncio.get_running_loop()
    begun_at = loop.time()

    async def note_slowly(number: int) -> None:
        notes.begin(number)
        await asyncio.sleep(0.02)  # longer than a look for the next one
        notes.end(number)

    await ask(database, *range(45), lock="person:1")
    async with working(postgresql_url, note_slowly), working(postgresql_url, note_slowly):
        for number in range(45, 50):
            await ask(database, number, lock="person:1")
        await notes.until(lambda: len(notes.done) == 50)
    assert notes.done == list(range(50))
    # A second a job, if each waited for the next look.
    assert loop.time() - begun_at < 10


async def test_the_jobs_of_two_locks_are_done_side_by_side(database: Database, postgresql_url: str) -> None:
    notes = Notes()

    async def meet(number: int) -> None:
        notes.begin(number)
        await notes.until(lambda: len(notes.begun) == 2)

    await ask(database, 1, lock="person:1")
    await ask(database, 2, lock="person:2")
    async with working(postgresql_url, meet):
        await until_nothing_lives(database)


async def test_a_job_that_comes_again_later_keeps_its_place_before_those_of_its_lock(
    database: Database, postgresql_url: str
) -> None:
    notes = Notes()
    loop = asyncio.get_running_loop()
    tried_at: list[float] = []

    async def stumble(number: int) -> None:
        notes.begin(number)
        if number == 1:
            tried_at.append(loop.time())
            if len(tried_at) == 1:
                raise Again(after_s=0.5)
        notes.end(number)

    await ask(database, 1, 2, lock="person:1")
    await ask(database, 3, lock="person:2")
    async with working(postgresql_url, stumble), working(postgresql_url, stumble):
        await notes.until(lambda: len(notes.done) == 3)
    assert notes.done == [3, 1, 2]
    assert 0.5 <= tried_at[1] - tried_at[0] < 5


async def test_what_a_worker_that_stops_gives_back_is_begun_by_another_at_once(
    database: Database, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.workers.LOOK_EVERY_S", 60.0)
    notes = Notes()

    async def hold(number: int) -> None:
        notes.begin(number)
        await leaving.stopping.wait()
        raise Again

    await ask(database, 1)
    async with working(postgresql_url, hold) as leaving:
        await notes.until(lambda: notes.begun == [1])
        async with working(postgresql_url, notes.note):
            await until_listening(database, 2)
            leaving.stop()
            async with asyncio.timeout(WITHIN_S / 4):
                await notes.until(lambda: notes.done == [1])


async def until_listening(database: Database, count: int) -> None:
    async with asyncio.timeout(WITHIN_S):
        while (await look(database)).doing.get(QUEUE) != count:  # noqa: ASYNC110 - another program's doing
            await asyncio.sleep(0.02)


async def test_a_job_that_fails_is_done_again_after_a_pause_and_told(
    database: Database, postgresql_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = Notes()
    loop = asyncio.get_running_loop()
    begun_at = loop.time()

    async def fail_once(number: int) -> None:
        notes.begin(number)
        if len(notes.begun) == 1:
            raise LookupError("the first time")
        notes.end(number)

    await ask(database, 1)
    async with working(postgresql_url, fail_once):
        await notes.until(lambda: notes.done == [1])
    assert notes.begun == [1, 1]
    assert loop.time() - begun_at >= 1
    assert "job_failed" in capsys.readouterr().out


async def test_a_job_is_not_begun_before_it_is_due(database: Database, postgresql_url: str) -> None:
    notes = Notes()
    await ask(database, 1, due_at=datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=365 * 200))
    await ask(database, 2, due_at=datetime(2000, 1, 1, tzinfo=UTC))
    async with working(postgresql_url, notes.note):
        await notes.until(lambda: notes.done == [2])
    assert await live(database) == [1]


async def test_what_a_killed_process_was_doing_is_done_by_another(database: Database, postgresql_url: str) -> None:
    await ask(database, 1, 2, lock="person:1")
    command = [sys.executable, "-c", HOLD, postgresql_url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603, ASYNC220 - our own interpreter, and this test has nothing else to do
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == "holding 1\n"
        process.kill()
    notes = Notes()
    async with working(postgresql_url, notes.note):
        await notes.until(lambda: len(notes.done) == 2)
    assert notes.done == [1, 2]


async def test_one_that_was_taken_for_dead_does_not_end_the_job_that_another_one_is_doing(
    database: Database, postgresql_url: str
) -> None:
    notes = Notes()
    let_go, let_other_go = asyncio.Event(), asyncio.Event()

    async def sleep_long(number: int) -> None:
        notes.begin(number)
        await let_go.wait()

    async def take_over(number: int) -> None:
        notes.begin(number)
        await let_other_go.wait()
        notes.end(number)

    await ask(database, 1, 2, lock="person:1")
    async with working(postgresql_url, sleep_long, concurrency=1):
        await notes.until(lambda: notes.begun == [1])
        async with database.write() as connection:
            # As if it had slept: the others have forgotten it.
            await connection.execute(text("DELETE FROM procrastinate_workers"))
        async with working(postgresql_url, take_over, concurrency=2) as others:
            await notes.until(lambda: notes.begun == [1, 1])
            let_go.set()
            await asyncio.sleep(0.1)
            assert await live(database) == [1, 2]
            assert await others.sweep() == 0
            assert notes.begun == [1, 1]
            let_other_go.set()
            await notes.until(lambda: len(notes.done) + len(notes.begun) >= 5)


async def test_two_who_sweep_at_once_take_each_job_once(database: Database, postgresql_url: str) -> None:
    await ask(database, *range(40))
    async with database.write() as connection:
        await connection.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))
    one, other = Jobs(postgresql_url), Jobs(postgresql_url)
    assert sum(await asyncio.gather(one.sweep(), other.sweep())) == 40
    await one.close()
    await other.close()


async def test_a_worker_outlives_the_absence_of_the_database_and_nothing_is_lost(
    database: Database, postgresql_url: str
) -> None:
    notes = Notes()
    ends_away, ends_last = asyncio.Event(), asyncio.Event()

    async def note_late(number: int) -> None:
        notes.begin(number)
        if number == 1:
            await ends_away.wait()
        if number == 2:
            await ends_last.wait()
        notes.end(number)

    await ask(database, 1, 2)
    async with working(postgresql_url, note_late):
        await notes.until(lambda: len(notes.begun) == 2)
        await asyncio.to_thread(set_doors, postgresql_url, are_open=False)
        ends_away.set()
        await notes.until(lambda: notes.done == [1])
        await asyncio.sleep(2)
        await asyncio.to_thread(set_doors, postgresql_url, are_open=True)
        loop = asyncio.get_running_loop()
        back_at = loop.time()
        await ask(database, 3, 4)
        await notes.until(lambda: len(notes.done) == 3)
        # And that although a job was being done all the time, which a worker that began anew would wait for.
        assert loop.time() - back_at < 4
        ends_last.set()
        await until_nothing_lives(database)
    assert sorted(notes.begun) == [1, 2, 3, 4]
    assert notes.done[-1] == 2


async def test_a_stop_waits_for_what_is_being_done_and_begins_nothing(database: Database, postgresql_url: str) -> None:
    notes = Notes()
    let_go = asyncio.Event()

    async def note_late(number: int) -> None:
        notes.begin(number)
        await let_go.wait()
        notes.end(number)

    await ask(database, 1, 2)
    async with working(postgresql_url, note_late, concurrency=1) as jobs:
        await notes.until(lambda: notes.begun == [1])
        jobs.stop()
        let_go.set()
    assert notes.done == [1]
    assert await live(database) == [2]
    assert await kept(database) == 1


async def test_a_handler_that_ends_early_at_a_stop_is_owed_again(database: Database, postgresql_url: str) -> None:
    notes = Notes()
    jobs = Jobs(postgresql_url)

    async def note_until_stopped(number: int) -> None:
        notes.begin(number)
        await jobs.stopping.wait()
        raise Again

    jobs.register("note", note_until_stopped)
    await ask(database, 1)
    task = asyncio.create_task(jobs.run([QUEUE], concurrency=1))
    await notes.until(lambda: notes.begun == [1])
    jobs.stop()
    await task
    await jobs.close()
    assert await live(database) == [1]
    after = Notes()
    async with working(postgresql_url, after.note):
        await after.until(lambda: after.done == [1])


def test_the_queues_tables_are_those_that_the_migration_was_written_for() -> None:
    """Another version of the package may bring others: then the migration needs a copy of these, and a successor."""
    schema = files("procrastinate").joinpath("sql", "schema.sql").read_bytes()
    assert sha256(schema).hexdigest() == "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"


async def test_on_sqlite_there_are_no_jobs(sqlite_url: str) -> None:
    opened = open_database(sqlite_url)
    try:
        async with opened.write() as connection:
            await defer(connection, NewJob(name="note", queue=QUEUE, ids={"number": 1}))
            assert await live_jobs(connection, "note") == []
    finally:
        await opened.close()
    with pytest.raises(ValueError, match="PostgreSQL"):
        Jobs(sqlite_url)
