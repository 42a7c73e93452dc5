"""One process's senders: claim -> compose -> send -> record, in lanes that do not wait for each other.

Each lane has a fixed number of senders and slots. One turn is one transaction: it writes down what came back and claims
as many rows as there are free slots. A slot is free again only when the result is in the database, so the slots of a
lane are also the most that a crash can double.

     ┌────────────── turn (one transaction) ◄──────────────┐
     │ claimed, composed                                   │ results, a batch at a time
     ▼                                                     │
  errands ──► sender ──► limiter ──► Bot API ──► outcome ──┘
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

import structlog

from bot.delivery.composing import Call, Composed, Composer, Pointless
from bot.delivery.duties import Duties
from bot.delivery.sender import Sender
from bot.logic.lanes import Lane
from bot.logic.outcome import Later, Outcome, Sent
from bot.logic.settling import AfterCrash, Attempt, Duty, Fate, Settled, settle
from bot.services.outbox import Bell, Listener
from db import deliveries as delivery_rows
from db.database import Database, DatabaseError
from db.deliveries import EDITS, NEWS, TO_DESK, Chunk, Delivery, DeliveryState, Result

LOOK_AGAIN_S = 5.0
"""How long the bell alone is trusted: rows that come due by themselves are found by looking."""
DATABASE_AWAY_S = 1.0
BROKEN_AGAIN_S = 60.0
BLOCKED_AGAIN_S = 2.0
"""How soon a row is looked at again whose chat is being sent an earlier article, perhaps by another process."""
BLOCKED_LOOK_S = 0.1
BLOCKED_LOOKS = 10
"""Before that, it is waited for on the spot: the earlier one is mostly just going out."""
FEW_SLOTS = 8
GATHER_S = 0.02
"""While there is more to send, a result waits so long for others to be written down with it: a transaction costs as
much as ten messages."""

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


def slots_for(broadcast_per_s: float) -> Mapping[Lane, int]:
    """How many rows of a lane may be claimed and not written down. At 25/s and answers of 100 ms three are on their
    way; some tenths of a second's worth leave room for slow ones, and more would only double more after a crash."""
    return {Lane.REPLY: 8, Lane.DESK: 2, Lane.BROADCAST: max(12, min(384, round(broadcast_per_s * 3 / 8)))}


def senders_for(slots: int) -> int:
    """A third of many slots is for what waits to be sent or written down, so that no sender waits for the database."""
    return slots if slots <= FEW_SLOTS else slots * 2 // 3


@dataclass(slots=True)
class _Trip:
    """One call of `deliver`: what it has on its way, and what came back and is not written down."""

    chunk: Chunk | None
    listener: Listener
    on_their_way: set[int] = field(default_factory=set)
    results: list[Result] = field(default_factory=list)
    enough: int = 1
    """So many results are worth a turn at once; fewer wait for each other a moment."""
    gathering: asyncio.TimerHandle | None = None
    is_doubtful: bool = False
    """A turn failed: it may have been committed though its answer was lost."""
    is_starved: bool = False
    """It found no free slot."""
    blocked_looks: int = 0
    """How often in a row nothing could be claimed because another trip sends to the same chats."""

    @property
    def is_patient(self) -> bool:
        return 0 < self.blocked_looks <= BLOCKED_LOOKS

    def came_back(self, result: Result) -> None:
        self.results.append(result)
        if len(self.results) >= self.enough:
            self.listener.wake()
        elif self.gathering is None:
            self.gathering = asyncio.get_running_loop().call_later(GATHER_S, self.listener.wake)

    def stop_gathering(self) -> None:
        if self.gathering is not None:
            self.gathering.cancel()
            self.gathering = None


@dataclass(frozen=True, slots=True)
class _Errand:
    trip: _Trip
    row: Delivery
    composed: Composed


@dataclass(slots=True)
class _Line:
    """A lane's senders, and how many of its slots are free."""

    free: int
    trips: "list[_Trip]" = field(default_factory=list)
    errands: "asyncio.Queue[_Errand]" = field(default_factory=asyncio.Queue)
    senders: "list[asyncio.Task[None]]" = field(default_factory=list)

    def wake_others(self, trip: _Trip) -> None:
        """There may be a free slot for those who have none."""
        for other in self.trips:
            if other is not trip and other.is_starved:
                other.listener.wake()


class Courier:
    """Open it (`async with`), then `deliver` lane by lane. Stopped, it claims nothing more, lets what is on its way
    arrive and writes it down. Killed, it leaves rows in `sending` for `take_back`."""

    def __init__(
        self,
        database: Database,
        composer: Composer,
        sender: Sender,
        duties: Duties,
        bell: Bell,
        *,
        slots: Mapping[Lane, int],
        rules: Rules,
    ) -> None:
        self._database = database
        self._composer = composer
        self._sender = sender
        self._duties = duties
        self._bell = bell
        self._slots = slots
        self._rules = rules
        self._lines: dict[Lane, _Line] = {}
        self._is_stopping = False

    async def __aenter__(self) -> Self:
        self._is_stopping = False
        for lane, slots in self._slots.items():
            line = self._lines[lane] = _Line(slots)
            line.senders = [
                asyncio.create_task(self._run_errands(line, lane), name=f"{lane.name.lower()} sender {number}")
                for number in range(senders_for(slots))
            ]
        return self

    async def __aexit__(self, *_: object) -> None:
        senders = [sender for line in self._lines.values() for sender in line.senders]
        for sender in senders:
            sender.cancel()
        await asyncio.gather(*senders, return_exceptions=True)

    def stop(self) -> None:
        """Claim nothing more; every `deliver` returns when all it has on its way is written down."""
        self._is_stopping = True
        self._bell.ring()

    @property
    def is_stopping(self) -> bool:
        return self._is_stopping

    async def take_back(self, lane: Lane | None = None, chunk: Chunk | None = None) -> int:
        """What a dead process left half-way, there or everywhere, is owed again, or uncertain, as the operator chose.

        To be called while nothing of it is being sent.
        """
        now = self._rules.now()
        if chunk is None and lane in (None, Lane.DESK):
            await self._remember_desk(now)
        to = DeliveryState.PENDING if self._rules.after_crash == "resend" else DeliveryState.UNCERTAIN
        async with self._database.write() as connection:
            found = await delivery_rows.release_interrupted(connection, news_to=to, now=now, lane=lane, chunk=chunk)
        if found.news or found.others:
            _log.warning("deliveries_interrupted", news=found.news, news_now=to.value, others=found.others)
        return found.news + found.others

    async def _remember_desk(self, now: datetime) -> None:
        """A group's limit is counted over a minute, and its last messages may have been another process's."""
        desk = self._duties.desk_chat_id
        async with self._database.read() as connection:
            moments = await delivery_rows.sent_lately(connection, desk, since=now - timedelta(minutes=1))
        self._sender.remember(desk, [(now - moment).total_seconds() for moment in moments])

    async def deliver(self, lane: Lane, chunk: Chunk | None = None, *, stays: bool = False) -> datetime | None:
        """Sends what is due in the lane, or in the chunk; returns when the next of it is due, None when none is left.

        With `stays`, returns only when stopped.
        """
        trip = _Trip(chunk, self._bell.listener())
        trips = self._lines[lane].trips
        trips.append(trip)
        try:
            while True:
                due_at = await self._until_short(lane, trip)
                if self._is_stopping or (not stays and not trip.on_their_way and not trip.is_patient):
                    break
                await trip.listener.heard(within_s=BLOCKED_LOOK_S if trip.is_patient else self._seconds_until(due_at))
            while trip.on_their_way:
                await trip.listener.heard(within_s=LOOK_AGAIN_S)
                await self._turn(lane, trip)
            return due_at
        finally:
            trip.stop_gathering()
            trips.remove(trip)
            self._bell.forget(trip.listener)

    async def _until_short(self, lane: Lane, trip: _Trip) -> datetime | None:
        """Turn after turn until a claim comes back short and nothing comes back any more; when to look again."""
        while True:
            is_short = await self._turn(lane, trip)
            if self._is_stopping:
                return None
            # None of its own on their way: the slots are all another trip's, and a free one is heard of.
            trip.enough = 1 if is_short else max(1, len(trip.on_their_way))
            if is_short and not trip.results:
                return await self._next_due_at(lane, trip)
            if len(trip.results) < trip.enough:
                await trip.listener.heard(within_s=LOOK_AGAIN_S)

    async def _turn(self, lane: Lane, trip: _Trip) -> bool:
        """One transaction: results in, rows out; whether there were fewer rows than slots. Tries until the database
        answers: what has arrived must be known to have arrived."""
        line = self._lines[lane]
        trip.stop_gathering()
        results, trip.results = trip.results, []
        while True:
            # Taken before the claim, so that two trips of a lane do not claim for the same slots.
            taken = 0 if self._is_stopping else line.free
            wanted = 0 if self._is_stopping else taken + len(results)
            trip.is_starved = not wanted and not self._is_stopping
            if not wanted and not results:
                return False
            line.free -= taken
            given_back = taken
            batch: list[Delivery] = []
            try:
                batch = await self._record_and_claim(lane, trip, results, wanted)
                given_back += len(results) - len(batch)
                break
            except DatabaseError as error:
                trip.is_doubtful = True
                _log.error("turn_failed", error=type(error).__name__, results=len(results))
            finally:
                line.free += given_back
                line.wake_others(trip)
            await asyncio.sleep(DATABASE_AWAY_S)
        trip.is_doubtful = False
        trip.on_their_way.difference_update(result.delivery_id for result in results)
        trip.on_their_way.update(row.id for row in batch)
        for row, composed in await self._compose(batch):
            line.errands.put_nowait(_Errand(trip, row, composed))
        return len(batch) < wanted

    async def _record_and_claim(
        self, lane: Lane, trip: _Trip, results: Collection[Result], wanted: int
    ) -> list[Delivery]:
        now = self._rules.now()
        async with self._database.write() as connection:
            if trip.is_doubtful:
                # Rows of a claim whose commit was not heard of: nobody sends them.
                await delivery_rows.release_unclaimed(
                    connection, lane=lane, but=trip.on_their_way, now=now, chunk=trip.chunk
                )
            await delivery_rows.record(connection, list(results), now=now)
            if not wanted:
                return []
            return await delivery_rows.claim_due(connection, lane=lane, limit=wanted, now=now, chunk=trip.chunk)

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

    async def _next_due_at(self, lane: Lane, trip: _Trip) -> datetime | None:
        """When to claim again what was not claimed: at its moment, or soon where another message of its chat is under
        way. While the database is away, soon."""
        now = self._rules.now()
        try:
            async with self._database.read() as connection:
                waiting = await delivery_rows.find_waiting(connection, lane=lane, chunk=trip.chunk, now=now)
        except DatabaseError as error:
            _log.error("look_failed", error=type(error).__name__)
            return now + timedelta(seconds=DATABASE_AWAY_S)
        moments = [waiting.next_due_at] if waiting.next_due_at is not None else []
        # In a lane, what blocks is on its way here or has its own moment; in a chunk it may be another chunk's.
        is_blocked = waiting.blocked > 0 and (trip.chunk is not None or not moments)
        if is_blocked:
            moments.append(now + timedelta(seconds=BLOCKED_AGAIN_S))
        trip.blocked_looks = trip.blocked_looks + 1 if is_blocked and not trip.on_their_way else 0
        return min(moments, default=None)

    def _seconds_until(self, due_at: datetime | None) -> float:
        if due_at is None:
            return LOOK_AGAIN_S
        return min(max((due_at - self._rules.now()).total_seconds(), 0.0), LOOK_AGAIN_S)

    async def _run_errands(self, line: _Line, lane: Lane) -> None:
        while True:
            errand = await line.errands.get()
            errand.trip.came_back(await self._run(errand.row, errand.composed, lane))

    async def _run(self, row: Delivery, composed: Composed, lane: Lane) -> Result:
        try:
            return await self._attempt(row, composed, lane)
        except Exception as error:  # noqa: BLE001 - the outermost of one delivery: the row must not stay claimed
            _log.exception("delivery_broke", delivery=row.id, kind=row.kind.value)
            due_at = self._rules.now() + timedelta(seconds=BROKEN_AGAIN_S)
            name = type(error).__name__
            return Result(row.id, row.attempts, DeliveryState.PENDING, due_at=due_at, error=name, is_repeat=True)

    async def _attempt(self, row: Delivery, composed: Composed, lane: Lane) -> Result:
        match composed:
            case Call(method, parameters):
                outcome: Outcome = await self._sender.send(method, parameters, lane=lane)
            case Pointless(reason):
                return Result(row.id, row.attempts, DeliveryState.FAILED, error=reason)
            case early:
                outcome = early
        return await self._settled(row, outcome)

    async def _settled(self, row: Delivery, outcome: Outcome) -> Result:
        attempt = Attempt(
            number=max(row.attempts, 1),
            is_edit=row.kind in EDITS,
            is_to_desk=row.kind in TO_DESK,
            is_news=row.kind in NEWS,
        )
        settled = settle(attempt, outcome, after_crash=self._rules.after_crash)
        if settled.duty is not Duty.NOTHING:
            # Before the row is written down, so that a crash in between does it again.
            await _persist(lambda: self._duties.do(row, outcome, settled, now=self._rules.now()))
        return self._result(row, outcome, settled)

    def _result(self, row: Delivery, outcome: Outcome, settled: Settled) -> Result:
        return Result(
            row.id,
            row.attempts,
            _STATES[settled.fate],
            due_at=self._rules.now() + timedelta(seconds=settled.after_s) if settled.fate is Fate.AGAIN else None,
            message_id=outcome.message_id if isinstance(outcome, Sent) and row.kind not in EDITS else None,
            error=settled.error,
            is_repeat=settled.is_repeat,
        )


async def _persist(act: Callable[[], Awaitable[None]]) -> None:
    """Acts until the database takes it."""
    while True:
        try:
            return await act()
        except DatabaseError as error:
            _log.error("duty_not_done", error=type(error).__name__)
            await asyncio.sleep(DATABASE_AWAY_S)
