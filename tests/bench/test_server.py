"""The benchmark's server keeps HTTP's order and getUpdates' promises; without that its figures mean nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from bench.server import Ask, BotApi, Connection, Reset, Tell


@dataclass(slots=True)
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def writes(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)

    async def hears(self) -> dict[str, object]:
        """The next answer."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answer: dict[str, object] = json.loads(await self.reader.readexactly(length))
        return answer

    async def hears_result(self) -> object:
        return (await self.hears())["result"]


@asynccontextmanager
async def client_of(api: BotApi) -> AsyncIterator[Client]:
    server = await asyncio.get_running_loop().create_server(lambda: Connection(api), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()


def call(method: str, **parameters: object) -> bytes:
    body = json.dumps(parameters).encode()
    return b"POST /bot1:x/%b HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (method.encode(), len(body), body)


async def test_several_requests_in_one_piece_are_answered_in_their_order() -> None:
    async with client_of(BotApi()) as client:
        client.writes(call("sendMessage", chat_id=7) + call("getMe") + call("sendMessage", chat_id=-8))
        results = [await client.hears_result() for _ in range(3)]
    assert [one["chat"]["id"] for one in results if isinstance(one, dict) and "chat" in one] == [7, -8]
    assert isinstance(results[1], dict)
    assert results[1]["username"] == "dauys_bench_bot"


async def test_a_request_in_several_pieces_is_one_request() -> None:
    whole = call("sendMessage", chat_id=7)
    api = BotApi()
    async with client_of(api) as client:
        for end in range(0, len(whole), 20):
            client.writes(whole[end : end + 20])
            await client.writer.drain()
            await asyncio.sleep(0)
        await client.hears()
    assert list(api.seen.chats) == [7]


async def test_a_delayed_answer_never_overtakes_the_one_before_it() -> None:
    api = BotApi()
    api.obey(Reset((0.001, 0.05)))
    async with client_of(api) as client:
        client.writes(b"".join(call("sendMessage", chat_id=number) for number in range(1, 51)))
        results = [await client.hears_result() for _ in range(50)]
    assert [one["chat"]["id"] for one in results if isinstance(one, dict)] == list(range(1, 51))


@pytest.mark.parametrize("body", [b'{"chat_id":7,"text":"x"}', b'{"text": "x", "chat_id": "7"}', b"text=x&chat_id=7"])
async def test_the_chat_is_known_from_every_way_of_writing_it(body: bytes) -> None:
    api = BotApi()
    async with client_of(api) as client:
        client.writes(b"POST /bot1:x/sendMessage HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        await client.hears()
    assert list(api.seen.chats) == [7]


async def test_an_update_comes_until_it_is_acknowledged() -> None:
    api = BotApi()
    async with client_of(api) as client:
        client.writes(call("getUpdates", timeout=30))
        api.obey(Ask("/start", first=7, people=1))
        first = await client.hears_result()
        client.writes(call("getUpdates", timeout=30))
        again = await client.hears_result()
        client.writes(call("getUpdates", timeout=0, offset=2))
        acknowledged = await client.hears_result()
    assert isinstance(first, list)
    assert [update["message"]["from"]["id"] for update in first] == [7]
    assert again == first
    assert acknowledged == []


async def test_who_asked_waits_until_a_message_to_them_arrives() -> None:
    api = BotApi()
    async with client_of(api) as client:
        client.writes(call("getUpdates", timeout=30))
        api.obey(Ask("hotline", first=7, people=2))
        await client.hears()
        client.writes(call("sendMessage", chat_id=8))
        await client.hears()
        seen = api.obey(Tell())
    assert seen is not None
    assert (len(seen.answered), seen.waiting) == (1, 1)
