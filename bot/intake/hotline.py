"""The hotline's own road, past PTB and its handlers: the number for everybody who asks, then everything else.

connect ─► (in which language?) ─► the card ─► once nobody waits for a card: contacts, the answer to the press ─► end

Needs no database, no reader and no queue, and writes nothing down: that is the inbox's.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import structlog
from telegram import Bot
from telegram.error import BadRequest, RetryAfter, TelegramError

from bot.context import Services
from bot.delivery.adapters import Parameters, message_parameters
from bot.delivery.limiter import LaneLimiter
from bot.delivery.outcomes import retry_after_s
from bot.delivery.request import NotSent, request_data
from bot.intake.incoming import Asker, RawUpdate, asker_of
from bot.logic.lanes import Lane
from bot.logic.screens.hotline import hotline_card, hotline_contacts

AT_ONCE = 240
"""As many on their way as two thousand cards in a second need, answered after 100 ms; the pool has more for others."""
BESIDE_CARDS = 8
"""Of the rest, while a card is waiting or on its way: few enough to cost the cards nothing, enough to go on."""
LOOKS_FOR_S = 0.5
"""The hotline waits no longer than this to learn people's languages."""
GIVE_UP_AFTER_S = 300.0
NOT_SENT_TRIES = 4

_log = structlog.get_logger(__name__)


class HungUpError(Exception):
    """The bot stops, and nothing was sent to whoever asked."""


@dataclass(frozen=True, slots=True)
class Answered:
    """How it ended: without an error, everything arrived."""

    error: Exception | None
    language: str | None
    """The one that the person chose, if that is known."""


@dataclass(frozen=True, slots=True)
class _Words:
    """What everybody gets who speaks one language; each has only their chat put in."""

    card: Mapping[str, object]
    contacts: tuple[Mapping[str, object], ...]


@dataclass(slots=True)
class _Call:
    """One person who asks, and what they are still owed."""

    asker: Asker
    end: Callable[[Answered], None]
    give_up_at: float
    language: str | None = None
    owed: "deque[tuple[str, Parameters]]" = field(default_factory=deque)
    is_begun: bool = False
    not_sent: int = 0


class Switchboard:
    """Answers everybody, however many ask at once: cards first. A crash forgets it all; the inbox connects again."""

    def __init__(self, bot: Bot, limiter: LaneLimiter, services: Services) -> None:
        self._bot = bot
        self._limiter = limiter
        self._services = services
        self._words: dict[str, _Words] = {}
        self._arrived: list[_Call] = []
        self._cards: deque[_Call] = deque()
        self._rest: deque[_Call] = deque()
        self._cards_on_their_way = 0
        self._rest_on_its_way = 0
        self._open = 0
        self._is_stopping = False
        self._asking: asyncio.Task[None] | None = None
        self._lines: set[asyncio.Task[None]] = set()

    @property
    def is_idle(self) -> bool:
        return not self._open

    def connect(self, raw: RawUpdate, end: Callable[[Answered], None], *, may_look: bool = True) -> None:
        """Answers a call; `end` is called once, later. Without a look at the database in the app's language."""
        self._open += 1
        call = _Call(asker_of(raw), end, asyncio.get_running_loop().time() + GIVE_UP_AFTER_S)
        if self._is_stopping:
            self._end(call, HungUpError())
        elif may_look and call.asker.reader_id is not None:
            self._arrived.append(call)
            if self._asking is None:
                self._asking = asyncio.create_task(self._learn_languages(), name="hotline languages")
        else:
            self._begin(call)
            self._employ()

    def stop(self) -> None:
        """Whoever got nothing yet is not begun with any more; the others get the rest."""
        self._is_stopping = True
        waiting = [*self._arrived, *self._cards]
        self._arrived.clear()
        self._cards.clear()
        for call in waiting:
            self._end(call, HungUpError())

    async def drain(self) -> None:
        """Returns when everybody who was begun with has everything. To be called after `stop`."""
        while self._lines:
            await asyncio.wait(self._lines)

    async def close(self) -> None:
        """Lets go of everybody; calling it again is harmless."""
        self.stop()
        tasks = [*self._lines, *([] if self._asking is None else [self._asking])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _learn_languages(self) -> None:
        """One look for all who came during the last one."""
        try:
            while self._arrived:
                calls, self._arrived = self._arrived, []
                spoken = await self._find_languages({call.asker.reader_id or 0 for call in calls})
                for call in calls:
                    call.language = spoken.get(call.asker.reader_id or 0)
                    self._begin(call)
                self._employ()
        finally:
            self._asking = None

    async def _find_languages(self, reader_ids: Collection[int]) -> Mapping[int, str | None]:
        try:
            async with asyncio.timeout(LOOKS_FOR_S):
                readers = await self._services.readers.find_all(reader_ids)
        except Exception as error:  # noqa: BLE001 - whatever is wrong, the number matters more than its language
            _log.warning("hotline_without_database", error=type(error).__name__, count=len(reader_ids))
            return {}
        return {reader.id: reader.language for reader in readers.values()}

    def _begin(self, call: _Call) -> None:
        if self._is_stopping:
            self._end(call, HungUpError())
            return
        chat_id, press_id = call.asker.chat_id, call.asker.press_id
        if chat_id is not None:
            words = self._words_for(call.language or call.asker.app_language)
            place: Parameters = {"chat_id": chat_id}
            if call.asker.thread_id is not None:
                place["message_thread_id"] = call.asker.thread_id
            call.owed.append(("sendMessage", {**words.card, **place}))
            call.owed.extend(("sendContact", {**contact, **place}) for contact in words.contacts)
        if press_id is not None:
            call.owed.append(("answerCallbackQuery", {"callback_query_id": press_id}))
        self._go_on(call)

    def _words_for(self, language: str | None) -> _Words:
        texts = self._services.catalogs[language]
        if (known := self._words.get(texts.language)) is None:
            numbers = self._services.settings.hotline.numbers
            contacts = hotline_contacts(texts, numbers)
            known = self._words[texts.language] = _Words(
                message_parameters(0, hotline_card(texts, numbers)),
                tuple({"phone_number": each.phone_number, "first_name": each.first_name} for each in contacts),
            )
        return known

    def _go_on(self, call: _Call) -> None:
        if not call.owed:
            self._end(call, None)
        elif call.is_begun:
            self._rest.append(call)
        elif self._is_stopping:
            self._end(call, HungUpError())
        else:
            self._cards.append(call)

    def _end(self, call: _Call, error: Exception | None) -> None:
        self._open -= 1
        call.end(Answered(error, call.language))

    def _employ(self) -> None:
        """Opens as many lines as there is work for."""
        while len(self._lines) < AT_ONCE and (call := self._next()) is not None:
            line = asyncio.create_task(self._work(call), name="hotline")
            self._lines.add(line)
            line.add_done_callback(self._lines.discard)

    def _next(self) -> _Call | None:
        if self._cards:
            self._cards_on_their_way += 1
            return self._cards.popleft()
        if self._rest and (not self._cards_on_their_way or self._rest_on_its_way < BESIDE_CARDS):
            self._rest_on_its_way += 1
            return self._rest.popleft()
        return None

    async def _work(self, first: _Call) -> None:
        call: _Call | None = first
        while call is not None:
            if call.is_begun:
                await self._take_step(call)
                self._rest_on_its_way -= 1
            else:
                await self._take_step(call)
                self._cards_on_their_way -= 1
                if not self._cards and not self._cards_on_their_way:
                    self._employ()  # now the rest may use every line
            call = self._next()

    async def _take_step(self, call: _Call) -> None:
        method, parameters = call.owed[0]
        try:
            await self._post(method, parameters)
        except TelegramError as error:
            if not _is_too_late(error):
                self._stumble(call, error)
                return
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others must be answered
            self._end(call, error)
            return
        call.owed.popleft()
        call.is_begun = True
        self._go_on(call)

    async def _post(self, method: str, parameters: Parameters) -> None:
        data = request_data(parameters)
        await self._limiter.acquire(Lane.HOTLINE, parameters.get("chat_id"), method=method)
        await self._bot.request.post(f"{self._bot.base_url}/{method}", data)

    def _stumble(self, call: _Call, error: TelegramError) -> None:
        """What Telegram or the network put off is tried again from where it stands, and no line waits for it."""
        now = asyncio.get_running_loop().time()
        match error:
            case RetryAfter() if now + (after_s := retry_after_s(error)) <= call.give_up_at:
                if (chat_id := call.asker.chat_id) is not None:
                    self._limiter.hold(chat_id, after_s)
            case NotSent() if call.not_sent + 1 < NOT_SENT_TRIES:
                call.not_sent += 1
                after_s = 0.25 * 2**call.not_sent
            case _:
                self._end(call, error)
                return
        asyncio.get_running_loop().call_later(after_s, self._resume, call)

    def _resume(self, call: _Call) -> None:
        self._go_on(call)
        self._employ()


def _is_too_late(error: TelegramError) -> bool:
    """An app that no longer waits for the answer to its press."""
    return isinstance(error, BadRequest) and "query is too old" in error.message.lower()
