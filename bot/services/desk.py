"""The desk: where its group is now, what it is told, and what it decides. One transaction each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.logic.lanes import Lane
from bot.services.outbox import Bell
from db import articles as article_rows
from db import broadcasts as broadcast_rows
from db import deliveries as delivery_rows
from db import desk as desk_rows
from db import submissions as submission_rows
from db import updates as update_rows
from db.articles import Hold, HoldState
from db.database import Database, Transaction
from db.deliveries import DeliveryKind, NewDelivery
from db.submissions import Submission, SubmissionKind, SubmissionState


class Topic(StrEnum):
    """The desk's forum topics, where its group has them."""

    COMMENTS = "comments"
    TYPOS = "typos"
    SERVICE = "service"


VERDICTS: Final[Mapping[str, tuple[SubmissionKind, SubmissionState]]] = {
    "approve": (SubmissionKind.COMMENT, SubmissionState.APPROVED),
    "reject": (SubmissionKind.COMMENT, SubmissionState.REJECTED),
    "fixed": (SubmissionKind.TYPO, SubmissionState.FIXED),
    "not_error": (SubmissionKind.TYPO, SubmissionState.NOT_ERROR),
}
"""The word on a card's button, the kind of submission it may stand under, and what it decides."""

SERVICE_LINE_EVERY = timedelta(minutes=1)
LOOK_AGAIN_AFTER = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Editor:
    """Who pressed, as the desk's group shows them."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Decided:
    submission: Submission


@dataclass(frozen=True, slots=True)
class AlreadyDecided:
    submission: Submission


@dataclass(frozen=True, slots=True)
class HoldDecided:
    hold: Hold


@dataclass(frozen=True, slots=True)
class HoldAlreadyDecided:
    hold: Hold


class NotOnTheCard:
    """There is no such submission, or no such button under it: somebody made the press up."""


class Desk:
    """The use cases of the private group. `configured_chat_id` is the setting; the group may have moved since."""

    def __init__(self, database: Database, bell: Bell, *, configured_chat_id: int) -> None:
        self._database = database
        self._bell = bell
        self._configured_chat_id = configured_chat_id
        self._chat_id = configured_chat_id
        self._looked_at: dict[int, datetime] = {}

    @property
    def chat_id(self) -> int:
        """Where the desk is, as far as is known."""
        return self._chat_id

    def is_desk(self, chat_id: int) -> bool:
        return chat_id in (self._chat_id, self._configured_chat_id)

    async def recognizes(self, chat_id: int, *, now: datetime) -> bool:
        """As `is_desk`, and an unknown group is looked for in the database before it is refused: another process may
        have followed the desk there. At most once in 10 s for each such group."""
        if self.is_desk(chat_id) or chat_id >= 0:
            return self.is_desk(chat_id)
        if chat_id in self._looked_at and now - self._looked_at[chat_id] < LOOK_AGAIN_AFTER:
            return False
        recent = {known: at for known, at in self._looked_at.items() if now - at < LOOK_AGAIN_AFTER}
        self._looked_at = {**recent, chat_id: now}
        await self.locate()
        return self.is_desk(chat_id)

    async def locate(self) -> int:
        """Reads where the group moved to; to be called once at start."""
        async with self._database.read() as connection:
            self._chat_id = await desk_rows.current_chat(connection, self._configured_chat_id)
        return self._chat_id

    async def follow(self, old_chat_id: int, new_chat_id: int, *, now: datetime) -> None:
        """The group became a supergroup: everything owed to it goes there from now on. Other groups are ignored."""
        if not self.is_desk(old_chat_id) or old_chat_id == new_chat_id:
            return
        async with self._database.write() as connection:
            await desk_rows.record_move(connection, old_chat_id, new_chat_id, now=now)
            await delivery_rows.move_chat(connection, old_chat_id, new_chat_id)
        self._chat_id = new_chat_id
        self._bell.ring()

    async def tell(self, kind: str, *, facts: Mapping[str, str], now: datetime) -> bool:
        """Owes the service topic one line of this kind, at most one a minute, whichever process says it; returns
        whether it did."""
        key = f"service:{kind}:{int(now.timestamp() // SERVICE_LINE_EVERY.total_seconds())}"
        line = NewDelivery(
            DeliveryKind.SERVICE,
            Lane.DESK,
            self._chat_id,
            key,
            topic=Topic.SERVICE,
            payload={"kind": kind, **facts},
        )
        # In a storm of errors most are told already: looking takes no writer.
        async with self._database.read() as connection:
            if await delivery_rows.is_owed(connection, key):
                return False
        async with self._database.write() as connection:
            await delivery_rows.enqueue(connection, [line], now=now)
        self._bell.ring()
        return True

    async def decide(
        self, word: str, submission_id: int, *, by: Editor, message_id: int, update_id: int, now: datetime
    ) -> Decided | AlreadyDecided | NotOnTheCard:
        """One press, one decision, whoever presses; the card's edit and the reader's verdict are owed with it."""
        kind, state = VERDICTS.get(word, (None, None))
        async with self._database.write() as connection:
            submission = await submission_rows.find_submission(connection, submission_id)
            if submission is None or state is None or submission.kind is not kind:
                return NotOnTheCard()
            await update_rows.mark_effected(connection, update_id)
            is_first = await submission_rows.decide(
                connection, submission_id, to=state, by=by.name, by_id=by.id, now=now
            )
            decided = await submission_rows.find_submission(connection, submission_id) or submission
            known = await delivery_rows.card_messages(connection, kind=DeliveryKind.CARD, submission_id=submission_id)
            # The pressed message too: a copy sent before a crash stands in the group and in no row.
            cards = {*known, (self._chat_id, message_id)}
            owed = [self._decided_card(submission_id, chat_id, card_id) for chat_id, card_id in sorted(cards)]
            if is_first:
                owed.append(_verdict(decided))
            await delivery_rows.enqueue(connection, owed, now=now)
        self._bell.ring()
        return Decided(decided) if is_first else AlreadyDecided(decided)

    async def decide_hold(
        self, word: str, hold_id: int, *, by: Editor, message_id: int, update_id: int, now: datetime
    ) -> HoldDecided | HoldAlreadyDecided | NotOnTheCard:
        """Releases or drops the articles that came all at once."""
        if word not in ("release", "drop"):
            return NotOnTheCard()
        to = HoldState.RELEASED if word == "release" else HoldState.DROPPED
        async with self._database.write() as connection:
            await update_rows.mark_effected(connection, update_id)
            decided = await article_rows.decide_hold(connection, hold_id, to=to, by=by.name, now=now)
            hold = await article_rows.find_hold(connection, hold_id)
            if hold is None:
                return NotOnTheCard()
            if decided is not None and to is HoldState.RELEASED:
                for article_id in decided:
                    article = await article_rows.find_article(connection, article_id)
                    if article is not None:
                        await broadcast_rows.publish(
                            connection, article_id, language=article.language, lane=Lane.BROADCAST, now=now
                        )
            edit = NewDelivery(
                DeliveryKind.HOLD_DECIDED,
                Lane.REPLY,
                self._chat_id,
                f"hold_decided:{hold_id}:{message_id}",
                payload={"hold_id": hold_id},
                message_id=message_id,
            )
            await delivery_rows.enqueue(connection, [edit], now=now)
        self._bell.ring()
        return HoldAlreadyDecided(hold) if decided is None else HoldDecided(hold)

    async def owe_erased_cards(self, connection: Transaction, submission_ids: Sequence[int], *, now: datetime) -> None:
        """Owes the edits that take a reader's words off the cards, within the transaction that erases them."""
        for submission_id in submission_ids:
            cards = await delivery_rows.card_messages(connection, kind=DeliveryKind.CARD, submission_id=submission_id)
            edits = [self._decided_card(submission_id, chat_id, message_id) for chat_id, message_id in cards]
            owed = [replace(edit, dedupe_key=f"erased:{edit.dedupe_key}") for edit in edits]
            await delivery_rows.enqueue(connection, owed, now=now)

    @staticmethod
    def _decided_card(submission_id: int, chat_id: int, message_id: int) -> NewDelivery:
        return NewDelivery(
            DeliveryKind.CARD_DECIDED,
            # An edit shows an editor what their press did and is not counted by the group's limit: it goes first.
            Lane.REPLY,
            chat_id,
            f"card_decided:{submission_id}:{chat_id}:{message_id}",
            submission_id=submission_id,
            message_id=message_id,
        )


def _verdict(submission: Submission) -> NewDelivery:
    if submission.reader_id is None:
        raise LookupError("a submission that waits has a reader")
    return NewDelivery(
        DeliveryKind.VERDICT,
        Lane.REPLY,
        submission.reader_id,
        f"verdict:{submission.id}",
        reader_id=submission.reader_id,
        submission_id=submission.id,
    )
