"""Feeds stored updates in memory: for the one process of a bot on SQLite.

take ─► each person's queue ─► PTB's queue ─► PersonalProcessor ─► forget ─► the person's next
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from bot.intake.inbox import Inbox
from db.database import DatabaseError, Transaction
from db.updates import IncomingUpdate, WaitingUpdate, waiting_updates

LOADED_AT_MOST = 1000


class MemoryFeed:
    """A `Feed`."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._people: dict[int, deque[WaitingUpdate]] = {}
        self._loaded: dict[int, WaitingUpdate] = {}
        self._more_in_database = False
        self._loading = asyncio.Lock()
        self._ended_meanwhile: set[int] = set()

    async def note(self, connection: Transaction, new: Sequence[IncomingUpdate]) -> None:
        """Nothing: at the next start everything that is stored is fed."""

    async def begin(self) -> int:
        return await self._load()

    async def take(self, new: Sequence[IncomingUpdate]) -> None:
        is_flood = self._more_in_database or len(self._loaded) >= LOADED_AT_MOST
        for one in new:
            if one.update_id not in self._loaded and (not is_flood or self._inbox.is_hotline(one.payload)):
                self._feed(one.as_waiting())
        if is_flood:
            # What is stored is fed in order, a page at a time, as what is loaded gets done.
            self._more_in_database = True
            await self._load_more()

    @property
    def is_idle(self) -> bool:
        return not self._loaded

    def waiting_of(self, update_id: int) -> WaitingUpdate | None:
        return self._loaded.get(update_id)

    async def again(self, row: WaitingUpdate, *, after_s: float) -> None:
        again = replace(row, state=await self._inbox.state_of(row))
        self._loaded[row.update_id] = again
        queue = self._people.get(row.person_id)
        if queue and queue[0].update_id == row.update_id:
            queue[0] = again
        self._inbox.in_background(self._inbox.hand_over_later(again, after_s))

    async def forget(self, row: WaitingUpdate, *, is_finished: bool) -> None:
        del is_finished  # what could not be written down comes again at the next start, not before
        self._loaded.pop(row.update_id, None)
        if self._loading.locked():
            self._ended_meanwhile.add(row.update_id)
        queue = self._people.get(row.person_id)
        if queue and queue[0].update_id == row.update_id:
            queue.popleft()
            if queue:
                self._inbox.hand_over(queue[0])
            else:
                del self._people[row.person_id]
        await self._load_more()

    def _feed(self, row: WaitingUpdate) -> None:
        self._loaded[row.update_id] = row
        if self._inbox.is_hotline(row.payload):
            # Never behind anything, not even behind the same person's earlier words.
            self._inbox.hand_over(row)
            return
        queue = self._people.setdefault(row.person_id, deque())
        queue.append(row)
        if len(queue) == 1:
            self._inbox.hand_over(row)

    async def _load(self) -> int:
        async with self._loading:
            # What is begun or gets done during the look may still be waiting in what was seen.
            self._ended_meanwhile.clear()
            known = frozenset(self._loaded)
            async with self._inbox.database.read() as connection:
                waiting = await waiting_updates(connection, limit=len(known) + LOADED_AT_MOST)
            known |= self._loaded.keys() | self._ended_meanwhile
            fresh = [row for row in waiting if row.update_id not in known]
            self._more_in_database = len(fresh) >= LOADED_AT_MOST
            for row in fresh:
                self._feed(row)
        return len(fresh)

    async def _load_more(self) -> None:
        """The next page of a flood, once half of the last is done; a database that is away is asked at the next one."""
        if self._more_in_database and len(self._loaded) <= LOADED_AT_MOST // 2:
            with suppress(DatabaseError):
                await self._load()
