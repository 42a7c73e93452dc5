"""The pace that several processes keep together, as one of them sees it: a broadcast call waits here for its place.

In front of `LaneLimiter`, which keeps the limits of each chat and the order of the lanes. What the row means is
`db.pace`'s.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Protocol, TypeVar

import structlog

from bot.delivery.request import NotSent
from bot.logic.pacing import Limits
from db import pace
from db.database import Database, DatabaseError, Transaction
from db.pace import Places

BLOCK_S = 0.2
"""How much of the pace is reserved at a time, and so what a process that dies costs the others."""
LARGEST_BLOCK = 50
LATE_S = 0.08
"""A place is good for so long after its moment: a late wake-up is made good, a pause is not. No second holds more than
the places of 1.08 s."""
TELL_EVERY_S = 0.2
DATABASE_AWAY_S = 0.5
_SAME_MOMENT_S = 0.02
"""Two answers of the database about one moment differ by the time they were on their way."""
_CLOCKS_COMPARED = 32
"""Few enough to forget within seconds that the server's clock was set."""
_END_AGAIN_S = 1.0

_Answer = TypeVar("_Answer")
_log = structlog.get_logger(__name__)


class Gate(Protocol):
    """Asked for each call to the Bot API that is paced, besides the limiter."""

    async def acquire(self) -> None:
        """Returns when one call of a broadcast may go out. Raises NotSent when the gate is closed."""

    def debit(self) -> None:
        """One call of any other kind goes out."""

    def hold(self, seconds: float) -> None:
        """After a 429 that concerns the whole bot: no call of a broadcast before so many seconds from now."""

    async def close(self) -> None:
        """Whoever waits gets NotSent."""


class OpenGate:
    """Where there is one process, its limiter paces alone."""

    async def acquire(self) -> None: ...

    def debit(self) -> None: ...

    def hold(self, seconds: float) -> None: ...

    async def close(self) -> None: ...


class SharedGate:
    """Hands out the places that it reserves for this process, a block ahead, so that nobody waits for the database.

    While the database is away nobody goes, and nobody hears of it but the log. All calls come from one event loop.
    """

    def __init__(self, database: Database, *, limits: Limits) -> None:
        self._door = pace.open_door(database)
        self._broadcast_per_s = limits.broadcast_per_s
        self._overall_per_s = limits.whole_bot_per_s
        self._block = max(1, min(LARGEST_BLOCK, int(limits.broadcast_per_s * BLOCK_S)))
        self._places: deque[float] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._clocks_apart: deque[float] = deque(maxlen=_CLOCKS_COMPARED)
        self._timer: asyncio.TimerHandle | None = None
        self._held_until = float("-inf")
        self._untold_hold = False
        self._untold_calls = 0
        self._is_away = False
        self._is_open = True
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def acquire(self) -> None:
        if not self._is_open:
            raise NotSent("Not sent: shut down")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._serve()
        self._start("telling", self._tell_for_a_while)
        await turn

    def debit(self) -> None:
        self._untold_calls += 1
        self._start("telling", self._tell_for_a_while)

    def hold(self, seconds: float) -> None:
        self._hold_until(asyncio.get_running_loop().time() + seconds)
        self._untold_hold = True
        self._start("holding", self._tell_hold)

    async def close(self) -> None:
        self._is_open = False
        self._stop_timer()
        self._fail_all(NotSent("Not sent: shutting down"))
        pending = set(self._tasks.values())
        while pending:
            # Twice, if need be: the first time psycopg asks a server that may be silent to stop, and waits for that.
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=_END_AGAIN_S)

    def _serve(self) -> None:
        """Lets everybody go whose place has come, reserves the next block, sets the timer for the next place."""
        now = asyncio.get_running_loop().time()
        while self._places and max(self._places[0], self._held_until) < now - LATE_S:
            self._places.popleft()
        while self._has_waiting() and self._places and max(self._places[0], self._held_until) <= now:
            self._places.popleft()
            self._waiting.popleft().set_result(None)
        self._stop_timer()
        if not self._has_waiting():
            return
        if self._places:
            next_at = max(self._places[0], self._held_until)
            self._timer = asyncio.get_running_loop().call_at(next_at, self._serve)
        # Not before the row knows of a flood wait: the places would lie within it.
        if len(self._places) <= self._block // 2 and "holding" not in self._tasks:
            self._start("reserving", self._reserve)

    def _has_waiting(self) -> bool:
        """Whether anybody waits; those who were cancelled are let out of the line when they come to its head."""
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft()
        return bool(self._waiting)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hold_until(self, moment: float) -> None:
        if moment <= self._held_until + _SAME_MOMENT_S:
            return
        self._held_until = moment
        self._drop_held()
        self._serve()

    def _drop_held(self) -> None:
        while self._places and self._places[0] < self._held_until - _SAME_MOMENT_S:
            self._places.popleft()

    async def _reserve(self) -> None:
        async def ask(connection: Transaction) -> Places:
            return await pace.reserve(
                connection, self._block, broadcast_per_s=self._broadcast_per_s, overall_per_s=self._overall_per_s
            )

        places = await self._ask(ask)
        self._clocks_apart.append(asyncio.get_running_loop().time() - places.answered_at)
        # By the answer that was on its way the shortest: one that comes late does not push its block into the next,
        # and a place may be used late by that little, never early.
        first_at = places.first_at + min(self._clocks_apart)
        self._places.extend(first_at + number / self._broadcast_per_s for number in range(self._block))
        self._drop_held()

    async def _tell_hold(self) -> None:
        async def tell(connection: Transaction) -> None:
            await pace.hold(connection, max(0.0, self._held_until - asyncio.get_running_loop().time()))

        while self._untold_hold:
            self._untold_hold = False
            await self._ask(tell)

    async def _tell_for_a_while(self) -> None:
        """As long as anything goes on, tells the row of our calls and hears from it of the others' flood waits."""

        async def tell(connection: Transaction) -> float:
            calls = self._untold_calls
            if not calls:
                return await pace.held_s(connection)
            held_s = await pace.debit(connection, calls, overall_per_s=self._overall_per_s)
            self._untold_calls -= calls
            return held_s

        while self._has_something_to_tell():
            held_s = await self._ask(tell)
            if held_s > 0:
                self._hold_until(asyncio.get_running_loop().time() + held_s)
            await asyncio.sleep(TELL_EVERY_S)
            self._serve()

    def _has_something_to_tell(self) -> bool:
        return self._untold_calls > 0 or self._has_waiting() or bool(self._places)

    async def _ask(self, statement: Callable[[Transaction], Awaitable[_Answer]]) -> _Answer:
        """The database's answer, as soon as there is one."""
        while True:
            try:
                async with self._door.write() as connection:
                    answer = await statement(connection)
            except DatabaseError as error:
                if not self._is_away:
                    _log.warning("pace_away", error=str(error.orig))
                self._is_away = True
                await asyncio.sleep(DATABASE_AWAY_S)
            else:
                if self._is_away:
                    _log.info("pace_back")
                self._is_away = False
                return answer

    def _start(self, name: str, work: Callable[[], Coroutine[object, object, None]]) -> None:
        """Runs the work in the background, once at a time."""
        if self._is_open and name not in self._tasks:
            task = self._tasks[name] = asyncio.create_task(work(), name=f"gate {name}")
            task.add_done_callback(lambda ended: self._ended(name, ended))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        del self._tasks[name]
        if task.cancelled() or not self._is_open:
            return
        if (error := task.exception()) is not None:
            self._fail_all(error)  # a fault of ours: whoever waits would wait for ever
        # What came in between its last look and its end.
        if self._untold_hold:
            self._start("holding", self._tell_hold)
        if self._has_something_to_tell():
            self._start("telling", self._tell_for_a_while)
        self._serve()

    def _fail_all(self, error: BaseException) -> None:
        for turn in self._waiting:
            if not turn.done():
                turn.set_exception(error)
        self._waiting.clear()
