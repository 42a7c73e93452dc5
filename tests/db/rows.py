"""Rows that the database tests begin with, and a short way to look at what became of them."""

import asyncio
import threading
from datetime import UTC, datetime

from sqlalchemy import select

from db import articles as article_rows
from db import broadcasts as broadcast_rows
from db import deliveries as delivery_rows
from db import readers as reader_rows
from db import submissions as submission_rows
from db.articles import ArticleState, NewArticle
from db.database import Database
from db.deliveries import Delivery, DeliveryKind, NewDelivery
from db.submissions import NewSubmission, SubmissionKind
from db.tables import deliveries

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BROADCAST = 4


async def add_readers(database: Database, *reader_ids: int, language: str = "kk") -> None:
    """Subscribers of the news in `language`."""
    async with database.write() as connection:
        for reader_id in reader_ids:
            await reader_rows.add_reader(connection, reader_id, code=f"R{reader_id}", now=NOON)
            await reader_rows.set_language(connection, reader_id, language)
            await reader_rows.set_article_languages(connection, reader_id, [language])
            await reader_rows.set_subscribed(connection, reader_id, is_subscribed=True)


def new_article(number: int = 1, *, title: str = "Тақырып 🌊", language: str = "kk") -> NewArticle:
    return NewArticle(
        source="Жаңалықтар",
        external_id=f"https://site.kz/?p={number}",
        url=f"https://site.kz/{number}/",
        title=title,
        lead={"text": "Қысқаша.", "entities": [["bold", 0, 8, None]]},
        body=[{"text": "Бір.", "entities": []}, {"text": "Екі.", "entities": []}],
        language=language,
        content_hash=f"hash of {title}",
        published_at=NOON,
    )


async def add_article(database: Database, number: int = 1, *, state: ArticleState = ArticleState.PUBLISHED) -> int:
    async with database.write() as connection:
        made = await article_rows.add_article(connection, new_article(number), state=state, now=NOON)
    assert made is not None
    return made


async def owe_article(database: Database, article_id: int, *, language: str = "kk", now: datetime = NOON) -> int:
    async with database.write() as connection:
        page = await broadcast_rows.publish(connection, article_id, language=language, lane=BROADCAST, now=now)
    return page.owed


def message(key: str, *, chat_id: int = 1, lane: int = BROADCAST, message_id: int | None = None) -> NewDelivery:
    """A service line to some chat: it hangs on no other row."""
    return NewDelivery(DeliveryKind.SERVICE, lane, chat_id, key, payload={"text": key}, message_id=message_id)


async def owe(database: Database, *owed: NewDelivery, now: datetime = NOON) -> None:
    async with database.write() as connection:
        await delivery_rows.enqueue(connection, owed, now=now)


async def claim(database: Database, *, limit: int = 100, lane: int = BROADCAST, now: datetime = NOON) -> list[Delivery]:
    async with database.write() as connection:
        return await delivery_rows.claim_due(connection, lane=lane, limit=limit, now=now)


async def stored(database: Database) -> list[tuple[str, str]]:
    """What makes it the same message, and the state of every delivery, oldest first."""
    columns = (deliveries.c.dedupe_key, deliveries.c.kind, deliveries.c.article_id, deliveries.c.chat_id)
    async with database.read() as connection:
        rows = await connection.execute(select(deliveries.c.state, *columns).order_by(deliveries.c.id))
        return [(row[1] or f"{row[2]}:{row[3]}:{row[4]}", row[0]) for row in rows]


async def add_submission(database: Database, *, reader_id: int = 7, update_id: int = 1) -> int:
    """A comment of a reader who is there already."""
    new = NewSubmission(
        kind=SubmissionKind.COMMENT,
        reader_id=reader_id,
        article_id=None,
        update_id=update_id,
        language="kk",
        words="Жақсы!",
    )
    async with database.write() as connection:
        return await submission_rows.add_submission(connection, new, now=NOON)


async def until_threads_ended() -> None:
    """After a failed opening aiosqlite's thread ends a moment later, and speaks to the event loop then."""
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join, 10)
