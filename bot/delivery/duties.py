"""What an outcome asks for beside the row itself: a lost reader, a deleted topic, a moved group, a word to the desk.

Done before the row is written down, and safe to be done twice.
"""

from datetime import datetime
from typing import assert_never

import structlog

from bot.delivery.topics import Topics
from bot.logic.lanes import Lane
from bot.logic.outcome import Moved, Outcome
from bot.logic.settling import Duty, Settled
from bot.services.desk import Desk
from bot.services.readers import Readers
from db import deliveries as delivery_rows
from db.database import Database
from db.deliveries import EDITS, Delivery, DeliveryKind, NewDelivery

_log = structlog.get_logger(__name__)


class Duties:
    def __init__(self, database: Database, desk: Desk, readers: Readers, topics: Topics) -> None:
        self._database = database
        self._desk = desk
        self._readers = readers
        self._topics = topics

    @property
    def desk_chat_id(self) -> int:
        return self._desk.chat_id

    async def do(self, row: Delivery, outcome: Outcome, settled: Settled, *, now: datetime) -> None:
        """Raises DatabaseError; may then be called again."""
        match settled.duty:
            case Duty.NOTHING:
                pass
            case Duty.LOSE_READER:
                await self._readers.lose(row.chat_id, now=now)
            case Duty.FORGET_TOPIC:
                if row.topic is not None:
                    await self._topics.forget(row.chat_id, row.topic)
            case Duty.FOLLOW_GROUP:
                await self._follow(row, outcome, now=now)
            case Duty.SHOW_ANEW:
                await self._show_anew(row, now=now)
            case Duty.TELL_OPERATOR:
                _log.error("delivery_refused", delivery=row.id, kind=row.kind.value, error=settled.error)
                if row.kind is not DeliveryKind.SERVICE:
                    facts = {"delivery": row.kind.value, "error": settled.error or ""}
                    await self._desk.tell("refused", facts=facts, now=now)
            case _:
                assert_never(settled.duty)

    async def _follow(self, row: Delivery, outcome: Outcome, *, now: datetime) -> None:
        if isinstance(outcome, Moved):
            await self._desk.follow(row.chat_id, outcome.chat_id, now=now)
        if row.kind in EDITS:
            await self._show_anew(row, now=now)

    async def _show_anew(self, row: Delivery, *, now: datetime) -> None:
        if row.kind is not DeliveryKind.CARD_DECIDED or row.submission_id is None:
            return
        anew = NewDelivery(
            DeliveryKind.CARD,
            Lane.DESK,
            self._desk.chat_id,
            f"card_anew:{row.submission_id}",
            topic=row.topic,
            submission_id=row.submission_id,
        )
        async with self._database.write() as connection:
            await delivery_rows.enqueue(connection, [anew], now=now)
