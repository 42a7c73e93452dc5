"""Rings the delivery engine's bell when something new is owed; the rows themselves are written by the use cases."""

import asyncio


class Listener:
    """One who waits for the bell; what was rung while nobody waited is not missed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def wake(self) -> None:
        self._event.set()

    async def heard(self, *, within_s: float) -> None:
        """Returns when it was rung since the last time, or after `within_s` seconds."""
        try:
            async with asyncio.timeout(within_s):
                await self._event.wait()
        except TimeoutError:
            pass
        self._event.clear()


class Bell:
    """Rung after the commit that owes something; ringing twice is ringing once."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listener(self) -> Listener:
        listener = Listener()
        self._listeners.append(listener)
        return listener

    def forget(self, listener: Listener) -> None:
        """It listens no more."""
        self._listeners.remove(listener)

    def ring(self) -> None:
        for listener in self._listeners:
            listener.wake()
