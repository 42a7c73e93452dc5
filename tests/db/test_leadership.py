"""One of many leads: who, who is next, and that the old leader's work has ended before it leads again."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from db.database import Database, open_database
from db.leadership import Standing, key_of, lead
from tests.support.postgres import PostgresServer

ROOT = Path(__file__).parents[2]
OVER_WITHIN_S = 2.0
LEAD = """
import asyncio, sys
from db.database import open_database
from db.leadership import lead

async def work():
    print("leads", flush=True)
    await asyncio.sleep(60)

asyncio.run(lead(open_database(sys.argv[1]), "polling", work, on_change=lambda standing: None))
"""


class Contender:
    """A process of its own, as far as PostgreSQL can tell: it leads until it is told to end."""

    def __init__(self, url: str, *, clean_up_s: float = 0.0) -> None:
        self._database = open_database(url)
        self._clean_up_s = clean_up_s
        self._changed = asyncio.Event()
        self._is_at_work = False
        self.told: list[Standing] = []
        self.happened: list[str] = []
        self.finish = asyncio.Event()
        self.error: Exception | None = None
        self.task = asyncio.create_task(lead(self._database, "polling", self._work, on_change=self._hear))

    async def _work(self) -> None:
        assert not self._is_at_work, "its own earlier work has not ended"
        self._is_at_work = True
        self._note("begins")
        try:
            await self.finish.wait()
            if self.error is not None:
                raise self.error
        except asyncio.CancelledError:
            self._note("is told to end")
            await asyncio.sleep(self._clean_up_s)
            raise
        finally:
            self._is_at_work = False
            self._note("ends")

    def _note(self, word: str) -> None:
        self.happened.append(word)
        self._changed.set()

    def _hear(self, standing: Standing) -> None:
        self.told.append(standing)
        self._changed.set()

    async def until(self, *happened: str, within_s: float = OVER_WITHIN_S) -> None:
        """Returns when exactly this has happened at the end of all that did."""
        await self._until(lambda: tuple(self.happened[-len(happened) :]) == happened, within_s)

    async def until_told(self, standing: Standing, within_s: float = OVER_WITHIN_S) -> None:
        await self._until(lambda: self.told[-1:] == [standing], within_s)

    async def _until(self, is_so: Callable[[], bool], within_s: float) -> None:
        async with asyncio.timeout(within_s):
            while not is_so():
                self._changed.clear()
                await self._changed.wait()

    async def leave(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})
        await self._database.close()


@asynccontextmanager
async def contending(*contenders: Contender) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for one in contenders:
            await one.leave()


@asynccontextmanager
async def leader_and_standby(url: str, *, clean_up_s: float = 0.0) -> AsyncIterator[tuple[Contender, Contender]]:
    first = Contender(url, clean_up_s=clean_up_s)
    async with contending(first):
        await first.until("begins")
        second = Contender(url)
        async with contending(second):
            await second.until_told(Standing.STANDS_BY)
            yield first, second


def sessions(url: str) -> list[int]:
    """The backends that lead or stand by, the leader's first."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT a.pid FROM pg_stat_activity a LEFT JOIN pg_locks l ON l.pid = a.pid AND l.locktype = 'advisory' "
            "WHERE a.datname = current_database() AND a.application_name = 'dauys polling' ORDER BY l.pid IS NULL"
        )
        return [pid for (pid,) in rows]


async def until_sessions(url: str, count: int) -> None:
    """PostgreSQL ends a session a moment after its client has hung up."""
    async with asyncio.timeout(OVER_WITHIN_S):
        while len(await asyncio.to_thread(sessions, url)) != count:  # noqa: ASYNC110 - another program's doing
            await asyncio.sleep(0.02)


def end_session(url: str, pid: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", [pid])


async def test_of_two_one_leads_and_each_hears_it_once(postgresql_url: str) -> None:
    async with leader_and_standby(postgresql_url) as (first, second):
        await asyncio.sleep(1.2)  # two more looks
        assert first.told == [Standing.LEADS]
        assert second.told == [Standing.STANDS_BY]
        assert (first.happened, second.happened) == (["begins"], [])


async def test_when_the_leaders_connection_is_ended_its_work_ends_and_the_other_takes_over(postgresql_url: str) -> None:
    async with leader_and_standby(postgresql_url, clean_up_s=1.5) as (first, second):
        await asyncio.to_thread(end_session, postgresql_url, sessions(postgresql_url)[0])
        await first.until("begins", "is told to end", within_s=0.5)
        await second.until("begins")
        assert first.happened == ["begins", "is told to end"]  # still tidying up, and it does not lead meanwhile
        await second.leave()
        await first.until("begins", "is told to end", "ends", "begins", within_s=4)
        assert first.told == [Standing.LEADS, Standing.AWAY, Standing.LEADS]


async def test_a_leader_alone_has_ended_its_work_before_it_leads_again(postgresql_url: str) -> None:
    only = Contender(postgresql_url, clean_up_s=1.0)
    async with contending(only):
        await only.until("begins")
        await asyncio.to_thread(end_session, postgresql_url, sessions(postgresql_url)[0])
        await only.until("begins", "is told to end", "ends", "begins", within_s=4)


async def test_the_work_ends_when_the_database_falls_silent(
    postgres_server: PostgresServer, postgresql_url: str
) -> None:
    only = Contender(postgresql_url)
    async with contending(only):
        await only.until("begins")
        with postgres_server.silent(postgresql_url):
            await only.until("begins", "is told to end", "ends", within_s=5)
        await only.until("begins", within_s=4)


async def test_work_that_comes_to_its_end_frees_the_lead(postgresql_url: str) -> None:
    async with leader_and_standby(postgresql_url) as (first, second):
        first.finish.set()
        await asyncio.wait_for(first.task, OVER_WITHIN_S)
        await second.until("begins")


async def test_what_the_work_raises_is_raised_and_frees_the_lead(postgresql_url: str) -> None:
    async with leader_and_standby(postgresql_url) as (first, second):
        first.error = OSError("no error of the session")
        first.finish.set()
        with pytest.raises(OSError, match="no error of the session"):
            await asyncio.wait_for(first.task, OVER_WITHIN_S)
        await second.until("begins")


async def test_a_cancelled_leader_ends_its_work_and_then_frees_the_lead(postgresql_url: str) -> None:
    async with leader_and_standby(postgresql_url, clean_up_s=0.7) as (first, second):
        first.task.cancel()
        await first.until("begins", "is told to end", "ends")
        assert second.happened == []
        with pytest.raises(asyncio.CancelledError):
            await first.task
        await second.until("begins", within_s=1)
        await until_sessions(postgresql_url, 1)


async def test_a_standby_that_is_cancelled_leaves_no_session(postgresql_url: str) -> None:
    async with leader_and_standby(postgresql_url) as (first, second):
        await second.leave()
        await until_sessions(postgresql_url, 1)
        assert first.happened == ["begins"]


async def test_after_an_outage_one_leads_again(postgres_server: PostgresServer, postgresql_url: str) -> None:
    async with leader_and_standby(postgresql_url) as (first, second):
        with postgres_server.closed(postgresql_url):
            await first.until("begins", "is told to end", "ends")
            await second.until_told(Standing.AWAY)
            await asyncio.sleep(1.2)  # two more looks
        leads, stands_by = [Standing.LEADS], [Standing.STANDS_BY]
        async with asyncio.timeout(OVER_WITHIN_S):
            while sorted([first.told[-1:], second.told[-1:]]) != [leads, stands_by]:  # noqa: ASYNC110 - both may change
                await asyncio.sleep(0.02)
        assert [one.happened[-1:] == ["begins"] for one in (first, second)].count(True) == 1


async def test_a_killed_process_leads_no_more(postgresql_url: str) -> None:
    command = [sys.executable, "-c", LEAD, postgresql_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as leader:  # noqa: ASYNC220, S603 - our own words
        assert leader.stdout is not None
        assert leader.stdout.readline() == "leads\n"
        standby = Contender(postgresql_url)
        async with contending(standby):
            await standby.until_told(Standing.STANDS_BY)
            leader.send_signal(signal.SIGKILL)
            leader.wait()
            await standby.until("begins", within_s=1)


async def test_two_names_are_led_apart(postgresql_url: str) -> None:
    database = open_database(postgresql_url)
    polling = Contender(postgresql_url)
    told: list[Standing] = []

    async def work() -> None:
        pass

    try:
        async with contending(polling):
            await polling.until("begins")
            await asyncio.wait_for(lead(database, "housekeeping", work, on_change=told.append), OVER_WITHIN_S)
    finally:
        await database.close()
    assert told == [Standing.LEADS]


async def test_on_sqlite_the_only_process_leads(sqlite_url: str) -> None:
    database: Database = open_database(sqlite_url)
    told: list[Standing] = []
    done: list[bool] = []

    async def work() -> None:
        done.append(True)

    await lead(database, "polling", work, on_change=told.append)
    await database.close()
    assert (told, done) == ([Standing.LEADS], [True])


def test_the_key_of_a_name_never_changes() -> None:
    """Two versions of the bot that run side by side during an update must mean the same lock."""
    assert key_of("polling") == -8_148_247_927_145_591_833
    assert key_of("polling") != key_of("housekeeping")
