"""The poll loop of one source: when it asks again, what it remembers, and whom it tells."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette

from bot.logic.article import SourceArticle
from bot.services.articles import Articles
from bot.services.desk import Desk
from bot.services.outbox import Bell
from bot.sources.polling import Chance, SourcePoller
from bot.sources.port import Faulty, Fetched, SourceFault, SourceWarning, Unchanged, Validators
from bot.sources.rss import RssSource
from db.database import Database
from db.deliveries import DeliveryKind
from db.sources import SourceState
from db.tables import deliveries
from sandbox.hosting import serve
from sandbox.site import NewsSite
from tests.db.rows import add_readers
from tests.delivery.outbox import Outbox, open_outbox
from tests.support.story import NEWS, article
from tests.support.telegram import Clock

POLL_EVERY_S = 300.0
AWAY = Faulty(SourceFault.UNREACHABLE, "refused")
VALIDATORS = Validators('"a"', "Sun, 01 Mar 2026 12:00:00 GMT")

Answer = Fetched | Unchanged | Faulty | Exception


def fetched(*numbers: int, title: str = "Тақырып", warning: SourceWarning | None = None) -> Fetched:
    validators = VALIDATORS if warning is None else Validators()
    return Fetched(tuple(_article(number, title) for number in numbers), validators, "Сайт", warning)


def _article(number: int, title: str) -> SourceArticle:
    return article(number, title=f"{title} {number}")


@dataclass(slots=True)
class Script:
    """A source that answers as it was told; at its end it says that nothing changed."""

    answers: list[Answer]
    name: str = NEWS
    asked: list[Validators | None] = field(default_factory=list)

    async def fetch(self, validators: Validators | None) -> Fetched | Unchanged | Faulty:
        self.asked.append(validators)
        answer = self.answers.pop(0) if self.answers else Unchanged()
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass(slots=True)
class Newsroom:
    database: Database
    clock: Clock
    articles: Articles
    desk: Desk

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def poller(self, source: Script, *, jitter: float = 0.0) -> SourcePoller:
        chance = Chance(self.now, lambda: jitter)
        return SourcePoller(source, poll_every_s=POLL_EVERY_S, articles=self.articles, desk=self.desk, chance=chance)

    async def poll(self, answers: Sequence[Answer], *, every_s: float = 3600.0) -> tuple[list[SourceState], Script]:
        """One poll for each answer, that far apart; the stored state after each."""
        source = Script(list(answers))
        poller, states = self.poller(source), []
        state = await self.articles.source_state(NEWS)
        for _ in answers:
            state = await poller.poll(state)
            stored = await self.articles.source_state(NEWS)
            assert stored == state, "what the loop believes is what is stored"
            states.append(state)
            self.clock.advance(every_s)
        return states, source

    async def told(self) -> list[str]:
        """What kinds of service lines the desk is owed, oldest first."""
        async with self.database.read() as connection:
            statement = select(deliveries.c.payload).where(deliveries.c.kind == DeliveryKind.SERVICE)
            return [row[0]["kind"] for row in await connection.execute(statement.order_by(deliveries.c.id))]


@pytest.fixture
async def newsroom(database: Database) -> Newsroom:
    await add_readers(database, 1)
    desk = Desk(database, Bell(), configured_chat_id=-5)
    return Newsroom(database, Clock(), Articles(database, Bell(), desk), desk)


async def test_each_failure_in_a_row_doubles_the_wait_and_one_success_ends_it(newsroom: Newsroom) -> None:
    start = newsroom.now()
    states, _ = await newsroom.poll([AWAY, AWAY, AWAY, fetched(1)], every_s=0)
    waits = [state.next_poll_at - start for state in states if state.next_poll_at is not None]
    assert waits == [timedelta(seconds=POLL_EVERY_S * factor) for factor in (2, 4, 8, 1)]
    assert [(state.failures, state.fault) for state in states] == [
        (1, "unreachable"),
        (2, "unreachable"),
        (3, "unreachable"),
        (0, None),
    ]


async def test_the_time_that_the_server_asks_for_is_given(newsroom: Newsroom) -> None:
    start = newsroom.now()
    states, _ = await newsroom.poll([replace(AWAY, retry_after_s=7200.0)])
    assert states[0].next_poll_at == start + timedelta(hours=2)


async def test_the_desk_hears_of_the_third_failure_once_and_of_the_recovery_once(newsroom: Newsroom) -> None:
    await newsroom.poll([AWAY, AWAY, fetched(1), AWAY, AWAY])
    assert await newsroom.told() == []
    await newsroom.poll([AWAY, AWAY, AWAY, Unchanged(), Unchanged(), fetched(1)])
    assert await newsroom.told() == ["source_fault", "source_well"]


async def test_nothing_new_is_a_good_answer_and_keeps_what_the_next_fetch_needs(newsroom: Newsroom) -> None:
    states, source = await newsroom.poll([fetched(1), Unchanged()], every_s=600)
    assert source.asked == [None, VALIDATORS]
    assert (states[1].etag, states[1].failures) == (VALIDATORS.etag, 0)
    first, second = (state.last_ok_at for state in states)
    assert first is not None
    assert second == first + timedelta(seconds=600)


async def test_after_six_hours_the_source_is_read_in_full_whatever_it_claims(newsroom: Newsroom) -> None:
    answers: list[Answer] = [fetched(1), *[Unchanged()] * 5, fetched(1), Unchanged()]
    _, source = await newsroom.poll(answers, every_s=3600)
    assert [asked is None for asked in source.asked] == [True] + [False] * 5 + [True, False]


async def test_a_feed_that_broke_off_is_asked_for_unconditionally(newsroom: Newsroom) -> None:
    states, source = await newsroom.poll([fetched(1, warning=SourceWarning.TRUNCATED), fetched(1)], every_s=60)
    assert states[0].fault == "truncated"
    assert source.asked[1] in (None, Validators())


async def test_a_failure_before_the_first_fetch_does_not_make_the_second_one_publish(newsroom: Newsroom) -> None:
    states, _ = await newsroom.poll([AWAY, fetched(1, 2)])
    assert [state.first_fetched_at is None for state in states] == [True, False]
    async with newsroom.database.read() as connection:
        assert (await connection.execute(select(deliveries.c.id))).all() == []


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - a script, not an event, says so
            await asyncio.sleep(0.005)


async def test_a_source_that_raises_is_asked_again_and_stops_no_other(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sources.polling.BROKEN_AGAIN_S", 0.01)
    broken = Script([LookupError("a fault of ours")] * 3, name="Новости")
    well = Script([fetched(1)])
    tasks = [asyncio.create_task(newsroom.poller(source).run()) for source in (broken, well)]
    try:
        await _until(lambda: len(broken.asked) == 4 and len(well.asked) == 1)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Flaky(Articles):
    """A database that is away for the first look."""

    looks = 0

    async def source_state(self, source: str) -> SourceState:
        self.looks += 1
        if self.looks == 1:
            raise OperationalError(None, None, OSError("away"))
        return await super().source_state(source)


async def test_with_the_database_away_nothing_is_fetched_until_it_is_back(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sources.polling.DATABASE_AWAY_S", 0.01)
    flaky = Flaky(newsroom.database, Bell(), newsroom.desk)
    source = Script([fetched(1)])
    task = asyncio.create_task(replace(newsroom, articles=flaky).poller(source).run())
    try:
        await _until(lambda: len(source.asked) == 1)
        assert flaky.looks >= 2
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_source_in_trouble_is_not_asked_sooner_because_of_a_restart(newsroom: Newsroom) -> None:
    await newsroom.poll([AWAY], every_s=0)
    source = Script([fetched(1)])
    task = asyncio.create_task(newsroom.poller(source).run())
    done, _ = await asyncio.wait([task], timeout=0.2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (done, source.asked) == (set(), [])


@pytest.fixture
async def outbox(database: Database) -> AsyncIterator[Outbox]:
    async with open_outbox(database) as opened:
        yield opened


async def test_what_a_site_publishes_arrives_and_what_it_corrects_is_edited(
    outbox: Outbox, session: aiohttp.ClientSession
) -> None:
    site = NewsSite(outbox.clock)
    reader = await outbox.reader()
    async with serve(Starlette(routes=site.routes())) as base:
        source = RssSource(
            NEWS, base.rstrip("/") + site.feed_path("kk"), language="kk", languages=("kk",), session=session
        )
        poller = SourcePoller(
            source,
            poll_every_s=POLL_EVERY_S,
            articles=outbox.articles,
            desk=outbox.desk,
            chance=Chance(outbox.now, lambda: 0.0),
        )
        state = await poller.poll(await outbox.articles.source_state(NEWS))
        await outbox.settle()
        assert outbox.shown(reader) == []

        outbox.clock.advance(60)
        published = site.publish("kk")
        state = await poller.poll(state)
        await outbox.settle()
        (shown,) = outbox.shown(reader)
        assert published.title in shown

        outbox.clock.advance(60)
        corrected = site.correct("kk")
        state = await poller.poll(state)
        state = await poller.poll(state)
        await outbox.settle()
    assert len(outbox.shown(reader)) == 1
    (edit,) = outbox.shown(reader, method="editMessageText")
    assert corrected.title in edit
