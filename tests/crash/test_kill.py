"""`kill -9` at random moments, while articles go out and readers speak: nothing is lost, and little is doubled."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random  # noqa: TID251 - chance begins in the test, from a seed that it prints

import pytest

from bot.logic.lanes import Lane
from tests.crash.broadcast import ENOUGH_S, Ground, config_at, until_nothing_is_owed
from tests.crash.crowd import Crowd, Wish
from tests.crash.running import Bot, Config, start
from tests.crash.scale import WAY_S, on_their_way, sized
from tests.crash.town import Town, standing

pytestmark = pytest.mark.timeout(sized(600, by_hand=3000))


@dataclass(frozen=True, slots=True)
class Plan:
    """`readers` came long ago; `newcomers` arrive, and some of them, the `speakers`, have something to say."""

    readers: int
    newcomers: int
    speakers: int
    articles: int
    kills: int
    after_crash: str = "resend"

    @property
    def shown(self) -> int:
        """About how many messages there will be: the question and the welcome, the articles, what speakers see."""
        return self.newcomers * 2 + (self.readers + self.newcomers) * self.articles + self.speakers * 5

    def wishes(self, chance: Random) -> list[tuple[Wish, int]]:
        speaks = [(chance.choice((Wish.COMMENT, Wish.TYPO)), place % self.articles) for place in range(self.speakers)]
        return [*speaks, *[(Wish.NEWS, 0)] * (self.newcomers - self.speakers)]

    def moments(self, chance: Random) -> list[int]:
        """After so many messages the process is killed; in the last tenth there is nothing to be killed in."""
        never_shown = 0 if self.after_crash == "resend" else on_their_way(Lane.BROADCAST) * self.kills
        return sorted(chance.sample(range(5, self.shown * 9 // 10 - never_shown), self.kills))


class Trial:
    """One town, one crowd, and a bot that dies again and again."""

    def __init__(self, town: Town, crowd: Crowd, config: Config, folder: Path, chance: Random) -> None:
        self.town = town
        self.crowd = crowd
        self._config = config.write(folder)
        self._log = folder / "stderr.log"
        self._database_url = config.database_url
        self._file = config.database_url.removeprefix("sqlite:///") if "sqlite" in config.database_url else None
        self._chance = chance
        self._bot: Bot | None = None

    @property
    def bot(self) -> Bot:
        assert self._bot is not None
        return self._bot

    async def go(self, plan: Plan) -> None:
        """Everything that happens; returns when nothing more does."""
        self._bot = await start(self._config, self._log)
        people = asyncio.create_task(self._live(plan))
        killer = asyncio.create_task(self._kill_at(plan.moments(self._chance)))
        try:
            async with asyncio.timeout(ENOUGH_S):
                await asyncio.gather(killer, people)
            await self.crowd.until(lambda: self.crowd.nobody_is_in_the_middle, within_s=ENOUGH_S)
            await until_nothing_is_owed(self._database_url)
            self.crowd.look()
            assert await self.bot.stop() == 0
        except TimeoutError:
            raise AssertionError(self._state) from None
        finally:
            people.cancel()
            killer.cancel()
            if self.bot.is_running:
                await self.bot.kill()
            await asyncio.gather(people, killer, return_exceptions=True)

    @property
    def _state(self) -> str:
        return f"{self.crowd.state}\n{self.bot.said[-2000:]}"

    async def _live(self, plan: Plan) -> None:
        self.crowd.arrive()
        await self.crowd.until(lambda: self.crowd.all_are_welcome, within_s=ENOUGH_S)
        await self.town.feed_is_known.wait()
        for _ in range(plan.articles):
            self.crowd.publish()
        if plan.after_crash == "resend":
            await self.crowd.until(lambda: self.crowd.all_have_everything, within_s=ENOUGH_S)

    async def _kill_at(self, moments: list[int]) -> None:
        for moment in moments:
            await self._until_shown(moment)
            # Anywhere between a request's beginning and what follows from its answer.
            await asyncio.sleep(self._chance.uniform(0, 0.15))
            assert self.bot.is_running, self.bot.said
            await self.bot.kill()
            self._check_file()
            self._bot = await start(self._config, self._log)

    async def _until_shown(self, count: int) -> None:
        try:
            await self.town.until(lambda: self.town.telegram.shown >= count, within_s=25)
        except TimeoutError:
            raise AssertionError(f"only {self.town.telegram.shown} of {count}; {self._state}") from None

    def _check_file(self) -> None:
        if self._file is not None:
            with closing(sqlite3.connect(self._file)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def endure(plan: Plan, ground: Ground, *, database_url: str) -> Crowd:
    async with standing(chance=ground.chance, way_s=WAY_S) as town:
        crowd = Crowd(town, ground.texts, plan.wishes(ground.chance))
        await crowd.settle(plan.readers, database_url=database_url)
        config = config_at(town, database_url, after_crash=plan.after_crash)
        await Trial(town, crowd, config, ground.folder, ground.chance).go(plan)
    copies = sum(card.repeats for card in crowd.cards.values())
    ground.tell(
        f"{plan.kills} kills, {len(crowd.readers)} readers × {plan.articles} articles: "
        f"{crowd.missing_articles} missing, {crowd.doubled_articles} doubled; {plan.speakers} submissions: "
        f"{len(crowd.cards)} cards, {copies} marked copies\n"
    )
    return crowd


def expect_nothing_lost(crowd: Crowd, plan: Plan) -> None:
    assert crowd.missing_articles == 0
    assert crowd.doubled_articles <= on_their_way(Lane.BROADCAST) * plan.kills
    # Each speaker has one number, and no two have the same.
    thanked = {next(iter(reader.numbers)): reader for reader in crowd.speakers if len(reader.numbers) == 1}
    assert len(thanked) == plan.speakers
    assert crowd.cards.keys() == thanked.keys() == crowd.verdicts.keys()
    for number, card in crowd.cards.items():
        assert str(thanked[number].person_id) in card.text
        assert card.copies <= 1, f"a second copy of card {number} has no mark"
    assert sum(card.repeats for card in crowd.cards.values()) <= on_their_way(Lane.DESK) * plan.kills
    assert sum(crowd.verdicts.values()) - plan.speakers <= on_their_way(Lane.REPLY) * plan.kills


async def test_ten_kills_lose_nothing(sqlite_url: str, ground: Ground) -> None:
    plan = Plan(
        readers=sized(960, by_hand=1500),
        newcomers=40,
        speakers=18,
        articles=sized(1, by_hand=3),
        kills=sized(10, by_hand=30),
    )
    crowd = await endure(plan, ground, database_url=sqlite_url)
    expect_nothing_lost(crowd, plan)


async def test_kills_lose_nothing_on_postgresql(postgresql_url: str, ground: Ground) -> None:
    plan = Plan(readers=sized(180, by_hand=960), newcomers=40, speakers=18, articles=1, kills=sized(3, by_hand=10))
    crowd = await endure(plan, ground, database_url=postgresql_url)
    expect_nothing_lost(crowd, plan)


async def test_whoever_wants_no_second_copy_gets_none(sqlite_url: str, ground: Ground) -> None:
    plan = Plan(
        readers=sized(580, by_hand=1460),
        newcomers=20,
        speakers=10,
        articles=1,
        kills=sized(5, by_hand=10),
        after_crash="uncertain",
    )
    crowd = await endure(plan, ground, database_url=sqlite_url)
    assert crowd.doubled_articles == 0
    assert crowd.missing_articles <= crowd.told_missing <= on_their_way(Lane.BROADCAST) * plan.kills
    # Only news may be missing: whoever was thanked has a card, and nobody else has.
    assert crowd.cards.keys() == {number for reader in crowd.speakers for number in reader.numbers}
