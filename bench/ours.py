"""Dauys as it is measured: the only place that knows how it is put together.

python -m bench.ours '{"url": …, "database": …, "in_flight": …, "per_s": …, "messages": …}'   owe, then send, then tell
python -m bench.ours '{… without "messages"}'   the whole bot, which obeys "publish" on its standard input
"""

import asyncio
import gc
import json
import os
import random  # noqa: TID251 - a real process is measured, which throws real dice
import secrets  # noqa: TID251 - as above
import sys
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text

from bench.message import SOURCE, source_article
from bench.theirs import figures
from bot.app import Dauys, World
from bot.delivery.courier import slots_for
from bot.delivery.request import POOL_SIZE, AiohttpRequest
from bot.log import configure_logging
from bot.logic.lanes import Lane
from bot.logic.pacing import Limits
from bot.settings import Settings
from bot.settings.sections import FREE_BROADCAST_PER_S
from db import broadcasts as broadcast_rows
from handlers import register

DESK_CHAT_ID = -1_001_000_000_110
LOOKS_EVERY_S = 0.05
_LOOKS = tuple(f"SELECT 1 FROM deliveries WHERE state = '{state}' LIMIT 1" for state in ("pending", "sending"))  # noqa: S608 - two words of ours
WARM_UP_ARTICLE, ARTICLE = 1, 2


@dataclass(frozen=True, slots=True)
class Given:
    """`in_flight` messages may be on their way (0: as many as the rate asks for), `per_s` may go out; so many readers
    as `messages` are owed an article first."""

    url: str
    database: str
    in_flight: int
    per_s: float
    messages: int = 0


class Ours:
    """The bot and its parts."""

    def __init__(self, given: Given) -> None:
        self.requests: list[AiohttpRequest] = []
        self.dauys = Dauys(_settings(given), self._world(given), register=register)

    def _world(self, given: Given) -> World:
        def make_request() -> AiohttpRequest:
            self.requests.append(AiohttpRequest(pool_size=max(given.in_flight, POOL_SIZE)))
            return self.requests[-1]

        slots = slots_for(given.per_s)
        if given.in_flight:
            # A third more: they are for what waits to be sent or written down.
            slots = {**slots, Lane.BROADCAST: given.in_flight * 3 // 2}
        limits = Limits(broadcast_per_s=given.per_s)
        return World(_now, secrets.choice, random.random, make_request=make_request, limits=limits, slots=slots)

    async def publish(self, number: int) -> None:
        """As a source does that has a new article; the engine, if it runs, writes it out."""
        articles = self.dauys.services.articles
        state = await articles.source_state(SOURCE)
        if state.first_fetched_at is None:
            await articles.take(state, [], now=_now())
            state = await articles.source_state(SOURCE)
        await articles.take(state, [source_article(number)], now=_now())

    async def write_out(self) -> None:
        """What the engine does by itself: returns when every reader's row is in the outbox."""
        is_more = True
        while is_more:
            async with self.dauys.database.write() as connection:
                broadcast = await broadcast_rows.find_unfinished(connection)
                if is_more := broadcast is not None:
                    await broadcast_rows.go_on(connection, broadcast, lane=Lane.BROADCAST)

    async def send_all(self) -> None:
        """From the engine's start until nothing is owed and everything is recorded."""
        engine = self.dauys.engine
        if engine is None:
            raise LookupError("this role sends nothing")
        work = asyncio.create_task(engine.run())
        while not work.done() and await self._is_anything_owed():  # noqa: ASYNC110 - the engine does not say it is idle
            await asyncio.sleep(LOOKS_EVERY_S)
        engine.stop()
        await work

    async def _is_anything_owed(self) -> bool:
        async with self.dauys.database.read() as connection:
            for look in _LOOKS:
                if (await connection.execute(text(look))).all():
                    return True
        return False


async def send(given: Given) -> dict[str, float]:
    """The full path: claim, compose, send, record. The first article warms everything up, the second is measured."""
    await _one_article(given, WARM_UP_ARTICLE)
    return await _one_article(given, ARTICLE)


async def _one_article(given: Given, number: int) -> dict[str, float]:
    ours = Ours(given)
    for request in ours.requests:
        await request.initialize()
    await ours.publish(number)
    await ours.write_out()
    gc.collect()
    loop = asyncio.get_running_loop()
    began, cpu_before = loop.time(), sum(os.times()[:2])
    await ours.send_all()
    measured = figures(given.messages, loop.time() - began, sum(os.times()[:2]) - cpu_before)
    for request in ours.requests:
        await request.shutdown()
    await ours.dauys.database.close()
    return measured


async def serve(given: Given) -> None:
    """The whole bot; says "ready", then does what it reads."""
    ours = Ours(given)
    await ours.dauys.start()
    _say("ready")
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    number = WARM_UP_ARTICLE
    while order := (await reader.readline()).strip():
        if order != b"publish":
            raise ValueError(f"no such order: {order!r}")
        number += 1
        began = asyncio.get_running_loop().time()
        await ours.publish(number)
        _say(json.dumps({"began": began, "ended": asyncio.get_running_loop().time()}))


def _say(words: str) -> None:
    print(words, flush=True)  # noqa: T201 - whoever started it reads this


def _settings(given: Given) -> Settings:
    return Settings.model_validate(
        {
            "telegram": {"token": "110:bench", "api_url": given.url},
            "desk": {"chat_id": DESK_CHAT_ID},
            "database": {"url": given.database},
            # As it is paid for; the rate itself is given by the limits, which know more than Telegram sells.
            "delivery": {"allow_paid_broadcast": given.per_s > FREE_BROADCAST_PER_S},
        }
    )


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a real process is measured


if __name__ == "__main__":
    asked = Given(**json.loads(sys.argv[1]))
    configure_logging("WARNING", "json", secrets=[])
    if asked.messages:
        _say(json.dumps(asyncio.run(send(asked))))
    else:
        asyncio.run(serve(asked))
