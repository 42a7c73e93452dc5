"""The outbox's engine: claim -> compose -> send -> record, in lanes that do not wait for each other.

A slot is free again only when the result is in the database, so the slots of a lane are also the most that a crash can
double.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from bot.delivery.composing import Call, Composed, Composer, Pointless
from bot.delivery.sender import Sender
from bot.delivery.topics import Topics
from bot.logic.lanes import Lane
from bot.logic.outcome import Later, Moved, Outcome, Sent
from bot.logic.settling import AfterCrash, Attempt, Duty, Fate, Settled, settle
from bot.services.desk import Desk
from bot.services.outbox import Bell
from bot.services.readers import Readers
from db import deliveries as delivery_rows
from db.database import Database, DatabaseError
from db.deliveries import EDITS, NEWS, Delivery, DeliveryKind, DeliveryState, NewDelivery, Result

SLOTS: Mapping[Lane, int] = {Lane.REPLY: 8, Lane.DESK: 2, Lane.BROADCAST: 8}
"""At 25 messages/s and answers of 100 ms, three are on their way; more would only double more after a crash."""

LOOK_AGAIN_S = 5.0
"""How long the engine trusts the bell alone: rows that come due by themselves are found by looking."""
DATABASE_AWAY_S = 1.0
BROKEN_AGAIN_S = 60.0

_TO_DESK = frozenset(
    {
        DeliveryKind.CARD,
        DeliveryKind.CARD_DECIDED,
        DeliveryKind.HOLD,
        DeliveryKind.HOLD_DECIDED,
        DeliveryKind.SERVICE,
    }
)
_STATES = {
    Fate.SENT: DeliveryState.SENT,
    Fate.AGAIN: DeliveryState.PENDING,
    Fate.FAILED: DeliveryState.FAILED,
    Fate.UNCERTAIN: DeliveryState.UNCERTAIN,
}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rules:
    after_crash: AfterCrash
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class _Finished:
    result: Result
    recorded: "asyncio.Future[None]"


class Engine:
    """Sends what is owed: `recover()` once at start, then `run()` until `stop()`.

    Stopped, it claims nothing more, lets what is on its way arrive and records it. Killed, it leaves rows in `sending`,
    which the next `recover()` owes again.
    """

    def __init__(
        self,
        database: Database,
        bell: Bell,
        composer: Composer,
        sender: Sender,
        topics: Topics,
        desk: Desk,
        readers: Readers,
        *,
        rules: Rules,
    ) -> None:
        self._database = database
        self._bell = bell
        self._composer = composer
        self._sender = sender
        self._topics = topics
        self._desk = desk
        self._readers = readers
        self._rules = rules
        self._finished: asyncio.Queue[_Finished] = asyncio.Queue()
        self._is_stopping = False

    async def recover(self) -> int:
        """What a crash left half-way is owed again, or uncertain, as the operator chose. To be called before `run`."""
        now = self._rules.now()
        to = DeliveryState.PENDING if self._rules.after_crash == "resend" else DeliveryState.UNCERTAIN
        async with self._database.write() as connection:
            found = await delivery_rows.release_interrupted(connection, news_to=to, now=now)
        if found.news or found.others:
            _log.warning("deliveries_interrupted", news=found.news, news_now=to.value, others=found.others)
        if found.news and to is DeliveryState.UNCERTAIN:
            await self._desk.tell("uncertain", facts={"count": str(found.news)}, now=now)
        return found.news + found.others

    def stop(self) -> None:
        """Claim nothing more; `run()` returns when everything on its way is recorded."""
        self._is_stopping = True
        self._bell.ring()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            recorder = group.create_task(self._record_for_ever(), name="delivery recorder")
            lanes = [group.create_task(self._run_lane(lane, slots)) for lane, slots in SLOTS.items()]
            await asyncio.gather(*lanes)
            await self._finished.join()
            recorder.cancel()

    async def _run_lane(self, lane: Lane, slots: int) -> None:
        listener = self._bell.listener()
        sending: dict[asyncio.Task[None], int] = {}

        def done(task: "asyncio.Task[None]") -> None:
            del sending[task]
            listener.wake()

        try:
            while not self._is_stopping:
                free = slots - len(sending)
                if not free:
                    await listener.heard(within_s=LOOK_AGAIN_S)
                    continue
                looked_at = self._rules.now()
                due_at = await self._next_due_at(lane)
                if due_at is None or due_at > looked_at:
                    await listener.heard(within_s=self._seconds_until(due_at))
                    continue
                # Take a free slot first, then claim: what is claimed is sent at once and never sits in memory.
                batch = await self._claim(lane, free, sending.values(), now=looked_at)
                for row, composed in await self._compose(batch):
                    task = asyncio.create_task(self._deliver(row, composed, lane))
                    sending[task] = row.id
                    task.add_done_callback(done)
                if len(batch) < free:
                    # What is due and was not claimed waits for one on its way in its chat, whose end is heard of.
                    due_at = await self._next_due_at(lane, after=looked_at)
                    await listener.heard(within_s=self._seconds_until(due_at))
            await asyncio.gather(*sending)
        finally:
            for task in sending:
                task.cancel()

    async def _claim(self, lane: Lane, limit: int, on_their_way: Collection[int], *, now: datetime) -> list[Delivery]:
        """Tries until the database answers, or until the engine is stopped."""
        is_doubtful = False
        while not self._is_stopping:
            try:
                async with self._database.write() as connection:
                    if is_doubtful:
                        # The claim may have been committed though its answer was lost: then nobody sends those rows.
                        await delivery_rows.release_unclaimed(connection, lane=lane, but=on_their_way, now=now)
                    return await delivery_rows.claim_due(connection, lane=lane, limit=limit, now=now)
            except DatabaseError as error:
                is_doubtful = True
                _log.error("claim_failed", error=type(error).__name__)
                await asyncio.sleep(DATABASE_AWAY_S)
        return []

    async def _compose(self, batch: list[Delivery]) -> list[tuple[Delivery, Composed]]:
        if not batch:
            return []
        try:
            return await self._composer.compose(batch)
        except DatabaseError:
            return [(row, Later(DATABASE_AWAY_S)) for row in batch]
        except Exception as error:  # noqa: BLE001 - one row that cannot be composed must not stop its lane
            if len(batch) > 1:
                return [pair for row in batch for pair in await self._compose([row])]
            _log.exception("not_composed", delivery=batch[0].id, kind=batch[0].kind.value)
            return [(batch[0], Pointless(f"cannot be composed: {type(error).__name__}"))]

    async def _next_due_at(self, lane: Lane, *, after: datetime | None = None) -> datetime | None:
        """A look that disturbs nobody; claiming takes the one writer. While the database is away, soon."""
        try:
            async with self._database.read() as connection:
                return await delivery_rows.next_due_at(connection, lane=lane, after=after)
        except DatabaseError as error:
            _log.error("look_failed", error=type(error).__name__)
            return self._rules.now() + timedelta(seconds=DATABASE_AWAY_S)

    def _seconds_until(self, due_at: datetime | None) -> float:
        if due_at is None:
            return LOOK_AGAIN_S
        return min(max((due_at - self._rules.now()).total_seconds(), 0.0), LOOK_AGAIN_S)

    async def _deliver(self, row: Delivery, composed: Composed, lane: Lane) -> None:
        try:
            await self._attempt(row, composed, lane)
        except Exception as error:  # noqa: BLE001 - the outermost of one delivery: the row must not stay claimed
            _log.exception("delivery_broke", delivery=row.id, kind=row.kind.value)
            due_at = self._rules.now() + timedelta(seconds=BROKEN_AGAIN_S)
            error_name = type(error).__name__
            await self._record(Result(row.id, DeliveryState.PENDING, due_at=due_at, error=error_name, is_repeat=True))

    async def _attempt(self, row: Delivery, composed: Composed, lane: Lane) -> None:
        match composed:
            case Call(method, parameters):
                outcome: Outcome = await self._sender.send(method, parameters, lane=lane)
            case Pointless(reason):
                await self._record(Result(row.id, DeliveryState.FAILED, error=reason))
                return
            case early:
                outcome = early
        await self._settle(row, outcome)

    async def _settle(self, row: Delivery, outcome: Outcome) -> None:
        attempt = Attempt(
            number=max(row.attempts, 1),
            is_edit=row.kind in EDITS,
            is_to_desk=row.kind in _TO_DESK,
            is_news=row.kind in NEWS,
        )
        settled = settle(attempt, outcome, after_crash=self._rules.after_crash)
        message_id = outcome.message_id if isinstance(outcome, Sent) and row.kind not in EDITS else None
        # Before the row is recorded, so that a crash in between does it again.
        await self._persist(lambda: self._do(row, outcome, settled))
        await self._record(
            Result(
                row.id,
                _STATES[settled.fate],
                due_at=self._rules.now() + timedelta(seconds=settled.after_s) if settled.fate is Fate.AGAIN else None,
                message_id=message_id,
                error=settled.error,
                is_repeat=settled.is_repeat,
            )
        )

    async def _do(self, row: Delivery, outcome: Outcome, settled: Settled) -> None:
        """What the outcome asks for beside the row itself."""
        now = self._rules.now()
        match settled.duty:
            case Duty.NOTHING:
                pass
            case Duty.LOSE_READER:
                await self._readers.lose(row.chat_id, now=now)
            case Duty.FORGET_TOPIC:
                if row.topic is not None:
                    await self._topics.forget(row.chat_id, row.topic)
            case Duty.FOLLOW_GROUP:
                await self._follow(row, outcome, now=now)
            case Duty.SHOW_ANEW:
                await self._show_anew(row)
            case Duty.TELL_OPERATOR:
                _log.error("delivery_refused", delivery=row.id, kind=row.kind.value, error=settled.error)
                if row.kind is not DeliveryKind.SERVICE:
                    facts = {"delivery": row.kind.value, "error": settled.error or ""}
                    await self._desk.tell("refused", facts=facts, now=now)
            case _:
                assert_never(settled.duty)

    async def _follow(self, row: Delivery, outcome: Outcome, *, now: datetime) -> None:
        if isinstance(outcome, Moved):
            await self._desk.follow(row.chat_id, outcome.chat_id, now=now)
        if row.kind in EDITS:
            await self._show_anew(row)

    async def _show_anew(self, row: Delivery) -> None:
        if row.kind is not DeliveryKind.CARD_DECIDED or row.submission_id is None:
            return
        anew = NewDelivery(
            DeliveryKind.CARD,
            Lane.DESK,
            self._desk.chat_id,
            f"card_anew:{row.submission_id}",
            topic=row.topic,
            submission_id=row.submission_id,
        )
        async with self._database.write() as connection:
            await delivery_rows.enqueue(connection, [anew], now=self._rules.now())

    async def _record(self, result: Result) -> None:
        """Returns when the result is committed; it is, even if the one who waits for it is cancelled."""
        recorded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._finished.put_nowait(_Finished(result, recorded))
        await asyncio.shield(recorded)

    async def _record_for_ever(self) -> None:
        while True:
            batch = [await self._finished.get()]
            while not self._finished.empty():
                batch.append(self._finished.get_nowait())
            await self._commit(batch)
            for finished in batch:
                self._finished.task_done()
                if not finished.recorded.done():
                    finished.recorded.set_result(None)

    async def _commit(self, batch: list[_Finished]) -> None:
        results = [finished.result for finished in batch]

        async def commit() -> None:
            async with self._database.write() as connection:
                await delivery_rows.record(connection, results, now=self._rules.now())

        await self._persist(commit)

    @staticmethod
    async def _persist(act: Callable[[], Awaitable[None]]) -> None:
        """Acts until the database takes it: what has arrived must be known to have arrived."""
        while True:
            try:
                return await act()
            except DatabaseError as error:
                _log.error("result_not_recorded", error=type(error).__name__)
                await asyncio.sleep(DATABASE_AWAY_S)
