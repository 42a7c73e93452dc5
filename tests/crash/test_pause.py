"""A process that stands still (SIGSTOP: a debugger, a laptop's lid, a host that is moved) and then goes on."""

import asyncio

import pytest

from bot.logic.lanes import Lane
from tests.crash.broadcast import Ground, Plan, broadcasting
from tests.crash.crowd import Wish
from tests.crash.scale import SLOW_PER_S, on_their_way, sized

STILL_S = sized(6, by_hand=30)
pytestmark = pytest.mark.timeout(sized(600, by_hand=3000))


async def test_a_process_that_stood_still_goes_on_where_it_was(sqlite_url: str, ground: Ground) -> None:
    readers = sized(200, by_hand=1000)
    plan = Plan(readers, wishes=[(Wish.COMMENT, 0), (Wish.TYPO, 0)], per_s=SLOW_PER_S)
    async with broadcasting(ground, sqlite_url, plan) as scene:
        crowd = scene.crowd
        crowd.publish()
        await scene.until_articles(ground.chance.randrange(readers // 10, readers // 2))
        scene.bot.freeze()
        for reader in crowd.speakers:
            scene.town.telegram.person_says(reader.person_id, reader.person_id, "110")
        await asyncio.sleep(STILL_S)
        crowd.look()
        left = crowd.missing_articles
        scene.bot.thaw()
        await scene.until_all_is_well()
        await scene.stop()
        assert scene.town.telegram.counts["sendContact"] == len(crowd.speakers)
        ground.tell(f"{STILL_S} s still, {left} articles left by then: {crowd.doubled_articles} doubled\n")
        assert crowd.doubled_articles <= on_their_way(Lane.BROADCAST, per_s=SLOW_PER_S)
        assert sum(card.repeats for card in crowd.cards.values()) <= on_their_way(Lane.DESK)
        scene.expect_the_rate_was_kept(SLOW_PER_S)
