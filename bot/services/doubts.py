"""What may not have arrived: the desk is told how many of which article, and decides whether they go out again."""

from dataclasses import dataclass
from datetime import datetime

from bot.logic.lanes import Lane
from bot.services.desk import Desk, Editor, NotOnTheCard, Topic
from bot.services.outbox import Bell
from db import deliveries as delivery_rows
from db import doubts as doubt_rows
from db import updates as update_rows
from db.database import Database, Transaction
from db.deliveries import DeliveryKind, NewDelivery
from db.doubts import Doubt


@dataclass(frozen=True, slots=True)
class SentAgain:
    doubt: Doubt


@dataclass(frozen=True, slots=True)
class AlreadySentAgain:
    doubt: Doubt


class Doubts:
    def __init__(self, database: Database, bell: Bell, desk: Desk) -> None:
        self._database = database
        self._bell = bell
        self._desk = desk

    async def report(self, *, now: datetime) -> int:
        """Owes the desk a question for each article that is newly in doubt, and the right number where it has changed.

        To be called at start, after what a crash left was taken back, and every minute: that is how often a number may
        change. Several processes may do it at once. Returns how many messages are owed for it.
        """
        async with self._database.read() as connection:
            if not await delivery_rows.count_uncertain(connection):
                return 0
        async with self._database.write() as connection:
            counted = await delivery_rows.count_uncertain(connection)
            owed = [
                message
                for article_id, count in sorted(counted.items())
                if (message := await self._told(connection, article_id, count, now=now)) is not None
            ]
            await delivery_rows.enqueue(connection, owed, now=now)
        if owed:
            self._bell.ring()
        return len(owed)

    async def _told(self, connection: Transaction, article_id: int, count: int, *, now: datetime) -> NewDelivery | None:
        made = await doubt_rows.open_doubt(connection, article_id, count=count, now=now)
        if made is not None:
            return NewDelivery(
                DeliveryKind.DOUBT,
                Lane.DESK,
                self._desk.chat_id,
                _question_key(made),
                topic=Topic.SERVICE,
                payload={"doubt_id": made},
            )
        doubt = await doubt_rows.find_open(connection, article_id)
        standing = None if doubt is None else await delivery_rows.find_by_key(connection, _question_key(doubt.id))
        # A question that is still on its way may show the old number; then the next report has it edited.
        if doubt is None or standing is None or not await doubt_rows.recount(connection, doubt.id, count=count):
            return None
        return _changed(doubt.id, *standing, cause=f"{count}:{now.timestamp():.3f}")

    async def send_again(
        self, doubt_id: int, *, by: Editor, message_id: int, update_id: int, now: datetime
    ) -> SentAgain | AlreadySentAgain | NotOnTheCard:
        """Owes again, once, all that is in doubt of the article by now, also what became so after the desk was told."""
        async with self._database.write() as connection:
            await update_rows.mark_effected(connection, update_id)
            is_first = await doubt_rows.resolve(connection, doubt_id, by=by.name, now=now)
            doubt = await doubt_rows.find_doubt(connection, doubt_id)
            if doubt is None:
                return NotOnTheCard()
            if is_first:
                count = await delivery_rows.resend_uncertain(connection, doubt.article_id, now=now)
                await doubt_rows.note_resent(connection, doubt_id, count=count)
                doubt = await doubt_rows.find_doubt(connection, doubt_id) or doubt
            standing = await delivery_rows.find_by_key(connection, _question_key(doubt_id))
            # The pressed message too: a copy sent before a crash stands in the group and in no row.
            messages = {(self._desk.chat_id, message_id), *([standing] if standing is not None else [])}
            edits = [_changed(doubt_id, *place, cause="resent") for place in sorted(messages)]
            await delivery_rows.enqueue(connection, edits, now=now)
        self._bell.ring()
        return SentAgain(doubt) if is_first else AlreadySentAgain(doubt)


def _question_key(doubt_id: int) -> str:
    return f"doubt:{doubt_id}"


def _changed(doubt_id: int, chat_id: int, message_id: int, *, cause: str) -> NewDelivery:
    """The edit that brings a standing question up to date."""
    return NewDelivery(
        DeliveryKind.DOUBT_CHANGED,
        Lane.REPLY,
        chat_id,
        f"doubt_changed:{doubt_id}:{chat_id}:{message_id}:{cause}",
        payload={"doubt_id": doubt_id},
        message_id=message_id,
    )
