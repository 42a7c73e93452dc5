"""Several processes over one PostgreSQL: any of them may die, stand still, come and go, and so may the database."""

import asyncio

import pytest

from bot.delivery.gate import LATE_S
from sandbox.faults import Fault
from tests.crash.broadcast import Ground
from tests.crash.caller import Caller
from tests.crash.cluster import Cluster, Shape, cluster, count_on_their_way, longest_pause, stop
from tests.crash.crowd import Wish
from tests.crash.running import Config, command
from tests.crash.scale import sized
from tests.crash.town import DESK_CHAT_ID, most_within, now
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.timeout(300)

FAST_PER_S = 100
PAUSE_S = 2.0
TAKEN_FOR_DEAD_S = 8.0
FLOOD_S = 3
SPREAD_WITHIN_S = 1.0
"""For all to hear of a flood wait: the row is looked at five times a second, and machines are busy."""
AWAY_S = (2.0, sized(6, by_hand=20))
BACK_WITHIN_S = 5.0
SPEAKERS = [(Wish.COMMENT, 0), (Wish.TYPO, 0)] * 3
"""Fewer than the 19 cards that a group takes in a minute."""


async def test_a_worker_that_is_killed_is_not_missed(postgresql_url: str, ground: Ground) -> None:
    """More is owed than the others can send until it is taken for dead: else they would have to wait for its share."""
    readers = sized(1400, by_hand=6000)
    async with cluster(ground, postgresql_url, Shape(FAST_PER_S, readers)) as them:
        _, dying, _ = await them.add("bot", "worker", "worker")
        await them.begin_a_broadcast()
        await them.until_articles(ground.chance.randrange(30, 200))
        await dying.kill()
        killed_at = now()
        await them.until_all_is_well()
        pause_s = longest_pause(them.sent_at, since=killed_at)
        them.report(ground, f"1 of 2 workers killed, longest pause {pause_s:.2f} s")
        assert pause_s <= PAUSE_S
        assert them.crowd.doubled_articles <= them.slots
        them.expect_the_rate_was_kept()
        await them.stop_all()


async def test_a_worker_that_stood_still_does_no_harm_when_it_goes_on(postgresql_url: str, ground: Ground) -> None:
    async with cluster(ground, postgresql_url, Shape(FAST_PER_S, readers=sized(600, by_hand=3000))) as them:
        _, still, _ = await them.add("bot", "worker", "worker")
        await them.begin_a_broadcast()
        await them.until_articles(ground.chance.randrange(30, 200))
        still.freeze()
        await asyncio.sleep(TAKEN_FOR_DEAD_S + ground.chance.uniform(2, 4))
        still.thaw()
        await them.until_all_is_well()
        them.report(ground, "1 of 2 workers stood still for longer than it is waited for")
        assert them.crowd.doubled_articles <= them.slots
        them.expect_the_rate_was_kept()
        await them.stop_all()


async def test_a_postgresql_that_goes_away_twice_is_outlived_by_all(
    postgres_server: PostgresServer, postgresql_url: str, ground: Ground
) -> None:
    postgres_server.keep_what_is_committed(postgresql_url)
    shape = Shape(FAST_PER_S, readers=sized(700, by_hand=4000), wishes=SPEAKERS)
    async with cluster(ground, postgresql_url, shape) as them:
        await them.add("bot", "worker", "worker")
        await them.begin_a_broadcast()
        caller = Caller(them.town)
        for away_s in AWAY_S:
            await them.until_articles(len(them.sent_at) + ground.chance.randrange(50, 200))
            await asyncio.to_thread(postgres_server.stop)
            await asyncio.gather(caller.hears_of_the_hotline(within_s=away_s), asyncio.sleep(away_s))
            await asyncio.to_thread(postgres_server.start)
            ground.tell(f"away for {away_s} s, sending again {await _until_sent(them):.1f} s after it is back")
        await them.until_all_is_well()
        them.report(ground, "PostgreSQL went away")
        assert them.crowd.doubled_articles <= len(AWAY_S) * 2 * them.slots
        them.expect_each_comment_once()
        assert all(process.is_running for process in them.processes), them.logs
        await them.stop_all(after_trouble=True)


async def _until_sent(them: Cluster) -> float:
    """How long it takes until somebody is sent something; raises TimeoutError when nobody is for very long."""
    began_at, sent = now(), len(them.sent_at)
    await them.town.until(lambda: len(them.sent_at) > sent, within_s=BACK_WITHIN_S)
    return now() - began_at


async def test_another_bot_polls_within_two_seconds_of_the_first_ones_death(
    postgresql_url: str, ground: Ground
) -> None:
    async with cluster(ground, postgresql_url, Shape(FAST_PER_S, wishes=[*SPEAKERS, *[(Wish.NEWS, 0)] * 30])) as them:
        (leader,) = await them.add("bot")
        await them.until_says(leader, "standing=leads")
        standby, _ = await them.add("bot", "worker")
        await them.until_says(standby, "standing=stands_by")
        them.crowd.arrive()
        await them.town.until(lambda: them.town.telegram.shown >= ground.chance.randrange(5, 60), within_s=30)
        caller = Caller(them.town)
        await leader.kill()
        killed_at = now()
        await caller.hears_of_the_hotline()
        polled_after_s = now() - killed_at
        await them.greet()
        them.crowd.publish()
        await them.until_all_is_well()
        them.report(ground, f"another bot had polled and answered {polled_after_s:.2f} s after the leader was killed")
        assert polled_after_s <= PAUSE_S
        assert "standing=leads" in standby.said
        assert them.crowd.doubled_articles == 0
        them.expect_each_comment_once()
        await them.stop_all()


@pytest.mark.parametrize("rate_per_s", [25, 200])
async def test_three_workers_keep_one_pace(rate_per_s: int, postgresql_url: str, ground: Ground) -> None:
    """Looked at as long as each of them has something to send: at most 400 readers are in a worker's hands."""
    judged = rate_per_s * sized(7, by_hand=60)
    async with cluster(ground, postgresql_url, Shape(rate_per_s, readers=judged + 3 * 400)) as them:
        await them.add("bot", "worker", "worker", "worker")
        await them.begin_a_broadcast()
        await them.until_articles(judged)
        them.report(ground, f"3 workers, {rate_per_s}/s: {them.mean_per_s:.1f}/s")
        them.expect_the_rate_was_reached()
        them.expect_the_rate_was_kept()
        await them.stop_all()
        them.crowd.look()
        assert them.crowd.doubled_articles == 0


async def test_workers_come_and_go_in_the_middle_of_a_broadcast(postgresql_url: str, ground: Ground) -> None:
    readers = sized(800, by_hand=6000)
    async with cluster(ground, postgresql_url, Shape(FAST_PER_S, readers)) as them:
        bot, first, *others = await them.add("bot", "worker", "worker", "worker")
        await them.begin_a_broadcast()
        began_at = now()
        await them.until_articles(readers // 5)
        await stop(first)
        await them.until_articles(readers * 2 // 5)
        await stop(*others)
        assert count_on_their_way(postgresql_url) == 0
        them.crowd.look()
        assert them.crowd.missing_articles > 0
        assert await them.check() == "FAIL processes 1 bot, 0 workers: nobody sends what is owed"
        await them.add("worker", "worker")
        assert await them.check() == "ok processes 1 bot, 2 workers"
        await them.until_all_is_well()
        pause_s = longest_pause(them.sent_at, since=began_at)
        them.report(ground, f"workers come and go, all of them for a while: longest pause {pause_s:.1f} s")
        assert them.crowd.doubled_articles == 0
        assert bot.is_running
        them.expect_the_rate_was_kept()
        await them.stop_all()


async def test_a_flood_wait_that_one_worker_meets_is_waited_out_by_all(postgresql_url: str, ground: Ground) -> None:
    """Only one message is refused: whoever else sent in that time would get through, and be seen."""
    async with cluster(ground, postgresql_url, Shape(FAST_PER_S, readers=600)) as them:
        await them.add("bot", "worker", "worker", "worker")
        await them.begin_a_broadcast()
        telegram = them.town.telegram
        await them.until_articles(ground.chance.randrange(100, 300))
        telegram.add_fault(Fault("too_many", method="sendMessage", retry_after=FLOOD_S))
        await them.until_all_is_well()
        spread_s = _expect_silence(them, telegram.refused_back_at[0])
        them.report(ground, f"429 for {FLOOD_S} s to one of 3 workers, the others silent after {spread_s:.2f} s")
        assert len(telegram.refused) == 1
        assert them.crowd.doubled_articles == 0
        them.expect_the_rate_was_kept()
        await them.stop_all()


def _expect_silence(them: Cluster, heard_at: float) -> float:
    """Returns how long after the refusal the last one spoke."""
    ends_at = heard_at + FLOOD_S
    during = [at - heard_at for at in them.sent_at if heard_at <= at < ends_at - 0.05]
    spread_s = max(during, default=0.0)
    assert spread_s <= SPREAD_WITHIN_S
    assert len(during) <= FAST_PER_S * SPREAD_WITHIN_S
    # In a tenth of a second after it, no more than in any other: its places, and those of a wake-up that was late.
    after = [at for at in them.sent_at if at >= ends_at]
    seconds = 0.1 + LATE_S + them.pulse.worst_between(after[0], after[-1])
    assert most_within(after, 0.1) <= FAST_PER_S * seconds + 1
    return spread_s


async def test_a_role_on_sqlite_is_refused_with_the_remedy(sqlite_url: str, ground: Ground) -> None:
    config = Config("http://127.0.0.1:9", sqlite_url, DESK_CHAT_ID).write(ground.folder)
    ended = await command("--config", str(config), "run", "--role", "worker", cwd=ground.folder)
    assert (ended.code, "Traceback" in ended.said) == (1, False)
    assert "Fix: run without --role, or set database.url to a PostgreSQL." in ended.said
