"""The Bot API server that everything is measured against: it takes, counts and answers, and is never the limit.

One process on one core, HTTP/1.1 with keep-alive on bare sockets. It checks nothing: that is the sandbox's work.
"""

import asyncio
import json
import re
from array import array
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random  # noqa: TID251 - a benchmark's delays, from a seed it prints

from bench.message import shown_article

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_CHAT = re.compile(rb'chat_id"?[:=]\s*"?(-?\d+)')
_OFFSET = re.compile(rb'offset"?[:=]\s*"?(-?\d+)')
_TIMEOUT = re.compile(rb'timeout"?[:=]\s*"?(\d+)')
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
_ONE_BY_ONE_S = 1e-6
UPDATES_AT_ONCE = 100
"""As many as getUpdates gives (core.telegram.org/bots/api#getupdates)."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Forget everything; answer what is sent after a while between these bounds from now on."""

    delay_s: tuple[float, float] = (0.0, 0.0)
    seed: int = 110


@dataclass(frozen=True, slots=True)
class Ask:
    """People do something, one of them every `every_s` (0: all at once): what a bot then gets by getUpdates."""

    data: str
    """What they press; or, with a slash in front, what they write."""
    first: int
    people: int
    every_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Tell:
    """What was seen until now."""


@dataclass(slots=True)
class Seen:
    """`at` and `chats`: when (CLOCK_MONOTONIC, the same for every process here) each message arrived, and for whom.

    `answered`: who asked at what moment, and how long their answer took. `waiting`: who asked and has none yet.
    """

    at: "array[float]" = field(default_factory=lambda: array("d"))
    chats: "array[int]" = field(default_factory=lambda: array("q"))
    answered: list[tuple[float, float]] = field(default_factory=list)
    waiting: int = 0
    calls: dict[str, int] = field(default_factory=dict)


class BotApi:
    """What the server knows."""

    def __init__(self) -> None:
        self._message = _message_template()
        self._update_id = 0
        self._poll: tuple[Callable[[bytes], None], asyncio.TimerHandle] | None = None
        self._start(Reset())

    def _start(self, reset: Reset) -> None:
        self.seen = Seen()
        self._calls: Counter[bytes] = Counter()
        self._delay_s = reset.delay_s
        self._chance = Random(reset.seed)  # noqa: S311 - no secret
        self._asked: dict[int, float] = {}
        self._updates: deque[tuple[int, bytes]] = deque()

    def obey(self, order: Reset | Ask | Tell) -> Seen | None:
        match order:
            case Reset():
                self._start(order)
            case Ask():
                for number in range(order.people):
                    asyncio.get_running_loop().call_later(number * order.every_s, self._ask, order, number)
            case Tell():
                self.seen.waiting = len(self._asked)
                self.seen.calls = {name.decode(): count for name, count in self._calls.items()}
                return self.seen
        return None

    def call(self, method: bytes, body: bytes, later: Callable[[bytes], None]) -> tuple[bytes, float] | None:
        """The answer and after how many seconds it may leave; None when it comes by `later` at its own time."""
        self._calls[method] += 1
        if method == b"getUpdates":
            self._take_poll(body, later)
            return None
        delay_s = self._chance.uniform(*self._delay_s) if self._delay_s[1] and method.startswith(_SLOW) else 0.0
        if method != b"sendMessage":
            return _OTHER.get(method, b'{"ok":true,"result":true}'), delay_s
        found = _CHAT.search(body)
        chat = int(found[1]) if found else 0
        now = asyncio.get_running_loop().time()
        self.seen.at.append(now)
        self.seen.chats.append(chat)
        if self._asked and (asked_at := self._asked.pop(chat, None)) is not None:
            self.seen.answered.append((asked_at, now - asked_at))
        return self._message % (len(self.seen.at), chat), delay_s

    def _take_poll(self, body: bytes, answer: Callable[[bytes], None]) -> None:
        if (offset := _OFFSET.search(body)) is not None:
            while self._updates and self._updates[0][0] < int(offset[1]):
                self._updates.popleft()
        timeout = _TIMEOUT.search(body)
        seconds = int(timeout[1]) if timeout else 0
        if self._poll is not None:  # the last one hung up
            self._poll[1].cancel()
        self._poll = (answer, asyncio.get_running_loop().call_later(seconds, self._answer_poll))
        if self._updates or not seconds:
            self._answer_poll()

    def _answer_poll(self) -> None:
        if self._poll is not None:
            answer, timer = self._poll
            self._poll = None
            timer.cancel()
            batch = b",".join(self._updates[place][1] for place in range(min(len(self._updates), UPDATES_AT_ONCE)))
            answer(b'{"ok":true,"result":[%b]}' % batch)

    def _ask(self, ask: Ask, number: int) -> None:
        self._update_id += 1
        person = ask.first + number
        self._updates.append((self._update_id, _update(self._update_id, person, ask.data)))
        self._asked[person] = asyncio.get_running_loop().time()
        self._answer_poll()


class Connection(asyncio.Protocol):
    """One client; several requests may come in one piece, and one in several."""

    def __init__(self, api: BotApi) -> None:
        self._api = api
        self._buffer = b""
        self._last_answer_at = 0.0
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP has no other
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        self._transport = None

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        while (head_end := buffer.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(buffer, 0, head_end)
            body_at = head_end + 4
            end = body_at + (int(length[1]) if length else 0)
            if len(buffer) < end:
                break
            path = buffer[: buffer.index(b"\r\n")].split(b" ")[1]
            self._take(path.rpartition(b"/")[2].partition(b"?")[0], buffer[body_at:end])
            buffer = buffer[end:]
        self._buffer = buffer

    def _take(self, method: bytes, body: bytes) -> None:
        called = self._api.call(method, body, self._write)
        if called is None:
            return
        answer, delay_s = called
        if not delay_s:
            self._write(answer)
            return
        # Never before the answer to the request before it: HTTP/1.1 knows them by their order.
        at = self._last_answer_at = max(self._loop.time() + delay_s, self._last_answer_at + _ONE_BY_ONE_S)
        self._loop.call_at(at, self._write, answer)

    def _write(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_HEAD % (len(answer), answer))


_SLOW = (b"send", b"edit")
_BOT = {"id": 110, "is_bot": True, "first_name": "Dauys", "username": "dauys_bench_bot"}
_OTHER = {
    b"getMe": json.dumps({"ok": True, "result": {**_BOT, "can_join_groups": True}}).encode(),
    b"getMyCommands": b'{"ok":true,"result":[]}',
    b"getMyDescription": b'{"ok":true,"result":{"description":""}}',
    b"getMyShortDescription": b'{"ok":true,"result":{"short_description":""}}',
    b"getChat": b'{"ok":true,"result":{"id":-1001,"type":"supergroup","title":"x","accent_color_id":0,'
    b'"max_reaction_count":1,"accepted_gift_types":{"unlimited_gifts":false,"limited_gifts":false,'
    b'"unique_gifts":false,"premium_subscription":false,"gifts_from_channels":false}}}',
}


def _message_template() -> bytes:
    """As Telegram answers: the whole message, its Cyrillic as escapes."""
    parameters = shown_article()
    message = {
        "message_id": 1_000_001,
        "from": _BOT,
        "chat": {"id": 1_000_002, "first_name": "Оқырман", "type": "private"},
        "date": 1_790_000_000,
        "text": parameters["text"],
        "entities": parameters["entities"],
        "link_preview_options": parameters["link_preview_options"],
        "reply_markup": parameters["reply_markup"],
    }
    text = json.dumps({"ok": True, "result": message}, separators=(",", ":")).replace("%", "%%")
    return text.replace("1000001", "%d").replace("1000002", "%d").encode()


def _update(update_id: int, person: int, data: str) -> bytes:
    user = {"id": person, "is_bot": False, "first_name": "Оқырман", "language_code": "kk"}
    chat = {"id": person, "type": "private", "first_name": "Оқырман"}
    message: dict[str, object] = {"message_id": update_id, "date": 1_790_000_000, "chat": chat, "from": user}
    update: dict[str, object] = {"update_id": update_id}
    if data.startswith("/"):
        entity = {"type": "bot_command", "offset": 0, "length": len(data)}
        update["message"] = {**message, "text": data, "entities": [entity]}
    else:
        shown = {**message, "from": _BOT, "text": "…"}
        press = {"id": str(update_id), "from": user, "chat_instance": "1", "data": data, "message": shown}
        update["callback_query"] = press
    return json.dumps(update, separators=(",", ":")).encode()
