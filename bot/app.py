"""Puts the parts together and runs them: intake, engine, sources, housekeeping. The only place that knows them all."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import structlog
from telegram.error import InvalidToken, NetworkError, TelegramError
from telegram.ext import ApplicationBuilder, ContextTypes, ExtBot
from telegram.request import BaseRequest

from bot.context import Bot, Context, DauysApplication, Services
from bot.delivery.composing import Composer
from bot.delivery.courier import Courier, Rules, slots_for
from bot.delivery.duties import Duties
from bot.delivery.engine import Engine
from bot.delivery.gate import Gate, OpenGate, SharedGate
from bot.delivery.limiter import LaneLimiter
from bot.delivery.request import AiohttpRequest
from bot.delivery.sender import Sender
from bot.delivery.topics import Topics
from bot.i18n import Catalogs
from bot.intake.feed import UPDATES, Feed
from bot.intake.hotline import Switchboard
from bot.intake.inbox import Inbox
from bot.intake.memory import MemoryFeed
from bot.intake.polling import Poller
from bot.intake.processing import PersonalProcessor
from bot.intake.settling import Settler
from bot.intake.vigil import Vigil
from bot.intake.webhook import Hook, Receiver
from bot.logic.lanes import Lane
from bot.logic.pacing import Limits
from bot.logic.screens.hotline import hotline_button
from bot.menu import introduce
from bot.services.articles import Articles
from bot.services.desk import Desk
from bot.services.dialogs import Dialogs
from bot.services.doubts import Doubts
from bot.services.outbox import Bell
from bot.services.readers import Choose, Readers
from bot.services.submissions import Submissions
from bot.settings import Settings, Source
from bot.sources.fetching import open_session
from bot.sources.kinds import open_source
from bot.sources.polling import Chance, SourcePoller
from db import updates as update_rows
from db.alone import NotAloneError, alone
from db.database import Database, DatabaseError, open_database
from db.leadership import Standing, lead
from db.migrate import NewerTablesError, migrate
from db.presence import BOT

if TYPE_CHECKING:
    from bot.delivery.dispatch import Dispatch
    from bot.intake.handling import JobFeed
    from db.workers import Jobs

VERSION = "0.1.0"
LOCALES = Path(__file__).parent.parent / "locales"
HOUSEKEEPING_EVERY_S = 60.0
UPDATES_REMEMBERED = timedelta(days=2)
HANDLED_AT_ONCE = 32
STOP_WITHIN_S = 7.0
TURNS_WITHIN_S = 1.0
"""At a stop, whose turn comes so soon still goes; eight slots at 25 messages/s need a third of it."""
LONGEST_PAUSE_S = 30.0

_log = structlog.get_logger(__name__)


class Role(StrEnum):
    """What a process does; on PostgreSQL there may be any number of each."""

    ALL = "all"
    BOT = "bot"
    """Takes updates and handles them, reads the sources, keeps house."""
    WORKER = "worker"
    """Sends what is owed."""


class StartError(Exception):
    """The bot cannot run, and its text tells the operator what to do."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything that is not decided by the settings: time, chance, and how Telegram is reached."""

    now: Callable[[], datetime]
    choose: Choose
    jitter: Callable[[], float]
    make_request: Callable[[], BaseRequest] = AiohttpRequest
    locales: Path = LOCALES
    limits: Limits | None = None
    """Telegram's own, with the settings' broadcast rate, when None; tests do not wait."""
    slots: Mapping[Lane, int] | None = None
    """How many messages may be on their way; as many as the rate asks for when None."""


class Dauys:
    """One bot. `start()`, then `stop()`; or `run()` for both."""

    def __init__(
        self,
        settings: Settings,
        world: World,
        *,
        register: Callable[[DauysApplication], None],
        role: Role = Role.ALL,
    ) -> None:
        """Opens nothing; raises SettingsError when the token's file cannot be read."""
        self.settings = settings
        self.role = role
        self._world = world
        self.database: Database = open_database(settings.database.read_url())
        self.catalogs = Catalogs.load(
            world.locales, settings.languages, settings.timezone, overrides=settings.newsroom.texts
        )
        self.bell = Bell()
        self.desk = Desk(self.database, self.bell, configured_chat_id=settings.desk.chat_id)
        self.services = Services(
            settings=settings,
            catalogs=self.catalogs,
            now=world.now,
            articles=Articles(self.database, self.bell, self.desk),
            readers=Readers(self.database, self.bell, self.desk, choose=world.choose),
            dialogs=Dialogs(self.database, self.bell),
            submissions=Submissions(self.database, self.bell, self.desk),
            doubts=Doubts(self.database, self.bell, self.desk),
            desk=self.desk,
        )
        self._reply_request = world.make_request()
        self._polling_request = world.make_request()
        self._broadcast_request = world.make_request()
        limits = world.limits or Limits(broadcast_per_s=settings.delivery.broadcast_per_s)
        self._is_shared = self.database.dialect == "postgresql"
        self._gate: Gate = SharedGate(self.database, limits=limits) if self._is_shared else OpenGate()
        self._limiter = LaneLimiter(limits=limits, gate=self._gate)
        self.inbox = Inbox(self.database, self.services)
        self._settler = Settler(self.inbox, self.services)
        self._processor = PersonalProcessor(self.inbox, self.services, self._settler)
        self._jobs: Jobs | None = None
        self._handling: JobFeed | None = None
        self.application = self._build(register)
        self.engine = self._build_engine(self.application.bot)
        self._poller = Poller(self.application.bot, self._polling_request, self.inbox.take)
        self._vigil = Vigil(self._poller.run)
        self._receiver: Receiver | None = None
        if settings.telegram.mode == "webhook" and role is not Role.WORKER:
            self._receiver = Receiver(self.application.bot, Hook.from_settings(settings.telegram), self.inbox.take)
        self._session: aiohttp.ClientSession | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._engine_task: asyncio.Task[None] | None = None
        self._jobs_task: asyncio.Task[None] | None = None
        self._held = AsyncExitStack()

    def _build(self, register: Callable[[DauysApplication], None]) -> DauysApplication:
        bot: Bot = ExtBot(
            self.settings.telegram.read_token(),
            base_url=f"{self.settings.telegram.api_url}/bot",
            request=self._reply_request,
            get_updates_request=self._polling_request,
            rate_limiter=self._limiter,
        )
        application = (
            ApplicationBuilder()
            .bot(bot)
            .updater(None)
            .job_queue(None)
            .concurrent_updates(self._processor)
            .context_types(ContextTypes(context=Context))
            .build()
        )
        self.inbox.attach(application, self._make_feed())
        self.inbox.connect(Switchboard(bot, self._limiter, self.services), self._settler.settle)
        register(application)
        return application

    def _make_feed(self) -> Feed:
        if not self._is_shared:
            return MemoryFeed(self.inbox)
        from bot.intake.handling import JobFeed  # noqa: PLC0415 - takes 0.7 s, and a bot on SQLite has no use for it
        from db.workers import Jobs  # noqa: PLC0415 - as above

        self._jobs = Jobs(self.settings.database.read_url())
        self._handling = JobFeed(self.inbox, self._jobs, now=self._world.now)
        return self._handling

    def _build_engine(self, bot: Bot) -> "Engine | Dispatch | None":
        """What sends in this process; None where others do."""
        if self.role is Role.BOT:
            return None
        desk_language = self.settings.desk.language
        topics = Topics(bot, self.database, self.catalogs[desk_language], now=self._world.now)
        composer = Composer(
            self.database,
            self.catalogs,
            topics,
            desk_language=desk_language,
            hotline=hotline_button(self.settings.hotline.numbers),
            pays=self.settings.delivery.allow_paid_broadcast,
        )
        sender = Sender(bot, self._limiter, replies=bot.request, broadcast=self._broadcast_request)
        rules = Rules(after_crash=self.settings.delivery.after_crash, now=self._world.now)
        duties = Duties(self.database, self.desk, self.services.readers, topics)
        slots = self._world.slots or slots_for(self.settings.delivery.broadcast_per_s)
        courier = Courier(self.database, composer, sender, duties, self.bell, slots=slots, rules=rules)
        if self._jobs is None:
            return Engine(self.database, self.bell, courier)
        from bot.delivery.dispatch import Dispatch  # noqa: PLC0415 - a bot on SQLite has no use for it

        return Dispatch(self.database, self._jobs, courier, now=self._world.now)

    async def start(self) -> None:
        """Returns when the process does what its role asks. Raises StartError when the token is refused."""
        if self.role is not Role.ALL and not self._is_shared:
            raise StartError(
                f"--role {self.role} is for several processes, and SQLite serves one. Fix: run without --role, or set "
                "database.url to a PostgreSQL."
            )
        async with asyncio.TaskGroup() as group:
            group.create_task(self._prepare_database())
            group.create_task(self._greet_telegram())
        if self.engine is not None:
            self._engine_task = asyncio.create_task(self.engine.run(), name="delivery engine")
        waiting = 0 if self.role is Role.WORKER else await self._begin_intake()
        _log.info(
            "started", version=VERSION, role=self.role, updates_waiting=waiting, sources=len(self.settings.sources)
        )

    async def _begin_intake(self) -> int:
        """Returns how many updates were waiting from before."""
        await self.application.start()
        waiting = await self.inbox.feed.begin()
        if self._jobs is not None and self._handling is not None:
            self._jobs_task = asyncio.create_task(self._jobs.run([UPDATES], concurrency=HANDLED_AT_ONCE), name="jobs")
            self._spawn("updates without a job", self._handling.run())
        if self._receiver is not None:
            await self._listen(self._receiver)
            self._spawn("receiving", self._receiver.run())
        self._session = open_session(f"Dauys/{VERSION} (+{self.settings.newsroom.site or 'news bot'})")
        leading = partial(self._lead, self._session)
        self._spawn("leading", lead(self.database, BOT, leading, on_change=self._stand))
        return waiting

    def _stand(self, standing: Standing) -> None:
        _log.info("standing", standing=standing)
        if self._receiver is None:
            self._vigil.stand(standing)

    async def _lead(self, session: aiohttp.ClientSession) -> None:
        """What only one process may do."""
        async with asyncio.TaskGroup() as group:
            if self._receiver is None:
                group.create_task(self._poller.run(), name="polling")
            group.create_task(self._keep_house(), name="housekeeping")
            group.create_task(self._introduce(), name="introduction")
            for source in self.settings.sources:
                group.create_task(self._poller_of(source, session).run(), name=f"source {source.name}")

    async def _prepare_database(self) -> None:
        try:
            if not self._is_shared:
                await self._held.enter_async_context(alone(self.database))
            await migrate(self.database)
            await self.desk.locate()
            if isinstance(self.engine, Engine):
                await self.engine.recover()
            await self.services.doubts.report(now=self._world.now())
        except NotAloneError:
            raise StartError(
                "another Dauys runs on this database. Fix: stop it first, or give this one its own database.url."
            ) from None
        except NewerTablesError as error:
            raise StartError(f"{error}. Fix: update this program as the others were.") from None
        except (DatabaseError, OSError) as error:
            cause = error.orig if isinstance(error, DatabaseError) else error
            where = self.settings.database.safe_url()
            raise StartError(
                f"{where}: {cause}. Fix: start the database, make room on its disk, or correct database.url."
            ) from None

    async def _greet_telegram(self) -> None:
        """getMe, until Telegram answers: a server may start before its network."""
        await self._broadcast_request.initialize()
        pause_s = 1.0
        while True:
            try:
                await self.application.initialize()
            except InvalidToken:
                raise StartError(
                    "telegram.token was refused. Fix: copy the token from @BotFather again, or ask it for a new one."
                ) from None
            except NetworkError as error:
                _log.warning("telegram_away", error=error.message, again_in_s=pause_s)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            else:
                return

    async def _listen(self, receiver: Receiver) -> None:
        try:
            await receiver.open()
        except OSError as error:
            where = self.settings.telegram.webhook_listen
            raise StartError(
                f"telegram.webhook_listen {where}: {error.strerror or error}. Fix: stop who listens there, or choose "
                "another address of this machine."
            ) from None

    def _poller_of(self, source: Source, session: aiohttp.ClientSession) -> SourcePoller:
        return SourcePoller(
            open_source(source, self.settings, session),
            poll_every_s=source.poll_every_s,
            articles=self.services.articles,
            desk=self.desk,
            chance=Chance(self._world.now, self._world.jitter),
        )

    def _spawn(self, name: str, work: Coroutine[object, object, None]) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    async def _introduce(self) -> None:
        names = {texts.language: self.settings.newsroom.name.in_language(texts.language) for texts in self.catalogs}
        await introduce(self.application.bot, self.catalogs, names=names)

    async def _keep_house(self) -> None:
        while True:
            try:
                await self.keep_house()
            except DatabaseError as error:
                _log.error("housekeeping_failed", error=type(error).__name__)
            await asyncio.sleep(HOUSEKEEPING_EVERY_S)

    async def keep_house(self) -> None:
        """Ends forgotten dialogs, tells the desk what may not have arrived, forgets old update numbers.

        Called every minute; harmless at any time.
        """
        now = self._world.now()
        await self.services.dialogs.end_forgotten(now=now)
        await self.services.doubts.report(now=now)
        async with self.database.write() as connection:
            await update_rows.forget_done(connection, before=now - UPDATES_REMEMBERED)

    async def stop(self) -> None:
        """Fetches nothing more, lets what is on its way arrive, writes it down, closes everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._vigil.close()
        if self._receiver is not None:
            await self._receiver.close()
        # Nothing new is begun on either side, and both sides end what they began at the same time.
        self.inbox.stop()
        if self.engine is not None:
            self.engine.stop()
        await self._end_intake()
        await self._end_sending()
        if self._jobs is not None:
            await self._jobs.close()
        if self._session is not None:
            await self._session.close()
        try:
            await self.application.shutdown()
        except TelegramError as error:
            _log.warning("shutdown_incomplete", error=error.message)
        for request in (self._reply_request, self._polling_request, self._broadcast_request):
            # PTB leaves its own open when it was stopped before it had begun; closing twice is closing once.
            await request.shutdown()
        await self._held.aclose()
        await self.database.close()
        _log.info("stopped")

    async def _end_intake(self) -> None:
        await _within(STOP_WITHIN_S / 2, self._end_handling(), what="updates")
        await self._processor.let_go()
        if self._jobs_task is not None:
            await asyncio.gather(self._jobs_task, return_exceptions=True)
        await self.inbox.close()

    async def _end_sending(self) -> None:
        if self._engine_task is not None:
            await asyncio.wait([self._engine_task], timeout=TURNS_WITHIN_S)
        # Whoever still waits for a turn gives up now: nothing of it was sent, and its row must not look as if.
        await self._gate.close()
        await self._limiter.shutdown()
        if self._engine_task is not None:
            await _within(STOP_WITHIN_S / 2, _ended(self._engine_task), what="deliveries")
            self._engine_task.cancel()
            await asyncio.gather(self._engine_task, return_exceptions=True)

    async def _end_handling(self) -> None:
        await asyncio.gather(self.inbox.drain(), self._end_application())

    async def _end_application(self) -> None:
        if self._jobs is not None and self._jobs_task is not None:
            self._jobs.stop()
            await asyncio.wait([self._jobs_task])
        if self.application.running:
            await self.application.stop()

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping` is set. A part that fails ends the whole: whoever watches the process restarts it."""
        stop_task = asyncio.create_task(_until(stopping), name="stop signal")
        try:
            # Also a start can be stopped: it lasts as long as Telegram is away.
            if await _first_of(stop_task, asyncio.create_task(self.start(), name="start")):
                return
            watched: Sequence[asyncio.Task[None]] = [*self._tasks]
            engine = [task for task in (self._engine_task, self._jobs_task) if task is not None]
            while not stop_task.done():
                await asyncio.wait([stop_task, *watched, *engine], return_when=asyncio.FIRST_COMPLETED)
                for task in [*watched, *engine]:
                    if task.done():
                        task.result()
                watched = [task for task in watched if not task.done()]
        finally:
            stop_task.cancel()
            await self.stop()


async def _until(event: asyncio.Event) -> None:
    await event.wait()


async def _first_of(stop_task: "asyncio.Task[None]", work: "asyncio.Task[None]") -> bool:
    """Whether the stop came before the work was done; then the work is cancelled. Raises what the work raises."""
    await asyncio.wait([stop_task, work], return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        work.result()
        return False
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    return True


async def _ended(task: "asyncio.Task[None]") -> None:
    await asyncio.wait([task])


async def _within(seconds: float, work: Coroutine[object, object, None], *, what: str) -> None:
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        # Nothing is lost: what is not finished is in the database and goes on at the next start.
        _log.warning("stopped_before_all_was_done", what=what)
