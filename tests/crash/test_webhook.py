"""`kill -9` of a receiver while Telegram posts to it: what was answered by 200 is kept, what was not comes again."""

import asyncio
from collections import Counter
from functools import partial
from pathlib import Path
from random import Random  # noqa: TID251 - chance begins in the test, from a seed that it prints

import pytest

from bot.i18n import Texts
from bot.settings import Telegram
from tests.crash.conftest import Tell
from tests.crash.crowd import Crowd, Wish
from tests.crash.running import Bot, Config, Feed, start
from tests.crash.town import DESK_CHAT_ID, Town, standing
from tests.support.ports import free_port

pytestmark = pytest.mark.timeout(240)

READERS = 80
SPEAKERS = 12
"""Fewer than the 19 cards that a group takes in a minute."""
KILLS = 5
ACCEPTED_AT_LEAST = READERS * 2 + SPEAKERS * 4
"""/start and a language from everybody; a button, the words, a signature and "Send" from those who comment."""
ENOUGH_S = 150.0


def write_config(town: Town, database_url: str, folder: Path) -> Path:
    feeds = [Feed("Тыныш қала", town.feed_url())]
    path = Config(town.url, database_url, DESK_CHAT_ID, feeds=feeds, broadcast_per_s=30, log_level="DEBUG").write(
        folder
    )
    port = free_port()
    lines = f'mode = "webhook"\nwebhook_url = "http://127.0.0.1:{port}/hook"\nwebhook_listen = "127.0.0.1:{port}"'
    path.write_text(path.read_text(encoding="utf-8").replace("[telegram]", f"[telegram]\n{lines}"), encoding="utf-8")
    return path


async def kill_at(town: Town, bots: list[Bot], config: Path, moments: list[int], chance: Random) -> None:
    """Killed each time after so many updates were taken, and started again; the last of `bots` lives."""
    for moment in moments:
        await town.until(partial(has_taken, town, moment), within_s=60)
        await asyncio.sleep(chance.uniform(0, 0.05))
        await bots[-1].kill()
        bots.append(await start(config, bots[-1].log))


def has_taken(town: Town, count: int) -> bool:
    return taken(town) >= count


def taken(town: Town) -> int:
    return sum(posted.is_accepted for posted in town.telegram.world.updates.posted)


async def test_kills_lose_nothing_that_telegram_posted(
    database_url: str, tmp_path: Path, kazakh: Texts, seed: int, tell: Tell
) -> None:
    chance = Random(seed)  # noqa: S311 - no secret
    async with standing(chance=chance, way_s=(0.005, 0.02)) as town:
        crowd = Crowd(town, kazakh, [*[(Wish.COMMENT, 0)] * SPEAKERS, *[(Wish.NEWS, 0)] * (READERS - SPEAKERS)])
        config = write_config(town, database_url, tmp_path)
        bots = [await start(config, tmp_path / "stderr.log")]
        moments = sorted(chance.sample(range(1, ACCEPTED_AT_LEAST * 3 // 4), KILLS))
        killing = asyncio.create_task(kill_at(town, bots, config, moments, chance))
        try:
            crowd.arrive()
            await crowd.until(lambda: crowd.all_are_welcome, within_s=ENOUGH_S)
            await town.feed_is_known.wait()
            crowd.publish()
            await crowd.until(lambda: crowd.all_have_everything, within_s=ENOUGH_S)
            await killing
            assert await bots[-1].stop() == 0
        finally:
            killing.cancel()
            await asyncio.gather(killing, return_exceptions=True)
            if bots[-1].is_running:
                await bots[-1].kill()
        attempts = town.telegram.world.updates.posted
        tell(f"{KILLS} kills, {taken(town)} updates taken in {len(attempts)} posts, {crowd.doubled_articles} doubled\n")
        assert town.telegram.world.updates.pending == 0
        assert max(Counter(posted.update_id for posted in attempts if posted.is_accepted).values()) == 1
        # One submission for each who wrote, however often Telegram had to post it.
        assert len(crowd.cards) == SPEAKERS
        assert all(len(reader.numbers) == 1 for reader in crowd.speakers)
        assert crowd.missing_articles == 0
        town.telegram.world.updates.set_hook(None)
        assert bots[-1].left_behind() == []
        assert Telegram.model_validate({"token": "110:sandbox"}).read_webhook_secret() not in bots[-1].said
