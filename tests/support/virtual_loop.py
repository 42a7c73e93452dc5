"""An event loop whose clock jumps: when nobody has anything to do, it is at once the moment of the next timer.

For code that waits by `loop.call_at` and `asyncio.sleep` alone; threads and sockets live in real time.
"""

import asyncio
import functools
import selectors
from collections.abc import Coroutine
from typing import TypeVar

_Result = TypeVar("_Result")


class _JumpingSelector(selectors.SelectSelector):
    """Instead of sleeping, moves the clock."""

    def __init__(self, tick_s: float) -> None:
        super().__init__()
        self.now = 0.0
        self._tick_s = tick_s

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events and timeout is None:
            raise RuntimeError("everybody waits, and nothing will ever happen")
        self.now += self._tick_s
        if not events and timeout is not None:
            self.now += max(timeout, 0.0)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time starts at 0. `tick_s` is what each turn of the loop costs: with none at all, moments are exact, but who
    asks again and again whether a moment has come asks for ever."""

    def __init__(self, tick_s: float = 0.0) -> None:
        self._jumping = _JumpingSelector(tick_s)
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def run_virtually(main: Coroutine[object, object, _Result], *, tick_s: float = 0.0) -> _Result:
    """Like `asyncio.run`, on a clock of its own."""
    with asyncio.Runner(loop_factory=functools.partial(VirtualLoop, tick_s)) as runner:
        return runner.run(main)
