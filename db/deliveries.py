"""Statements about deliveries: the outbox, one row for each message owed to one chat.

A row's life: pending -> sending (claimed, committed) -> sent | failed | uncertain.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    Text,
    Update,
    and_,
    bindparam,
    column,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.types import TypeEngine

from db import delivery_jobs
from db.columns import Moment
from db.tables import articles, broadcasts, deliveries, readers
from db.upserts import insert_into


class DeliveryKind(StrEnum):
    ARTICLE = "article"
    FULL_TEXT = "full_text"
    """One piece of an article's whole text."""
    CORRECTION = "correction"
    """An edit of an article that was sent."""
    CARD = "card"
    CARD_DECIDED = "card_decided"
    """The edit that shows the desk's decision on its card."""
    VERDICT = "verdict"
    DRAFT_KEPT = "draft_kept"
    """A dialog ended by itself; its draft waits."""
    HOLD = "hold"
    """The question whether many new articles are to go out."""
    HOLD_DECIDED = "hold_decided"
    DOUBT = "doubt"
    """The question whether what may not have arrived is to go out again."""
    DOUBT_CHANGED = "doubt_changed"
    """The edit that shows its number, or what was decided."""
    SERVICE = "service"
    """A line for the operator in the desk's service topic."""


NEWS = frozenset({DeliveryKind.ARTICLE, DeliveryKind.FULL_TEXT})
"""What may stay unsent rather than be sent twice, if the operator says so."""

EDITS = frozenset(
    {
        DeliveryKind.CORRECTION,
        DeliveryKind.CARD_DECIDED,
        DeliveryKind.HOLD_DECIDED,
        DeliveryKind.DOUBT_CHANGED,
    }
)
"""The kinds that change a message which stands already."""


TO_DESK = frozenset(
    {
        DeliveryKind.CARD,
        DeliveryKind.CARD_DECIDED,
        DeliveryKind.HOLD,
        DeliveryKind.HOLD_DECIDED,
        DeliveryKind.DOUBT,
        DeliveryKind.DOUBT_CHANGED,
        DeliveryKind.SERVICE,
    }
)
"""The kinds that editors see."""


class DeliveryState(StrEnum):
    PENDING = "pending"
    """Owed, from `due_at` on."""
    SENDING = "sending"
    """Claimed by the running engine; after a crash it may or may not have arrived."""
    SENT = "sent"
    FAILED = "failed"
    """Telegram refused it for good; `error` says why."""
    UNCERTAIN = "uncertain"
    """It may have arrived, and the operator prefers no second copy."""


GONE = "gone"
"""`error` of a row whose reader blocked the bot: owed again when they come back."""
UNSUBSCRIBED = "unsubscribed"
"""`error` of an article whose reader had turned the news off by then."""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    kind: DeliveryKind
    lane: int
    chat_id: int
    dedupe_key: str
    topic: str | None = None
    reader_id: int | None = None
    article_id: int | None = None
    submission_id: int | None = None
    payload: Mapping[str, object] | None = None
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claimed row. `message_id` is set where the delivery is an edit; `repeats` counts copies that may exist.

    `language` is the reader's and `content_hash` the article's at the claim: all that composing an article needs.
    """

    id: int
    kind: DeliveryKind
    lane: int
    chat_id: int
    topic: str | None
    reader_id: int | None
    article_id: int | None
    submission_id: int | None
    payload: Mapping[str, object] | None
    message_id: int | None
    attempts: int
    repeats: int
    language: str | None
    content_hash: str | None


@dataclass(frozen=True, slots=True)
class Chunk:
    """The deliveries of one broadcast to the chats from the first to the last."""

    broadcast_id: int
    first_chat_id: int
    last_chat_id: int


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one attempt. `is_repeat`: the next copy may be a second one."""

    delivery_id: int
    attempt: int
    """The claimed row's `attempts`: who claimed it later is not overruled."""
    state: DeliveryState
    due_at: datetime | None = None
    message_id: int | None = None
    error: str | None = None
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Interrupted:
    """How many rows a crash left half-way."""

    news: int
    others: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Rows that a claim left: `blocked` are due and wait for an earlier message of their chat."""

    next_due_at: datetime | None
    blocked: int


@dataclass(frozen=True, slots=True)
class SentMessage:
    """What a message in a chat was about."""

    kind: DeliveryKind
    article_id: int | None
    submission_id: int | None
    payload: Mapping[str, object] | None


_COLUMNS = (
    deliveries.c.id,
    deliveries.c.kind,
    deliveries.c.lane,
    deliveries.c.chat_id,
    deliveries.c.topic,
    deliveries.c.reader_id,
    deliveries.c.article_id,
    deliveries.c.submission_id,
    deliveries.c.payload,
    deliveries.c.message_id,
    deliveries.c.attempts,
    deliveries.c.repeats,
    select(readers.c.language).where(readers.c.id == deliveries.c.reader_id).scalar_subquery(),
    select(articles.c.content_hash).where(articles.c.id == deliveries.c.article_id).scalar_subquery(),
)


async def enqueue(connection: AsyncConnection, owed: Sequence[NewDelivery], *, now: datetime) -> None:
    """Owes these messages; a `dedupe_key` that is known already changes nothing."""
    if not owed:
        return
    rows = [
        {
            "kind": one.kind,
            "lane": one.lane,
            "chat_id": one.chat_id,
            "topic": one.topic,
            "reader_id": one.reader_id,
            "article_id": one.article_id,
            "submission_id": one.submission_id,
            "payload": None if one.payload is None else dict(one.payload),
            "message_id": one.message_id,
            "dedupe_key": one.dedupe_key,
            "state": DeliveryState.PENDING,
            "due_at": now,
            "created_at": now,
        }
        for one in owed
    ]
    await connection.execute(insert_into(connection, deliveries).on_conflict_do_nothing(), rows)
    await delivery_jobs.wake_lanes(connection, (one.lane for one in owed))


# As the partial indexes have them: bound as parameters, SQLite could not know that the index may be used.
_IS_PENDING = text("deliveries.state = 'pending'")
_IS_SENDING = text("deliveries.state = 'sending'")
_IS_UNCERTAIN = text("deliveries.state = 'uncertain'")


async def claim_due(
    connection: AsyncConnection, *, lane: int, limit: int, now: datetime, chunk: Chunk | None = None
) -> list[Delivery]:
    """Takes up to `limit` due rows of the lane, or the chunk, oldest first; within a chat strictly one after another.

    Commit before sending: a row that is on its way is never claimed twice.
    """
    where = {"in_lane": lane} if chunk is None else _bounds(chunk)
    statement = _CLAIM_IN_LANE if chunk is None else _CLAIM_IN_CHUNK
    rows = await connection.execute(statement, {**where, "now": now, "most": limit})
    claimed = [Delivery(number, DeliveryKind(kind), *others) for number, kind, *others in rows]
    return sorted(claimed, key=lambda delivery: delivery.id)


def _claim(*within: ColumnElement[bool], order_by: Column[int]) -> ReturningUpdate[Any]:
    """Built once: SQLAlchemy takes as long to build it as SQLite does to carry it out for ten rows."""
    earlier = deliveries.alias("earlier")
    waits_for_earlier = exists().where(
        earlier.c.chat_id == deliveries.c.chat_id,
        earlier.c.lane == deliveries.c.lane,
        earlier.c.id < deliveries.c.id,
        text("earlier.state IN ('pending', 'sending')"),
    )
    now = bindparam("now", type_=deliveries.c.due_at.type)
    due = (
        select(deliveries.c.id)
        .where(_IS_PENDING, *within, deliveries.c.due_at <= now, ~waits_for_earlier)
        .order_by(order_by)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True, of=deliveries)
    )
    return (
        update(deliveries)
        .where(deliveries.c.id.in_(due.scalar_subquery()))
        .values(state=DeliveryState.SENDING.value, claimed_at=now, attempts=deliveries.c.attempts + 1)
        .returning(*_COLUMNS)
    )


_IN_CHUNK = (
    deliveries.c.broadcast_id == bindparam("in_broadcast"),
    deliveries.c.chat_id.between(bindparam("first_chat"), bindparam("last_chat")),
)
_CLAIM_IN_LANE = _claim(deliveries.c.lane == bindparam("in_lane"), order_by=deliveries.c.id)
_CLAIM_IN_CHUNK = _claim(*_IN_CHUNK, order_by=deliveries.c.chat_id)


def _bounds(chunk: Chunk) -> dict[str, int]:
    return {"in_broadcast": chunk.broadcast_id, "first_chat": chunk.first_chat_id, "last_chat": chunk.last_chat_id}


def _within(lane: int | None, chunk: Chunk | None) -> list[ColumnElement[bool]]:
    if chunk is None:
        return [] if lane is None else [deliveries.c.lane == lane]
    return [
        deliveries.c.broadcast_id == chunk.broadcast_id,
        deliveries.c.chat_id.between(chunk.first_chat_id, chunk.last_chat_id),
    ]


async def record(connection: AsyncConnection, results: Sequence[Result], *, now: datetime) -> None:
    """Writes what became of these attempts, all in one statement.

    A row that was claimed anew meanwhile (its first process was taken for dead and was not) keeps what the later one
    does. But that a message has arrived is always true: a row that waits for another attempt is then sent.
    """
    if not results:
        return
    rows = [
        {
            "delivery": one.delivery_id,
            "attempt": one.attempt,
            "new_state": one.state.value,
            "next_due_at": one.due_at,
            "new_sent_at": now if one.state is DeliveryState.SENT else None,
            "new_message_id": one.message_id,
            "new_error": one.error,
            "more_repeats": int(one.is_repeat),
        }
        for one in results
    ]
    if connection.dialect.name == "postgresql":
        columns = {name: [row[name] for row in rows] for name in _RESULT}
        await connection.execute(_RECORD_COLUMNS, columns)
    else:
        await connection.execute(_RECORD_ROWS, rows)


# A type engine's own type is invariant, and these are of many kinds.
_RESULT: Mapping[str, TypeEngine[Any]] = {
    "delivery": BigInteger(),
    "attempt": Integer(),
    "new_state": Text(),
    "next_due_at": Moment(),
    "new_sent_at": Moment(),
    "new_message_id": BigInteger(),
    "new_error": Text(),
    "more_repeats": Integer(),
}


def _record(result: Mapping[str, ColumnElement[object]]) -> Update:
    is_ours = and_(_IS_SENDING, deliveries.c.attempts == result["attempt"])
    has_arrived = and_(
        text("deliveries.state IN ('pending', 'uncertain')"), result["new_state"] == DeliveryState.SENT.value
    )
    return (
        update(deliveries)
        .where(deliveries.c.id == result["delivery"], or_(is_ours, has_arrived))
        .values(
            state=result["new_state"],
            due_at=func.coalesce(result["next_due_at"], deliveries.c.due_at),
            sent_at=result["new_sent_at"],
            message_id=func.coalesce(result["new_message_id"], deliveries.c.message_id),
            error=result["new_error"],
            repeats=deliveries.c.repeats + result["more_repeats"],
        )
    )


_RECORD_ROWS = _record({name: bindparam(name, type_=kind) for name, kind in _RESULT.items()})
# PostgreSQL takes a batch as one statement over columns; row by row each would be sent and answered by itself.
_COLUMNS_OF_RESULTS = (
    func.unnest(*(bindparam(name, type_=ARRAY(kind)) for name, kind in _RESULT.items()))
    .table_valued(*(column(name, kind) for name, kind in _RESULT.items()), name="results")
    .render_derived()
)
_RECORD_COLUMNS = _record(dict(_COLUMNS_OF_RESULTS.c.items()))


async def release_interrupted(
    connection: AsyncConnection,
    *,
    news_to: DeliveryState,
    now: datetime,
    lane: int | None = None,
    chunk: Chunk | None = None,
) -> Interrupted:
    """After a crash: what was on its way is owed again, as a repeat; news becomes `news_to`.

    Of everything, or of one lane, or of one chunk; only while nothing of that is being sent. An edit may be made twice
    without harm; a card or a verdict is better had twice than never.
    """
    interrupted = update(deliveries).where(_IS_SENDING, *_within(lane, chunk))
    repeated = {"due_at": now, "repeats": deliveries.c.repeats + 1}
    edits = await connection.execute(
        interrupted.where(deliveries.c.kind.in_(EDITS)).values(state=DeliveryState.PENDING, due_at=now)
    )
    news = await connection.execute(interrupted.where(deliveries.c.kind.in_(NEWS)).values(state=news_to, **repeated))
    others = await connection.execute(interrupted.values(state=DeliveryState.PENDING, **repeated))
    return Interrupted(news=news.rowcount, others=edits.rowcount + others.rowcount)


async def release_unclaimed(
    connection: AsyncConnection, *, lane: int, but: Collection[int], now: datetime, chunk: Chunk | None = None
) -> int:
    """Owes again what is claimed there and not known to be on its way: nothing was sent of it."""
    statement = (
        update(deliveries)
        .where(_IS_SENDING, *_within(lane, chunk), deliveries.c.id.not_in(list(but)))
        .values(state=DeliveryState.PENDING, due_at=now)
    )
    return (await connection.execute(statement)).rowcount


async def find_waiting(
    connection: AsyncConnection, *, now: datetime, lane: int | None = None, chunk: Chunk | None = None
) -> Waiting:
    """What is pending in the lane or the chunk. Looks at every such row: to be asked when a claim came back short, for
    then few are left."""
    is_later = deliveries.c.due_at > now
    statement = select(
        func.min(deliveries.c.due_at).filter(is_later), func.count().filter(deliveries.c.due_at <= now)
    ).where(_IS_PENDING, *_within(lane, chunk))
    next_due_at, blocked = (await connection.execute(statement)).one()
    return Waiting(next_due_at, blocked)


async def find_message(connection: AsyncConnection, chat_id: int, message_id: int) -> SentMessage | None:
    """What we sent as this message."""
    row = (
        await connection.execute(
            select(deliveries.c.kind, deliveries.c.article_id, deliveries.c.submission_id, deliveries.c.payload)
            .where(deliveries.c.chat_id == chat_id, deliveries.c.message_id == message_id)
            # An edit carries the same message id: what was sent first says what the message is.
            .order_by(deliveries.c.id)
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else SentMessage(DeliveryKind(row[0]), row[1], row[2], row[3])


async def find_article_message(
    connection: AsyncConnection, chat_id: int, article_id: int
) -> tuple[int | None, DeliveryState] | None:
    """The message that brought this article to this chat, None as long as it has no number, and what became of it."""
    article = select(broadcasts.c.id).where(
        broadcasts.c.article_id == article_id, broadcasts.c.kind == DeliveryKind.ARTICLE
    )
    statement = (
        select(deliveries.c.message_id, deliveries.c.state)
        .where(
            deliveries.c.broadcast_id.in_(article.scalar_subquery()),
            deliveries.c.chat_id == chat_id,
        )
        .limit(1)
    )
    found = (await connection.execute(statement)).one_or_none()
    return None if found is None else (found[0], DeliveryState(found[1]))


async def card_messages(
    connection: AsyncConnection, *, kind: DeliveryKind, submission_id: int
) -> list[tuple[int, int]]:
    """Chat and message of every copy of a card that is known to stand."""
    rows = await connection.execute(
        select(deliveries.c.chat_id, deliveries.c.message_id).where(
            deliveries.c.submission_id == submission_id,
            deliveries.c.kind == kind,
            deliveries.c.message_id.is_not(None),
        )
    )
    return [(row[0], row[1]) for row in rows]


async def sent_lately(connection: AsyncConnection, chat_id: int, *, since: datetime, most: int = 20) -> list[datetime]:
    """When the newest messages to this chat have gone, oldest first: up to `most` that arrived since then, and those
    that are on their way and may have. Edits are left out: Telegram does not count them.
    """
    # Numbers of messages rise within a chat, and they are in an index; the moments are in none.
    arrived = (
        select(deliveries.c.sent_at)
        .where(
            deliveries.c.chat_id == chat_id,
            deliveries.c.message_id.is_not(None),
            deliveries.c.state == DeliveryState.SENT,
            deliveries.c.kind.not_in(EDITS),
        )
        .order_by(deliveries.c.message_id.desc())
        .limit(most)
    )
    on_their_way = select(deliveries.c.claimed_at).where(
        _IS_SENDING, deliveries.c.chat_id == chat_id, deliveries.c.kind.not_in(EDITS)
    )
    moments = [*(await connection.execute(arrived)).scalars(), *(await connection.execute(on_their_way)).scalars()]
    return sorted(moment for moment in moments if moment is not None and moment >= since)


async def is_owed(connection: AsyncConnection, dedupe_key: str) -> bool:
    """Whether a message is known under this key, whatever became of it."""
    statement = select(exists().where(deliveries.c.dedupe_key == dedupe_key))
    return bool((await connection.execute(statement)).scalar())


async def find_by_key(connection: AsyncConnection, dedupe_key: str) -> tuple[int, int] | None:
    """Chat and message of what was owed under this key, once it has arrived."""
    row = (
        await connection.execute(
            select(deliveries.c.chat_id, deliveries.c.message_id).where(
                deliveries.c.dedupe_key == dedupe_key, deliveries.c.message_id.is_not(None)
            )
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


async def count_uncertain(connection: AsyncConnection) -> dict[int, int]:
    """How many messages of each article may or may not have arrived; articles without any are left out."""
    rows = await connection.execute(
        select(deliveries.c.article_id, func.count())
        .where(_IS_UNCERTAIN, deliveries.c.article_id.is_not(None))
        .group_by(deliveries.c.article_id)
    )
    return {row[0]: row[1] for row in rows}


async def count_uncertain_of(connection: AsyncConnection, article_id: int) -> int:
    """How many messages of this article may or may not have arrived."""
    statement = select(func.count()).where(_IS_UNCERTAIN, deliveries.c.article_id == article_id)
    return int((await connection.execute(statement)).scalar_one())


async def resend_uncertain(connection: AsyncConnection, article_id: int, *, now: datetime) -> int:
    """Owes again what may not have arrived of the article; returns how many that are.

    Whoever has turned the news off since gets no article any more, only what they asked for themselves.
    """
    uncertain = update(deliveries).where(_IS_UNCERTAIN, deliveries.c.article_id == article_id)
    wants_it = exists().where(readers.c.id == deliveries.c.reader_id, readers.c.is_subscribed)
    await connection.execute(
        uncertain.where(deliveries.c.kind == DeliveryKind.ARTICLE, ~wants_it).values(
            state=DeliveryState.FAILED, error=UNSUBSCRIBED
        )
    )
    statement = uncertain.values(state=DeliveryState.PENDING, due_at=now, error=None)
    columns = (deliveries.c.lane, deliveries.c.broadcast_id, deliveries.c.chat_id)
    again = (await connection.execute(statement.returning(*columns))).all()
    # A chunk for each chat: a longer one would reach over chats that an older chunk is just sending to.
    chunks = [(row.broadcast_id, row.chat_id, row.chat_id) for row in again if row.broadcast_id is not None]
    await delivery_jobs.hand_over(connection, sorted(chunks))
    await delivery_jobs.wake_lanes(connection, [row.lane for row in again if row.broadcast_id is None])
    return len(again)


async def drop_for_reader(connection: AsyncConnection, reader_id: int) -> int:
    """The reader cannot be reached: nothing more is tried until they come back."""
    result = await connection.execute(
        update(deliveries)
        .where(deliveries.c.reader_id == reader_id, deliveries.c.state == DeliveryState.PENDING)
        .values(state=DeliveryState.FAILED, error=GONE)
    )
    return result.rowcount


async def delete_of_reader(connection: AsyncConnection, reader_id: int) -> None:
    """What was sent to the reader, and what was still owed, is forgotten."""
    await connection.execute(delete(deliveries).where(deliveries.c.reader_id == reader_id))


async def drop_articles_for_reader(connection: AsyncConnection, reader_id: int) -> int:
    """The reader no longer wants news: what is still owed is let go."""
    result = await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.reader_id == reader_id,
            deliveries.c.kind == DeliveryKind.ARTICLE,
            deliveries.c.state == DeliveryState.PENDING,
        )
        .values(state=DeliveryState.FAILED, error=UNSUBSCRIBED)
    )
    return result.rowcount


async def revive_for_reader(
    connection: AsyncConnection, reader_id: int, *, kinds: Collection[DeliveryKind], now: datetime
) -> int:
    """The reader is back: what was meant for them alone is owed again."""
    result = await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.reader_id == reader_id,
            deliveries.c.state == DeliveryState.FAILED,
            deliveries.c.error == GONE,
            deliveries.c.kind.in_(kinds),
        )
        .values(state=DeliveryState.PENDING, error=None, due_at=now)
        .returning(deliveries.c.lane)
    )
    lanes = result.scalars().all()
    await delivery_jobs.wake_lanes(connection, lanes)
    return len(lanes)


async def move_chat(connection: AsyncConnection, old_chat_id: int, new_chat_id: int) -> None:
    """What is owed to the old chat is owed to the new one, by the next claim.

    Edits stay behind: in the new chat their messages have other numbers, or are not there at all.
    """
    await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.chat_id == old_chat_id,
            deliveries.c.state.in_([DeliveryState.PENDING, DeliveryState.SENDING]),
            deliveries.c.message_id.is_(None),
        )
        .values(chat_id=new_chat_id)
    )


async def count_by_state(connection: AsyncConnection) -> dict[DeliveryState, int]:
    rows = await connection.execute(select(deliveries.c.state, func.count()).group_by(deliveries.c.state))
    return {DeliveryState(row[0]): row[1] for row in rows}
