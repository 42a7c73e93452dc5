"""AiohttpRequest beside PTB's own HTTPXRequest: the same messages, 128 in flight, to answers of 80 ms.

uv run python -m bench.request [MESSAGES]
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import click
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.request import BaseRequest, HTTPXRequest

from bench.loopback import server
from bot.delivery.adapters import message_parameters
from bot.delivery.limiter import LaneLimiter
from bot.delivery.request import AiohttpRequest
from bot.delivery.sender import Sender
from bot.logic.lanes import Lane
from bot.logic.pacing import Limits
from bot.logic.rich import bold
from bot.logic.screen import Button, Screen

IN_FLIGHT = 128
DELAY_S = 0.08
MESSAGES = 600
TEXT = "Қауіпсіздік: тұрғындарға кеңес. " * 10
SCREEN = Screen(bold(TEXT), ((Button("💬", data="c:1"), Button("☎️ 110", copy="110")),))
PREPARED = message_parameters(1, SCREEN)
KEYBOARD = InlineKeyboardMarkup(
    [[InlineKeyboardButton("💬", callback_data="c:1"), InlineKeyboardButton("x", url="http://x")]]
)

Send = Callable[[int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Result:
    per_s: float
    cpu_ms: float


async def measure(messages: int, send: Send) -> Result:
    """`messages` sends by as many workers as may be in flight; the first round is not counted."""

    async def work(readers: range) -> None:
        for reader in readers:
            await send(reader)

    await asyncio.gather(*(work(range(worker, worker + 1)) for worker in range(1, IN_FLIGHT + 1)))
    loop = asyncio.get_running_loop()
    began, cpu_before = loop.time(), sum(os.times()[:2])
    await asyncio.gather(*(work(range(worker, messages + 1, IN_FLIGHT)) for worker in range(1, IN_FLIGHT + 1)))
    cpu_s = sum(os.times()[:2]) - cpu_before
    return Result(messages / (loop.time() - began), cpu_s / messages * 1000)


async def through_bot(url: str, request: BaseRequest, messages: int) -> Result:
    async with request:
        bot = Bot("1:x", base_url=f"{url}/bot", request=request, get_updates_request=request)
        return await measure(messages, lambda reader: bot.send_message(reader, TEXT, reply_markup=KEYBOARD))


async def through_sender(url: str, messages: int) -> Result:
    async with AiohttpRequest(pool_size=IN_FLIGHT) as request:
        bot = Bot("1:x", base_url=f"{url}/bot", request=request, get_updates_request=request)
        sender = Sender(
            bot,
            LaneLimiter(limits=Limits(broadcast_per_s=100_000, overall_per_s=100_000)),
            replies=request,
            broadcast=request,
        )
        return await measure(
            messages, lambda reader: sender.send("sendMessage", {**PREPARED, "chat_id": reader}, lane=Lane.BROADCAST)
        )


def show(name: str, result: Result, beside: Result) -> None:
    click.echo(
        f"{name:<32} {result.per_s:6.0f}/s ({result.per_s / beside.per_s:4.1f} x)"
        f"   {result.cpu_ms:6.2f} ms of CPU each ({beside.cpu_ms / result.cpu_ms:4.1f} x less)"
    )


def main() -> None:
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES
    with server(DELAY_S) as url:
        theirs = asyncio.run(through_bot(url, HTTPXRequest(connection_pool_size=IN_FLIGHT, pool_timeout=60), messages))
        show("Bot on HTTPXRequest", theirs, theirs)
        show("Bot on AiohttpRequest", asyncio.run(through_bot(url, AiohttpRequest(), 4 * messages)), theirs)
        show("Sender (prepared) on AiohttpRequest", asyncio.run(through_sender(url, 4 * messages)), theirs)


if __name__ == "__main__":
    main()
