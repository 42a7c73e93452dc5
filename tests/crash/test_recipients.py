"""Those who are to get something go away while it is on its way: readers who block, a topic, a group that moves."""

import pytest

from sandbox.faults import Fault
from tests.crash.broadcast import ENOUGH_S, Ground, Plan, Scene, broadcasting
from tests.crash.crowd import Wish
from tests.crash.scale import sized
from tests.crash.town import DESK_CHAT_ID

READERS = sized(300, by_hand=1000)
LEAVE = READERS // 10
SPEAKERS = [(Wish.COMMENT, 0)] * 12
CARDS_BEFORE = 3
FORBIDDEN = 403
pytestmark = pytest.mark.timeout(sized(600, by_hand=3000))


async def test_readers_who_leave_in_the_middle_are_tried_once_and_hold_up_nobody(
    sqlite_url: str, ground: Ground
) -> None:
    async with broadcasting(ground, sqlite_url, Plan(READERS)) as scene:
        crowd, telegram = scene.crowd, scene.town.telegram
        crowd.publish()
        await scene.until_articles(ground.chance.randrange(READERS // 10, READERS // 2))
        left = ground.chance.sample([one.person_id for one in crowd.readers.values() if not one.articles], LEAVE)
        for place, person_id in enumerate(left):
            # Of the one the bot is told, of the other it is not.
            (telegram.person_blocks if place % 2 else telegram.person_deactivates)(person_id)
            crowd.leave(person_id)
        await scene.until_all_is_well()
        crowd.publish()
        await scene.until_all_is_well()
        await scene.stop()
        tried = [refusal.params["chat_id"] for refusal in telegram.refused]
        ground.tell(f"{LEAVE} of {READERS} left: {len(tried)} tried, {crowd.doubled_articles} doubled\n")
        assert {refusal.status for refusal in telegram.refused} == {FORBIDDEN}
        assert len(tried) == len(set(tried))
        assert set(tried) <= set(left)
        assert crowd.doubled_articles == 0


async def test_a_topic_that_is_deleted_takes_no_card_with_it_that_was_on_its_way(
    sqlite_url: str, ground: Ground
) -> None:
    async with broadcasting(ground, sqlite_url, Plan(1, SPEAKERS, desk="forum")) as scene:
        await _until_cards_come(scene)
        desk = scene.town.telegram.world.chat(DESK_CHAT_ID)
        [topic] = desk.topics
        scene.town.telegram.delete_topic(DESK_CHAT_ID, topic)
        scene.crowd.lose_sight()
        await _until_all_is_decided(scene)
        assert scene.town.telegram.counts["createForumTopic"] == 2
        assert topic not in desk.topics
        _expect_each_submission_once(scene, ground, "a topic deleted")


async def test_a_group_that_moves_takes_its_cards_along(sqlite_url: str, ground: Ground) -> None:
    async with broadcasting(ground, sqlite_url, Plan(1, SPEAKERS, desk="group")) as scene:
        await _until_cards_come(scene)
        telegram = scene.town.telegram
        # As the next card arrives: that one is on its way for certain.
        telegram.add_fault(Fault("migrate", method="sendMessage", chat_id=DESK_CHAT_ID))
        old = telegram.world.chat(DESK_CHAT_ID)
        await scene.town.until(lambda: old.migrated_to is not None, within_s=ENOUGH_S)
        moved_to = old.migrated_to
        assert moved_to is not None
        scene.crowd.desk_chat_ids.add(moved_to)
        scene.crowd.lose_sight()
        await _until_all_is_decided(scene)
        assert any(chat_id == moved_to for card in scene.crowd.cards.values() for chat_id, _ in card.messages)
        _expect_each_submission_once(scene, ground, "the group moved")


async def _until_cards_come(scene: Scene) -> None:
    scene.crowd.publish()
    await scene.crowd.until(lambda: len(scene.crowd.cards) >= CARDS_BEFORE, within_s=ENOUGH_S)


async def _until_all_is_decided(scene: Scene) -> None:
    crowd = scene.crowd
    await crowd.until(lambda: crowd.all_are_thanked and len(crowd.verdicts) == len(SPEAKERS), within_s=ENOUGH_S)
    await scene.until_nothing_is_owed()
    await scene.stop()


def _expect_each_submission_once(scene: Scene, ground: Ground, trouble: str) -> None:
    crowd = scene.crowd
    ground.tell(f"{trouble}: {len(SPEAKERS)} submissions, {len(crowd.cards)} cards, {len(crowd.verdicts)} verdicts\n")
    assert crowd.missing_articles == crowd.doubled_articles == 0
    assert crowd.cards.keys() == {number for reader in crowd.speakers for number in reader.numbers}
    # A card whose message went away before the decision could be shown on it is shown anew, decided.
    assert all(card.copies - 1 <= len(card.gone) for card in crowd.cards.values())
    assert all(count == 1 for count in crowd.verdicts.values())
