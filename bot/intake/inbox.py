"""The durable inbox: stores updates before Telegram is told, and writes down what became of each.

Poller ─► take ─► (stored) ─► Feed ─► PersonalProcessor ─► handlers ─► done | aside | again
            │         └─ the hotline's ─► Switchboard ─► done | aside | again
            └─ the database is gone: the hotline alone is answered, Telegram keeps the rest
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

import structlog
from telegram import Update

from bot.context import DauysApplication, Services
from bot.intake.feed import Feed
from bot.intake.gathering import Gathering
from bot.intake.hotline import Answered, HungUpError, Switchboard
from bot.intake.incoming import RawUpdate, asks_for_hotline, person_of, update_id_of
from db import updates as update_rows
from db.database import Database, DatabaseError, Transaction, is_away
from db.updates import IncomingUpdate, UpdateState, WaitingUpdate

DATABASE_AWAY_S = 2.0
STORED_WITHIN_S = 1.0
"""A database that is silent for longer counts as gone, for those who need the hotline."""
REMEMBERED_CALLS = 1000

_log = structlog.get_logger(__name__)


class Settle(Protocol):
    async def __call__(self, row: WaitingUpdate, error: Exception | None, *, language: str | None) -> None:
        """See `bot.intake.settling`."""


class Inbox:
    def __init__(self, database: Database, services: Services) -> None:
        self.database = database
        self._services = services
        self._numbers = frozenset(number.number for number in services.settings.hotline.numbers)
        self._application: DauysApplication | None = None
        self._feed: Feed | None = None
        self._switchboard: Switchboard | None = None
        self._settle: Settle | None = None
        self._finished: dict[int, WaitingUpdate] = {}
        self._finishing = Gathering(self._finish_all)
        self._answered_unstored: OrderedDict[int, None] = OrderedDict()
        self._background: set[asyncio.Task[None]] = set()
        self._storing: asyncio.Task[bool] | None = None
        self._is_stopping = False

    def attach(self, application: DauysApplication, feed: Feed) -> None:
        """The application that handles updates, and how they come to it; both are made after the inbox and need it."""
        self._application = application
        self._feed = feed

    def connect(self, switchboard: Switchboard, settle: Settle) -> None:
        """Who answers calls for the hotline, and who says what becomes of one that failed."""
        self._switchboard = switchboard
        self._settle = settle

    @property
    def switchboard(self) -> Switchboard:
        if self._switchboard is None:
            raise LookupError("no switchboard is connected")
        return self._switchboard

    @property
    def application(self) -> DauysApplication:
        if self._application is None:
            raise LookupError("no application is attached")
        return self._application

    @property
    def feed(self) -> Feed:
        if self._feed is None:
            raise LookupError("no feed is attached")
        return self._feed

    async def take(self, batch: Sequence[RawUpdate]) -> bool:
        """Stores a batch and feeds what is new of it. False when it could not be stored: Telegram has to keep it."""
        incoming = [
            IncomingUpdate(update_id, person_of(raw), raw)
            for raw in batch
            if (update_id := update_id_of(raw)) is not None
        ]
        while True:
            # One batch at a time: a silent database is not asked once more for every poll.
            storing, is_this = self._storing, self._storing is None
            if storing is None:
                storing = self._storing = asyncio.create_task(self._store(incoming), name="storing updates")
            await asyncio.wait([storing], timeout=STORED_WITHIN_S)
            if not storing.done():
                _log.error("updates_not_stored", error="the database does not answer", count=len(incoming))
                self._answer_hotline_only(incoming)
                return False
            self._storing = None
            if is_this:
                return storing.result()

    async def _store(self, incoming: Sequence[IncomingUpdate]) -> bool:
        try:
            async with self.database.write() as connection:
                known = await update_rows.store_updates(connection, incoming, now=self._services.now())
                answered = [one.update_id for one in incoming if one.update_id in self._answered_unstored]
                if answered:
                    await update_rows.finish_updates(connection, answered, now=self._services.now())
                new = [one for one in incoming if one.update_id in known and one.update_id not in answered]
                await self.feed.note(connection, new)
        except DatabaseError as error:
            _log.error("updates_not_stored", error=type(error).__name__, count=len(incoming))
            self._answer_hotline_only(incoming)
            return False
        for one in new:
            if one.update_id in self._answered_unstored:  # meanwhile: the database took its time
                self.in_background(self.finish(one.as_waiting()))
        await self.feed.take([one for one in new if one.update_id not in self._answered_unstored])
        return True

    @property
    def is_idle(self) -> bool:
        """Whether everything that is in hands here is finished."""
        return self.feed.is_idle and self.switchboard.is_idle and self._finishing.is_idle and not self._background

    def waiting_of(self, update_id: int) -> WaitingUpdate | None:
        """What is to be handled under this number: nothing more once `stop` was called."""
        return None if self._is_stopping else self.feed.waiting_of(update_id)

    def stop(self) -> None:
        """Hands nothing over any more: what waits is in the database and comes again at the next start."""
        self._is_stopping = True
        self.switchboard.stop()

    async def drain(self) -> None:
        """After `stop`: returns when whoever has a part of the hotline's answer has all of it, and that is noted."""
        await self.switchboard.drain()
        await self._finishing.drain()

    def hand_over(self, row: WaitingUpdate) -> None:
        """To the switchboard, or into PTB's own queue; whoever takes it from there answers to `waiting_of`."""
        if self._is_stopping:
            return
        if self.is_hotline(row.payload):
            self.switchboard.connect(row.payload, partial(self._note_answered, row))
            return
        update = self.read(row)
        if update is not None:
            self.application.update_queue.put_nowait(update)

    async def hand_over_later(self, row: WaitingUpdate, after_s: float) -> None:
        await asyncio.sleep(after_s)
        self.hand_over(row)

    def read(self, row: WaitingUpdate) -> Update | None:
        """PTB's object of it, or None for what cannot be read: that is being put aside."""
        try:
            return Update.de_json(dict(row.payload), self.application.bot)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the others must go on
            _log.exception("update_unreadable", update_id=row.update_id)
            self.in_background(self.put_aside(row, error))
            return None

    async def answer_hotline(self, row: WaitingUpdate) -> None:
        """Like `hand_over` for a call that a job brought: returns when the feed knows what became of it."""
        if self._is_stopping:
            return
        ended: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self.switchboard.connect(row.payload, partial(_tell, ended))
        answered = await ended
        if not isinstance(answered.error, HungUpError):
            await self._settle_call(row, answered)

    def _note_answered(self, row: WaitingUpdate, answered: Answered) -> None:
        match answered.error:
            case None:
                self._note_finished(row)  # nobody waits for that: no task for each of a crowd
            case HungUpError():
                pass  # in the database, and comes again at the next start
            case _:
                self.in_background(self._settle_call(row, answered))

    async def _settle_call(self, row: WaitingUpdate, answered: Answered) -> None:
        if self._settle is None:
            raise LookupError("no switchboard is connected")
        await self._settle(row, answered.error, language=answered.language)

    async def finish(self, row: WaitingUpdate) -> None:
        """Handled and answered. While the database is gone this waits, and only this person's next words with it.

        Many people's are written down in one transaction. The person's next words are handed over only when it is
        committed: handed over before, a crash would have these handled again after what came of those; somebody would
        be made known again who had just asked to be forgotten.
        """
        await self._note_finished(row)

    def _note_finished(self, row: WaitingUpdate) -> "asyncio.Future[None]":
        self._finished[row.update_id] = row
        return self._finishing.ask(row.update_id)

    async def _finish_all(self, update_ids: Sequence[int]) -> Mapping[int, None]:
        is_finished = await self._persist(
            lambda connection: update_rows.finish_updates(connection, update_ids, now=self._services.now())
        )
        for update_id in update_ids:
            await self.feed.forget(self._finished.pop(update_id), is_finished=is_finished)
        return dict.fromkeys(update_ids)

    async def put_aside(self, row: WaitingUpdate, error: Exception) -> None:
        """Kept for the operator, never tried again."""
        name = type(error).__name__
        is_finished = await self._persist(
            lambda connection: update_rows.put_aside(connection, row.update_id, error=name, now=self._services.now())
        )
        await self.feed.forget(row, is_finished=is_finished)

    async def try_again(self, row: WaitingUpdate, *, after_s: float, counts: bool) -> None:
        """The same update once more, before anything else of the same person."""
        if counts:
            await self._persist(lambda connection: update_rows.count_attempt(connection, row.update_id))
        await self.feed.again(replace(row, attempts=row.attempts + int(counts)), after_s=after_s)

    async def state_of(self, row: WaitingUpdate) -> UpdateState:
        """As the database has it by now; while that is away, as it was."""
        try:
            async with self.database.read() as connection:
                return await update_rows.find_state(connection, row.update_id) or row.state
        except DatabaseError:
            return row.state

    async def _persist(self, act: Callable[[Transaction], Awaitable[object]]) -> bool:
        """Whether it could be done; a database that is away is waited for."""
        while True:
            try:
                async with self.database.write() as connection:
                    await act(connection)
            except DatabaseError as error:
                _log.error("update_not_finished", error=type(error).__name__)
                if not is_away(error):
                    return False  # trying again would fail again; it stays where it is, the person's next ones go on
                await asyncio.sleep(DATABASE_AWAY_S)
            else:
                return True

    def is_hotline(self, payload: RawUpdate) -> bool:
        username = self.application.bot.bot.username
        return asks_for_hotline(payload, numbers=self._numbers, bot_username=username)

    def _answer_hotline_only(self, incoming: Sequence[IncomingUpdate]) -> None:
        """Telegram will show these again until they can be stored: each is answered once."""
        for one in incoming:
            if one.update_id in self._answered_unstored or not self.is_hotline(one.payload):
                continue
            self._answered_unstored[one.update_id] = None
            if len(self._answered_unstored) > REMEMBERED_CALLS:
                self._answered_unstored.popitem(last=False)
            self.switchboard.connect(one.payload, partial(self._note_unstored, one.update_id), may_look=False)

    def _note_unstored(self, update_id: int, answered: Answered) -> None:
        if answered.error is not None:
            # Answered when Telegram shows it the next time.
            _log.warning("hotline_not_answered", error=type(answered.error).__name__)
            self._answered_unstored.pop(update_id, None)

    def in_background(self, work: Coroutine[object, object, None]) -> None:
        """Runs to its end by itself; an error of it is logged."""
        task = asyncio.create_task(_logged(work))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def close(self) -> None:
        """Lets go of what waits in the background; what is not finished is in the database and comes again."""
        ending = [*self._background, *([] if self._storing is None else [self._storing])]
        for task in ending:
            task.cancel()
        await self.switchboard.close()
        await self._finishing.close()
        await asyncio.gather(*ending, return_exceptions=True)


def _tell(ended: "asyncio.Future[Answered]", answered: Answered) -> None:
    if not ended.done():
        ended.set_result(answered)


async def _logged(work: Coroutine[object, object, None]) -> None:
    try:
        await work
    except Exception:  # noqa: BLE001 - the outermost of work that nobody waits for
        _log.exception("background_work_failed")
