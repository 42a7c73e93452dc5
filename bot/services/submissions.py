"""A reader's finished draft becomes a submission and the desk's card, in one transaction with the end of the dialog."""

from dataclasses import dataclass
from datetime import datetime

from bot.logic.dialogs import Dialog
from bot.logic.lanes import Lane
from bot.services.desk import Desk, Topic
from bot.services.outbox import Bell
from db import deliveries as delivery_rows
from db import dialogs as dialog_rows
from db import submissions as submission_rows
from db import updates as update_rows
from db.database import Database
from db.deliveries import DeliveryKind, NewDelivery
from db.submissions import NewSubmission, SubmissionKind


@dataclass(frozen=True, slots=True)
class Made:
    id: int
    is_comment: bool


class Submissions:
    def __init__(self, database: Database, bell: Bell, desk: Desk) -> None:
        self._database = database
        self._bell = bell
        self._desk = desk

    async def submit(self, reader_id: int, dialog: Dialog, *, language: str, update_id: int, now: datetime) -> int:
        """Returns the submission's number. The same update submits once, however often it is handled."""
        kind = SubmissionKind(dialog.flow)
        draft = dialog.draft
        new = NewSubmission(
            kind=kind,
            reader_id=reader_id,
            article_id=draft.article_id,
            update_id=update_id,
            language=language,
            words=draft.text or "",
            signature=draft.signature,
            fragment=draft.fragment,
            sentence=draft.sentence,
            fragment_at=draft.fragment_at,
        )
        async with self._database.write() as connection:
            await update_rows.mark_effected(connection, update_id)
            submission_id = await submission_rows.add_submission(connection, new, now=now)
            await dialog_rows.delete_dialog(connection, reader_id)
            card = NewDelivery(
                DeliveryKind.CARD,
                Lane.DESK,
                self._desk.chat_id,
                f"card:{submission_id}",
                topic=Topic.COMMENTS if kind is SubmissionKind.COMMENT else Topic.TYPOS,
                submission_id=submission_id,
            )
            await delivery_rows.enqueue(connection, [card], now=now)
        self._bell.ring()
        return submission_id

    async def find_made_by(self, update_id: int) -> Made | None:
        """The submission that this update made, if it made one."""
        async with self._database.read() as connection:
            number = await submission_rows.find_by_update(connection, update_id)
            submission = None if number is None else await submission_rows.find_submission(connection, number)
        return None if submission is None else Made(submission.id, submission.kind is SubmissionKind.COMMENT)
