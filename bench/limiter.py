"""LaneLimiter beside PTB's own AIORateLimiter, on one story each, in virtual time.

    uv run --with aiolimiter python -m bench.limiter

The far end is strict as Telegram is: 30 calls in any second, then 429 and a flood wait in which every call is refused.
"""

import asyncio
import contextlib
import logging
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import click
from telegram.error import RetryAfter
from telegram.ext import AIORateLimiter, BaseRateLimiter

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

    arrived: list[float] = field(default_factory=list)
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
    return Result(reply_after_s, loop.time(), far_end.refused, failed, most_in_a_second(far_end.arrived), cpu_us)


def most_in_a_second(moments: list[float]) -> int:
    most, first = 0, 0
    for index, moment in enumerate(moments):
        while moments[first] <= moment - 1.0:
            first += 1
        most = max(most, index - first + 1)
    return most


def show(name: str, result: Result) -> None:
    click.echo(
        f"{name:<16} reply after {result.reply_after_s:7.2f} s   all after {result.took_s:6.1f} s"
        f"   429: {result.refused:5d}   given up: {result.failed:4d}"
        f"   most in 1 s: {result.most_in_a_second:4d}   CPU {result.cpu_us:4.0f} us each"
    )


def main() -> None:
    logging.disable(logging.CRITICAL)  # PTB's limiter logs a traceback for each call it gives up on
    ours = run_virtually(story(LaneLimiter(), broadcast=Lane.BROADCAST, reply=Lane.REPLY), tick_s=TICK_S)
    show("LaneLimiter", ours)
    contestants: list[tuple[str, Callable[[], BaseRateLimiter[int]]]] = [
        ("AIORateLimiter", lambda: AIORateLimiter(max_retries=5)),
        ("  at 25/s", lambda: AIORateLimiter(overall_max_rate=25, max_retries=5)),
    ]
    for name, make in contestants:
        with contextlib.suppress(RuntimeError):  # without aiolimiter there is nothing to compare with
            theirs = run_virtually(story(make(), broadcast=None, reply=None), tick_s=TICK_S)
            show(name, theirs)
            click.echo(
                f"{'':<16} a reply waits {theirs.reply_after_s / max(ours.reply_after_s, 1e-3):.0f} times as long"
            )


if __name__ == "__main__":
    main()
