"""The world around the process: a Telegram that is far away, a news site, a desk. On loopback, in the test's loop."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random  # noqa: TID251 - chance begins in the test, from a seed that it prints
from typing import Literal

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.faults import Fault, FaultKind
from sandbox.hosting import serve
from sandbox.limits import Limits
from sandbox.server import telegram_routes
from sandbox.site import NewsSite
from sandbox.telegram import Answer, Cut, Telegram

DESK_CHAT_ID = -1_001_000_000_110
SEED_VARIABLE = "DAUYS_TEST_SEED"
SEES = frozenset({"sendMessage", "editMessageText"})
TOO_MANY = 429


def now() -> float:
    return datetime.now(UTC).timestamp()  # noqa: TID251 - a real process is tested, which has a real clock


def new_seed() -> int:
    """Another one each time, or the one that is asked for."""
    asked = os.environ.get(SEED_VARIABLE)
    return int(asked) if asked else int.from_bytes(os.urandom(4))


DeskKind = Literal["group", "supergroup", "forum"]

BEFORE: tuple[FaultKind, ...] = ("server_error", "reset_before", "silence_before")
AFTER: tuple[FaultKind, ...] = ("server_error_after", "reset_after", "silence_after")
_SILENT = frozenset({"silence_before", "silence_after"})


@dataclass(slots=True)
class Weather:
    """What befalls requests: a `share` of them meets something; silence, which takes long, only so many times."""

    chance: Random
    share: float
    silences: int
    met: Counter[int] = field(default_factory=Counter)
    """How often a message to this chat met something."""
    unheard: Counter[int] = field(default_factory=Counter)
    """How often a message to this chat was accepted, and the bot could not know."""

    def befall(self, method: str, chat_id: int | None) -> Fault | None:
        if self.chance.random() >= self.share:
            return None
        kind = self.chance.choice(BEFORE + AFTER)
        if kind in _SILENT:
            # A poll lasts for half a minute, and silence for longer still.
            if method == "getUpdates" or not self.silences:
                return None
            self.silences -= 1
        if chat_id is not None and method == "sendMessage":
            self.met[chat_id] += 1
            self.unheard[chat_id] += kind in AFTER
        return Fault(kind, method=method, chat_id=chat_id)


class FarTelegram(Telegram):
    """Each request is on its way for a while, and so is each answer: there is always something to be killed in.

    What has left the bot arrives, even when the bot is dead by then.
    """

    def __init__(self, *, chance: Random, way_s: tuple[float, float]) -> None:
        super().__init__(clock=now, limits=Limits.off())
        self.polls = 0
        self.weather: Weather | None = None
        self.sent_at: list[float] = []
        """When each message left the bot, whatever became of it."""
        self.refused_back_at: list[float] = []
        """When each refusal was back at the bot."""
        self._chance = chance
        self._way_s = way_s

    @property
    def shown(self) -> int:
        """How many messages people got to see, edits counted."""
        return sum(self.counts[method] for method in SEES)

    async def answer(self, token: str, method: str, params: Mapping[str, object]) -> Answer | Cut:
        if method == "getUpdates":
            self.polls += 1
            self.world.wake()
            return await self._arrive(token, method, params)
        if method == "sendMessage":
            self.sent_at.append(now())
        await asyncio.sleep(self._chance.uniform(*self._way_s))
        answer = await self._arrive(token, method, params)
        await asyncio.sleep(self._chance.uniform(*self._way_s))
        if isinstance(answer, Answer) and answer.status == TOO_MANY:
            self.refused_back_at.append(now())
        return answer

    async def _arrive(self, token: str, method: str, params: Mapping[str, object]) -> Answer | Cut:
        chat_id = params.get("chat_id")
        chat_id = chat_id if isinstance(chat_id, int) else None
        if self.weather is not None and (fault := self.weather.befall(method, chat_id)) is not None:
            # Taken by this very request: nothing is awaited before.
            self.add_fault(fault)
        return await super().answer(token, method, params)


@dataclass(slots=True)
class Town:
    """Everything that is there beside the bot."""

    url: str
    telegram: FarTelegram
    site: NewsSite
    editor_id: int
    app: Starlette
    feed_is_known: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by a request for the feed that could only be made by a bot that has stored an answer before."""

    def feed_url(self, language: str = "kk") -> str:
        return self.url + self.site.feed_path(language)

    def silence(self) -> None:
        """From now on Telegram takes every request and answers none."""
        self.telegram.add_fault(Fault("silence_after", times=10**6))

    async def until_polled(self, *, within_s: float = 30.0) -> None:
        """Returns when the bot asks for updates once more."""
        polls = self.telegram.polls
        await self.telegram.wait_for(lambda: self.telegram.polls > polls, within_s)

    async def until(self, holds: Callable[[], bool], *, within_s: float) -> None:
        await self.telegram.wait_for(holds, within_s)


def most_within(moments: Iterable[float], seconds: float) -> int:
    """The most of them in any window of this length."""
    ordered = sorted(moments)
    first = most = 0
    for last, moment in enumerate(ordered):
        while moment - ordered[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


@asynccontextmanager
async def standing(
    *,
    chance: Random | None = None,
    way_s: tuple[float, float] = (0.0, 0.0),
    desk: DeskKind = "supergroup",
) -> AsyncIterator[Town]:
    """A town whose Telegram takes `way_s` seconds, from … to …, for each way."""
    telegram = FarTelegram(chance=chance or Random(110), way_s=way_s)  # noqa: S311 - no secret
    editor = telegram.add_person("Айдана", "Серік")
    telegram.add_group(
        "Редакция", [editor.user_id], chat_id=DESK_CHAT_ID, supergroup=desk != "group", forum=desk == "forum"
    )
    site = NewsSite(now)
    app = Starlette(routes=[*site.routes(), *telegram_routes(telegram)])
    town = Town("", telegram, site, editor.user_id, app)
    async with serve(_noting_conditional_gets(app, town)) as town.url:
        yield town


def _noting_conditional_gets(app: ASGIApp, town: Town) -> ASGIApp:
    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        if any(name == b"if-none-match" for name, _ in scope.get("headers", ())):
            town.feed_is_known.set()
        await app(scope, receive, send)

    return note
