"""`kill -9` at random moments, while articles go out and readers speak: nothing is lost, and little is doubled."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random  # noqa: TID251 - chance begins in the test, from a seed that it prints

import pytest

from bot.delivery.courier import slots_for
from bot.i18n import Texts
from bot.logic.lanes import Lane
from tests.crash.conftest import Tell
from tests.crash.crowd import Crowd, Wish
from tests.crash.running import Bot, Config, Feed, start
from tests.crash.town import DESK_CHAT_ID, Town, standing

pytestmark = pytest.mark.timeout(240)

WAY_S = (0.02, 0.06)
"""There and back again: 40 to 120 ms for an answer, as from a server on another continent."""
SLOTS = slots_for(25)
QUIET_S = 3.0
ENOUGH_S = 180.0


@dataclass(frozen=True, slots=True)
class Plan:
    readers: int
    speakers: int
    articles: int
    kills: int
    after_crash: str = "resend"

    @property
    def shown(self) -> int:
        """About how many messages there will be: the question and the welcome, the articles, what speakers see."""
        return self.readers * (2 + self.articles) + self.speakers * 5

    def wishes(self, chance: Random) -> list[tuple[Wish, int]]:
        speaks = [(chance.choice((Wish.COMMENT, Wish.TYPO)), place % self.articles) for place in range(self.speakers)]
        return [*speaks, *[(Wish.NEWS, 0)] * (self.readers - self.speakers)]

    def moments(self, chance: Random) -> list[int]:
        """After so many messages the process is killed; in the last tenth there is nothing to be killed in."""
        return sorted(chance.sample(range(5, self.shown * 9 // 10), self.kills))


class Trial:
    """One town, one crowd, and a bot that dies again and again."""

    def __init__(self, town: Town, crowd: Crowd, config: Config, folder: Path, chance: Random) -> None:
        self.town = town
        self.crowd = crowd
        self._config = config.write(folder)
        self._log = folder / "stderr.log"
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
            await self._until_quiet()
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

    async def _until_quiet(self) -> None:
        """What is doubled late is doubled, too."""
        shown = -1
        while shown != self.town.telegram.shown:
            shown = self.town.telegram.shown
            await asyncio.sleep(QUIET_S)
            self.crowd.look()


async def endure(plan: Plan, *, database_url: str, folder: Path, texts: Texts, seed: int, tell: Tell) -> Crowd:
    chance = Random(seed)  # noqa: S311 - no secret
    async with standing(chance=chance, way_s=WAY_S) as town:
        crowd = Crowd(town, texts, plan.wishes(chance))
        config = Config(
            town.url,
            database_url,
            DESK_CHAT_ID,
            feeds=[Feed("Тыныш қала", town.feed_url())],
            after_crash=plan.after_crash,
            broadcast_per_s=30,
        )
        await Trial(town, crowd, config, folder, chance).go(plan)
    cards = crowd.cards.values()
    tell(
        f"{plan.kills} kills, {plan.readers} readers × {plan.articles} articles: {crowd.missing_articles} missing, "
        f"{crowd.doubled_articles} doubled; {plan.speakers} submissions: {len(cards)} cards, "
        f"{sum(card.repeats for card in cards)} marked copies\n"
    )
    return crowd


def expect_nothing_lost(crowd: Crowd, plan: Plan) -> None:
    assert crowd.missing_articles == 0
    assert crowd.doubled_articles <= SLOTS[Lane.BROADCAST] * plan.kills
    # Each speaker has one number, and no two have the same.
    thanked = {next(iter(reader.numbers)): reader for reader in crowd.speakers if len(reader.numbers) == 1}
    assert len(thanked) == plan.speakers
    assert crowd.cards.keys() == thanked.keys() == crowd.verdicts.keys()
    for number, card in crowd.cards.items():
        assert str(thanked[number].person_id) in card.text
        assert card.copies <= 1, f"a second copy of card {number} has no mark"
    assert sum(card.repeats for card in crowd.cards.values()) <= SLOTS[Lane.DESK] * plan.kills
    assert sum(crowd.verdicts.values()) - plan.speakers <= SLOTS[Lane.REPLY] * plan.kills


async def test_ten_kills_lose_nothing(sqlite_url: str, tmp_path: Path, kazakh: Texts, seed: int, tell: Tell) -> None:
    plan = Plan(readers=300, speakers=40, articles=3, kills=10)
    crowd = await endure(plan, database_url=sqlite_url, folder=tmp_path, texts=kazakh, seed=seed, tell=tell)
    expect_nothing_lost(crowd, plan)


async def test_kills_lose_nothing_on_postgresql(
    postgresql_url: str, tmp_path: Path, kazakh: Texts, seed: int, tell: Tell
) -> None:
    plan = Plan(readers=100, speakers=24, articles=2, kills=5)
    crowd = await endure(plan, database_url=postgresql_url, folder=tmp_path, texts=kazakh, seed=seed, tell=tell)
    expect_nothing_lost(crowd, plan)


async def test_whoever_wants_no_second_copy_gets_none(
    sqlite_url: str, tmp_path: Path, kazakh: Texts, seed: int, tell: Tell
) -> None:
    plan = Plan(readers=100, speakers=10, articles=2, kills=5, after_crash="uncertain")
    crowd = await endure(plan, database_url=sqlite_url, folder=tmp_path, texts=kazakh, seed=seed, tell=tell)
    assert crowd.doubled_articles == 0
    assert crowd.missing_articles <= crowd.told_missing <= SLOTS[Lane.BROADCAST] * plan.kills
    # Only news may be missing: whoever was thanked has a card, and nobody else has.
    assert crowd.cards.keys() == {number for reader in crowd.speakers for number in reader.numbers}
