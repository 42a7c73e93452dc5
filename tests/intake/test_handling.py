"""Updates come to the handlers by jobs: in each person's order, whoever received them and whoever died with them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from telegram import Update
from telegram.error import NetworkError

from bot.context import Context
from bot.intake.feed import UPDATES
from bot.intake.handling import HANDLE
from bot.settings import Settings
from db.database import Database, open_database
from db.jobs import NewJob, defer, live_jobs
from db.tables import updates
from db.updates import UpdateState, mark_effected
from sandbox.faults import Fault
from tests.intake.receiver import Log, receiving, words
from tests.support.story import settings_for
from tests.support.telegram import START

AYGUL, DAMIR = 1001, 1002
MUCH_LATER = datetime.fromtimestamp(START, UTC) + timedelta(minutes=1)


@pytest.fixture
def settings(postgresql_url: str) -> Settings:
    return settings_for(postgresql_url)


@pytest.fixture
async def database(postgresql_url: str) -> AsyncIterator[Database]:
    opened = open_database(postgresql_url)
    yield opened
    await opened.close()


async def states(database: Database) -> dict[int, str]:
    async with database.read() as connection:
        rows = await connection.execute(select(updates.c.update_id, updates.c.state).order_by(updates.c.update_id))
        return {row.update_id: row.state for row in rows}


async def forget_jobs(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("DELETE FROM procrastinate_jobs"))


async def forget_workers(database: Database) -> None:
    """As if they had slept: to the others they are dead."""
    async with database.write() as connection:
        await connection.execute(text("DELETE FROM procrastinate_workers"))


async def test_one_persons_updates_that_two_received_in_turn_are_handled_in_order_and_once(settings: Settings) -> None:
    log = Log()
    async with receiving(settings, log.handle) as one, receiving(settings, log.handle) as other:
        for number in range(1, 51):
            await (one if number % 2 else other).take(words(number, person_id=AYGUL))
        await one.until_all_is_handled()
        await other.until_all_is_handled()
    assert log.begun == list(range(1, 51))


async def test_two_people_are_served_side_by_side(settings: Settings) -> None:
    log = Log()

    async def meet(update: Update, context: Context) -> None:
        await log.handle(update, context)
        await log.until(lambda: len(log.begun) == 2)

    async with receiving(settings, meet) as receiver:
        await receiver.take(words(1, person_id=AYGUL), words(2, person_id=DAMIR))
        await receiver.until_all_is_handled()


async def test_what_is_stored_twice_is_handled_once(settings: Settings) -> None:
    log = Log()
    async with receiving(settings, log.handle) as one, receiving(settings, log.handle) as other:
        same = words(1, person_id=AYGUL)
        await asyncio.gather(one.take(same), other.take(same))
        await one.until_all_is_handled()
        await other.until_all_is_handled()
    assert log.begun == [1]


async def test_what_is_tried_again_later_keeps_its_place_in_the_persons_order(settings: Settings) -> None:
    log = Log()

    async def stumble(update: Update, context: Context) -> None:
        await log.handle(update, context)
        if log.begun == [1]:
            raise NetworkError("away")

    async with receiving(settings, stumble) as one, receiving(settings, stumble):
        await one.take(*(words(number, person_id=AYGUL) for number in (1, 2, 3)))
        await one.until_all_is_handled()
    assert log.begun == [1, 1, 2, 3]


async def test_what_its_process_died_with_has_one_effect_and_only_its_answer_twice(
    settings: Settings, database: Database
) -> None:
    log = Log()
    effects: list[int] = []
    let_go = asyncio.Event()

    async def take_effect(update: Update, context: Context) -> None:
        if not context.situation.is_replay:
            async with database.write() as connection:
                if await mark_effected(connection, update.update_id):
                    effects.append(update.update_id)
        await log.handle(update, context)

    async def take_effect_and_hang(update: Update, context: Context) -> None:
        await take_effect(update, context)
        await let_go.wait()

    async with receiving(settings, take_effect_and_hang, concurrency=1) as hanging:
        await hanging.take(words(1, person_id=AYGUL), words(2, person_id=AYGUL))
        await log.until(lambda: log.begun == [1])
        await forget_workers(database)
        async with receiving(settings, take_effect) as other:
            await log.until(lambda: log.begun == [1, 1, 2])
            let_go.set()
            await hanging.until_all_is_handled()
            await other.until_all_is_handled()
    assert effects == [1, 2]
    assert log.begun == [1, 1, 2]


async def test_one_that_wakes_up_before_its_effect_finds_it_done(settings: Settings, database: Database) -> None:
    log = Log()
    effects: list[str] = []
    wake_up = asyncio.Event()

    async def take_effect(update: Update, by: str) -> None:
        async with database.write() as connection:
            if await mark_effected(connection, update.update_id):
                effects.append(by)

    async def sleep(update: Update, context: Context) -> None:
        await log.handle(update, context)
        await wake_up.wait()
        await take_effect(update, "the sleeper")

    async def act(update: Update, context: Context) -> None:
        await take_effect(update, "the other")
        await log.handle(update, context)

    async with receiving(settings, sleep, concurrency=1) as sleeper:
        await sleeper.take(words(1, person_id=AYGUL))
        await log.until(lambda: log.begun == [1])
        await forget_workers(database)
        async with receiving(settings, act) as other:
            await log.until(lambda: log.begun == [1, 1])
            await other.until_all_is_handled()
            wake_up.set()
            await sleeper.until_all_is_handled()
    assert effects == ["the other"]
    assert await states(database) == {1: UpdateState.DONE}


async def test_the_hotline_needs_no_job_and_waits_for_nobody(settings: Settings, database: Database) -> None:
    log = Log()
    let_go = asyncio.Event()

    async def be_slow(update: Update, context: Context) -> None:
        await log.handle(update, context)
        await let_go.wait()

    async with receiving(settings, be_slow, concurrency=1) as receiver:
        receiver.knows(AYGUL)
        await receiver.take(words(1, person_id=AYGUL), words(2, person_id=AYGUL, text="110"))
        await receiver.telegram.wait_for(lambda: receiver.telegram.counts["sendContact"] == 1)
        await log.until(lambda: log.begun == [1])
        async with database.read() as connection:
            assert await live_jobs(connection, HANDLE) == [{"update_id": 1}]
        let_go.set()
        await receiver.until_all_is_handled()


async def test_a_hotline_call_whose_process_died_is_answered_by_another(settings: Settings) -> None:
    log = Log()
    async with receiving(settings, log.handle, works=False) as dying:
        dying.inbox.stop()
        await dying.take(words(1, person_id=AYGUL, text="110"))
        assert not dying.telegram.counts["sendMessage"]
    async with receiving(settings, log.handle, now=MUCH_LATER) as other:
        other.knows(AYGUL)
        assert await other.feed.remember_forgotten() == 1
        await other.until_all_is_handled()
        assert (other.telegram.counts["sendMessage"], other.telegram.counts["sendContact"]) == (1, 1)
    assert log.begun == []


async def test_a_hotline_call_that_a_job_brings_is_tried_again_when_telegram_was_away(settings: Settings) -> None:
    log = Log()
    async with receiving(settings, log.handle, works=False) as dying:
        dying.inbox.stop()
        await dying.take(words(1, person_id=AYGUL, text="110"))
    async with receiving(settings, log.handle, now=MUCH_LATER) as other:
        other.knows(AYGUL)
        other.telegram.add_fault(Fault("reset_before", "sendMessage"))
        await other.feed.remember_forgotten()
        await other.until_all_is_handled()
        assert (other.telegram.counts["sendMessage"], other.telegram.counts["sendContact"]) == (1, 1)


async def test_an_update_without_a_job_gets_one_and_those_that_have_one_get_none(
    settings: Settings, database: Database
) -> None:
    log = Log()
    async with receiving(settings, log.handle, works=False) as storing:
        await storing.take(words(1, person_id=AYGUL), words(2, person_id=DAMIR))
        await forget_jobs(database)
        await storing.take(words(3, person_id=AYGUL))
        assert await storing.feed.remember_forgotten() == 0, "they have just come"
    async with receiving(settings, log.handle, now=MUCH_LATER) as later:
        # Whoever has a job takes the person's earlier words along, in order.
        await log.until(lambda: log.begun == [1, 3])
        assert await later.feed.remember_forgotten() == 1
        await later.until_all_is_handled()
        assert await later.feed.remember_forgotten() == 0
    assert log.begun == [1, 3, 2]


async def test_a_job_of_what_is_finished_does_nothing(settings: Settings, database: Database) -> None:
    log = Log()
    async with receiving(settings, log.handle) as receiver:
        await receiver.take(words(1, person_id=AYGUL))
        await receiver.until_all_is_handled()
        async with database.write() as connection:
            await defer(connection, NewJob(name=HANDLE, queue=UPDATES, ids={"update_id": 1}))
            await defer(connection, NewJob(name=HANDLE, queue=UPDATES, ids={"update_id": 404}))
        async with asyncio.timeout(10), database.read() as connection:
            while await live_jobs(connection, HANDLE):  # noqa: ASYNC110 - the state is in the database
                await asyncio.sleep(0.01)
    assert log.begun == [1]


async def test_a_stop_leaves_what_is_not_handled_to_the_next(settings: Settings, database: Database) -> None:
    log = Log()

    async def hang(update: Update, context: Context) -> None:
        await log.handle(update, context)
        await asyncio.Event().wait()

    async with receiving(settings, hang, concurrency=1) as stopped:
        await stopped.take(words(1, person_id=AYGUL), words(2, person_id=AYGUL))
        await log.until(lambda: log.begun == [1])
    assert set((await states(database)).values()) == {UpdateState.PENDING}
    after = Log()
    loop = asyncio.get_running_loop()
    begun_at = loop.time()
    async with receiving(settings, after.handle) as following:
        await following.until_all_is_handled()
    assert after.begun == [1, 2]
    assert loop.time() - begun_at < 5, "at once: nobody had to be taken for dead"


async def test_a_job_that_comes_while_its_process_stops_is_left_to_the_next(
    settings: Settings, database: Database
) -> None:
    log = Log()
    async with receiving(settings, log.handle) as stopping:
        stopping.inbox.stop()
        await stopping.take(words(1, person_id=AYGUL))
        async with asyncio.timeout(10), database.read() as connection:
            while not (await connection.execute(text("SELECT max(attempts) FROM procrastinate_jobs"))).scalar():  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
    assert log.begun == []
    async with receiving(settings, log.handle) as following:
        await following.until_all_is_handled()
    assert log.begun == [1]


async def test_an_update_that_cannot_be_stored_leaves_no_job(settings: Settings, database: Database) -> None:
    log = Log()
    async with receiving(settings, log.handle, works=False) as receiver:
        async with database.write() as connection:
            await connection.execute(text("ALTER TABLE procrastinate_jobs RENAME TO away"))
        assert not await receiver.inbox.take([words(1, person_id=AYGUL)])
        assert await states(database) == {}
        async with database.write() as connection:
            await connection.execute(text("ALTER TABLE away RENAME TO procrastinate_jobs"))
