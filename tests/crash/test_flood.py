"""A flood wait in the middle of a broadcast: its end is waited for by everybody, and nobody storms out after it."""

import pytest

from bot.logic.lanes import Lane
from sandbox.faults import Fault
from tests.crash.broadcast import Ground, Plan, broadcasting
from tests.crash.scale import SLOW_PER_S, on_their_way, sized
from tests.crash.town import TOO_MANY, most_within

FLOOD_S = 3
HEARD_WITHIN_S = 0.25
"""For the bot to read an answer that is there, on a machine that has other things to do."""
pytestmark = pytest.mark.timeout(sized(600, by_hand=3000))


async def test_a_flood_wait_is_waited_out_and_nothing_bursts_after_it(sqlite_url: str, ground: Ground) -> None:
    readers = sized(200, by_hand=1000)
    async with broadcasting(ground, sqlite_url, Plan(readers, per_s=SLOW_PER_S)) as scene:
        crowd, telegram = scene.crowd, scene.town.telegram
        crowd.publish()
        for _ in range(sized(1, by_hand=3)):
            await scene.until_articles(len(telegram.sent_at) + ground.chance.randrange(readers // 10, readers // 4))
            telegram.add_fault(Fault("flood_wait", method="sendMessage", retry_after=FLOOD_S))
            await scene.town.until(lambda: bool(telegram.faults.waiting[0].until), within_s=10)
            await scene.town.until(lambda: not telegram.faults.waiting, within_s=30)
        await scene.until_all_is_well()
        await scene.stop()
        ground.tell(f"429 for {FLOOD_S} s: {len(telegram.refused)} refused, {crowd.doubled_articles} doubled\n")
        assert {refusal.status for refusal in telegram.refused} == {TOO_MANY}
        assert crowd.doubled_articles == 0
        _expect_silence_in_each_wait(
            [refusal.at for refusal in telegram.refused], telegram.sent_at, telegram.refused_back_at
        )
        scene.expect_the_rate_was_kept(SLOW_PER_S)


def _expect_silence_in_each_wait(refused_at: list[float], sent_at: list[float], refused_back_at: list[float]) -> None:
    begun = [at for place, at in enumerate(refused_at) if place == 0 or at - refused_at[place - 1] > FLOOD_S]
    for began_at in begun:
        ends_at = began_at + FLOOD_S
        heard_at = min(at for at in refused_back_at if at >= began_at)
        during = [at for at in sent_at if began_at <= at < ends_at]
        assert len(during) <= on_their_way(Lane.BROADCAST, per_s=SLOW_PER_S)
        assert [at - began_at for at in during if at > heard_at + HEARD_WITHIN_S] == []
        assert most_within([at for at in sent_at if ends_at <= at < ends_at + 1], 0.1) <= on_their_way(
            Lane.BROADCAST, per_s=SLOW_PER_S
        )
