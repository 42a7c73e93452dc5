"""Several processes over one PostgreSQL in a town: started, killed and stopped by a test.

Judged is what the stand-in accepted. The database is only asked when to judge, and never by the processes' own code.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import psycopg

from bot.delivery.courier import slots_for
from bot.logic.lanes import Lane
from tests.crash.broadcast import Ground, until_nothing_is_owed
from tests.crash.crowd import Crowd, Wish
from tests.crash.running import Bot, Config, Feed, command, start
from tests.crash.scale import WAY_S
from tests.crash.town import DESK_CHAT_ID, Town, most_within, now, standing

STARTED_WITHIN_S = 30.0
ENOUGH_S = 120.0
LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Shape:
    """Who is there and how fast news goes out. `wishes` is one entry for each reader who comes while it runs."""

    rate_per_s: int
    readers: int = 0
    """Who came long ago and only want the news."""
    wishes: Sequence[tuple[Wish, int]] = ()


@dataclass(slots=True)
class Cluster:
    town: Town
    crowd: Crowd
    database_url: str
    config: Config
    folder: Path
    pulse: "Pulse"
    processes: list[Bot] = field(default_factory=list)
    _configs: list[Path] = field(default_factory=list)

    async def add(self, *roles: str, webhook: str | None = None, ports: Sequence[int] = ()) -> list[Bot]:
        """Starts a process for each role, all at the same time; returns when they are up.

        With `webhook`, Telegram is to post there, and the bots listen on `ports`.
        """
        added = []
        for place, role in enumerate(roles):
            log = self.folder / f"{len(self.processes)}-{role}.log"
            config = self._write_config(log.stem, webhook, ports[place] if place < len(ports) else None)
            added.append(await start(config, log, role=role))
            self.processes.append(added[-1])
        for process in added:
            await self.until_says(process, "started  ")
        return added

    def _write_config(self, name: str, webhook: str | None, port: int | None) -> Path:
        folder = self.folder / name
        folder.mkdir()
        path = self.config.write(folder)
        if webhook is not None:
            lines = [f'mode = "webhook"\nwebhook_url = "{webhook}"']
            lines += [] if port is None else [f'webhook_listen = "127.0.0.1:{port}"']
            words = path.read_text(encoding="utf-8").replace("[telegram]", "\n".join(["[telegram]", *lines]))
            path.write_text(words, encoding="utf-8")
        self._configs.append(path)
        return path

    async def until_says(self, process: Bot, words: str, *, within_s: float = STARTED_WITHIN_S) -> None:
        """These words stand in its log. Raises AssertionError with the log."""
        try:
            async with asyncio.timeout(within_s):
                while words not in process.said:
                    assert process.is_running, process.said
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            raise AssertionError(f"no “{words}” in {process.said}") from None

    async def greet(self) -> None:
        """The readers who come now have come, and the next article is news."""
        self.crowd.arrive()
        await self.until(lambda: self.crowd.all_are_welcome)
        await self.town.feed_is_known.wait()

    async def begin_a_broadcast(self) -> None:
        await self.greet()
        self.crowd.publish()

    async def until(self, holds: Callable[[], bool], *, within_s: float = ENOUGH_S) -> None:
        try:
            await self.crowd.until(holds, within_s=within_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.logs}") from None

    async def until_articles(self, count: int) -> None:
        """So many articles have reached their readers."""
        wanted = len(self.crowd.titles) * len(self.crowd.readers) - count
        await self.until(lambda: self.crowd.missing_articles <= wanted)

    async def until_all_is_well(self) -> None:
        await self.until(lambda: self.crowd.all_have_everything)
        await until_nothing_is_owed(self.database_url)
        self.crowd.look()

    async def stop_all(self, *, after_trouble: bool = False) -> None:
        """SIGTERM to all that still run, at once."""
        await stop(*[process for process in self.processes if process.is_running], after_trouble=after_trouble)

    async def check(self) -> str:
        """What `main.py check` says of the processes, without its remedy."""
        ended = await command("--config", str(self._configs[0]), "check", cwd=self.folder)
        (line,) = [line for line in ended.out.splitlines() if line.split()[1] == "processes"]
        return " ".join(line.partition(". Fix: ")[0].split())

    def report(self, ground: Ground, what: str) -> None:
        crowd = self.crowd
        articles = f"{len(crowd.readers)} readers: {crowd.missing_articles} missing, {crowd.doubled_articles} doubled"
        ground.tell(f"{what}; {articles} ({self.slots} slots a process)\n")

    @property
    def mean_per_s(self) -> float:
        """From the first message to the last."""
        return (len(self.sent_at) - 1) / (max(self.sent_at) - min(self.sent_at))

    def expect_the_rate_was_reached(self) -> None:
        """Nine tenths of it at least, in the time in which this process was awake to see it."""
        first, last = min(self.sent_at), max(self.sent_at)
        awake_s = last - first - self.pulse.stood_still_s(first, last)
        assert len(self.sent_at) >= self.config.broadcast_per_s * 0.9 * awake_s, f"{self.mean_per_s:.1f} a second"

    @property
    def logs(self) -> str:
        return "\n".join(
            f"--- {one.log.name} (exit {one.process.returncode})\n{one.said[-3000:]}" for one in self.processes
        )

    @property
    def slots(self) -> int:
        """How many articles a process has on their way at most: what its death can double."""
        return slots_for(self.config.broadcast_per_s)[Lane.BROADCAST]

    @property
    def sent_at(self) -> list[float]:
        return self.town.telegram.sent_at

    def expect_the_rate_was_kept(self) -> None:
        """By all processes together: in no second more than a tenth above it."""
        most = most_within(self.sent_at, 1.0)
        # What left in time and was looked at late stands closer to what followed.
        seconds = 1.1 + self.pulse.worst_between(min(self.sent_at), max(self.sent_at))
        assert most <= self.config.broadcast_per_s * seconds, f"{most} in one second, {seconds:.2f} s' worth allowed"

    def expect_each_comment_once(self) -> None:
        """One number for each who wrote, one card and one verdict for each number, and nobody else's."""
        crowd = self.crowd
        assert [len(reader.numbers) for reader in crowd.speakers] == [1] * len(crowd.speakers)
        thanked = {number for reader in crowd.speakers for number in reader.numbers}
        assert len(thanked) == len(crowd.speakers)
        assert crowd.cards.keys() == thanked == crowd.verdicts.keys()


class Pulse:
    """How late this process is at what it does: it is the stand-in's, too, whose log tells when something was sent."""

    BEAT_S = 0.01
    STILL_S = 0.05

    def __init__(self) -> None:
        self._late: list[tuple[float, float]] = []

    async def run(self) -> None:
        while True:
            began_at = now()
            await asyncio.sleep(self.BEAT_S)
            self._late.append((began_at, now() - began_at - self.BEAT_S))

    def worst_between(self, first: float, last: float) -> float:
        return max((late for at, late in self._late if first <= at <= last), default=0.0)

    def stood_still_s(self, first: float, last: float) -> float:
        """For how long it did nothing at all, as on a machine with more to do than it has cores."""
        return sum(late for at, late in self._late if first <= at <= last and late > self.STILL_S)


async def stop(*processes: Bot, after_trouble: bool = False) -> None:
    """SIGTERM; each ends in time, with 0, and leaves nothing behind. Trouble from outside is logged with its traceback,
    and that is no fault."""
    codes = await asyncio.gather(*(process.stop() for process in processes))
    assert codes == [0] * len(processes)
    for process in processes:
        left = process.left_behind()
        assert [line for line in left if not (after_trouble and line.lstrip().startswith("Traceback"))] == []


def count_on_their_way(database_url: str) -> int:
    """The messages that some process says it is sending."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT count(*) FROM deliveries WHERE state = 'sending'").fetchone()
    assert row is not None
    return int(row[0])


def longest_pause(moments: Iterable[float], *, since: float) -> float:
    """The longest time without one of them, from `since` to the last."""
    return max(after - before for before, after in pairwise([since, *sorted(at for at in moments if at > since)]))


@asynccontextmanager
async def cluster(ground: Ground, database_url: str, shape: Shape) -> AsyncIterator[Cluster]:
    """A town where no process runs yet; whatever runs at the end is killed."""
    async with standing(chance=ground.chance, way_s=WAY_S) as town:
        crowd = Crowd(town, ground.texts, shape.wishes)
        if shape.readers:
            await crowd.settle(shape.readers, database_url=database_url)
        feeds = [Feed("Тыныш қала", town.feed_url())]
        config = Config(town.url, database_url, DESK_CHAT_ID, feeds=feeds, broadcast_per_s=shape.rate_per_s)
        pulse = Pulse()
        made = Cluster(town, crowd, database_url, config, ground.folder, pulse)
        beating = asyncio.create_task(pulse.run())
        try:
            yield made
        finally:
            beating.cancel()
            for process in made.processes:
                if process.is_running:
                    await process.kill()
