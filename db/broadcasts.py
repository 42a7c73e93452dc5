"""Statements about broadcasts: one message owed to many, written into the outbox page by page.

A page is a short transaction, so that a million readers keep nobody from being served; the cursor is moved in it, so
that a crash between two pages neither skips nor doubles anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from sqlalchemy import BigInteger, Select, cast, func, literal, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db import delivery_jobs
from db.deliveries import Chunk, DeliveryKind, DeliveryState
from db.tables import broadcasts, deliveries, readers, subscriptions
from db.upserts import count_inserted, insert_into

PAGE = 2000
"""Chats a transaction; about 10 ms of the one writer on SQLite."""
CHUNK = 200
"""Chats that are handed over together."""


class BroadcastKind(StrEnum):
    ARTICLE = "article"
    """Owed to the subscribers of its language."""
    CORRECTION = "correction"
    """Owed, as an edit, to everybody who has the article or is just getting it."""


@dataclass(frozen=True, slots=True)
class Broadcast:
    id: int
    kind: BroadcastKind
    article_id: int
    language: str
    cursor: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """What one transaction wrote: `owed` new deliveries; `chunks` cover exactly its chats."""

    owed: int
    chunks: Sequence[Chunk]
    is_last: bool


NOBODY = Page(0, (), is_last=True)


async def publish(connection: AsyncConnection, article_id: int, *, language: str, lane: int, now: datetime) -> Page:
    """Owes the article to its language's subscribers: the first page now, the others by `go_on`; asked for again,
    nothing."""
    key = f"article:{article_id}"
    return await _begin(connection, BroadcastKind.ARTICLE, article_id, key, language=language, lane=lane, now=now)


async def correct(
    connection: AsyncConnection, article_id: int, *, language: str, content_hash: str, lane: int, now: datetime
) -> Page:
    """Owes an edit to every chat that has the article or is just getting it, as `publish` does."""
    # With the moment in it, a title that goes back and forth is owed each time.
    key = f"correction:{article_id}:{content_hash}:{now.timestamp():.3f}"
    return await _begin(connection, BroadcastKind.CORRECTION, article_id, key, language=language, lane=lane, now=now)


async def find_unfinished(connection: AsyncConnection, broadcast_id: int | None = None) -> Broadcast | None:
    """The oldest broadcast that is not yet owed to everybody, or that one if it is not; held until the transaction
    ends."""
    statement = select(*_COLUMNS).where(~broadcasts.c.is_done).order_by(broadcasts.c.id).limit(1).with_for_update()
    if broadcast_id is not None:
        statement = statement.where(broadcasts.c.id == broadcast_id)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Broadcast(row[0], BroadcastKind(row[1]), *row[2:])


async def go_on(connection: AsyncConnection, broadcast: Broadcast, *, lane: int, limit: int = PAGE) -> Page:
    """Owes the broadcast to the next `limit` chats and moves its cursor; `broadcast` must be as the database has it."""
    ahead = _chats(broadcast).order_by("chat_id").limit(limit).subquery()
    placed = select(ahead.c.chat_id, (func.row_number().over(order_by=ahead.c.chat_id) - 1).label("place")).subquery()
    # `op`: SQLAlchemy's own division of whole numbers is not one on every database.
    numbered = select(placed.c.chat_id, placed.c.place.op("/")(CHUNK).label("number")).subquery()
    found = await connection.execute(
        select(func.min(numbered.c.chat_id), func.max(numbered.c.chat_id), func.count())
        .group_by(numbered.c.number)
        .order_by(numbered.c.number)
    )
    counted = [(Chunk(broadcast.id, first, last), count) for first, last, count in found]
    chunks = [chunk for chunk, _ in counted]
    is_last = sum(count for _, count in counted) < limit
    owed = await _owe(connection, broadcast, until=chunks[-1].last_chat_id, lane=lane) if chunks else 0
    # Done, it points at nobody: a cursor is a person's id.
    cursor = None if is_last else chunks[-1].last_chat_id
    await connection.execute(
        update(broadcasts).where(broadcasts.c.id == broadcast.id).values(cursor=cursor, is_done=is_last)
    )
    chats = [(chunk.broadcast_id, chunk.first_chat_id, chunk.last_chat_id) for chunk in chunks]
    await delivery_jobs.hand_over(connection, chats)
    return Page(owed, chunks, is_last)


_COLUMNS = (
    broadcasts.c.id,
    broadcasts.c.kind,
    broadcasts.c.article_id,
    broadcasts.c.language,
    broadcasts.c.cursor,
    broadcasts.c.created_at,
)


_OWED = (
    "kind",
    "lane",
    "chat_id",
    "reader_id",
    "article_id",
    "broadcast_id",
    "message_id",
    "state",
    "due_at",
    "created_at",
)


async def _begin(
    connection: AsyncConnection,
    kind: BroadcastKind,
    article_id: int,
    key: str,
    *,
    language: str,
    lane: int,
    now: datetime,
) -> Page:
    statement = insert_into(connection, broadcasts).values(
        kind=kind, article_id=article_id, language=language, key=key, created_at=now
    )
    row = (await connection.execute(statement.on_conflict_do_nothing().returning(broadcasts.c.id))).one_or_none()
    if row is None:
        return NOBODY
    page = await go_on(connection, Broadcast(row[0], kind, article_id, language, None, now), lane=lane)
    if not page.is_last:
        await delivery_jobs.fan_out(connection, row[0])
    return page


def _chats(broadcast: Broadcast) -> Select[tuple[int, int | None, int | None]]:
    """Who is still to be owed: chat, reader, and the message to edit."""
    match broadcast.kind:
        case BroadcastKind.ARTICLE:
            chosen = (
                select(
                    # Not the reader's own id, which is the same: these stand in their order in the index.
                    subscriptions.c.reader_id.label("chat_id"),
                    subscriptions.c.reader_id.label("reader_id"),
                    cast(null(), BigInteger).label("message_id"),
                )
                .join_from(readers, subscriptions, subscriptions.c.reader_id == readers.c.id)
                .where(
                    subscriptions.c.language == broadcast.language,
                    readers.c.is_subscribed,
                    readers.c.blocked_at.is_(None),
                )
            )
            if broadcast.cursor is None:
                return chosen
            # Both, though they are the same: PostgreSQL joins them in their order, and would begin at the first reader.
            return chosen.where(subscriptions.c.reader_id > broadcast.cursor, readers.c.id > broadcast.cursor)
        case BroadcastKind.CORRECTION:
            article = select(broadcasts.c.id).where(
                broadcasts.c.article_id == broadcast.article_id, broadcasts.c.kind == BroadcastKind.ARTICLE
            )
            chosen = select(
                deliveries.c.chat_id.label("chat_id"), deliveries.c.reader_id, deliveries.c.message_id
            ).where(
                deliveries.c.broadcast_id.in_(article.scalar_subquery()),
                deliveries.c.state.in_([DeliveryState.SENT, DeliveryState.SENDING]),
            )
            return chosen if broadcast.cursor is None else chosen.where(deliveries.c.chat_id > broadcast.cursor)
        case _:
            assert_never(broadcast.kind)


async def _owe(connection: AsyncConnection, broadcast: Broadcast, *, until: int, lane: int) -> int:
    kind = DeliveryKind.ARTICLE if broadcast.kind is BroadcastKind.ARTICLE else DeliveryKind.CORRECTION
    chats = _chats(broadcast).subquery()
    moment = literal(broadcast.created_at, deliveries.c.due_at.type)
    rows = (
        select(
            literal(kind.value),
            literal(lane),
            chats.c.chat_id,
            chats.c.reader_id,
            literal(broadcast.article_id, BigInteger),
            literal(broadcast.id, BigInteger),
            chats.c.message_id,
            literal(DeliveryState.PENDING.value),
            moment,
            moment,
        )
        .where(chats.c.chat_id <= until)
        .order_by(chats.c.chat_id)
    )
    statement = insert_into(connection, deliveries).from_select(_OWED, rows).on_conflict_do_nothing()
    return await count_inserted(connection, statement)
