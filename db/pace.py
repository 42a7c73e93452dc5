"""The pace that all processes keep together: one row, in moments of PostgreSQL's own clock (GCRA, no credit is saved).

Only on PostgreSQL; where there is one process, the limits in its memory are enough.
"""

from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy import BindParameter, ColumnElement, Double, Update, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.columns import Moment
from db.database import Database
from db.tables import pace

_Moment = TypeVar("_Moment")

DEBT_S = 1.0
"""Replies go past the pace; broadcasts make up for at most so much of it."""

_NOW = func.clock_timestamp(type_=Moment)  # not now(): who waited for the row would ask for a place in the past
_ROW = pace.c.name == "bot"


def open_door(database: Database) -> Database:
    """The same database, each statement committed at once: the row is everybody's and must not stay locked."""
    engine = database.writer.execution_options(isolation_level="AUTOCOMMIT")
    return replace(database, writer=engine, reader=engine)


@dataclass(frozen=True, slots=True)
class Places:
    """What was reserved, in seconds of the server's clock: the first place, and the moment of the answer."""

    first_at: float
    answered_at: float


async def reserve(connection: AsyncConnection, n: int, *, broadcast_per_s: float, overall_per_s: float) -> Places:
    """Reserves `n` places in a row for a broadcast, `1 / broadcast_per_s` apart. They are used at their time or lost: a
    process that dies costs the others what it had reserved.
    """
    start = func.greatest(pace.c.broadcast_at, pace.c.overall_at, pace.c.held_until, _NOW, type_=Moment)
    statement = (
        _change()
        .values(broadcast_at=start + _seconds("broadcast_s"), overall_at=start + _seconds("overall_s"))
        .returning(_epoch(pace.c.broadcast_at - _seconds("broadcast_s")), _epoch(_NOW))
    )
    parameters = {"broadcast_s": n / broadcast_per_s, "overall_s": n / overall_per_s}
    first_at, answered_at = (await connection.execute(statement, parameters)).one()
    return Places(first_at, answered_at)


async def debit(connection: AsyncConnection, n: int, *, overall_per_s: float) -> float:
    """Notes `n` calls that have gone out without asking; returns what `held_s` does."""
    owed = func.greatest(pace.c.overall_at, _NOW) + _seconds("overall_s")
    most = func.greatest(pace.c.broadcast_at, pace.c.held_until, _NOW) + _seconds("debt_s")
    statement = (
        _change()
        .values(overall_at=func.greatest(pace.c.overall_at, func.least(owed, most)))
        .returning(_epoch(pace.c.held_until - _NOW))
    )
    parameters = {"overall_s": n / overall_per_s, "debt_s": DEBT_S}
    return max(0.0, (await connection.execute(statement, parameters)).scalar_one())


async def hold(connection: AsyncConnection, seconds: float) -> None:
    """After a 429: no place before so many seconds from now. A shorter wait never shortens a longer one."""
    until = func.greatest(pace.c.held_until, _NOW + _seconds("hold_s"))
    await connection.execute(_change().values(held_until=until), {"hold_s": seconds})


async def held_s(connection: AsyncConnection) -> float:
    """For how many more seconds a flood wait holds everybody; 0 when none does."""
    statement = select(_epoch(pace.c.held_until - _NOW)).where(_ROW)
    return max(0.0, (await connection.execute(statement)).scalar_one())


def _change() -> Update:
    return update(pace).where(_ROW)


def _seconds(name: str) -> ColumnElement[object]:
    seconds: BindParameter[float] = bindparam(name, type_=Double)
    return func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def _epoch(moment: ColumnElement[_Moment]) -> ColumnElement[float]:
    return func.extract("epoch", moment).cast(Double)
