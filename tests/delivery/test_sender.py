"""One message through limiter, HTTP and outcome, against a server on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest
from telegram import Bot

from bot.delivery.adapters import message_parameters
from bot.delivery.limiter import LaneLimiter
from bot.delivery.request import AiohttpRequest
from bot.delivery.sender import Sender
from bot.logic.lanes import Lane
from bot.logic.outcome import Gone, GoneReason, Later, LaterReason, Outcome, Refused, RefusedReason, Sent, Unknown
from bot.logic.rich import bold
from bot.logic.screen import Screen
from tests.delivery.loopback import Answer, Server, keeps_silent, listening, resets, says, says_ok

TOKEN = "123456789:AAcanaryCanaryCanaryCanaryCanaryCan"
PREPARED = message_parameters(7, Screen(bold("Жаңалық")))


@asynccontextmanager
async def a_sender(*answers: Answer, limiter: LaneLimiter | None = None) -> AsyncIterator[tuple[Sender, Server]]:
    async with (
        listening(*answers) as server,
        AiohttpRequest(read_timeout=0.2) as replies,
        AiohttpRequest(read_timeout=0.2) as broadcast,
    ):
        bot = Bot(TOKEN, base_url=f"{server.url}/bot", request=replies, get_updates_request=replies)
        yield Sender(bot, limiter or LaneLimiter(), replies=replies, broadcast=broadcast), server


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (says_ok('{"message_id":5,"date":0}'), Sent(5)),
        (says_ok("true"), Sent()),
        (
            says("403 Forbidden", b'{"ok":false,"description":"Forbidden: bot was blocked by the user"}'),
            Gone(GoneReason.BLOCKED),
        ),
        (
            says("400 Bad Request", b'{"ok":false,"description":"Bad Request: QUOTE_TEXT_INVALID"}'),
            Refused(RefusedReason.QUOTE, "Quote_text_invalid"),
        ),
        (
            says("429 Too Many Requests", b'{"ok":false,"description":"x","parameters":{"retry_after":3}}'),
            Later(3.0),
        ),
        (resets, Unknown("The connection broke: ClientOSError")),
        (keeps_silent, Unknown("No answer in time: SocketTimeoutError")),
        (says("502 Bad Gateway", b"<html>"), Unknown("HTTP 502 without the JSON of a Bot API server")),
    ],
)
async def test_what_the_server_says_is_the_outcome_of_one_attempt(answer: Answer, outcome: Outcome) -> None:
    async with a_sender(answer) as (sender, server):
        got = await sender.send("sendMessage", PREPARED, lane=Lane.BROADCAST)
    assert len(server.calls) == 1
    if answer is resets:  # ECONNRESET or end of file, as the kernel likes
        assert isinstance(got, Unknown)
    else:
        assert got == outcome


async def test_a_server_that_is_not_there_means_later() -> None:
    async with listening(says_ok("true")) as server:
        url = server.url
    async with AiohttpRequest() as request_object:
        bot = Bot(TOKEN, base_url=f"{url}/bot", request=request_object, get_updates_request=request_object)
        sender = Sender(bot, LaneLimiter(), replies=request_object, broadcast=request_object)
        assert await sender.send("sendMessage", PREPARED, lane=Lane.REPLY) == Later(5.0, LaterReason.NOT_SENT)


async def test_prepared_parameters_go_to_many_and_stay_as_they_are() -> None:
    before = orjson.dumps(PREPARED)
    async with a_sender(says_ok('{"message_id":5}')) as (sender, server):
        for chat_id in (1, 2):
            await sender.send("sendMessage", {**PREPARED, "chat_id": chat_id}, lane=Lane.REPLY)
    assert [orjson.loads(call.body) for call in server.calls] == [
        {**PREPARED, "chat_id": 1},
        {**PREPARED, "chat_id": 2},
    ]
    assert server.calls[0].line.split()[:2] == ["POST", f"/bot{TOKEN}/sendMessage"]
    assert orjson.dumps(PREPARED) == before


async def test_the_broadcast_has_connections_of_its_own() -> None:
    async with a_sender(says_ok("true")) as (sender, server):
        await sender.send("sendMessage", PREPARED, lane=Lane.REPLY)
        await sender.send("sendMessage", PREPARED, lane=Lane.DESK)
        assert server.connections == 1
        await sender.send("sendMessage", PREPARED, lane=Lane.BROADCAST)
        assert server.connections == 2


async def test_a_flood_wait_holds_the_lanes_for_everybody() -> None:
    limiter = LaneLimiter()
    flood = says("429 Too Many Requests", b'{"ok":false,"description":"x","parameters":{"retry_after":3600}}')
    async with a_sender(flood, says_ok("true"), limiter=limiter) as (sender, server):
        await sender.send("sendMessage", PREPARED, lane=Lane.BROADCAST)
        waiting = asyncio.create_task(sender.send("sendMessage", {**PREPARED, "chat_id": 8}, lane=Lane.REPLY))
        assert await sender.send("sendMessage", {**PREPARED, "chat_id": 9}, lane=Lane.HOTLINE) == Sent()
        done, _ = await asyncio.wait({waiting}, timeout=0.2)
        assert not done
        await limiter.shutdown()
        assert await waiting == Later(5.0, LaterReason.NOT_SENT)
    assert len(server.calls) == 2
