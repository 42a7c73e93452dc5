"""The real bot among its readers, for the measures that are a story: who runs, what is waited for."""

import sqlite3
import time  # noqa: TID251 - the orchestra's clock, the same CLOCK_MONOTONIC as the server's
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.crowds import FIRST_BYSTANDER, FIRST_READER
from bench.plan import Bench
from bench.processes import CaseError, Running, running
from bench.server import Ask, Seen

DELAY_S = (0.06, 0.1)
UNPACED_PER_S = 1e6
LOOKS_EVERY_S = 0.02
_WARM_UP_PEOPLE = 50
_WARM_UP_FROM = FIRST_BYSTANDER + 4_900


@dataclass(frozen=True, slots=True)
class Story:
    bot: Running
    bench: Bench
    database: str
    readers: int

    def ask(self, data: str, people: int, *, every_s: float, first: int = FIRST_BYSTANDER) -> None:
        self.bench.server.ask(Ask(data, first, people, every_s))

    def answers(self, people: int, *, within_s: float = 90.0) -> Seen:
        """What the server saw once so many who asked, or still ask, were answered; or at the end of that time."""
        wait_for(lambda: len(self.bench.server.tell().answered) >= people, within_s=within_s, may_fail=True)
        return self.bench.server.tell()

    def until_sent(self, messages: int, *, within_s: float) -> None:
        """Returns when the server took so many. Raises CaseError when it does not in that time."""
        wait_for(lambda: self.bench.server.count() >= messages, within_s=within_s)

    def last_reader_is_owed(self) -> bool:
        """Looks from outside, so that the sender has no work with it."""
        return bool(self._number("SELECT count(*) FROM deliveries WHERE chat_id = %d", FIRST_READER + self.readers - 1))

    def owed(self) -> int:
        """How many of the readers have their row."""
        last = FIRST_READER + self.readers - 1
        return self._number(f"SELECT count(*) FROM deliveries WHERE chat_id BETWEEN {FIRST_READER} AND %d", last)  # noqa: S608 - numbers of ours

    def _number(self, query: str, number: int) -> int:
        """`query` with the number in it; both are ours."""
        statement = query % number
        if self.database.startswith("sqlite"):
            with closing(sqlite3.connect(self.database.removeprefix("sqlite:///"))) as connection:
                found = connection.execute(statement).fetchone()
        else:
            with psycopg.connect(self.database) as postgres:
                found = postgres.execute(statement.encode()).fetchone()
        return int(found[0]) if found else 0


@contextmanager
def story(
    bench: Bench, *, readers: int, per_s: float, dialect: str = "sqlite", delay_s: tuple[float, float] = DELAY_S
) -> Iterator[Story]:
    """The bot runs, has answered somebody, and the server has forgotten that."""
    with bench.crowds.database(dialect, readers) as database:
        bench.server.reset(delay_s=delay_s)
        given = {"url": bench.server.url, "database": database, "in_flight": 0, "per_s": per_s}
        with running("bench.ours", given, log=bench.crowds.folder / "bot.log") as bot:
            told = Story(bot, bench, database, readers)
            warm_up(bench, log=bench.crowds.folder / "bot.log")
            bench.server.reset(delay_s=delay_s)
            yield told


def warm_up(bench: Bench, *, log: Path) -> None:
    """Everybody whom the bot answers first waits for what it loads late. Raises CaseError when it answers nobody."""
    people = min(_WARM_UP_PEOPLE, bench.plan.size(1000))
    bench.server.ask(Ask("menu:help", _WARM_UP_FROM, people, every_s=0.02))
    try:
        wait_for(lambda: len(bench.server.tell().answered) == people, within_s=30.0)
    except CaseError:
        raise CaseError(log.read_text("utf-8", "replace").strip()[-2000:] or "nobody is answered") from None


def wait_for(holds: Callable[[], bool], *, within_s: float, may_fail: bool = False) -> None:
    """Raises CaseError when it does not hold in time, unless it may."""
    until = now() + within_s
    while not holds():
        if now() > until:
            if may_fail:
                return
            raise CaseError(f"not within {within_s:.0f} s")
        pause(LOOKS_EVERY_S)


def now() -> float:
    return time.monotonic()


def pause(seconds: float) -> None:
    time.sleep(seconds)
