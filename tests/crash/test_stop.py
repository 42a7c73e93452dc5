"""SIGTERM while everything is under way: articles go out, readers speak, editors decide."""

import pytest

from db.deliveries import DeliveryState
from tests.crash.broadcast import Ground, Plan, broadcasting, count_rows
from tests.crash.crowd import Wish
from tests.crash.scale import sized

READERS = sized(400, by_hand=2000)
STOPS = sized(3, by_hand=10)
pytestmark = pytest.mark.timeout(sized(600, by_hand=3000))


async def test_stops_in_the_middle_of_everything_lose_and_double_nothing(database_url: str, ground: Ground) -> None:
    plan = Plan(READERS, wishes=[(Wish.COMMENT, 0), (Wish.TYPO, 0)] * 8)
    async with broadcasting(ground, database_url, plan) as scene:
        crowd = scene.crowd
        crowd.publish()
        moments = sorted(ground.chance.sample(range(1, READERS * 6 // 10), STOPS))
        for moment in moments:
            await scene.until_articles(moment)
            await scene.stop()
            assert DeliveryState.SENDING not in await count_rows(scene.database_url)
            assert crowd.missing_articles
            await scene.start_again()
        await scene.until_all_is_well()
        await scene.stop()
        ground.tell(f"{STOPS} stops: {crowd.missing_articles} missing, {crowd.doubled_articles} doubled\n")
        assert crowd.doubled_articles == 0
        assert all((card.copies, card.repeats) == (1, 0) for card in crowd.cards.values())
        assert all(count == 1 for count in crowd.verdicts.values())
