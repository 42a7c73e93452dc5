"""Readers: who they are to us, the language they are spoken to in, and the news they chose."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.logic.dialogs import Dialog
from bot.services.desk import Desk
from bot.services.dialogs import dialog_of
from bot.services.outbox import Bell
from db import deliveries as delivery_rows
from db import readers as reader_rows
from db import submissions as submission_rows
from db import updates as update_rows
from db.database import Database
from db.deliveries import DeliveryKind
from db.readers import Reader

CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without I, O, 0 and 1: an editor reads the code aloud."""
CODE_LENGTH = 5

Choose = Callable[[Sequence[str]], str]
"""Picks one of several, unpredictably; `main` brings the real one."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a reader chose; languages are kept while the news is off."""

    is_on: bool
    languages: frozenset[str]


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """Who speaks, and where they stand."""

    reader: Reader
    dialog: Dialog | None


class Readers:
    def __init__(self, database: Database, bell: Bell, desk: Desk, *, choose: Choose) -> None:
        self._database = database
        self._bell = bell
        self._desk = desk
        self._choose = choose

    async def find(self, reader_id: int) -> Reader | None:
        async with self._database.read() as connection:
            return await reader_rows.find_reader(connection, reader_id)

    async def find_all(self, reader_ids: Collection[int]) -> dict[int, Reader]:
        """Those of them who are known, by id."""
        async with self._database.read() as connection:
            return await reader_rows.find_readers(connection, reader_ids)

    async def meet(self, reader_id: int, *, now: datetime) -> Reader:
        """The reader, made known on their first word."""
        return (await self.meet_all([reader_id], now=now))[reader_id].reader

    async def meet_all(self, reader_ids: Collection[int], *, now: datetime) -> dict[int, Acquaintance]:
        """All of them, by id; writes only when one was not known."""
        async with self._database.read() as connection:
            found = await reader_rows.find_with_dialogs(connection, reader_ids)
        if strangers := set(reader_ids) - found.keys():
            async with self._database.write() as connection:
                while strangers:
                    for reader_id in sorted(strangers):
                        code = "".join(self._choose(CODE_LETTERS) for _ in range(CODE_LENGTH))
                        await reader_rows.add_reader(connection, reader_id, code=code, now=now)
                    found |= await reader_rows.find_with_dialogs(connection, strangers)
                    # Not there after the insert: the code was somebody else's.
                    strangers -= found.keys()
        return {reader_id: Acquaintance(reader, dialog_of(row, now=now)) for reader_id, (reader, row) in found.items()}

    async def speak(self, reader_id: int, language: str, *, first_news: Sequence[str]) -> None:
        """Speaks `language` to the reader from now on; the first choice also subscribes to `first_news`."""
        async with self._database.write() as connection:
            before = await reader_rows.find_reader(connection, reader_id)
            await reader_rows.set_language(connection, reader_id, language)
            if before is not None and before.language is None:
                await reader_rows.set_article_languages(connection, reader_id, first_news)
                await reader_rows.set_subscribed(connection, reader_id, is_subscribed=True)

    async def subscription(self, reader_id: int) -> Subscription:
        async with self._database.read() as connection:
            reader = await reader_rows.find_reader(connection, reader_id)
            languages = await reader_rows.article_languages(connection, reader_id)
        return Subscription(reader is not None and reader.is_subscribed, languages)

    async def choose_news(self, reader_id: int, language: str, *, is_on: bool) -> Subscription:
        """News in `language` from now on, or none; without any language the news is off. Twice is as good as once."""
        async with self._database.write() as connection:
            reader = await reader_rows.find_reader(connection, reader_id)
            chosen = await reader_rows.article_languages(connection, reader_id)
            was_on = reader is not None and reader.is_subscribed
            if not was_on and not is_on:
                return Subscription(is_on=False, languages=chosen)
            # While the news is off its languages are kept, but the reader sees none of them as chosen.
            before = chosen if was_on else frozenset()
            languages = before | {language} if is_on else before - {language}
            await reader_rows.set_article_languages(connection, reader_id, languages)
            await reader_rows.set_subscribed(connection, reader_id, is_subscribed=bool(languages))
            if not languages:
                await delivery_rows.drop_articles_for_reader(connection, reader_id)
        return Subscription(bool(languages), languages)

    async def stop_news(self, reader_id: int) -> None:
        """No article goes out any more, not even those owed already; verdicts still do."""
        async with self._database.write() as connection:
            await reader_rows.set_subscribed(connection, reader_id, is_subscribed=False)
            await delivery_rows.drop_articles_for_reader(connection, reader_id)

    async def resume_news(self, reader_id: int, *, first_news: Sequence[str]) -> Subscription:
        """The news is on again in the languages chosen before, else in `first_news`."""
        async with self._database.write() as connection:
            languages = await reader_rows.article_languages(connection, reader_id) or frozenset(first_news)
            await reader_rows.set_article_languages(connection, reader_id, languages)
            await reader_rows.set_subscribed(connection, reader_id, is_subscribed=True)
        return Subscription(is_on=True, languages=languages)

    async def lose(self, reader_id: int, *, now: datetime) -> None:
        """The reader blocked the bot, or is gone: nothing more is tried."""
        async with self._database.write() as connection:
            await reader_rows.set_blocked(connection, reader_id, now)
            await delivery_rows.drop_for_reader(connection, reader_id)

    async def welcome_back(self, reader_id: int, *, now: datetime) -> None:
        """The reader unblocked the bot: verdicts that could not be delivered are owed again, old news is not."""
        async with self._database.write() as connection:
            if await reader_rows.set_blocked(connection, reader_id, None):
                await delivery_rows.revive_for_reader(connection, reader_id, kinds=[DeliveryKind.VERDICT], now=now)
        self._bell.ring()

    async def forget(self, reader_id: int, *, update_id: int, now: datetime) -> None:
        """Deletes everything held about the reader, the words on the desk's cards too. Decisions stay, nameless."""
        async with self._database.write() as connection:
            await update_rows.mark_effected(connection, update_id)
            erased = await submission_rows.erase_of_reader(connection, reader_id, now=now)
            await delivery_rows.delete_of_reader(connection, reader_id)
            await update_rows.wipe_of_person(connection, reader_id, but=update_id)
            await reader_rows.delete_reader(connection, reader_id)
            await self._desk.owe_erased_cards(connection, erased, now=now)
        self._bell.ring()
