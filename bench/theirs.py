"""What a user would pick instead of our engine: sends of one message by N workers at once, with no ledger.

python -m bench.theirs '{"client": "ptb", "url": …, "messages": …, "warm_up": …, "in_flight": …}'
"""

import asyncio
import gc
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import orjson
from telegram import InlineKeyboardMarkup, LinkPreviewOptions, MessageEntity
from telegram.ext import AIORateLimiter, ExtBot
from telegram.request import BaseRequest, HTTPXRequest

from bench.crowds import FIRST_READER
from bench.message import shown_article
from bot.delivery.request import AiohttpRequest

TOKEN = "110:bench"  # noqa: S105 - no secret
_POOL_WAITS_S = 120.0

Send = Callable[[int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Load:
    """`messages` are counted; `warm_up` go before them."""

    client: str
    url: str
    messages: int
    warm_up: int
    in_flight: int
    per_s: float = 0.0
    """What the rate limiter is told, where there is one."""


async def measure(load: Load, send: Send) -> dict[str, float]:
    """`messages` sends by as many workers as may be in flight."""

    async def work(readers: Iterator[int]) -> None:
        for reader in readers:
            await send(reader)

    async def all_work(readers: Iterable[int]) -> None:
        shared = iter(readers)
        await asyncio.gather(*(work(shared) for _ in range(load.in_flight)))

    counted_from = FIRST_READER + load.warm_up
    await all_work(range(FIRST_READER, counted_from))
    gc.collect()
    loop = asyncio.get_running_loop()
    began, cpu_before = loop.time(), sum(os.times()[:2])
    await all_work(range(counted_from, counted_from + load.messages))
    return figures(load.messages, loop.time() - began, sum(os.times()[:2]) - cpu_before)


def figures(messages: int, seconds: float, cpu_s: float) -> dict[str, float]:
    return {"messages": messages, "per_s": messages / seconds, "cpu_ms": cpu_s / messages * 1000}


@asynccontextmanager
async def ptb(load: Load, request: BaseRequest) -> AsyncIterator[Send]:
    """python-telegram-bot's `send_message` with everything it needs made once; its rate limiter, where one is asked."""
    article = Article()
    limiter = AIORateLimiter(overall_max_rate=load.per_s, max_retries=5) if load.per_s else None
    async with request:
        bot = ExtBot(TOKEN, f"{load.url}/bot", request=request, get_updates_request=request, rate_limiter=limiter)
        if limiter is not None:
            await limiter.initialize()

        async def send(reader: int) -> object:
            return await bot.send_message(
                reader,
                article.text,
                entities=article.entities,
                reply_markup=article.keyboard,
                link_preview_options=article.preview,
            )

        yield send


class Article:
    """The message in PTB's own words."""

    def __init__(self) -> None:
        parameters = orjson.loads(orjson.dumps(dict(shown_article())))
        self.text: str = parameters["text"]
        self.entities = [MessageEntity.de_json(entity, None) for entity in parameters["entities"]]
        self.keyboard = InlineKeyboardMarkup.de_json(parameters["reply_markup"], None)
        self.preview = LinkPreviewOptions.de_json(parameters["link_preview_options"], None)


@asynccontextmanager
async def aiogram(load: Load) -> AsyncIterator[Send]:
    """aiogram 3's `send_message`, likewise."""
    from aiogram import Bot as AiogramBot  # noqa: PLC0415 - only its own process pays for it
    from aiogram.client.session.aiohttp import AiohttpSession  # noqa: PLC0415 - as above
    from aiogram.client.telegram import TelegramAPIServer  # noqa: PLC0415 - as above
    from aiogram.types import InlineKeyboardMarkup as Keyboard  # noqa: PLC0415 - as above
    from aiogram.types import LinkPreviewOptions as Preview  # noqa: PLC0415 - as above
    from aiogram.types import MessageEntity as Entity  # noqa: PLC0415 - as above

    parameters = orjson.loads(orjson.dumps(dict(shown_article())))
    entities = [Entity.model_validate(entity) for entity in parameters["entities"]]
    keyboard = Keyboard.model_validate(parameters["reply_markup"])
    preview = Preview.model_validate(parameters["link_preview_options"])
    text = parameters["text"]
    session = AiohttpSession(api=TelegramAPIServer.from_base(load.url), limit=load.in_flight)
    bot = AiogramBot(TOKEN, session=session)

    async def send(reader: int) -> object:
        return await bot.send_message(
            reader, text, entities=entities, reply_markup=keyboard, link_preview_options=preview
        )

    try:
        yield send
    finally:
        await session.close()


@asynccontextmanager
async def raw_aiohttp(load: Load) -> AsyncIterator[Send]:
    """The least that aiohttp can do: JSON that is encoded already, an answer that is only read."""
    rest = orjson.dumps(dict(shown_article()))[1:]
    url = f"{load.url}/bot{TOKEN}/sendMessage"
    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=load.in_flight)) as session:

        async def send(reader: int) -> object:
            body = b'{"chat_id":%d,%b' % (reader, rest)
            async with session.post(url, data=body, headers=headers) as response:
                return await response.read()

        yield send


@asynccontextmanager
async def sockets(load: Load) -> AsyncIterator[Send]:
    """Bare keep-alive connections: no client library at all. What they reach, the server can do."""
    body = b'{"chat_id":7,' + orjson.dumps(dict(shown_article()))[1:]
    head = f"POST /bot{TOKEN}/sendMessage HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    request = head.encode() + body
    host, _, port = load.url.removeprefix("http://").partition(":")
    loop = asyncio.get_running_loop()
    free: list[_Socket] = []
    for _ in range(load.in_flight):
        _transport, protocol = await loop.create_connection(_Socket, host, int(port))
        free.append(protocol)

    async def send(_reader: int) -> object:
        socket = free.pop()
        await socket.call(request)
        free.append(socket)
        return None

    yield send
    for socket in free:
        socket.close()


class _Socket(asyncio.Protocol):
    """Answers of one size that come in one piece or in several; one call at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._got = b""
        self._answered: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP has no other
        self._transport = transport

    async def call(self, request: bytes) -> None:
        assert self._transport is not None  # noqa: S101 - it was connected
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        await self._answered

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if found and len(body) >= int(head.rpartition(b": ")[2]) and self._answered is not None:
            self._got = b""
            self._answered.set_result(None)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def main(load: Load) -> dict[str, float]:
    match load.client:
        case "ptb":
            client = ptb(load, HTTPXRequest(connection_pool_size=load.in_flight, pool_timeout=_POOL_WAITS_S))
        case "ptb_aiohttp" | "ptb_limited":
            client = ptb(load, AiohttpRequest(pool_size=load.in_flight))
        case "aiogram":
            client = aiogram(load)
        case "aiohttp":
            client = raw_aiohttp(load)
        case "sockets":
            client = sockets(load)
        case other:
            raise ValueError(f"no such client: {other}")
    async with client as send:
        return await measure(load, send)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(Load(**json.loads(sys.argv[1]))))))  # noqa: T201 - whoever started it reads this
