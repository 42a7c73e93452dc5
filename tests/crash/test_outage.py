"""The database's file in trouble: a full disk, and somebody else's lock. The hotline is answered all the same."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from bot.logic.lanes import Lane
from tests.crash.broadcast import Ground, Plan, Scene, broadcasting
from tests.crash.caller import Caller
from tests.crash.crowd import Crowd, Wish
from tests.crash.running import command
from tests.crash.scale import on_their_way, sized
from tests.crash.small_disk import small_disk

READERS = sized(200, by_hand=1000)
SPEAKERS = [(Wish.COMMENT, 0), (Wish.TYPO, 0)] * 2
OUT_S = sized(8, by_hand=60)
"""Longer than SQLite itself waits for a lock."""
IN_TROUBLE = "OperationalError"
pytestmark = pytest.mark.timeout(sized(600, by_hand=3000))


async def test_a_full_disk_loses_nothing(sqlite_url: str, ground: Ground) -> None:
    with small_disk(ground.folder / "small") as disk:
        plan = Plan(READERS, SPEAKERS, folder=disk.folder)
        async with broadcasting(ground, sqlite_url, plan) as scene:
            await _in_the_middle_of_two_articles(scene, ground)
            disk.fill()
            await _calls_get_through(scene)
            disk.empty()
            await scene.until_all_is_well()
            await scene.stop(after_trouble=True)
            _tell(scene, ground, f"disk full for {OUT_S} s")
            _expect_each_thing_once(scene.crowd)


async def test_a_bot_that_is_stopped_on_a_full_disk_goes_on_when_there_is_room(sqlite_url: str, ground: Ground) -> None:
    with small_disk(ground.folder / "small") as disk:
        plan = Plan(READERS, SPEAKERS, folder=disk.folder)
        async with broadcasting(ground, sqlite_url, plan) as scene:
            await _in_the_middle_of_two_articles(scene, ground)
            disk.fill()
            await _until_in_trouble(scene)
            await scene.stop(after_trouble=True)
            disk.fill()  # closing the database may have made room
            ended = await command("--config", str(scene.config), "run", cwd=ground.folder)
            assert (ended.code, "disk is full" in ended.said, "Traceback" in ended.said) == (1, True, False)
            disk.empty()
            await scene.start_again()
            await scene.until_all_is_well()
            await scene.stop()
            _tell(scene, ground, "stopped on a full disk")
            assert scene.crowd.doubled_articles <= on_their_way(Lane.BROADCAST)


async def test_a_lock_that_somebody_holds_loses_nothing(sqlite_url: str, ground: Ground) -> None:
    async with broadcasting(ground, sqlite_url, Plan(READERS, SPEAKERS)) as scene:
        await _in_the_middle_of_two_articles(scene, ground)
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            await _calls_get_through(scene)
            other.execute("ROLLBACK")
        await scene.until_all_is_well()
        await scene.stop(after_trouble=True)
        _tell(scene, ground, f"locked for {OUT_S} s")
        _expect_each_thing_once(scene.crowd)


async def _in_the_middle_of_two_articles(scene: Scene, ground: Ground) -> None:
    scene.crowd.publish()
    scene.crowd.publish()
    await scene.until_articles(ground.chance.randrange(READERS // 2, READERS * 3 // 2))


async def _calls_get_through(scene: Scene) -> None:
    """For as long as the trouble is to last, and it is trouble: a bot that finds room is given more to write."""
    caller, loop = Caller(scene.town), asyncio.get_running_loop()
    ends_at = loop.time() + OUT_S
    while loop.time() < ends_at or IN_TROUBLE not in scene.bot.said:
        await caller.hears_of_the_hotline()
        await asyncio.sleep(0.1)
        scene.crowd.look()


async def _until_in_trouble(scene: Scene) -> None:
    caller = Caller(scene.town)
    while IN_TROUBLE not in scene.bot.said:
        await caller.hears_of_the_hotline()


def _tell(scene: Scene, ground: Ground, trouble: str) -> None:
    crowd = scene.crowd
    ground.tell(
        f"{trouble}: {crowd.missing_articles} missing, {crowd.doubled_articles} doubled; "
        f"{len(crowd.speakers)} submissions: {len(crowd.cards)} cards\n"
    )


def _expect_each_thing_once(crowd: Crowd) -> None:
    """Nobody died: what arrived was known to have arrived, however long it could not be written down."""
    assert crowd.doubled_articles == 0
    assert all(len(reader.numbers) == 1 for reader in crowd.speakers)
    assert crowd.cards.keys() == {number for reader in crowd.speakers for number in reader.numbers}
    assert all((card.copies, card.repeats) == (1, 0) for card in crowd.cards.values())
    assert all(count == 1 for count in crowd.verdicts.values())
