"""One process of many does what only one may do: an advisory lock of PostgreSQL says which, and who is next.

Knows nothing of what is done.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from db.database import Database

if TYPE_CHECKING:
    from db.advisory import Session

LOOK_EVERY_S = 0.5


class Standing(StrEnum):
    LEADS = "leads"
    STANDS_BY = "stands_by"
    """Another process leads."""
    AWAY = "away"
    """The database cannot be reached: nobody knows who leads, so this one does not."""


Work = Callable[[], Awaitable[None]]


async def lead(
    database: Database,
    name: str,
    work: Work,
    *,
    on_change: Callable[[Standing], None],
    look_every_s: float = LOOK_EVERY_S,
) -> None:
    """Runs `work()` whenever this process is the one of all that lead `name`; returns or raises when the work does.

    When the lead is lost (the connection died, the database is away) the work is cancelled and has ended before this
    process may lead again; it is then begun anew. Another process may begin meanwhile: at once where PostgreSQL itself
    ended the connection, so the work must bear being done twice for as long as its end takes. Cancelled, it ends the
    work, then frees the lead. `on_change` hears each new standing once. On SQLite there is one process (`db.alone`).
    """
    if database.dialect == "sqlite":
        on_change(Standing.LEADS)
        await work()
        return
    from db.advisory import SessionLostError, open_session  # noqa: PLC0415 - a bot on SQLite need not load psycopg

    tell = _changes_only(on_change)
    while True:
        try:
            async with open_session(database.writer, called=f"dauys {name}") as session:
                while not await session.try_lock(key_of(name)):
                    tell(Standing.STANDS_BY)
                    await asyncio.sleep(look_every_s)
                tell(Standing.LEADS)
                if await _has_ended(work, session):
                    return
        except SessionLostError:
            pass
        tell(Standing.AWAY)
        await asyncio.sleep(look_every_s)


def key_of(name: str) -> int:
    """The same in every process and version; 64 bits, as PostgreSQL takes them, so that names do not meet."""
    return int.from_bytes(hashlib.sha256(f"dauys:{name}".encode()).digest()[:8], signed=True)


def _changes_only(on_change: Callable[[Standing], None]) -> Callable[[Standing], None]:
    told: Standing | None = None

    def tell(standing: Standing) -> None:
        nonlocal told
        if standing is not told:
            told = standing
            on_change(standing)

    return tell


async def _has_ended(work: Work, session: "Session") -> bool:
    """Runs the work as long as the session lives: True when it came to its end, False when it was cut off."""
    watching = asyncio.create_task(session.until_lost())
    working = asyncio.ensure_future(work())
    was_cut_off = False
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        was_cut_off = not working.done()
    finally:
        # The lock is freed by our caller: not before the work has ended.
        working.cancel()
        watching.cancel()
        await _until_ended(working, watching)
        for task in (working, watching):
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error
    if working.cancelled() and not was_cut_off:
        raise asyncio.CancelledError
    return not was_cut_off


async def _until_ended(*tasks: "asyncio.Future[None]") -> None:
    """Waits for all of them, however often we are cancelled meanwhile; then the cancellation goes on."""
    cancelled: asyncio.CancelledError | None = None
    while not all(task.done() for task in tasks):
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
