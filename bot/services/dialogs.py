"""Dialogs kept, ended and put away; each change is committed together with the update that caused it."""

from datetime import datetime

from bot.logic.dialogs import DRAFT_KEPT, IDLE, Dialog, as_document, read_dialog
from bot.logic.lanes import Lane
from bot.services.outbox import Bell
from db import deliveries as delivery_rows
from db import dialogs as dialog_rows
from db import updates as update_rows
from db.database import Database
from db.deliveries import DeliveryKind, NewDelivery
from db.dialogs import DialogRow


class Dialogs:
    def __init__(self, database: Database, bell: Bell) -> None:
        self._database = database
        self._bell = bell

    async def find(self, reader_id: int, *, now: datetime) -> Dialog | None:
        """Where the reader stands; a dialog idle for an hour reads as parked, one idle for a day is gone."""
        async with self._database.read() as connection:
            row = await dialog_rows.find_dialog(connection, reader_id)
        return dialog_of(row, now=now)

    async def save(self, reader_id: int, dialog: Dialog, *, update_id: int, now: datetime) -> bool:
        """False when this update had its effect before: then nothing is changed."""
        row = DialogRow(reader_id, dialog.flow, dialog.step, as_document(dialog), dialog.is_parked, now)
        async with self._database.write() as connection:
            is_news = await update_rows.mark_effected(connection, update_id)
            if is_news:
                await dialog_rows.save_dialog(connection, row)
        return is_news

    async def end(self, reader_id: int, *, update_id: int) -> None:
        """The draft is thrown away, as the reader asked."""
        async with self._database.write() as connection:
            await update_rows.mark_effected(connection, update_id)
            await dialog_rows.delete_dialog(connection, reader_id)

    async def end_forgotten(self, *, now: datetime) -> int:
        """Parks what was idle for an hour and tells its reader where the draft is; forgets drafts after a day."""
        async with self._database.write() as connection:
            parked = await dialog_rows.park_dialogs(connection, idle_since=now - IDLE)
            await dialog_rows.delete_parked(connection, untouched_since=now - DRAFT_KEPT)
            owed = [_draft_kept(row, dialog) for row in parked if (dialog := _with_draft(row)) is not None]
            await delivery_rows.enqueue(connection, owed, now=now)
        if owed:
            self._bell.ring()
        return len(parked)


def dialog_of(row: DialogRow | None, *, now: datetime) -> Dialog | None:
    """As `Dialogs.find` gives it."""
    if row is None or now - row.updated_at >= DRAFT_KEPT:
        return None
    return read_dialog(row.step, row.data, is_parked=row.is_parked or now - row.updated_at >= IDLE)


def _with_draft(row: DialogRow) -> Dialog | None:
    dialog = read_dialog(row.step, row.data, is_parked=True)
    return None if dialog is None or dialog.draft.is_empty else dialog


def _draft_kept(row: DialogRow, dialog: Dialog) -> NewDelivery:
    return NewDelivery(
        DeliveryKind.DRAFT_KEPT,
        Lane.REPLY,
        row.reader_id,
        f"draft_kept:{row.reader_id}:{row.updated_at.timestamp():.3f}",
        reader_id=row.reader_id,
        payload={"flow": dialog.flow, "number": dialog.number},
    )
