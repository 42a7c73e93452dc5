"""Readers and an editor who act as people do: they see what Telegram shows them, and do the next thing once.

What they saw is the only thing judged by: it comes from the stand-in's log of what it accepted, never from the bot.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto

from sqlalchemy import insert

from bot.i18n import Texts
from db.database import open_database
from db.tables import readers, subscriptions
from sandbox.text import utf16_length
from sandbox.world import Message
from tests.crash.town import DESK_CHAT_ID, SEES, Town
from tests.support.story import buttons_of

REPEAT = "🔁"
LONG_AGO = datetime(2026, 3, 1, 12, tzinfo=UTC)
_NUMBER = re.compile(r"№(\d+)")


class Wish(Enum):
    NEWS = auto()
    COMMENT = auto()
    TYPO = auto()


class Stage(Enum):
    """What a reader waits for."""

    QUESTION = auto()
    WELCOME = auto()
    ARTICLE = auto()
    PROMPT = auto()
    SIGN = auto()
    PREVIEW = auto()
    THANKS = auto()
    CONTENT = auto()


@dataclass(slots=True)
class Reader:
    person_id: int
    wish: Wish
    about: int
    """Which article, in the order of publication, they speak about."""
    stage: Stage = Stage.QUESTION
    articles: Counter[str] = field(default_factory=Counter)
    numbers: set[str] = field(default_factory=set)
    """The numbers they were thanked with."""

    @property
    def words(self) -> str:
        """What only this reader writes."""
        return f"Пікір {self.person_id} осында."


@dataclass(slots=True)
class Card:
    """A submission as the desk sees it."""

    copies: int = 0
    repeats: int = 0
    decided_copies: set[tuple[int, int]] = field(default_factory=set)
    """Where they stand: chat and message."""
    messages: set[tuple[int, int]] = field(default_factory=set)
    gone: set[tuple[int, int]] = field(default_factory=set)
    """Those that nobody can change any more: they went with their topic, or stand in a group that has moved."""
    text: str = ""


class Crowd:
    def __init__(self, town: Town, texts: Texts, wishes: Iterable[tuple[Wish, int]]) -> None:
        """`wishes` has one entry for each reader who will arrive: what they want to do, and about which article."""
        self.town = town
        self._texts = texts
        self._read = 0
        self._arrived_articles = 0
        self.titles: list[str] = []
        self.cards: dict[str, Card] = {}
        self.desk_chat_ids = {DESK_CHAT_ID}
        self._in_doubt: dict[str, int] = {}
        self.verdicts: Counter[str] = Counter()
        self.readers: dict[int, Reader] = {}
        for wish, about in wishes:
            self._add_reader(wish, about)
        self.speakers = [reader for reader in self.readers.values() if reader.wish is not Wish.NEWS]

    def _add_reader(self, wish: Wish, about: int) -> Reader:
        person = self.town.telegram.add_person("Оқырман", language_code="kk")
        reader = self.readers[person.user_id] = Reader(person.user_id, wish, about)
        return reader

    async def settle(self, count: int, *, database_url: str) -> None:
        """So many more readers, who came long ago and only want the news. Before the bot's first start."""
        settled = [self._add_reader(Wish.NEWS, 0) for _ in range(count)]
        for reader in settled:
            reader.stage = Stage.CONTENT
            self.town.telegram.world.person(reader.person_id).started = True
        await _subscribe([reader.person_id for reader in settled], database_url=database_url)

    def arrive(self) -> None:
        """Everybody who has not come yet says /start."""
        for reader in self.readers.values():
            if reader.stage is Stage.QUESTION:
                self.town.telegram.person_says(reader.person_id, reader.person_id, "/start")

    def leave(self, person_id: int) -> Reader:
        """Nothing that they get or miss counts any more."""
        reader = self.readers.pop(person_id)
        self._arrived_articles -= len(reader.articles)
        return reader

    def publish(self) -> None:
        self.titles.append(self.town.site.publish("kk").title)

    @property
    def all_are_welcome(self) -> bool:
        return all(reader.stage not in (Stage.QUESTION, Stage.WELCOME) for reader in self.readers.values())

    @property
    def all_are_thanked(self) -> bool:
        return all(reader.stage is Stage.CONTENT for reader in self.speakers)

    @property
    def nobody_is_in_the_middle(self) -> bool:
        """Each speaker has been thanked, or waits for an article that may never come; each card is decided."""
        return (
            all(reader.stage in (Stage.CONTENT, Stage.ARTICLE) for reader in self.speakers)
            and all(card.decided_copies == card.messages for card in self.cards.values())
            and self.cards.keys() == self.verdicts.keys()
        )

    @property
    def all_have_everything(self) -> bool:
        """Each article at each reader, thanks for each speaker, a card and a shown decision for each submission."""
        return (
            self.missing_articles == 0
            and self.all_are_thanked
            and len(self.cards) >= len(self.speakers)
            and all(card.decided_copies == card.messages for card in self.cards.values())
            and len(self.verdicts) >= len(self.speakers)
        )

    @property
    def state(self) -> str:
        """Who waits for what, for a failure's message."""
        undecided = [number for number, card in self.cards.items() if card.decided_copies != card.messages]
        return (
            f"{dict(Counter(reader.stage.name for reader in self.readers.values()))}, "
            f"{self.missing_articles} articles missing, {len(self.cards)} cards, undecided {undecided}, "
            f"{len(self.verdicts)} verdicts"
        )

    @property
    def doubled_articles(self) -> int:
        return sum(count - 1 for reader in self.readers.values() for count in reader.articles.values())

    @property
    def missing_articles(self) -> int:
        return len(self.titles) * len(self.readers) - self._arrived_articles

    def lose_sight(self) -> None:
        """To be called when a topic was deleted or the group moved."""
        for card in self.cards.values():
            for chat_id, message_id in [*card.messages]:
                chat = self.town.telegram.world.chat(chat_id)
                if chat.migrated_to is not None or message_id not in chat.messages:
                    card.gone.add((chat_id, message_id))

    async def until(self, holds: Callable[[], bool], *, within_s: float = 40.0) -> None:
        """Everybody lives on until it holds. Raises AssertionError, with what is missing, when it takes too long."""
        try:
            async with asyncio.timeout(within_s):
                while not self._look_and_see(holds):
                    await self.town.telegram.world.changed()
        except TimeoutError:
            raise AssertionError(self.state) from None

    def _look_and_see(self, holds: Callable[[], bool]) -> bool:
        self.look()
        return holds()

    def look(self) -> None:
        """Reads on in the log, and lets everybody do what follows from what they see."""
        log = self.town.telegram.log
        while self._read < len(log):
            accepted = log[self._read]
            self._read += 1
            message = accepted.result
            if accepted.method not in SEES or not isinstance(message, dict):
                continue
            chat_id = message["chat"]["id"]
            is_edit = accepted.method == "editMessageText"
            if chat_id in self.desk_chat_ids:
                self._desk_sees(chat_id, message, is_edit=is_edit)
            elif chat_id in self.readers:
                self._reader_sees(self.readers[chat_id], message)

    def _reader_sees(self, reader: Reader, message: Mapping[str, object]) -> None:
        text, message_id = str(message.get("text", "")), message["message_id"]
        assert isinstance(message_id, int)
        self._note_article(reader, text)
        self._note_number(reader, text)
        standing = self.town.telegram.world.message(reader.person_id, message_id)
        match reader.stage:
            case Stage.QUESTION if self._press(reader.person_id, standing, "Қазақша"):
                reader.stage = Stage.WELCOME
            case Stage.WELCOME if "☎️" in text:
                reader.stage = Stage.CONTENT if reader.wish is Wish.NEWS else Stage.ARTICLE
            case Stage.ARTICLE if text.startswith(self._wanted_title(reader)):
                self._answer_article(reader, standing)
            case Stage.PROMPT if self._says("Write it in one message, from 3 to 2,000 characters.") in text:
                self.town.telegram.person_says(reader.person_id, reader.person_id, reader.words)
                reader.stage = Stage.SIGN
            case Stage.SIGN if self._press(reader.person_id, standing, self._says("Anonymously")):
                reader.stage = Stage.PREVIEW
            case Stage.PREVIEW if self._press(reader.person_id, standing, self._says("✅ Send")):
                reader.stage = Stage.THANKS
            case Stage.THANKS if reader.numbers:
                reader.stage = Stage.CONTENT
            case _:
                pass

    def _says(self, message: str) -> str:
        return self._texts.gettext(message)

    def _wanted_title(self, reader: Reader) -> str:
        # A title that nobody gave: an article not published yet is not waited for by another one's name.
        return self.titles[reader.about] if reader.about < len(self.titles) else "\0"

    def _answer_article(self, reader: Reader, article: Message) -> None:
        if reader.wish is Wish.COMMENT:
            assert self._press(reader.person_id, article, self._says("💬 Comment"))
            reader.stage = Stage.PROMPT
            return
        word = max(article.words.split("\n")[2].split(), key=len)
        position = utf16_length(article.words[: article.words.index(word)])
        self.town.telegram.person_says(
            reader.person_id,
            reader.person_id,
            f"{word}{reader.person_id}",
            reply_to=article.message_id,
            quote=(word, position),
        )
        reader.stage = Stage.PREVIEW

    def _press(self, person_id: int, message: Message, label: str) -> bool:
        """Presses the button whose label holds these words; False where there is none."""
        for button in buttons_of(message.markup):
            if label in button["text"] and "callback_data" in button:
                # In a group that has moved the old messages are still shown, buttons and all.
                has_moved = self.town.telegram.world.chat(message.chat_id).migrated_to is not None
                self.town.telegram.person_presses(
                    person_id, message.chat_id, message.message_id, button["callback_data"], force=has_moved
                )
                return True
        return False

    def _note_article(self, reader: Reader, text: str) -> None:
        for title in self.titles:
            if text.startswith(title + "\n"):
                self._arrived_articles += title not in reader.articles
                reader.articles[title] += 1

    def _note_number(self, reader: Reader, text: str) -> None:
        found = _NUMBER.search(text)
        if found is None:
            return
        if reader.stage is Stage.THANKS:
            reader.numbers.add(found[1])
        if text.startswith("✅"):
            self.verdicts[found[1]] += 1

    def _note_doubt(self, text: str) -> bool:
        """Whether this is the desk's question about what may not have arrived; its last word on an article counts."""
        title, _, asked = text.partition("\n\n")
        count = re.search(r"\d+", asked)
        if not asked.startswith("⚠️") or title not in self.titles or count is None:
            return False
        self._in_doubt[title] = int(count[0])
        return True

    @property
    def told_missing(self) -> int:
        """How many articles the desk was told of that may not have reached their readers."""
        return sum(self._in_doubt.values())

    def _desk_sees(self, chat_id: int, message: Mapping[str, object], *, is_edit: bool) -> None:
        text, message_id = str(message.get("text", "")), message["message_id"]
        if self._note_doubt(text):
            return
        found = _NUMBER.search(text)
        assert found is not None, f"the desk saw something that is no card: {text}"
        assert isinstance(message_id, int)
        card = self.cards.setdefault(found[1], Card())
        card.text = text
        if not is_edit:
            card.copies += not text.startswith(REPEAT)
            card.repeats += text.startswith(REPEAT)
        chat = self.town.telegram.world.chat(chat_id)
        standing = chat.messages.get(message_id)
        if standing is None:
            card.gone.add((chat_id, message_id))
            return
        if not is_edit:
            card.messages.add((chat_id, message_id))
        if standing.markup is None:
            card.decided_copies.add((chat_id, message_id))
        if not is_edit:
            # Every copy that can be pressed is pressed: the decision is one all the same.
            self._press(self.town.editor_id, standing, "✅")


async def _subscribe(person_ids: Iterable[int], *, database_url: str) -> None:
    """Readers of the news in Kazakh, all at once: by the bot's own road a thousand take a minute."""
    rows = [
        {"id": one, "code": f"R{one % 10**7}", "language": "kk", "is_subscribed": True, "created_at": LONG_AGO}
        for one in person_ids
    ]
    database = open_database(database_url)
    try:
        async with database.write() as connection:
            await connection.execute(insert(readers), rows)
            await connection.execute(
                insert(subscriptions), [{"reader_id": row["id"], "language": row["language"]} for row in rows]
            )
    finally:
        await database.close()
