"""Statements about articles, and about holds: many new articles at once that wait for the desk's yes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import articles, holds
from db.upserts import insert_into

RichDocument = Mapping[str, object]
"""A text with entities as it is stored: `{"text": str, "entities": [[kind, offset, length, url], …]}`."""


class ArticleState(StrEnum):
    SEEN = "seen"
    """It was there before us: never sent unasked."""
    PUBLISHED = "published"
    """Owed, or sent, to its subscribers."""
    HELD = "held"
    """One of many new at once; waits for the desk."""
    DROPPED = "dropped"
    """The desk said no."""


class HoldState(StrEnum):
    WAITING = "waiting"
    RELEASED = "released"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class NewArticle:
    source: str
    external_id: str
    url: str
    title: str
    lead: RichDocument
    body: Collection[RichDocument]
    language: str
    content_hash: str
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class Article:
    id: int
    source: str
    external_id: str
    url: str
    title: str
    lead: RichDocument
    body: list[RichDocument]
    language: str
    content_hash: str
    state: ArticleState
    published_at: datetime | None
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class KnownRow:
    id: int
    external_id: str
    url: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class Hold:
    id: int
    source: str
    state: HoldState
    decided_by: str | None
    decided_at: datetime | None
    count: int


_COLUMNS = (
    articles.c.id,
    articles.c.source,
    articles.c.external_id,
    articles.c.url,
    articles.c.title,
    articles.c.lead,
    articles.c.body,
    articles.c.language,
    articles.c.content_hash,
    articles.c.state,
    articles.c.published_at,
    articles.c.first_seen_at,
)


async def known_articles(connection: AsyncConnection, source: str) -> list[KnownRow]:
    """Every article of the source that was ever seen."""
    rows = await connection.execute(
        select(articles.c.id, articles.c.external_id, articles.c.url, articles.c.content_hash).where(
            articles.c.source == source
        )
    )
    return [KnownRow(*row) for row in rows]


async def add_article(
    connection: AsyncConnection, new: NewArticle, *, state: ArticleState, now: datetime, hold_id: int | None = None
) -> int | None:
    """Returns its id, or None when another process was quicker."""
    statement = (
        insert_into(connection, articles)
        .values(
            source=new.source,
            external_id=new.external_id,
            url=new.url,
            title=new.title,
            lead=dict(new.lead),
            body=[dict(paragraph) for paragraph in new.body],
            language=new.language,
            content_hash=new.content_hash,
            state=state,
            hold_id=hold_id,
            published_at=new.published_at,
            first_seen_at=now,
        )
        .on_conflict_do_nothing(index_elements=[articles.c.source, articles.c.external_id])
        .returning(articles.c.id)
    )
    made: int | None = (await connection.execute(statement)).scalar()
    return made


async def correct_article(connection: AsyncConnection, article_id: int, new: NewArticle) -> None:
    """Takes over the new content; identity, state and dates stay."""
    await connection.execute(
        update(articles)
        .where(articles.c.id == article_id)
        .values(
            url=new.url,
            title=new.title,
            lead=dict(new.lead),
            body=[dict(paragraph) for paragraph in new.body],
            content_hash=new.content_hash,
        )
    )


async def find_article(connection: AsyncConnection, article_id: int) -> Article | None:
    row = (await connection.execute(select(*_COLUMNS).where(articles.c.id == article_id))).one_or_none()
    if row is None:
        return None
    values = row._asdict()
    return Article(**{**values, "state": ArticleState(values["state"])})


async def held_titles(connection: AsyncConnection, hold_id: int, *, limit: int) -> list[str]:
    rows = await connection.execute(
        select(articles.c.title).where(articles.c.hold_id == hold_id).order_by(articles.c.id).limit(limit)
    )
    return list(rows.scalars())


async def latest_articles(connection: AsyncConnection, languages: Collection[str], limit: int) -> list[Article]:
    """The newest ones, newest first, in these languages; those the desk holds back or dropped are left out."""
    shown = or_(articles.c.state == ArticleState.PUBLISHED, articles.c.state == ArticleState.SEEN)
    rows = await connection.execute(
        select(*_COLUMNS)
        .where(articles.c.language.in_(languages), shown)
        .order_by(func.coalesce(articles.c.published_at, articles.c.first_seen_at).desc(), articles.c.id.desc())
        .limit(limit)
    )
    return [Article(**{**row._asdict(), "state": ArticleState(row.state)}) for row in rows]


async def add_hold(connection: AsyncConnection, source: str, *, now: datetime) -> int:
    statement = insert(holds).values(source=source, state=HoldState.WAITING, created_at=now).returning(holds.c.id)
    return int((await connection.execute(statement)).scalar_one())


async def find_hold(connection: AsyncConnection, hold_id: int) -> Hold | None:
    count = select(func.count()).where(articles.c.hold_id == hold_id).scalar_subquery()
    row = (
        await connection.execute(
            select(holds.c.id, holds.c.source, holds.c.state, holds.c.decided_by, holds.c.decided_at, count).where(
                holds.c.id == hold_id
            )
        )
    ).one_or_none()
    return None if row is None else Hold(row[0], row[1], HoldState(row[2]), row[3], row[4], row[5])


async def decide_hold(
    connection: AsyncConnection, hold_id: int, *, to: HoldState, by: str, now: datetime
) -> list[int] | None:
    """The articles it was about, oldest first; None when it was decided before."""
    decided = await connection.execute(
        update(holds)
        .where(holds.c.id == hold_id, holds.c.state == HoldState.WAITING)
        .values(state=to, decided_by=by, decided_at=now)
    )
    if not decided.rowcount:
        return None
    state = ArticleState.PUBLISHED if to is HoldState.RELEASED else ArticleState.DROPPED
    await connection.execute(
        update(articles).where(articles.c.hold_id == hold_id, articles.c.state == ArticleState.HELD).values(state=state)
    )
    rows = await connection.execute(select(articles.c.id).where(articles.c.hold_id == hold_id).order_by(articles.c.id))
    return list(rows.scalars())
