"""The stand-in's webhooks: what it takes, whom it posts to, in which order, and what it does when nobody answers."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import orjson
import pytest
from aiohttp import web
from telegram import Bot
from telegram.error import Conflict

from sandbox.limits import Limits
from sandbox.telegram import Telegram
from tests.support.telegram import Clock, InProcessRequest

READER, OTHER = 700, 701
SECRET = "Secret_-1"


@dataclass(slots=True)
class Receiving:
    """Somebody who is posted to: writes down what comes and answers as it is told."""

    url: str = ""
    answer: Callable[[int], int] = lambda _number: 200
    """The status by the update's number."""
    seen: list[str] = field(default_factory=list)
    secrets: list[str | None] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    busy: Counter[int] = field(default_factory=Counter)
    busiest: Counter[int] = field(default_factory=Counter)

    async def receive(self, request: web.BaseRequest) -> web.StreamResponse:
        update = orjson.loads(await request.read())
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        chat_id = update["message"]["chat"]["id"]
        self.busy.update([chat_id, 0])
        self.busiest = self.busiest | self.busy
        await asyncio.sleep(0.01)  # long enough for whoever does not wait for this answer
        await self.gate.wait()
        self.busy.subtract([chat_id, 0])
        status = self.answer(update["update_id"])
        self.seen.append(f"{update['message']['text']} {status}")
        return web.Response(status=status)


@pytest.fixture
async def receiving() -> AsyncIterator[Receiving]:
    told = Receiving()
    told.gate.set()
    runner = web.ServerRunner(web.Server(told.receive, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    told.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield told
    await runner.cleanup()


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    telegram = Telegram(clock=Clock(), limits=Limits.off())
    for user_id in (READER, OTHER):
        telegram.add_person("Айгерім", user_id=user_id)
    yield telegram
    telegram.world.updates.set_hook(None)


@pytest.fixture
def bot(telegram: Telegram) -> Bot:
    return Bot("110:sandbox", request=InProcessRequest(telegram), get_updates_request=InProcessRequest(telegram))


async def test_what_waits_and_what_comes_is_posted_with_the_secret(
    telegram: Telegram, bot: Bot, receiving: Receiving
) -> None:
    telegram.person_says(READER, READER, "бір")
    assert await bot.set_webhook(receiving.url, secret_token=SECRET)
    telegram.person_says(READER, READER, "екі")
    await telegram.wait_for(lambda: not telegram.world.updates.pending)
    assert (receiving.seen, receiving.secrets) == (["бір 200", "екі 200"], [SECRET, SECRET])
    assert [(posted.queue, posted.status) for posted in telegram.world.updates.posted] == [(("chat", READER), 200)] * 2


async def test_getupdates_and_a_webhook_exclude_each_other(telegram: Telegram, bot: Bot, receiving: Receiving) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=5))
    await telegram.wait_for(lambda: telegram.world.updates.has_poll)
    assert await bot.set_webhook(receiving.url)
    with pytest.raises(Conflict, match="terminated by setWebhook request"):
        await poll
    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates()
    assert await bot.delete_webhook()
    telegram.person_says(READER, READER, "бір")
    assert [update.message.text for update in await bot.get_updates() if update.message] == ["бір"]
    assert receiving.seen == []


async def test_one_chat_is_posted_in_order_and_others_beside_it(
    telegram: Telegram, bot: Bot, receiving: Receiving
) -> None:
    receiving.gate.clear()
    await bot.set_webhook(receiving.url)
    for words in ("1", "2", "3"):
        telegram.person_says(READER, READER, words)
        telegram.person_says(OTHER, OTHER, words)
    async with asyncio.timeout(5):
        while receiving.busy[0] < 2:  # noqa: ASYNC110 - the receiver of this test has nothing to wait on
            await asyncio.sleep(0.001)
    receiving.gate.set()
    await telegram.wait_for(lambda: not telegram.world.updates.pending)
    assert receiving.busiest == {READER: 1, OTHER: 1, 0: 2}
    numbers = {
        key: [p.update_id for p in telegram.world.updates.posted if p.queue[1] == key] for key in (READER, OTHER)
    }
    assert all(came == sorted(came) and len(came) == 3 for came in numbers.values())


async def test_no_more_are_posted_at_once_than_was_asked_for(
    telegram: Telegram, bot: Bot, receiving: Receiving
) -> None:
    await bot.set_webhook(receiving.url, max_connections=1)
    for words in ("1", "2"):
        telegram.person_says(READER, READER, words)
        telegram.person_says(OTHER, OTHER, words)
    await telegram.wait_for(lambda: not telegram.world.updates.pending)
    assert receiving.busiest[0] == 1


async def test_what_is_not_taken_is_posted_again_before_anything_later_of_its_chat(
    telegram: Telegram, bot: Bot, receiving: Receiving
) -> None:
    statuses = [503]
    receiving.answer = lambda _number: statuses.pop(0) if statuses else 204
    telegram.person_says(READER, READER, "бір")
    telegram.person_says(READER, READER, "екі")
    await bot.set_webhook(receiving.url)
    await telegram.wait_for(lambda: not telegram.world.updates.pending)
    assert receiving.seen == ["бір 503", "бір 204", "екі 204"]
    info = await bot.get_webhook_info()
    assert (info.last_error_message, info.pending_update_count) == (
        "Wrong response from the webhook: 503 Service Unavailable",
        0,
    )


async def test_nobody_listens(telegram: Telegram, bot: Bot, receiving: Receiving) -> None:
    await bot.set_webhook("http://127.0.0.1:9/hook", allowed_updates=["message"])
    telegram.person_says(READER, READER, "бір")
    async with asyncio.timeout(5):
        while not (await bot.get_webhook_info()).last_error_message:  # noqa: ASYNC110 - asked as a bot asks
            await asyncio.sleep(0.001)
    info = await bot.get_webhook_info()
    assert (info.last_error_message, info.pending_update_count) == ("Connection refused", 1)
    assert (info.max_connections, list(info.allowed_updates)) == (40, ["message"])
    # Said anew, the address is tried at once, whatever pause was reached.
    await bot.set_webhook(receiving.url)
    await telegram.wait_for(lambda: not telegram.world.updates.pending)
    assert receiving.seen == ["бір 200"]
    assert (await bot.get_webhook_info()).last_error_message is None


async def test_pending_updates_are_dropped_only_on_demand(telegram: Telegram, bot: Bot, receiving: Receiving) -> None:
    telegram.person_says(READER, READER, "бір")
    await bot.set_webhook(receiving.url, drop_pending_updates=True)
    telegram.person_says(READER, READER, "екі")
    await telegram.wait_for(lambda: not telegram.world.updates.pending)
    assert receiving.seen == ["екі 200"]


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"url": "ftp://127.0.0.1/"}, "An HTTPS URL must be provided"),
        ({"url": "https://bot.example.org/hook"}, "only posts to loopback"),
        ({"url": "http:///hook"}, "invalid webhook URL"),
        ({"url": "http://127.0.0.1:port/"}, "invalid webhook URL"),
        ({"url": "http://127.0.0.1:9/", "secret_token": "a b"}, "secret token contains unallowed characters"),
        ({"url": "http://127.0.0.1:9/", "secret_token": "a" * 257}, "secret token contains unallowed characters"),
        ({"url": "http://127.0.0.1:9/", "secret_token": ""}, "secret token contains unallowed characters"),
        ({"url": "http://127.0.0.1:9/", "ip_address": "127.0.0.1"}, "does not play"),
    ],
)
async def test_a_webhook_that_telegram_would_not_take_is_refused(
    telegram: Telegram, parameters: dict[str, str], sentence: str
) -> None:
    answer = await telegram.call("110:sandbox", "setWebhook", parameters)
    assert (answer.status, sentence in str(answer.body["description"])) == (400, True)
    assert telegram.world.updates.hook is None
