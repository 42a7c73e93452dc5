"""One of several processes that receive and handle updates of one bot, as far as PostgreSQL can tell: an inbox with its
jobs and PTB's application, and a handler that the test brings."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from telegram import Update
from telegram.ext import ApplicationBuilder, ContextTypes, ExtBot, TypeHandler

from bot.app import LOCALES
from bot.context import Bot, Context, DauysApplication, Services
from bot.delivery.limiter import LaneLimiter
from bot.i18n import Catalogs
from bot.intake.feed import UPDATES
from bot.intake.handling import JobFeed
from bot.intake.hotline import Switchboard
from bot.intake.inbox import Inbox
from bot.intake.processing import PersonalProcessor
from bot.intake.settling import Settler
from bot.services.articles import Articles
from bot.services.desk import Desk
from bot.services.dialogs import Dialogs
from bot.services.doubts import Doubts
from bot.services.outbox import Bell
from bot.services.readers import Readers
from bot.services.submissions import Submissions
from bot.settings import Settings
from db.database import Database, open_database
from db.updates import waiting_updates
from db.workers import Jobs
from handlers import errors
from sandbox.limits import Limits
from sandbox.telegram import Telegram
from tests.support.story import UNPACED, Dice
from tests.support.telegram import START, InProcessRequest

WITHIN_S = 30.0
Handle = Callable[[Update, Context], Coroutine[object, object, None]]
RawUpdate = dict[str, object]


@dataclass(slots=True)
class Receiver:
    database: Database
    application: DauysApplication
    inbox: Inbox
    feed: JobFeed
    jobs: Jobs
    telegram: Telegram

    def knows(self, person_id: int) -> None:
        """Telegram does: somebody who has started the bot."""
        self.telegram.add_person("Айгүл", user_id=person_id).started = True

    async def take(self, *updates: RawUpdate) -> None:
        assert await self.inbox.take(updates)

    async def until_all_is_handled(self) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not self.inbox.is_idle or await self._is_waiting():  # noqa: ASYNC110 - the state is in the database
                await asyncio.sleep(0.01)

    async def _is_waiting(self) -> bool:
        async with self.database.read() as connection:
            return bool(await waiting_updates(connection, limit=1))


@dataclass(slots=True)
class Log:
    """What was handled, in the order it was begun, and how."""

    begun: list[int] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, update: Update, context: Context) -> None:
        del context
        self.begun.append(update.update_id)
        self.done.append(update.update_id)
        self.changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not holds():
                self.changed.clear()
                await self.changed.wait()


def words(update_id: int, *, person_id: int, text: str = "сәлем") -> RawUpdate:
    person = {"id": person_id, "is_bot": False, "first_name": "Айгүл"}
    chat = {"id": person_id, "type": "private"}
    message = {"message_id": update_id, "date": int(START), "from": person, "chat": chat, "text": text}
    return {"update_id": update_id, "message": message}


def services_of(settings: Settings, database: Database, now: Callable[[], datetime]) -> Services:
    bell = Bell()
    desk = Desk(database, bell, configured_chat_id=settings.desk.chat_id)
    return Services(
        settings=settings,
        catalogs=Catalogs.load(LOCALES, settings.languages, settings.timezone),
        now=now,
        articles=Articles(database, bell, desk),
        readers=Readers(database, bell, desk, choose=Dice().choose),
        dialogs=Dialogs(database, bell),
        submissions=Submissions(database, bell, desk),
        desk=desk,
        doubts=Doubts(database, bell, desk),
    )


@asynccontextmanager
async def receiving(
    settings: Settings, handle: Handle, *, concurrency: int = 32, now: datetime | None = None, works: bool = True
) -> AsyncIterator[Receiver]:
    """While the block runs; a receiver that does not work only stores."""
    database = open_database(settings.database.read_url())
    moment = now or datetime.fromtimestamp(START, UTC)
    services = services_of(settings, database, lambda: moment)
    telegram = Telegram(clock=lambda: START, limits=Limits.off())
    inbox = Inbox(database, services)
    settler = Settler(inbox, services)
    processor = PersonalProcessor(inbox, services, settler)
    limiter = LaneLimiter(limits=UNPACED)
    bot: Bot = ExtBot(
        telegram.token,
        request=InProcessRequest(telegram),
        get_updates_request=InProcessRequest(telegram),
        rate_limiter=limiter,
    )
    builder = ApplicationBuilder().bot(bot).updater(None).job_queue(None).concurrent_updates(processor)
    application = builder.context_types(ContextTypes(context=Context)).build()
    application.add_handler(TypeHandler(Update, handle))
    application.add_error_handler(errors.note_failure)
    jobs = Jobs(settings.database.read_url(), beats_every_s=0.2, stalled_after_s=1.0)
    feed = JobFeed(inbox, jobs, now=services.now)
    inbox.attach(application, feed)
    inbox.connect(Switchboard(bot, limiter, services), settler.settle)
    async with application:
        await application.start()
        working = asyncio.create_task(jobs.run([UPDATES], concurrency=concurrency)) if works else None
        try:
            yield Receiver(database, application, inbox, feed, jobs, telegram)
        finally:
            inbox.stop()
            jobs.stop()
            await processor.let_go()
            if working is not None:
                await working
            await application.stop()
            await inbox.close()
            await jobs.close()
            await database.close()
