"""The outbox at work on a real database and the stand-in: all of the delivery engine, nothing of the handlers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from zoneinfo import ZoneInfo

from sqlalchemy import select
from telegram.ext import ExtBot

from bot.app import LOCALES
from bot.delivery.composing import Composer
from bot.delivery.courier import Courier, Rules, slots_for
from bot.delivery.duties import Duties
from bot.delivery.engine import Engine
from bot.delivery.limiter import LaneLimiter
from bot.delivery.sender import Sender
from bot.delivery.topics import Topics
from bot.i18n import Catalogs
from bot.logic.dialogs import Dialog, Draft, Step
from bot.logic.pacing import Limits as Pace
from bot.logic.screen import Button
from bot.logic.settling import AfterCrash
from bot.services.articles import Articles
from bot.services.desk import Desk
from bot.services.outbox import Bell
from bot.services.readers import Readers
from bot.services.submissions import Submissions
from db.database import Database
from db.deliveries import DeliveryKind, DeliveryState
from db.tables import deliveries
from sandbox.limits import Limits
from sandbox.telegram import Telegram
from tests.support.story import DESK_CHAT_ID, NEWS, UNPACED, article
from tests.support.telegram import Clock, InProcessRequest

SETTLED_WITHIN_S = 20.0
IMPATIENT_S = 0.6
"""How long a silence is listened to."""


class Chance:
    """Numbers without a pattern, the same ones every time."""

    def __init__(self) -> None:
        self._state = 110

    def choose(self, options: Sequence[str]) -> str:
        self._state = (self._state * 1_103_515_245 + 12_345) % 2**31
        return options[(self._state >> 16) % len(options)]


@dataclass(slots=True)
class Outbox:
    """`start` and `stop` (or `kill`) the engine; `settle` after each step, `later` where something has to wait."""

    telegram: Telegram
    clock: Clock
    database: Database
    limiter: LaneLimiter
    desk: Desk
    readers: Readers
    articles: Articles
    submissions: Submissions
    bell: Bell
    make_courier: Callable[[], Courier]
    engine: Engine
    task: "asyncio.Task[None] | None" = None
    _updates: "count[int]" = field(default_factory=lambda: count(1))
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def make_engine(self) -> Engine:
        return Engine(self.database, self.bell, self.make_courier())

    async def start(self) -> int:
        """A new process; returns how many deliveries the last one left half-way."""
        self.engine = self.make_engine()
        await self.limiter.initialize()
        interrupted = await self.engine.recover()
        self.task = asyncio.create_task(self.engine.run())
        return interrupted

    async def stop(self) -> None:
        if self.task is not None:
            self.engine.stop()
            await self.limiter.shutdown()
            async with asyncio.timeout(SETTLED_WITHIN_S):
                await self.task
            self.task = None

    async def kill(self) -> None:
        """As near to `kill -9` as one process comes: nothing more is sent and nothing is written down."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
            self.task = None

    async def settle(self) -> None:
        """Returns when nothing is on its way and nothing is due."""
        async with asyncio.timeout(SETTLED_WITHIN_S):
            while not await self._is_quiet():  # noqa: ASYNC110 - the state is in the database
                await asyncio.sleep(0.005)

    async def _is_quiet(self) -> bool:
        # One statement: on PostgreSQL a second one would see another moment.
        columns = (deliveries.c.chat_id, deliveries.c.lane, deliveries.c.state, deliveries.c.due_at)
        open_states = [DeliveryState.PENDING, DeliveryState.SENDING]
        statement = select(*columns).where(deliveries.c.state.in_(open_states)).order_by(deliveries.c.id)
        async with self.database.read() as connection:
            rows = (await connection.execute(statement)).all()
        # Whoever is not first in their chat waits for the one before.
        first = {(row.chat_id, row.lane): row for row in reversed(rows)}
        return all(row.state == DeliveryState.PENDING and row.due_at > self.now() for row in first.values())

    async def later(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.bell.ring()
        await self.settle()

    async def until_nothing_waits(self, *, steps: int = 12, step_s: float = 10.0) -> None:
        """Lets every back-off pass."""
        await self.settle()
        for _ in range(steps):
            if not await self.rows(state=DeliveryState.PENDING):
                return
            await self.later(step_s)

    async def reader(self, language: str = "kk") -> int:
        """Somebody who subscribed to the news in `language`."""
        person = self.telegram.add_person("Айгүл", language_code=language)
        self.telegram.person_says(person.user_id, person.user_id, "/start")
        await self.readers.meet(person.user_id, now=self.now())
        await self.readers.speak(person.user_id, language, first_news=[language])
        return person.user_id

    async def publish(self, number: int | None = None, *, title: str = "Жаңа саябақ ашылды") -> int:
        """Owes an article to its readers, or a correction of one that was published before; returns its number."""
        await self.expect_first_fetch()
        number = next(self._numbers) if number is None else number
        state = await self.articles.source_state(NEWS)
        await self.articles.take(state, [article(number, title=f"{title} {number}")], now=self.now())
        return number

    async def expect_first_fetch(self) -> None:
        state = await self.articles.source_state(NEWS)
        if state.first_fetched_at is None:
            await self.articles.take(state, [], now=self.now())

    async def comment(self, reader_id: int, words: str = "Жақсы жаңалық!") -> int:
        """Owes the desk a card."""
        update_id = next(self._updates)
        dialog = Dialog(update_id, Step.COMMENT_PREVIEW, Draft(text=words, is_signed=True))
        return await self.submissions.submit(reader_id, dialog, language="kk", update_id=update_id, now=self.now())

    def shown(self, chat_id: int, *, method: str = "sendMessage") -> list[str]:
        """The texts that Telegram took for this chat, in the order it took them."""
        return [
            str(accepted.params["text"])
            for accepted in self.telegram.log
            if accepted.method == method and accepted.params.get("chat_id") == chat_id
        ]

    async def rows(
        self, *, state: DeliveryState | None = None, kind: DeliveryKind | None = None
    ) -> list[tuple[str, str | None]]:
        """State and error of the deliveries, oldest first."""
        statement = select(deliveries.c.state, deliveries.c.error).order_by(deliveries.c.id)
        if state is not None:
            statement = statement.where(deliveries.c.state == state)
        if kind is not None:
            statement = statement.where(deliveries.c.kind == kind)
        async with self.database.read() as connection:
            return [(row[0], row[1]) for row in await connection.execute(statement)]


@asynccontextmanager
async def open_outbox(
    database: Database,
    *,
    after_crash: AfterCrash = "resend",
    pace: Pace = UNPACED,
    forum: bool = False,
    supergroup: bool = True,
) -> AsyncIterator[Outbox]:
    """A running engine beside a desk with one editor; stopped at the end."""
    clock = Clock()
    telegram = Telegram(clock=clock, limits=Limits.off())
    editor = telegram.add_person("Айдана", "Серік")
    telegram.add_group("Редакция", [editor.user_id], forum=forum, supergroup=supergroup, chat_id=DESK_CHAT_ID)
    limiter = LaneLimiter(limits=pace)
    replies, broadcast, polling = (InProcessRequest(telegram, read_timeout=IMPATIENT_S) for _ in range(3))
    bot = ExtBot(telegram.token, request=replies, get_updates_request=polling, rate_limiter=limiter)
    catalogs = Catalogs.load(LOCALES, ("kk", "ru", "en"), ZoneInfo("Asia/Almaty"))
    bell = Bell()
    desk = Desk(database, bell, configured_chat_id=DESK_CHAT_ID)
    readers = Readers(database, bell, desk, choose=Chance().choose)

    def now() -> datetime:
        return datetime.fromtimestamp(clock(), UTC)

    def make_courier() -> Courier:
        topics = Topics(bot, database, catalogs["kk"], now=now)
        composer = Composer(database, catalogs, topics, desk_language="kk", hotline=Button("☎️ 110", data="hotline"))
        sender = Sender(bot, limiter, replies=replies, broadcast=broadcast)
        rules = Rules(after_crash=after_crash, now=now)
        duties = Duties(database, desk, readers, topics)
        return Courier(database, composer, sender, duties, bell, slots=slots_for(25), rules=rules)

    articles, submissions = Articles(database, bell, desk), Submissions(database, bell, desk)
    outbox = Outbox(
        telegram,
        clock,
        database,
        limiter,
        desk,
        readers,
        articles,
        submissions,
        bell,
        make_courier,
        Engine(database, bell, make_courier()),
    )
    await bot.initialize()
    await outbox.start()
    try:
        yield outbox
    finally:
        try:
            await outbox.stop()
        finally:
            await outbox.kill()
            await bot.shutdown()
