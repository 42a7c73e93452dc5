"""While the database is away nobody leads, so nobody would fetch updates, and the hotline would be silent: then the one
who led last goes on fetching. Nothing can be stored, so Telegram keeps everything; calls for the hotline are answered.
"""

import asyncio
from collections.abc import Callable, Coroutine

from db.leadership import Standing


class Vigil:
    """Told of each standing as `lead` tells it; `poll` is begun anew for each outage."""

    def __init__(self, poll: Callable[[], Coroutine[object, object, None]]) -> None:
        self._poll = poll
        self._has_led = False
        self._polling: asyncio.Task[None] | None = None

    def stand(self, standing: Standing) -> None:
        match standing:
            case Standing.AWAY if self._has_led and self._polling is None:
                self._polling = asyncio.create_task(self._poll(), name="polling through an outage")
            case Standing.AWAY:
                pass
            case _:
                self._has_led = standing is Standing.LEADS
                self._end()

    async def close(self) -> None:
        polling = self._end()
        if polling is not None:
            await asyncio.gather(polling, return_exceptions=True)

    def _end(self) -> "asyncio.Task[None] | None":
        polling, self._polling = self._polling, None
        if polling is not None:
            polling.cancel()
        return polling
