"""A bad network: errors, resets and silence, before and after Telegram did what it was asked."""

import pytest

from tests.crash.broadcast import ENOUGH_S, Ground, Plan, Scene, broadcasting
from tests.crash.crowd import Wish
from tests.crash.scale import sized
from tests.crash.town import Weather

READERS = sized(300, by_hand=1000)
SHARE = 0.1
pytestmark = pytest.mark.timeout(sized(600, by_hand=3000))


def _turns_bad(scene: Scene, ground: Ground) -> Weather:
    weather = scene.town.telegram.weather = Weather(ground.chance, SHARE, silences=sized(3, by_hand=10**6))
    return weather


async def test_a_bad_network_loses_nothing_and_doubles_only_what_was_not_heard_of(
    sqlite_url: str, ground: Ground
) -> None:
    plan = Plan(READERS, wishes=[(Wish.COMMENT, 0), (Wish.TYPO, 0)])
    async with broadcasting(ground, sqlite_url, plan) as scene:
        crowd, weather = scene.crowd, _turns_bad(scene, ground)
        crowd.publish()
        await scene.until_all_is_well()
        scene.town.telegram.weather = None
        await scene.stop(after_trouble=True)
        _tell(scene, ground, weather)
        assert weather.met
        for reader in crowd.readers.values():
            assert sum(reader.articles.values()) - 1 <= weather.unheard[reader.person_id]
        assert sum(card.repeats for card in crowd.cards.values()) <= sum(weather.unheard.values())
        assert all(card.copies <= 1 for card in crowd.cards.values())


async def test_in_a_bad_network_whoever_wants_no_second_copy_gets_none(postgresql_url: str, ground: Ground) -> None:
    async with broadcasting(ground, postgresql_url, Plan(READERS, after_crash="uncertain")) as scene:
        crowd, weather = scene.crowd, _turns_bad(scene, ground)
        crowd.publish()
        await crowd.until(
            lambda: crowd.missing_articles <= weather.met.total() - weather.unheard.total(), within_s=ENOUGH_S
        )
        await scene.until_nothing_is_owed()
        scene.town.telegram.weather = None
        await scene.stop(after_trouble=True)
        _tell(scene, ground, weather)
        assert crowd.doubled_articles == 0
        for reader in crowd.readers.values():
            assert reader.articles or weather.met[reader.person_id]


def _tell(scene: Scene, ground: Ground, weather: Weather) -> None:
    crowd = scene.crowd
    ground.tell(
        f"{weather.met.total()} sends met bad weather, {weather.unheard.total()} of them after they were accepted: "
        f"{crowd.missing_articles} missing, {crowd.doubled_articles} doubled, {crowd.told_missing} told\n"
    )
