"""Feeds stored updates by jobs: for a bot on PostgreSQL, where several processes may receive and handle.

note ─► job, of the person's lock ─► handle, in whatever process ─► PersonalProcessor ─► forget | again
take ─► the hotline's at once, in the process that received it
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.intake.feed import UPDATES
from bot.intake.inbox import Inbox
from db.database import DatabaseError, Transaction
from db.jobs import NewJob, defer
from db.updates import (
    IncomingUpdate,
    WaitingUpdate,
    updates_without_job,
    waiting_up_to,
    waiting_updates,
)
from db.workers import Again, Jobs

HANDLE = "handle"
FORGOTTEN_AFTER = timedelta(seconds=10)
LOOK_EVERY_S = 10.0
IN_HANDS_S = 1.0

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _InHands:
    """One update that is being handled in this process."""

    row: WaitingUpdate
    is_direct: bool
    """Handed over at once, without a job."""
    again_after_s: float | None = 0.0
    """How its job is to end: come again after so long, or not. At once, when nobody said what became of it: a stop."""


class JobFeed:
    """A `Feed`; its `run` must be running."""

    def __init__(self, inbox: Inbox, jobs: Jobs, *, now: Callable[[], datetime]) -> None:
        self._inbox = inbox
        self._now = now
        self._in_hands: dict[int, _InHands] = {}
        self._given_up: set[int] = set()
        jobs.register(HANDLE, self.handle)

    async def run(self) -> None:
        """For ever: an update without a job, whatever became of that, gets another."""
        while True:
            try:
                await self.remember_forgotten()
            except DatabaseError as error:
                _log.warning("updates_not_looked_for", error=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    async def remember_forgotten(self) -> int:
        """Returns how many updates got a job. Two processes at once may give two: the second finds nothing to do."""
        async with self._inbox.database.write() as connection:
            found = await updates_without_job(connection, HANDLE, before=self._now() - FORGOTTEN_AFTER)
            forgotten = [(number, person) for number, person in found if not self._is_known(number)]
            await defer(connection, *(_job(number, person) for number, person in forgotten))
        if forgotten:
            _log.warning("updates_without_job", count=len(forgotten))
        return len(forgotten)

    def _is_known(self, update_id: int) -> bool:
        return update_id in self._in_hands or update_id in self._given_up

    async def note(self, connection: Transaction, new: Sequence[IncomingUpdate]) -> None:
        jobs = [_job(one.update_id, one.person_id) for one in new if not self._inbox.is_hotline(one.payload)]
        await defer(connection, *jobs)

    async def take(self, new: Sequence[IncomingUpdate]) -> None:
        for row in (one.as_waiting() for one in new if self._inbox.is_hotline(one.payload)):
            self._in_hands[row.update_id] = _InHands(row, is_direct=True)
            self._inbox.hand_over(row)

    async def begin(self) -> int:
        """What waits from before has its jobs, which whoever is there does; returns up to a thousand."""
        async with self._inbox.database.read() as connection:
            return len(await waiting_updates(connection))

    @property
    def is_idle(self) -> bool:
        return not self._in_hands

    def waiting_of(self, update_id: int) -> WaitingUpdate | None:
        held = self._in_hands.get(update_id)
        return None if held is None else held.row

    async def forget(self, row: WaitingUpdate, *, is_finished: bool) -> None:
        if not is_finished:
            self._given_up.add(row.update_id)
        held = self._in_hands.get(row.update_id)
        if held is None:
            return
        held.again_after_s = None
        if held.is_direct:
            del self._in_hands[row.update_id]

    async def again(self, row: WaitingUpdate, *, after_s: float) -> None:
        held = self._in_hands[row.update_id]
        held.again_after_s = after_s
        if held.is_direct:
            held.row = replace(row, state=await self._inbox.state_of(row))
            self._inbox.in_background(self._inbox.hand_over_later(held.row, after_s))

    async def handle(self, update_id: int) -> None:
        """The job. First what the same person said before and is not finished, whatever became of its own job.

        Harmless to be called again for what is finished."""
        async with self._inbox.database.read() as connection:
            rows = await waiting_up_to(connection, update_id)
        for row in rows:
            if row.update_id == update_id or not self._is_elsewhere(row):
                await self._handle(row)
        if rows and rows[-1].update_id != update_id:
            raise Again

    def _is_elsewhere(self, row: WaitingUpdate) -> bool:
        """Whether nobody waits for it: the hotline's, which its receiver answers, or one that cannot be ended."""
        return self._inbox.is_hotline(row.payload) or row.update_id in self._given_up

    async def _handle(self, row: WaitingUpdate) -> None:
        if row.update_id in self._in_hands:
            raise Again(IN_HANDS_S)  # we were taken for dead, and are still at it
        is_hotline = self._inbox.is_hotline(row.payload)
        update = None if is_hotline else self._inbox.read(row)
        if update is None and not is_hotline:
            return
        held = self._in_hands[row.update_id] = _InHands(row, is_direct=False)
        application = self._inbox.application
        try:
            if update is None:
                await self._inbox.answer_hotline(row)
            else:
                # Past PTB's own bound: how many are handled at once is the worker's to say.
                await application.update_processor.do_process_update(update, application.process_update(update))
        finally:
            del self._in_hands[row.update_id]
        if held.again_after_s is not None:
            raise Again(held.again_after_s)


def _job(update_id: int, person_id: int) -> NewJob:
    # What nobody in particular caused has nobody's order.
    lock = f"person:{person_id}" if person_id else None
    return NewJob(name=HANDLE, queue=UPDATES, ids={"update_id": update_id}, lock=lock)
