"""The receiver by itself: whom it believes, what it reads, when an update is taken, how Telegram learns the address."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO

import aiohttp
import orjson
import pytest
from telegram import Bot

from bot.intake.incoming import ALLOWED_UPDATES, RawUpdate
from bot.intake.webhook import LARGEST_UPDATE, MAX_CONNECTIONS, Hook, Receiver
from bot.settings import Telegram as TelegramSettings
from sandbox.faults import Fault
from sandbox.limits import Limits
from sandbox.telegram import Telegram
from tests.support.ports import free_port
from tests.support.telegram import Clock, InProcessRequest

SECRET = "5ec2e7" * 8
STORING, ANNOUNCING = "storing what was received", "announcing the webhook"
HEADER = "X-Telegram-Bot-Api-Secret-Token"


@dataclass(slots=True)
class Store:
    """What is asked to store updates; keeps what it was given."""

    batches: list[list[RawUpdate]] = field(default_factory=list)
    works: bool = True
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, batch: Sequence[RawUpdate]) -> bool:
        self.asked.set()
        self.batches.append(list(batch))
        await self.gate.wait()
        return self.works


@dataclass(slots=True)
class Scene:
    receiver: Receiver
    store: Store
    telegram: Telegram
    hook: Hook
    client: aiohttp.ClientSession

    async def post(
        self, body: bytes | BytesIO, *, secret: str | None = SECRET, path: str = "/hook", method: str = "POST"
    ) -> int:
        headers = {} if secret is None else {HEADER: secret}
        url = f"http://127.0.0.1:{self.hook.port}{path}"
        async with self.client.request(method, url, data=body, headers=headers) as answer:
            await answer.read()
            return answer.status

    async def exchange(self, head: str, body: bytes = b"") -> str:
        """Raw bytes there; the first line of what comes back."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.hook.port)
        try:
            writer.write(head.replace("\n", "\r\n").encode("latin-1") + b"\r\n" + body)
            async with asyncio.timeout(5):
                return (await reader.readline()).decode().strip()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    telegram = Telegram(clock=Clock(), limits=Limits.off())
    port = free_port()
    hook = Hook(f"http://127.0.0.1:{port}/hook", "127.0.0.1", port, SECRET)
    bot = Bot("110:sandbox", request=InProcessRequest(telegram), get_updates_request=InProcessRequest(telegram))
    store = Store()
    store.gate.set()
    receiver = Receiver(bot, hook, store.take)
    await receiver.open()
    async with aiohttp.ClientSession() as client:
        yield Scene(receiver, store, telegram, hook, client)
    await receiver.close()
    telegram.world.updates.set_hook(None)


def update(number: int = 1, **more: object) -> bytes:
    return orjson.dumps({"update_id": number, **more})


async def test_an_update_with_the_secret_is_stored_and_then_taken(scene: Scene) -> None:
    assert await scene.post(update(5)) == 200
    assert scene.store.batches == [[{"update_id": 5}]]


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1], SECRET + "0", SECRET.upper(), "құпия"])
async def test_without_the_secret_nothing_is_taken(scene: Scene, secret: str | None) -> None:
    assert await scene.post(update(), secret=secret) == 403
    assert scene.store.batches == []


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "POST", 404),
        ("/hook/", "POST", 404),
        ("/hook?x=1", "POST", 200),
        ("/hook", "GET", 405),
        ("/x", "GET", 404),
    ],
)
async def test_only_a_post_to_the_path_is_an_update(scene: Scene, path: str, method: str, status: int) -> None:
    assert await scene.post(update(), path=path, method=method) == status


async def test_a_body_is_not_read_before_the_secret_was_right(scene: Scene) -> None:
    """Only the head is sent; who waited for the body would never answer."""
    head = f"POST /hook HTTP/1.1\nHost: a\nContent-Length: 1000\n{HEADER}: wrong\n"
    assert await scene.exchange(head) == "HTTP/1.1 403 Forbidden"


async def test_a_body_that_says_it_is_too_large_is_not_waited_for(scene: Scene) -> None:
    head = f"POST /hook HTTP/1.1\nHost: a\nContent-Length: {2 * LARGEST_UPDATE}\n{HEADER}: {SECRET}\n"
    assert await scene.exchange(head) == "HTTP/1.1 413 Request Entity Too Large"


async def test_two_megabytes_are_refused_however_they_come(scene: Scene) -> None:
    assert await scene.post(BytesIO(b" " * (2 * LARGEST_UPDATE))) == 413
    head = f"POST /hook HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n{HEADER}: {SECRET}\n"
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    assert await scene.exchange(head, chunk + b"1\r\n \r\n") == "HTTP/1.1 413 Request Entity Too Large"
    assert await scene.post(update(1, padding="a" * (LARGEST_UPDATE - 100))) == 200
    assert len(scene.store.batches) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"5",
        b"{}",
        b'{"update_id": "5"}',
        b'{"update_id": true}',
        b'{"update_id": -1}',
        b'{"update_id": 99999999999999999999}',
    ],
)
async def test_what_is_no_update_is_refused_and_the_receiver_goes_on(scene: Scene, body: bytes) -> None:
    assert await scene.post(body) == 400
    assert scene.store.batches == []
    assert await scene.post(update()) == 200


async def test_what_could_not_be_stored_stays_with_telegram(scene: Scene) -> None:
    scene.store.works = False
    assert await scene.post(update(7)) == 503
    scene.store.works = True
    assert await scene.post(update(7)) == 200


async def test_updates_that_come_together_are_stored_together_in_their_order(scene: Scene) -> None:
    scene.store.gate.clear()
    first = asyncio.create_task(scene.post(update(1)))
    await scene.store.asked.wait()
    rest = []
    for number in (9, 8, 7):
        rest.append(asyncio.create_task(scene.post(update(number))))
        await _until_waiting(scene.receiver, len(rest))
    scene.store.gate.set()
    assert await asyncio.gather(first, *rest) == [200, 200, 200, 200]
    assert scene.store.batches == [[{"update_id": 1}], [{"update_id": number} for number in (7, 8, 9)]]


async def test_what_is_being_stored_is_answered_at_a_stop_and_nothing_later_is(scene: Scene) -> None:
    running = asyncio.create_task(scene.receiver.run())
    scene.store.gate.clear()
    posting = asyncio.create_task(scene.post(update(1)))
    await scene.store.asked.wait()
    running.cancel()
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", scene.hook.port)
        except ConnectionRefusedError:
            break
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    assert not running.done()
    scene.store.gate.set()
    assert await posting == 200
    with pytest.raises(asyncio.CancelledError):
        await running
    assert {task.get_name() for task in asyncio.all_tasks()}.isdisjoint({STORING, ANNOUNCING})
    with pytest.raises(aiohttp.ClientConnectorError):
        await scene.post(update(2))


async def test_a_taken_address_is_told_at_once(scene: Scene) -> None:
    second = Receiver(Bot("110:sandbox"), scene.hook, scene.store.take)
    with pytest.raises(OSError, match="in use"):
        await second.open()
    await second.close()


async def test_a_store_that_breaks_ends_the_receiver(scene: Scene) -> None:
    async def breaks(_batch: Sequence[RawUpdate]) -> bool:
        raise ArithmeticError

    port = free_port()
    hook = Hook(f"http://127.0.0.1:{port}/hook", "127.0.0.1", port, SECRET)
    bot = Bot("110:sandbox", request=InProcessRequest(scene.telegram))
    receiver = Receiver(bot, hook, breaks)
    await receiver.open()
    running = asyncio.create_task(receiver.run())
    async with scene.client.post(hook.url, data=update(), headers={HEADER: SECRET}) as answer:
        assert answer.status == 503
    with pytest.raises(ArithmeticError):
        await running


async def test_who_hangs_up_in_the_middle_leaves_no_trace(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    _, writer = await asyncio.open_connection("127.0.0.1", scene.hook.port)
    writer.write(f"POST /hook HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n{HEADER}: {SECRET}\r\n\r\n{{".encode())
    await writer.drain()
    writer.transport.abort()
    assert await scene.post(update()) == 200
    assert [record.getMessage() for record in caplog.records] == []


async def test_telegram_is_told_the_address_once(scene: Scene) -> None:
    scene.telegram.world.updates.push("message", {"chat": {"id": 5}})
    await scene.receiver.announce()
    await scene.receiver.announce()
    (told,) = [accepted.params for accepted in scene.telegram.log if accepted.method == "setWebhook"]
    assert told == {
        "url": scene.hook.url,
        "secret_token": SECRET,
        "allowed_updates": list(ALLOWED_UPDATES),
        "max_connections": MAX_CONNECTIONS,
        "drop_pending_updates": False,
    }
    await scene.telegram.wait_for(lambda: not scene.telegram.world.updates.pending)
    assert [len(batch) for batch in scene.store.batches] == [1]


async def test_an_address_that_somebody_changed_is_told_again(scene: Scene) -> None:
    await scene.receiver.announce()
    await scene.telegram.call("110:sandbox", "deleteWebhook", {})
    await scene.receiver.announce()
    assert scene.telegram.counts["setWebhook"] == 2
    assert scene.telegram.world.updates.hook is not None


async def test_an_error_that_telegram_remembers_is_a_reason_to_tell_it_again_once(scene: Scene) -> None:
    """The token was changed and the secret with it: Telegram shows everything but that."""
    updates = scene.telegram.world.updates
    other = {"url": scene.hook.url, "secret_token": "old", "max_connections": MAX_CONNECTIONS}
    await scene.telegram.call("110:sandbox", "setWebhook", {**other, "allowed_updates": list(ALLOWED_UPDATES)})
    updates.push("message", {"chat": {"id": 5}})
    await scene.telegram.wait_for(lambda: updates.hook is not None and bool(updates.hook.error))
    await scene.receiver.announce()
    await scene.telegram.wait_for(lambda: not updates.pending)
    assert [posted.status for posted in updates.posted][-1] == 200
    assert scene.telegram.counts["setWebhook"] == 2


@pytest.mark.parametrize("method", ["getWebhookInfo", "setWebhook"])
async def test_the_address_is_told_as_soon_as_telegram_is_there(scene: Scene, method: str) -> None:
    scene.telegram.add_fault(Fault("server_error", method=method))
    await scene.receiver.announce()
    assert scene.telegram.world.updates.hook is not None


def test_the_hook_comes_from_the_settings_and_hides_its_secret() -> None:
    settings = {"token": "1:a", "webhook_url": "https://bot.example.org/a%20b", "webhook_listen": "[::1]:80"}
    telegram = TelegramSettings.model_validate(settings)
    hook = Hook.from_settings(telegram)
    assert (hook.path, hook.host, hook.port) == ("/a b", "::1", 80)
    assert hook.secret == telegram.read_webhook_secret()
    assert hook.secret not in repr(hook)
    assert Hook("https://bot.example.org", "h", 1, "s").path == "/"


async def _until_waiting(receiver: Receiver, count: int) -> None:
    async with asyncio.timeout(5):
        while receiver.waiting < count:  # noqa: ASYNC110 - the receiver tells nobody
            await asyncio.sleep(0)
