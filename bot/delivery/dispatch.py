"""The outbox's engine where there may be several processes: the courier is sent by jobs, in whatever process is free.

deliver_lane  what people and the desk wait for; one process at a time does a lane
deliver_chunk a few hundred chats of a broadcast
fan_out       the next pages of a broadcast
look_at_lane  a row of a lane comes due

A process that dies leaves its jobs to the others, and its rows in `sending`; whoever takes the job over takes back the
rows first.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.delivery.courier import Courier
from bot.logic.lanes import Lane
from db import broadcasts as broadcast_rows
from db import delivery_jobs
from db.database import Database, DatabaseError
from db.deliveries import Chunk
from db.workers import Again, Jobs

CHUNKS_AT_ONCE = 2
"""While the last messages of one are on their way, the next is begun."""
PEOPLE_AT_ONCE = 4
RECONCILE_EVERY_S = 30.0
FORGOTTEN_AFTER = timedelta(seconds=60)

_log = structlog.get_logger(__name__)


class Dispatch:
    """`run()` until `stop()`, like `Engine`; `jobs` may carry other work beside."""

    def __init__(self, database: Database, jobs: Jobs, courier: Courier, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._jobs = jobs
        self._courier = courier
        self._now = now
        jobs.register(delivery_jobs.LANE, self._deliver_lane)
        jobs.register(delivery_jobs.CHUNK, self._deliver_chunk)
        jobs.register(delivery_jobs.FAN_OUT, self._fan_out)
        jobs.register(delivery_jobs.LOOK, self._look_at_lane)

    def stop(self) -> None:
        """Nothing more is claimed; `run()` returns when everything on its way is written down. Stops all of `jobs`."""
        self._courier.stop()
        self._jobs.stop()

    async def run(self) -> None:
        async with self._courier, asyncio.TaskGroup() as group:
            reconciling = group.create_task(self._reconcile(), name="reconciling")
            queues = [
                group.create_task(self._jobs.run([delivery_jobs.PEOPLE], concurrency=PEOPLE_AT_ONCE)),
                group.create_task(self._jobs.run([delivery_jobs.BROADCASTS], concurrency=CHUNKS_AT_ONCE)),
            ]
            await asyncio.gather(*queues)
            reconciling.cancel()

    async def _deliver_lane(self, lane: int) -> None:
        await self._courier.take_back(Lane(lane))
        due_at = await self._courier.deliver(Lane(lane))
        if self._courier.is_stopping:
            raise Again
        if due_at is not None:
            async with self._database.write() as connection:
                await delivery_jobs.look_at_lane(connection, lane, at=due_at)

    async def _deliver_chunk(self, broadcast: int, first: int, last: int) -> None:
        chunk = Chunk(broadcast, first, last)
        await self._courier.take_back(chunk=chunk)
        due_at = await self._courier.deliver(Lane.BROADCAST, chunk)
        if self._courier.is_stopping:
            raise Again
        if due_at is not None:
            raise Again(max(0.0, (due_at - self._now()).total_seconds()))

    async def _fan_out(self, broadcast: int) -> None:
        while not self._courier.is_stopping:
            async with self._database.write() as connection:
                found = await broadcast_rows.find_unfinished(connection, broadcast)
                if found is None:
                    return
                await broadcast_rows.go_on(connection, found, lane=Lane.BROADCAST)
        raise Again

    async def _look_at_lane(self, lane: int) -> None:
        async with self._database.write() as connection:
            await delivery_jobs.wake_lanes(connection, [lane])

    async def _reconcile(self) -> None:
        while True:
            await asyncio.sleep(RECONCILE_EVERY_S)
            try:
                async with self._database.write() as connection:
                    found = await delivery_jobs.reconcile(connection, before=self._now() - FORGOTTEN_AFTER)
            except DatabaseError as error:
                _log.warning("deliveries_not_looked_for", error=type(error).__name__)
                continue
            if found:
                _log.warning("deliveries_without_job", jobs=found)
