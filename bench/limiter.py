"""LaneLimiter beside PTB's own AIORateLimiter in front of a strict Telegram, on one story each, in virtual time.

Strict as Telegram is: 30 calls in any second, then 429 and a flood wait in which every call is refused.
"""

import asyncio
import logging
import os
from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from telegram.error import RetryAfter
from telegram.ext import AIORateLimiter, BaseRateLimiter

from bench.plan import Bench
from bench.processes import most_in
from bench.table import Line, at_most, beside, failed, shown
from bot.delivery.limiter import LaneLimiter
from bot.logic.lanes import Lane
from tests.support.virtual_loop import run_virtually

MESSAGES = 2000
REPLY_AT_S = 2.0
TICK_S = 1e-5
FLOOD_S = 5


@dataclass(slots=True)
class Strict:
    """The far end, and what it saw."""

    arrived: "array[float]" = field(default_factory=lambda: array("d"))
    refused: int = 0
    _taken: deque[float] = field(default_factory=deque)
    _flood_until: float = 0.0

    async def __call__(self, _endpoint: str, _data: dict[str, object]) -> bool:
        now = asyncio.get_running_loop().time()
        while self._taken and self._taken[0] <= now - 1.0:
            self._taken.popleft()
        self.arrived.append(now)
        if now >= self._flood_until and len(self._taken) >= 30:  # noqa: PLR2004 - Telegram's 30 a second
            self._flood_until = now + FLOOD_S
        if now < self._flood_until:
            self.refused += 1
            raise RetryAfter(timedelta(seconds=max(1, round(self._flood_until - now))))
        self._taken.append(now)
        await asyncio.sleep(0.08)
        return True


@dataclass(frozen=True, slots=True)
class Result:
    reply_after_s: float
    took_s: float
    refused: int
    failed: int
    most_in_a_second: int
    cpu_us: float


async def story(limiter: BaseRateLimiter[Lane] | BaseRateLimiter[int], *, broadcast: object, reply: object) -> Result:
    """2000 broadcasts, and a reply in the middle of them."""
    loop = asyncio.get_running_loop()
    far_end = Strict()
    failed = 0

    async def call(chat_id: int, lane: object) -> None:
        nonlocal failed
        data: dict[str, object] = {"chat_id": chat_id}
        try:
            await limiter.process_request(far_end, ("sendMessage", data), {}, "sendMessage", data, lane)  # type: ignore[arg-type] # each limiter is given its own kind
        except RetryAfter:
            failed += 1

    cpu_before = sum(os.times()[:2])
    tasks = [asyncio.create_task(call(reader, broadcast)) for reader in range(1, MESSAGES + 1)]
    await asyncio.sleep(REPLY_AT_S)
    await call(MESSAGES + 1, reply)
    reply_after_s = loop.time() - REPLY_AT_S
    await asyncio.gather(*tasks)
    cpu_us = (sum(os.times()[:2]) - cpu_before) / MESSAGES * 1e6
    return Result(reply_after_s, loop.time(), far_end.refused, failed, most_in(1.0, far_end.arrived), cpu_us)


def limiter(bench: Bench) -> list[Line]:
    """2000 messages owed at once, and one reply."""
    bench.tell("our limiter and AIORateLimiter in front of a strict Telegram, in virtual time")
    logging.disable(logging.CRITICAL)  # PTB's limiter logs a traceback for each call it gives up on
    try:
        ours = run_virtually(story(LaneLimiter(), broadcast=Lane.BROADCAST, reply=Lane.REPLY), tick_s=TICK_S)
        lines = [
            at_most("a strict Telegram: the reply waits", ours.reply_after_s, 1, unit="s"),
            at_most("a strict Telegram: calls refused", ours.refused, 0, unit=""),
            beside("a strict Telegram: all 2000 sent", f"after {shown(ours.took_s, 's')}", asdict(ours)),
        ]
        return [*lines, *(_theirs(name, make) for name, make in CONTESTANTS.items())]
    finally:
        logging.disable(logging.NOTSET)


CONTESTANTS: dict[str, Callable[[], BaseRateLimiter[int]]] = {
    "AIORateLimiter": lambda: AIORateLimiter(max_retries=5),
    "AIORateLimiter at 25/s": lambda: AIORateLimiter(overall_max_rate=25, max_retries=5),
}


def _theirs(name: str, make: Callable[[], BaseRateLimiter[int]]) -> Line:
    try:
        result = run_virtually(story(make(), broadcast=None, reply=None), tick_s=TICK_S)
    except RuntimeError as error:  # PTB's word for a library that is not installed
        return failed(f"a strict Telegram: {name}", str(error))
    told = f"reply after {shown(result.reply_after_s, 's')}, {result.refused} refused, {result.failed} given up"
    return beside(f"a strict Telegram: {name}", told, asdict(result))
