"""Articles taken from a source and owed to their readers, in one transaction; and looked up when a reader asks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.logic.article import SourceArticle
from bot.logic.lanes import Lane
from bot.logic.picking import Fate, KnownArticle, Picked, pick
from bot.logic.views import ArticleView
from bot.services.desk import Desk, Topic
from bot.services.documents import read_rich, rich_document
from bot.services.outbox import Bell
from db import articles as article_rows
from db import broadcasts as broadcast_rows
from db import deliveries as delivery_rows
from db import sources as source_rows
from db.articles import Article, ArticleState, NewArticle
from db.database import Database, Transaction
from db.deliveries import DeliveryKind, NewDelivery
from db.sources import SourceState


@dataclass(frozen=True, slots=True)
class Taken:
    """What one fetch came to."""

    new: int
    corrected: int
    fate: Fate


class Articles:
    def __init__(self, database: Database, bell: Bell, desk: Desk) -> None:
        self._database = database
        self._bell = bell
        self._desk = desk

    async def source_state(self, source: str) -> SourceState:
        async with self._database.write() as connection:
            return await source_rows.get_source(connection, source)

    async def save_source_state(self, state: SourceState) -> None:
        async with self._database.write() as connection:
            await source_rows.save_source(connection, state)

    async def take(self, state: SourceState, fetched: Sequence[SourceArticle], *, now: datetime) -> Taken:
        """Stores what is new, owes it to its subscribers, owes edits for what was corrected, keeps `state` with it.

        A crash before the commit changes nothing and the next fetch does it all; after it, nothing is done twice.
        """
        is_first = state.first_fetched_at is None
        async with self._database.write() as connection:
            rows = {row.external_id: row for row in await article_rows.known_articles(connection, state.name)}
            known = [KnownArticle(row.external_id, row.url, row.content_hash) for row in rows.values()]
            picked = pick(known, fetched, is_first_fetch=is_first)
            await self._add_new(connection, state.name, picked, now=now)
            for before, after in picked.corrected:
                await self._correct(connection, rows[before.external_id].id, after, source=state.name, now=now)
            first_fetched_at = now if is_first else state.first_fetched_at
            await source_rows.save_source(connection, replace(state, first_fetched_at=first_fetched_at))
        self._bell.ring()
        return Taken(len(picked.new), len(picked.corrected), picked.fate)

    async def _add_new(self, connection: Transaction, source: str, picked: Picked, *, now: datetime) -> None:
        hold_id: int | None = None
        if picked.fate is Fate.HOLD:
            hold_id = await article_rows.add_hold(connection, source, now=now)
            await delivery_rows.enqueue(connection, [self._hold_question(hold_id)], now=now)
        state = {
            Fate.SEEN: ArticleState.SEEN,
            Fate.PUBLISH: ArticleState.PUBLISHED,
            Fate.HOLD: ArticleState.HELD,
        }[picked.fate]
        for article in picked.new:
            new = _new_article(source, article)
            article_id = await article_rows.add_article(connection, new, state=state, hold_id=hold_id, now=now)
            if article_id is not None and state is ArticleState.PUBLISHED:
                await broadcast_rows.publish(
                    connection, article_id, language=article.language, lane=Lane.BROADCAST, now=now
                )

    @staticmethod
    async def _correct(
        connection: Transaction, article_id: int, after: SourceArticle, *, source: str, now: datetime
    ) -> None:
        new = _new_article(source, after)
        await article_rows.correct_article(connection, article_id, new)
        await broadcast_rows.correct(
            connection,
            article_id,
            language=new.language,
            content_hash=new.content_hash,
            lane=Lane.BROADCAST,
            now=now,
        )

    def _hold_question(self, hold_id: int) -> NewDelivery:
        return NewDelivery(
            DeliveryKind.HOLD,
            Lane.DESK,
            self._desk.chat_id,
            f"hold:{hold_id}",
            topic=Topic.SERVICE,
            payload={"hold_id": hold_id},
        )

    async def find(self, article_id: int | None) -> ArticleView | None:
        if article_id is None:
            return None
        async with self._database.read() as connection:
            article = await article_rows.find_article(connection, article_id)
        return None if article is None else view_of(article)

    async def find_in_message(self, chat_id: int, message_id: int) -> ArticleView | None:
        """The article that this message of ours brought: its announcement, or a piece of its text."""
        async with self._database.read() as connection:
            message = await delivery_rows.find_message(connection, chat_id, message_id)
        return None if message is None else await self.find(message.article_id)

    async def latest(self, languages: Collection[str], *, limit: int) -> list[ArticleView]:
        async with self._database.read() as connection:
            rows = await article_rows.latest_articles(connection, languages, limit)
        return [view_of(row) for row in rows]

    async def owe_full_text(
        self, reader_id: int, article_id: int, pieces: int, *, update_id: int, now: datetime
    ) -> None:
        """Owes the reader every piece of the article's text, once for each press."""
        owed = [
            NewDelivery(
                DeliveryKind.FULL_TEXT,
                Lane.REPLY,
                reader_id,
                f"full_text:{update_id}:{piece}",
                reader_id=reader_id,
                article_id=article_id,
                payload={"piece": piece},
            )
            for piece in range(pieces)
        ]
        async with self._database.write() as connection:
            await delivery_rows.enqueue(connection, owed, now=now)
        self._bell.ring()


def _new_article(source: str, article: SourceArticle) -> NewArticle:
    return NewArticle(
        source=source,
        external_id=article.external_id,
        url=article.url,
        title=article.title,
        lead=rich_document(article.lead),
        body=[rich_document(paragraph) for paragraph in article.body],
        language=article.language,
        content_hash=article.content_hash(),
        published_at=article.published_at,
    )


def view_of(article: Article) -> ArticleView:
    return ArticleView(
        id=article.id,
        source=article.source,
        url=article.url,
        title=article.title,
        lead=read_rich(article.lead),
        body=tuple(read_rich(paragraph) for paragraph in article.body),
        language=article.language,
        published_at=article.published_at or article.first_seen_at,
        content_hash=article.content_hash,
    )
