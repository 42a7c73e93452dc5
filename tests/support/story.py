"""A scripted person against the whole application: `says`, `quotes`, `presses`, `sees`.

The stand-in is the Telegram, the database is real, time stands still unless a story moves it. What is not declared must
not happen: each `sees` names everything new in that chat, and a step that begins while something is unseen fails.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.app import LOCALES, Dauys, World
from bot.i18n import Texts
from bot.logic.article import SourceArticle
from bot.logic.pacing import Limits as Pace
from bot.logic.rich import Rich, fill, utf16_length
from bot.services.articles import Taken
from bot.settings import Database as DatabaseSettings
from bot.settings import Delivery, Desk, Settings
from bot.settings import Telegram as TelegramSettings
from db.deliveries import DeliveryState, count_by_state, find_waiting
from db.updates import waiting_updates
from handlers import register
from sandbox.limits import Limits
from sandbox.media import MediaKind
from sandbox.telegram import Telegram
from tests.support.telegram import START, Clock, InProcessRequest

UNPACED = Pace(broadcast_per_s=1e6, overall_per_s=1e6, chat_interval_s=1e-6, chat_burst=1000, group_messages=10**6)
SETTLED_WITHIN_S = 20.0
DESK_CHAT_ID = -1_001_000_000_110
SHOWN = frozenset({"sendMessage", "sendContact", "editMessageText"})
NEWS = "Жаңалықтар"
NOVOSTI = "Новости"


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that came to a chat: a new message, or an old one changed."""

    chat_id: int
    message_id: int
    text: str
    is_edit: bool
    labels: tuple[str, ...]
    method: str


class Dice:
    """The same throws every time."""

    def __init__(self) -> None:
        self._thrown = 0

    def choose(self, options: Sequence[str]) -> str:
        self._thrown = (self._thrown * 1_103_515_245 + 12_345) % 2**31
        return options[self._thrown // 2**16 % len(options)]


@dataclass(slots=True)
class Story:
    """The world of one test."""

    telegram: Telegram
    clock: Clock
    settings: Settings
    dauys: Dauys
    make_dauys: Callable[[], Dauys]
    expected_refusals: set[str] = field(default_factory=set)
    """What Telegram may refuse in this story, by a part of its sentence; anything else is a fault of ours."""
    _told: int = 0
    _unseen: dict[int, list[Seen]] = field(default_factory=dict)

    def person(self, first_name: str = "Айгүл", *, language_code: str = "kk") -> "Person":
        known = self.telegram.add_person(first_name, language_code=language_code)
        return Person(self, known.user_id, known.user_id)

    def texts(self, language: str) -> Texts:
        return self.dauys.catalogs[language]

    def words(self, language: str, message: str, **values: Rich | str | int) -> str:
        """The sentence whose msgid is `message`, as it is said in `language`."""
        return fill(self.texts(language).gettext(message), **values).text

    async def publish(self, *articles: SourceArticle, source: str = NEWS) -> Taken:
        """What a fetch of the source would do; the first one publishes nothing, as for every source."""
        state = await self.dauys.services.articles.source_state(source)
        taken = await self.dauys.services.articles.take(state, articles, now=self.now())
        await self.settle()
        return taken

    async def reader_of(self, news: SourceArticle, *, first_name: str = "Айгүл") -> tuple["Person", "Seen"]:
        """A reader who speaks the article's language and has just got it."""
        await self.publish()
        reader = self.person(first_name, language_code=news.language)
        await reader.starts(news.language)
        await self.publish(news)
        (seen,) = reader.sees(news.title)
        return reader, seen

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    async def later(self, delta: timedelta) -> None:
        """Time passes, and the housekeeping of every minute is done."""
        self.clock.advance(delta.total_seconds())
        await self.dauys.keep_house()
        self.dauys.bell.ring()
        await self.settle()

    async def restart(self) -> None:
        """The process is stopped and another one begins."""
        await self.dauys.stop()
        self.dauys = self.make_dauys()
        await self.dauys.start()
        await self.settle()

    async def settle(self) -> None:
        """Returns when everything that follows from what happened has happened."""
        async with asyncio.timeout(SETTLED_WITHIN_S):
            while not await self._is_quiet():  # noqa: ASYNC110 - the state is spread over Telegram, inbox and database
                await asyncio.sleep(0.002)
        self._collect()

    async def _is_quiet(self) -> bool:
        if self.telegram.world.updates.pending or not self.dauys.inbox.is_idle:
            return False
        async with self.dauys.database.read() as connection:
            if await waiting_updates(connection, limit=1):
                return False
            # In this order: a row that is claimed in between is found on its way.
            waiting = await find_waiting(connection, now=self.now())
            states = await count_by_state(connection)
        return not states.get(DeliveryState.SENDING) and not waiting.blocked and self.dauys.inbox.is_idle

    def _collect(self) -> None:
        for accepted in self.telegram.log[self._told :]:
            if accepted.method not in SHOWN or not isinstance(accepted.result, dict):
                continue
            message = accepted.result
            chat_id = int(message["chat"]["id"])
            self._unseen.setdefault(chat_id, []).append(
                Seen(
                    chat_id,
                    int(message["message_id"]),
                    str(message.get("text") or message.get("contact", {}).get("phone_number", "")),
                    accepted.method == "editMessageText",
                    tuple(button["text"] for button in buttons_of(message.get("reply_markup"))),
                    accepted.method,
                )
            )
        self._told = len(self.telegram.log)

    def take_unseen(self, chat_id: int) -> list[Seen]:
        return self._unseen.pop(chat_id, [])

    def expect_nothing_unseen(self) -> None:
        left = {chat_id: [seen.text for seen in seen] for chat_id, seen in self._unseen.items() if seen}
        assert not left, f"something happened that the story does not tell of: {left}"

    def expect_nothing_refused(self) -> None:
        ours = [
            f"{refused.method}: {refused.description}"
            for refused in self.telegram.refused
            if not any(expected in refused.description for expected in self.expected_refusals)
        ]
        assert not ours, f"Telegram refused: {ours}"

    def expect_presses_answered(self) -> None:
        """Else the button shows a clock for a minute."""
        waiting = [press.data for press in self.telegram.world.presses.values() if press.answer is None]
        assert not waiting, f"presses that nobody answered: {waiting}"

    def toasts(self) -> list[str]:
        """What the last presses were answered with, oldest first."""
        return [str((press.answer or {}).get("text") or "") for press in self.telegram.answers]


@dataclass(slots=True)
class Person:
    """Somebody in a chat: a reader in a private one, an editor at the desk."""

    story: Story
    user_id: int
    chat_id: int
    language: str = "kk"
    last: Seen | None = None

    def words(self, message: str, **values: Rich | str | int) -> str:
        """The sentence whose msgid is `message`, in the language that this person chose."""
        return self.story.words(self.language, message, **values)

    async def says(self, text: str, *, reply_to: int | None = None, reply_chat: int | None = None) -> None:
        self.story.expect_nothing_unseen()
        self.say_without_waiting(text, reply_to=reply_to, reply_chat=reply_chat)
        await self.story.settle()

    def say_without_waiting(self, text: str, *, reply_to: int | None = None, reply_chat: int | None = None) -> int:
        """Returns the number of the message."""
        said = self.story.telegram.person_says(
            self.user_id, self.chat_id, text, reply_to=reply_to, reply_chat=reply_chat
        )
        return int(str(said["message_id"]))

    async def edits(self, message_id: int, text: str) -> None:
        """Changes an own message."""
        self.story.expect_nothing_unseen()
        self.story.telegram.person_edits(self.user_id, self.chat_id, message_id, text)
        await self.story.settle()

    async def quotes(self, message: Seen, fragment: str, text: str, *, occurrence: int = 0) -> None:
        """Selects `fragment` in the message, taps Quote and writes `text`; `occurrence` counts from 0."""
        self.story.expect_nothing_unseen()
        index = -1
        for _ in range(occurrence + 1):
            index = message.text.index(fragment, index + 1)
        position = utf16_length(message.text[:index])
        self.story.telegram.person_says(
            self.user_id,
            self.chat_id,
            text,
            reply_to=message.message_id,
            quote=(fragment, position),
        )
        await self.story.settle()

    async def sends(self, kind: MediaKind, *, caption: str | None = None) -> None:
        self.story.expect_nothing_unseen()
        self.story.telegram.person_sends(self.user_id, self.chat_id, kind, caption=caption)
        await self.story.settle()

    async def presses(self, label: str, *, on: Seen | None = None) -> None:
        """Presses the button whose label contains `label`, on that message or on the last one seen."""
        self.story.expect_nothing_unseen()
        self.press_without_waiting(label, on=on)
        await self.story.settle()

    def press_without_waiting(self, label: str, *, on: Seen | None = None) -> None:
        message = on or self.last
        assert message is not None, "nothing was seen yet"
        data = self._data_of(label, message)
        self.story.telegram.person_presses(self.user_id, self.chat_id, message.message_id, data)

    def _data_of(self, label: str, message: Seen) -> str:
        standing = self.story.telegram.world.message(self.chat_id, message.message_id)
        for button in buttons_of(standing.markup):
            if label in button["text"]:
                return button["callback_data"]
        raise AssertionError(f"no button {label!r} under {standing.words!r}")

    def sees(self, *expected: str) -> list[Seen]:
        """Everything new in the chat, in order: each text holds what is expected of it, and there is nothing else."""
        new = self.story.take_unseen(self.chat_id)
        shown = [seen.text for seen in new]
        assert len(shown) == len(expected), f"expected {list(expected)}, saw {shown}"
        for text, part in zip(shown, expected, strict=True):
            assert part in text, f"expected {part!r} in {text!r}"
        if new:
            self.last = new[-1]
        return new

    def sees_exactly(self, *expected: str) -> list[Seen]:
        """As `sees`, and the texts are these, to the letter."""
        new = self.sees(*expected)
        assert [seen.text for seen in new] == list(expected)
        return new

    async def forges(self, data: str, *, message_id: int = 1, chat_id: int | None = None) -> None:
        """Presses a button that is not there, as a custom client can."""
        self.story.telegram.person_presses(self.user_id, chat_id or self.chat_id, message_id, data, force=True)
        await self.story.settle()

    async def blocks(self) -> None:
        self.story.telegram.person_blocks(self.user_id)
        await self.story.settle()

    async def unblocks(self) -> None:
        self.story.telegram.person_unblocks(self.user_id)
        await self.story.settle()

    async def comments(self, on: Seen, words: str, *, sign: str = "Anonymously") -> None:
        """A comment on the article, to its end: it is at the desk, unseen yet. `sign`: the button, by its msgid."""
        await self.says(words, reply_to=on.message_id)
        self.sees("")
        await self.presses(self.words(sign))
        self.sees("")
        await self.presses("✅")
        self.sees("№")

    async def starts(self, language: str) -> None:
        """/start and the choice of a language, as everybody begins."""
        self.language = language
        await self.says("/start")
        self.sees("")
        await self.presses({"kk": "Қазақша", "ru": "Русский", "en": "English"}[language])
        self.sees("")


def buttons_of(markup: object) -> list[dict[str, str]]:
    """The buttons of a Bot API InlineKeyboardMarkup, row after row."""
    match markup:
        case {"inline_keyboard": list(rows)}:
            return [{name: str(value) for name, value in button.items()} for row in rows for button in row]
        case _:
            return []


def article(
    number: int = 1,
    *,
    title: str = "Ауладағы жаңа саябақ ашылды",
    text: str = "Бүгін ауданда жаңа саябақ ашылды. Оған жүз ағаш отырғызылды.",
    body: Sequence[str] = (),
    language: str = "kk",
) -> SourceArticle:
    return SourceArticle(
        external_id=f"https://example.org/?p={number}",
        url=f"https://example.org/{number}/",
        title=title,
        lead=Rich(text),
        body=tuple(Rich(paragraph) for paragraph in body),
        language=language,
        published_at=datetime.fromtimestamp(START, UTC) + timedelta(minutes=number),
    )


def settings_for(database_url: str, *, desk_chat_id: int = DESK_CHAT_ID, after_crash: str = "resend") -> Settings:
    """Two sources whose articles the story brings itself: their addresses are never asked."""
    return Settings(
        telegram=TelegramSettings.model_validate({"token": "110:sandbox"}),
        desk=Desk(chat_id=desk_chat_id, language="kk"),
        database=DatabaseSettings.model_validate({"url": database_url}),
        sources=(),
        delivery=Delivery.model_validate({"after_crash": after_crash}),
    )


@asynccontextmanager
async def telling(
    settings: Settings, *, forum: bool = False, supergroup: bool = True, locales: Path = LOCALES
) -> AsyncIterator[tuple[Story, Person, Person]]:
    """A running bot, and two editors at its desk. At the end nothing may be unseen, refused or unanswered."""
    clock = Clock()
    telegram = Telegram(clock=clock, limits=Limits.off())
    aidana = telegram.add_person("Айдана", "Серік")
    yerlan = telegram.add_person("Ерлан")
    members = [aidana.user_id, yerlan.user_id]
    telegram.add_group("Редакция", members, forum=forum, supergroup=supergroup, chat_id=settings.desk.chat_id)

    def make_dauys() -> Dauys:
        world = World(
            now=lambda: datetime.fromtimestamp(clock(), UTC),
            choose=Dice().choose,
            jitter=lambda: 0.0,
            make_request=lambda: InProcessRequest(telegram),
            locales=locales,
            limits=UNPACED,
        )
        return Dauys(settings, world, register=register)

    story = Story(telegram, clock, settings, make_dauys(), make_dauys)
    await story.dauys.start()
    try:
        await story.settle()
        desk_id = settings.desk.chat_id
        yield story, Person(story, aidana.user_id, desk_id), Person(story, yerlan.user_id, desk_id)
        story.expect_nothing_unseen()
        story.expect_nothing_refused()
        story.expect_presses_answered()
    finally:
        await story.dauys.stop()
