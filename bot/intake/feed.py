"""How stored updates come to the handlers: the port between the inbox, which keeps them, and who feeds them.

In memory where there is one process (`bot.intake.memory`), by jobs where there may be several (`bot.intake.handling`).
"""

from collections.abc import Sequence
from typing import Protocol

from db.database import Transaction
from db.updates import IncomingUpdate, WaitingUpdate

UPDATES = "updates"
"""The queue of the jobs that handle updates."""


class Feed(Protocol):
    """Each person's updates one after another, different people's side by side; the hotline's behind nobody."""

    async def note(self, connection: Transaction, new: Sequence[IncomingUpdate]) -> None:
        """Called in the transaction that stores them. May raise DatabaseError."""

    async def take(self, new: Sequence[IncomingUpdate]) -> None:
        """Called when they are stored."""

    async def begin(self) -> int:
        """To be called once, before anything is taken: what waits from before is fed, too. Returns how many they are,
        as far as that is known."""

    def waiting_of(self, update_id: int) -> WaitingUpdate | None:
        """What is being handled here under this number."""

    async def forget(self, row: WaitingUpdate, *, is_finished: bool) -> None:
        """It was handled, and nothing more will be done about it; `is_finished` when that could be written down."""

    async def again(self, row: WaitingUpdate, *, after_s: float) -> None:
        """The same update once more, before anything else of the same person."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being handled here."""
