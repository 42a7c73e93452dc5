"""Two receivers behind a balancer that sends one update here and the next one there, whoever said it."""

from itertools import groupby
from random import Random  # noqa: TID251 - a type here; the seed is the test's

import pytest

from tests.crash.balancer import balancing
from tests.crash.broadcast import Ground
from tests.crash.cluster import Cluster, Shape, cluster
from tests.crash.crowd import Wish
from tests.crash.scale import sized
from tests.support.ports import free_port

pytestmark = pytest.mark.timeout(300)

HASTY = 12
"""People who say everything at once, without waiting for an answer."""
COMMANDS = ("/help", "/privacy", "/language")
SAID_EACH = sized(8, by_hand=60)
SPEAKERS = [(Wish.COMMENT, 0)] * 6
HANDLED_AT_ONCE = 32


class Hasty:
    """Somebody who sends one command after another and never waits."""

    def __init__(self, them: Cluster, person_id: int, chance: Random) -> None:
        self._them = them
        self.id = person_id
        self.said: list[str] = []
        for _ in range(SAID_EACH):
            # Never the same twice in a row: so an answer that comes twice can be told from two answers.
            self.said.append(chance.choice([one for one in COMMANDS if one not in self.said[-1:]]))

    def speak(self) -> None:
        for command in self.said:
            self._them.town.telegram.person_says(self.id, self.id, command)

    @property
    def heard(self) -> list[str]:
        """What the bot answered them, in its order, by first lines; no articles."""
        texts = [
            str(one.params["text"]).partition("\n")[0]
            for one in self._them.town.telegram.log
            if one.method == "sendMessage" and one.params.get("chat_id") == self.id
        ]
        return [text for text in texts if text not in self._them.crowd.titles]

    @property
    def heard_once(self) -> list[str]:
        """The same without what came twice."""
        return [text for text, _ in groupby(self.heard)]


async def learn_answers(them: Cluster, person_id: int) -> dict[str, str]:
    """What the bot says to each command, told to somebody who does wait."""
    answers = {}
    for place, command in enumerate(COMMANDS):
        asker = Hasty(them, person_id, Random(0))  # noqa: S311 - no secret
        them.town.telegram.person_says(person_id, person_id, command)
        await them.town.until(lambda: len(asker.heard) > place, within_s=30)  # noqa: B023 - awaited at once
        answers[command] = asker.heard[-1]
    assert len(set(answers.values())) == len(COMMANDS)
    return answers


async def test_each_person_is_answered_in_their_order_though_a_receiver_dies(
    postgresql_url: str, ground: Ground
) -> None:
    ports = [free_port(), free_port()]
    async with (
        cluster(ground, postgresql_url, Shape(100, readers=HASTY + 1, wishes=SPEAKERS)) as them,
        balancing([f"127.0.0.1:{port}" for port in ports]) as (hook, balancer),
    ):
        dying, *_ = await them.add("bot", "bot", "worker", webhook=hook, ports=ports)
        await them.greet()
        settled = [one.person_id for one in them.crowd.readers.values() if one.wish is Wish.NEWS]
        answers = await learn_answers(them, settled.pop())
        hasty = [Hasty(them, person_id, ground.chance) for person_id in settled]
        for one in hasty:
            one.speak()
        them.crowd.publish()
        await them.until_articles(1)
        wanted = ground.chance.randrange(HASTY * SAID_EACH // 2)
        await them.town.until(lambda: sum(len(one.heard) for one in hasty) >= wanted, within_s=30)
        await dying.kill()
        await them.until_all_is_well()
        await them.town.until(lambda: all(len(one.heard_once) >= SAID_EACH for one in hasty), within_s=60)
        doubled = _expect_order(hasty, answers)
        them.report(
            ground,
            f"1 of 2 receivers killed, {sum(balancer.passed.values())} updates passed on, {HASTY} people × "
            f"{SAID_EACH} in order, {doubled} answers twice",
        )
        assert min(balancer.passed.values()) > HASTY
        assert doubled <= HANDLED_AT_ONCE
        assert them.town.telegram.world.updates.pending == 0
        them.expect_each_comment_once()
        them.town.telegram.world.updates.set_hook(None)
        await them.stop_all()


def _expect_order(hasty: list[Hasty], answers: dict[str, str]) -> int:
    """All answers to each, in the order of what they said; returns how many came twice."""
    for one in hasty:
        assert one.heard_once == [answers[command] for command in one.said]
    return sum(len(one.heard) - len(one.heard_once) for one in hasty)
