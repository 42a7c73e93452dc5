"""The outbox's engine of one process alone: every lane at work for ever, and broadcasts written out page by page.

With several processes the same courier is sent by jobs.
"""

import asyncio

import structlog

from bot.delivery.courier import DATABASE_AWAY_S, LOOK_AGAIN_S, Courier
from bot.logic.lanes import Lane
from bot.services.outbox import Bell
from db import broadcasts as broadcast_rows
from db.database import Database, DatabaseError

LANES = (Lane.REPLY, Lane.DESK, Lane.BROADCAST)

_log = structlog.get_logger(__name__)


class Engine:
    """Sends what is owed: `recover()` once at start, then `run()` until `stop()`."""

    def __init__(self, database: Database, bell: Bell, courier: Courier) -> None:
        self._database = database
        self._bell = bell
        self._courier = courier

    async def recover(self) -> int:
        """Takes back what the last process left half-way; returns how many deliveries. To be called before `run`."""
        return await self._courier.take_back()

    def stop(self) -> None:
        """Claim nothing more; `run()` returns when everything on its way is written down."""
        self._courier.stop()

    async def run(self) -> None:
        async with self._courier, asyncio.TaskGroup() as group:
            writing = group.create_task(self._write_out(), name="broadcasts")
            lanes = [group.create_task(self._courier.deliver(lane, stays=True), name=lane.name) for lane in LANES]
            await asyncio.gather(*lanes)
            writing.cancel()

    async def _write_out(self) -> None:
        listener = self._bell.listener()
        while True:
            try:
                is_more = await self._write_page()
            except DatabaseError as error:
                _log.error("broadcast_not_written", error=type(error).__name__)
                await asyncio.sleep(DATABASE_AWAY_S)
                continue
            if not is_more:
                await listener.heard(within_s=LOOK_AGAIN_S)

    async def _write_page(self) -> bool:
        """The next page of the oldest broadcast that has one; whether there was any."""
        async with self._database.read() as connection:
            if await broadcast_rows.find_unfinished(connection) is None:
                return False
        async with self._database.write() as connection:
            broadcast = await broadcast_rows.find_unfinished(connection)
            if broadcast is not None:
                await broadcast_rows.go_on(connection, broadcast, lane=Lane.BROADCAST)
        self._bell.ring()
        return True
