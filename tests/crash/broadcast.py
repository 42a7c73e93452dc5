"""A town with many readers and a bot that is up: where a broadcast begins to which something will happen.

Judged is what the stand-in accepted. The database is only asked whether anything is still owed, to know when to judge.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random  # noqa: TID251 - a type here; the seed is the test's

from bot.i18n import Texts
from db.database import open_database
from db.deliveries import DeliveryState, count_by_state
from tests.crash.crowd import Crowd, Wish
from tests.crash.running import Bot, Config, Feed, running
from tests.crash.scale import RATE_PER_S, WAY_S, sized
from tests.crash.town import DESK_CHAT_ID, DeskKind, Town, most_within, standing

OWED = (DeliveryState.PENDING, DeliveryState.SENDING)
ENOUGH_S = sized(180, by_hand=900)


@dataclass(frozen=True, slots=True)
class Ground:
    """What every such test stands on."""

    folder: Path
    texts: Texts
    chance: Random
    tell: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is there and how the bot is set up. `wishes` is one entry for each reader who comes while it runs."""

    readers: int
    """Who came long ago and only wants the news."""
    wishes: Sequence[tuple[Wish, int]] = ()
    per_s: int = RATE_PER_S
    after_crash: str = "resend"
    desk: DeskKind = "supergroup"
    folder: Path | None = None
    """Where SQLite's file is moved to before the bot is started."""


@dataclass(slots=True)
class Scene:
    town: Town
    crowd: Crowd
    bot: Bot
    config: Path
    database_url: str
    _ending: AsyncExitStack
    _starts: int = 1

    async def start_again(self) -> None:
        """The bot once more, with a log of its own; returns when it is up."""
        self._starts += 1
        self.bot = await self._ending.enter_async_context(running(self.config, log=f"stderr{self._starts}.log"))
        await self.town.until_polled()

    async def until_articles(self, count: int) -> None:
        """So many articles have reached somebody."""
        wanted = len(self.crowd.titles) * len(self.crowd.readers) - count
        await self.crowd.until(lambda: self.crowd.missing_articles <= wanted, within_s=ENOUGH_S)

    async def until_all_is_well(self) -> None:
        await self.crowd.until(lambda: self.crowd.all_have_everything, within_s=ENOUGH_S)
        await self.until_nothing_is_owed()

    async def until_nothing_is_owed(self) -> None:
        await until_nothing_is_owed(self.database_url)
        self.crowd.look()

    async def stop(self, *, after_trouble: bool = False) -> None:
        """SIGTERM; the promises of an end. Trouble from outside is logged with its traceback, and that is no fault."""
        code, left = await self.bot.stop(), self.bot.left_behind()
        if after_trouble:
            left = [line for line in left if not line.lstrip().startswith("Traceback")]
        assert (code, left) == (0, [])
        self.crowd.look()

    def expect_the_rate_was_kept(self, per_s: int) -> None:
        """In no second of the broadcast more than a tenth above the rate left the bot."""
        most = most_within(self.town.telegram.sent_at, 1.0)
        assert most <= per_s * 1.1 + 1, f"{most} in one second"


async def count_rows(database_url: str) -> dict[DeliveryState, int]:
    database = open_database(database_url)
    try:
        async with database.read() as connection:
            return await count_by_state(connection)
    finally:
        await database.close()


async def until_nothing_is_owed(database_url: str) -> None:
    """What is doubled late is doubled, too. Raises TimeoutError."""
    database = open_database(database_url)
    try:
        async with asyncio.timeout(ENOUGH_S):
            while True:
                async with database.read() as connection:
                    states = await count_by_state(connection)
                if not any(states.get(state) for state in OWED):
                    return
                await asyncio.sleep(0.2)
    finally:
        await database.close()


def config_at(town: Town, database_url: str, *, after_crash: str = "resend", per_s: int = RATE_PER_S) -> Config:
    return Config(
        town.url,
        database_url,
        DESK_CHAT_ID,
        feeds=[Feed("Тыныш қала", town.feed_url())],
        after_crash=after_crash,
        broadcast_per_s=per_s,
    )


@asynccontextmanager
async def broadcasting(ground: Ground, database_url: str, plan: Plan) -> AsyncIterator[Scene]:
    """Everybody is there and nothing is published yet; the bot is killed at the block's end, if it still runs."""
    async with standing(chance=ground.chance, way_s=WAY_S, desk=plan.desk) as town:
        crowd = Crowd(town, ground.texts, plan.wishes)
        await crowd.settle(plan.readers, database_url=database_url)
        if plan.folder is not None:
            moved = shutil.move(database_url.removeprefix("sqlite:///"), plan.folder / "dauys.db")
            database_url = f"sqlite:///{moved}"
        config = config_at(town, database_url, after_crash=plan.after_crash, per_s=plan.per_s).write(ground.folder)
        async with AsyncExitStack() as ending:
            bot = await ending.enter_async_context(running(config))
            crowd.arrive()
            await crowd.until(lambda: crowd.all_are_welcome, within_s=ENOUGH_S)
            await town.feed_is_known.wait()
            yield Scene(town, crowd, bot, config, database_url, ending)
