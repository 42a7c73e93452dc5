"""The stand-in over HTTP: the Bot API with its faults, the control API, and who may use it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import orjson
import pytest
from starlette.applications import Starlette
from telegram import Bot

from sandbox.limits import Limits
from sandbox.server import serve, telegram_routes
from sandbox.telegram import Telegram
from tests.support.telegram import Clock

READER = 700


@dataclass(frozen=True, slots=True)
class Site:
    """A stand-in on a port, and somebody who talks to it."""

    telegram: Telegram
    url: str
    client: aiohttp.ClientSession

    async def post(self, deed: str, **given: object) -> tuple[int, object]:
        async with self.client.post(f"{self.url}/sandbox/{deed}", data=orjson.dumps(given)) as answer:
            return answer.status, orjson.loads(await answer.read())

    async def get(self, path: str) -> dict[str, object]:
        async with self.client.get(f"{self.url}/sandbox/{path}") as answer:
            told = orjson.loads(await answer.read())
            assert isinstance(told, dict)
            return told

    async def send(self, words: str, *, wait_s: float = 5) -> int:
        patience = aiohttp.ClientTimeout(total=wait_s)
        url = f"{self.url}/bot110:sandbox/sendMessage"
        async with self.client.post(url, json={"chat_id": READER, "text": words}, timeout=patience) as answer:
            await answer.read()
            return answer.status


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    telegram = Telegram(clock=Clock(), limits=Limits.off())
    telegram.add_person("Айгерім", user_id=READER)
    telegram.person_says(READER, READER, "/start")
    async with (
        serve(Starlette(routes=[*telegram_routes(telegram)])) as url,
        aiohttp.ClientSession() as client,
    ):
        yield Site(telegram, url, client)


async def test_ptb_itself_talks_to_it(site: Site) -> None:
    async with Bot("110:sandbox", base_url=f"{site.url}/bot") as bot:
        [update] = await bot.get_updates()
        assert update.message is not None
        sent = await bot.send_message(READER, "Сәлем")
        photo = await bot.send_photo(READER, b"bytes", caption="сурет")
    assert (update.message.text, sent.text, photo.caption) == ("/start", "Сәлем", "сурет")


@pytest.mark.parametrize("kind", ["json", "form", "query"])
async def test_parameters_come_in_every_form(site: Site, kind: str) -> None:
    entities = [{"type": "bold", "offset": 0, "length": 2}]
    plain = {"chat_id": str(READER), "text": "әә", "entities": orjson.dumps(entities).decode()}
    url = f"{site.url}/bot110:sandbox/SENDMESSAGE"
    match kind:
        case "json":
            request = site.client.post(url, json={"chat_id": READER, "text": "әә", "entities": entities})
        case "form":
            request = site.client.post(url, data=plain)
        case _:
            request = site.client.get(url, params=plain)
    async with request as answer:
        told = await answer.json()
    assert (told["result"]["text"], told["result"]["entities"]) == ("әә", entities)


async def test_a_refusal_has_its_status(site: Site) -> None:
    assert await site.send("") == 400
    async with site.client.get(f"{site.url}/bot123456:{'A' * 35}/getMe") as answer:
        assert (answer.status, "sandbox" in await answer.text()) == (401, True)


@pytest.mark.parametrize(("kind", "arrived"), [("reset_before", 0), ("reset_after", 1)])
async def test_a_connection_is_cut(site: Site, kind: str, arrived: int) -> None:
    assert await site.post("faults", kind=kind) == (200, {})
    with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
        await site.send("бір")
    assert site.telegram.counts["sendMessage"] == arrived
    assert await site.send("екі") == 200


@pytest.mark.parametrize(("kind", "arrived"), [("silence_before", 0), ("silence_after", 1)])
async def test_silence_lasts_until_the_client_gives_up(site: Site, kind: str, arrived: int) -> None:
    await site.post("faults", kind=kind)
    with pytest.raises(TimeoutError):
        await site.send("бір", wait_s=0.2)
    assert site.telegram.counts["sendMessage"] == arrived


async def test_a_proxy_answers_in_html(site: Site) -> None:
    await site.post("faults", kind="server_error", times=2)
    assert await site.send("бір") == 502
    assert site.telegram.refused[-1].status == 502
    async with site.client.delete(f"{site.url}/sandbox/faults") as answer:
        assert answer.status == 200
    assert await site.send("бір") == 200


async def test_a_whole_story_by_the_control_api(site: Site) -> None:
    _, told = await site.post("people", first_name="Ерлан", user_id=701)
    assert told == {"person": {**site.telegram.world.person(701).as_json()}}
    status, told = await site.post("groups", title="Редакция", members=[701], chat_id=-1001, forum=True)
    assert (status, site.telegram.world.chat(-1001).is_forum) == (200, True)
    quote = {"text": "start", "position": 1}
    status, told = await site.post("say", user_id=READER, chat_id=READER, text="?", reply_to=1, quote=quote)
    assert status == 200
    assert isinstance(told, dict)
    assert told["message"]["quote"] == {**quote, "is_manual": True}
    for deed in ("block", "unblock", "deactivate"):
        assert await site.post(deed, user_id=READER) == (200, {})
    assert (await site.post("send", user_id=701, chat_id=701, kind="voice"))[0] == 200
    assert await site.post("kick_bot", chat_id=-1001) == (200, {})
    assert await site.post("add_bot", chat_id=-1001) == (200, {})
    told = await site.get("state")
    assert orjson.dumps(told["bot"]) == orjson.dumps(site.telegram.world.bot)
    chats = told["chats"]
    assert isinstance(chats, list)
    assert {chat["id"]: len(chat["messages"]) for chat in chats} == {READER: 2, 701: 1, -1001: 0}
    assert told["seq"] == len(site.telegram.world.events)


async def test_a_bad_call_is_told_why(site: Site) -> None:
    wrong: list[tuple[str, dict[str, object], str]] = [
        ("say", {"user_id": READER, "chat_id": READER}, "message text is empty"),
        ("say", {"user_id": 5, "chat_id": READER, "text": "a"}, "no person 5"),
        ("say", {"user_id": READER, "chat_id": -5, "text": "a"}, "no chat -5"),
        (
            "press",
            {"user_id": READER, "chat_id": READER, "message_id": 1, "data": "x"},
            "no button with 'x' on message 1",
        ),
        ("block", {"user_id": "x"}, 'parameter "user_id" of block must be an integer'),
        ("faults", {"kind": "storm"}, "unknown kind of fault: storm"),
    ]
    for deed, given, sentence in wrong:
        assert await site.post(deed, **given) == (400, {"error": sentence})
    assert (await site.post("dance"))[0] == 404


async def test_the_logs_are_read_bit_by_bit(site: Site) -> None:
    await site.send("бір")
    await site.send("екі")
    await site.send("")
    told = await site.get("log?after=1")
    accepted = told["accepted"]
    assert isinstance(accepted, list)
    assert [(entry["seq"], entry["params"]["text"], told["seq"]) for entry in accepted] == [(2, "екі", 2)]
    refused = (await site.get("refused"))["refused"]
    assert isinstance(refused, list)
    assert [entry["description"] for entry in refused] == ["Bad Request: message text is empty"]


async def test_events_are_replayed_and_then_streamed(site: Site) -> None:
    seen: list[dict[str, object]] = []
    async with site.client.get(f"{site.url}/sandbox/events?after=0") as stream:
        async for line in stream.content:
            if line.startswith(b"data: "):
                seen.append(orjson.loads(line.removeprefix(b"data: ")))
                if len(seen) == len(site.telegram.world.events) == 4:
                    await site.send("жаңа")
            if len(seen) == 5:
                break
    assert [event["seq"] for event in seen] == [1, 2, 3, 4, 5]
    assert [event["type"] for event in seen] == ["person", "chat", "person", "message", "message"]
    message = seen[-1]["message"]
    assert isinstance(message, dict)
    assert (message["text"], message["chat_id"]) == ("жаңа", READER)


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
async def test_a_foreign_page_may_not_play(site: Site, headers: dict[str, str]) -> None:
    before = len(site.telegram.world.people)
    url = f"{site.url}/sandbox/people"
    async with site.client.post(url, data=b'{"first_name": "x"}', headers=headers) as answer:
        assert answer.status == 403
    assert len(site.telegram.world.people) == before


async def test_every_change_is_an_event(site: Site) -> None:
    keyboard = {"inline_keyboard": [[{"text": "x", "callback_data": "x"}]]}
    calls: list[tuple[str, dict[str, object]]] = [
        ("sendMessage", {"chat_id": READER, "text": "бір", "reply_markup": keyboard}),
        ("editMessageText", {"chat_id": READER, "message_id": 2, "text": "екі", "reply_markup": keyboard}),
        ("answerCallbackQuery", {"callback_query_id": "?", "text": "Рақмет"}),
        ("deleteMessage", {"chat_id": READER, "message_id": 2}),
        ("setMyCommands", {"commands": [{"command": "a", "description": "b"}], "language_code": "kk"}),
        ("setMyDescription", {"description": "Дауыс"}),
        ("setMessageReaction", {"chat_id": READER, "message_id": 1}),
        ("sendChatAction", {"chat_id": READER, "action": "typing"}),
    ]
    before = len(site.telegram.world.events)
    for method, params in calls:
        if "callback_query_id" in params:
            params["callback_query_id"] = site.telegram.person_presses(READER, READER, 2, "x")
        assert (await site.telegram.call("110:sandbox", method, params)).status == 200
    kinds = [event["type"] for event in site.telegram.world.events[before:]]
    expected = ["message", "edited", "callback_answer", "deleted", "commands", "profile", "reaction", "action"]
    assert kinds == expected


async def test_only_loopback_is_served() -> None:
    with pytest.raises(ValueError, match="only serves on loopback"):
        async with serve(Starlette(), host="0.0.0.0"):  # noqa: S104 - the very address that must be refused
            pass


async def test_leaving_ends_long_polls_at_once() -> None:
    telegram = Telegram(clock=Clock())
    async with aiohttp.ClientSession() as client:
        async with serve(Starlette(routes=[*telegram_routes(telegram)])) as url:
            poll = asyncio.create_task(client.get(f"{url}/bot110:sandbox/getUpdates?timeout=50").__aenter__())
            await telegram.wait_for(lambda: telegram.world.updates.has_poll)
        with pytest.raises(aiohttp.ClientError):
            await poll
