"""AiohttpRequest against a real server on loopback that misbehaves in every way a network does."""

import asyncio
import io
import logging
import socket
import traceback
from collections.abc import AsyncIterator

import orjson
import pytest
from telegram import Bot, InputFile
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from bot.delivery.request import AiohttpRequest, NotSent
from tests.delivery.loopback import (
    Answer,
    Call,
    Server,
    breaks_off,
    drips,
    keeps_silent,
    listening,
    resets,
    says,
    says_ok,
)

CANARY = "123456789:AAcanaryCanaryCanaryCanaryCanaryCan"


@pytest.fixture
async def request_object() -> AsyncIterator[AiohttpRequest]:
    async with AiohttpRequest(read_timeout=2, write_timeout=2, connect_timeout=1, pool_timeout=1) as request_object:
        yield request_object


def data(**parameters: object) -> RequestData:
    return RequestData([RequestParameter.from_input(name, value) for name, value in parameters.items()])


def url(server: Server) -> str:
    return f"{server.url}/bot{CANARY}/sendMessage"


def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


async def test_parameters_travel_as_json_and_the_result_comes_back(request_object: AiohttpRequest) -> None:
    async with listening(says_ok('{"message_id":5}')) as server:
        sent = data(chat_id=7, text="Қазақ 🦅", reply_markup={"inline_keyboard": []}, nothing=None)
        assert await request_object.post(url(server), sent) == {"message_id": 5}
    (call,) = server.calls
    assert call.headers["Content-Type"] == "application/json"
    assert "python-telegram-bot" in call.headers["User-Agent"]
    assert orjson.loads(call.body) == {"chat_id": 7, "text": "Қазақ 🦅", "reply_markup": {"inline_keyboard": []}}


async def test_ptbs_bot_works_through_it(request_object: AiohttpRequest) -> None:
    answer = says_ok('{"message_id":5,"date":0,"chat":{"id":7,"type":"private"},"text":"x"}')
    async with listening(answer) as server:
        bot = Bot(CANARY, base_url=f"{server.url}/bot", request=request_object, get_updates_request=AiohttpRequest())
        assert (await bot.send_message(7, "x")).message_id == 5
    assert orjson.loads(server.calls[0].body) == {"chat_id": 7, "text": "x"}


async def test_a_file_travels_as_a_form(request_object: AiohttpRequest) -> None:
    async with listening(says_ok("true")) as server:
        photo = InputFile(io.BytesIO(b"\x89PNG..."), filename="photo.png")
        assert await request_object.post(url(server), data(chat_id=7, photo=photo)) is True
    (call,) = server.calls
    assert call.headers["Content-Type"].startswith("multipart/form-data")
    assert b'name="photo"; filename="photo.png"' in call.body
    assert b"\x89PNG..." in call.body
    assert b'name="chat_id"\r\n\r\n7\r\n' in call.body


async def test_a_connection_is_used_again(request_object: AiohttpRequest) -> None:
    async with listening(says_ok("true")) as server:
        for _ in range(3):
            await request_object.post(url(server), data(chat_id=7))
        assert server.connections == 1


async def test_a_refused_connection_has_sent_nothing(request_object: AiohttpRequest) -> None:
    with pytest.raises(NotSent, match="ClientConnector"):
        await request_object.post(f"http://127.0.0.1:{unused_port()}/bot{CANARY}/getMe")


async def test_a_name_without_an_address_has_sent_nothing(request_object: AiohttpRequest) -> None:
    with pytest.raises(NotSent):
        await request_object.post(f"http://nowhere.invalid/bot{CANARY}/getMe")


async def test_tls_that_fails_has_sent_nothing(request_object: AiohttpRequest) -> None:
    async with listening(says_ok("true")) as server:
        with pytest.raises(NotSent):
            await request_object.post(f"https://127.0.0.1:{server.port}/bot{CANARY}/getMe")
        assert server.calls == []


async def test_a_connection_that_never_opens_has_sent_nothing() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        try:
            for one in waiting:  # nobody accepts, so the kernel's queue is full and a handshake gets no answer
                one.settimeout(0)
                one.connect_ex(("127.0.0.1", port))
            async with AiohttpRequest(connect_timeout=0.1, pool_timeout=0.1) as request_object:
                with pytest.raises(NotSent, match="ConnectionTimeoutError"):
                    await request_object.post(f"http://127.0.0.1:{port}/bot{CANARY}/getMe")
        finally:
            for one in waiting:
                one.close()


async def test_a_full_pool_has_sent_nothing() -> None:
    async with (
        listening(keeps_silent) as server,
        AiohttpRequest(pool_size=1, connect_timeout=0.05, pool_timeout=0.05) as request_object,
    ):
        first = asyncio.create_task(request_object.post(url(server)))
        await server.called()
        with pytest.raises(NotSent, match="ConnectionTimeoutError"):
            await request_object.post(url(server))
        first.cancel()
        await asyncio.wait([first])
    assert len(server.calls) == 1


async def test_silence_after_the_request_is_a_time_out(request_object: AiohttpRequest) -> None:
    async with listening(keeps_silent) as server:
        with pytest.raises(TimedOut):
            await request_object.post(url(server), data(chat_id=7), read_timeout=0.05)
        assert len(server.calls) == 1


async def test_an_answer_that_drips_for_ever_is_a_time_out(request_object: AiohttpRequest) -> None:
    async with listening(drips) as server:
        with pytest.raises(TimedOut):
            await request_object.post(
                url(server), read_timeout=0.1, write_timeout=0.1, connect_timeout=0.1, pool_timeout=0.1
            )


async def test_a_slow_answer_within_its_time_is_an_answer(request_object: AiohttpRequest) -> None:
    async def slowly(call: Call, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        await says_ok("true")(call, writer)

    async with listening(slowly) as server:
        assert await request_object.post(url(server), read_timeout=1.0) is True


@pytest.mark.parametrize("fault", [resets, breaks_off])
async def test_a_connection_broken_after_the_request_may_have_delivered(
    request_object: AiohttpRequest, fault: Answer
) -> None:
    async with listening(fault) as server:
        with pytest.raises(NetworkError, match="The connection broke") as raised:
            await request_object.post(url(server), data(chat_id=7))
        assert not isinstance(raised.value, NotSent | TimedOut)
        assert len(server.calls) == 1, "a request that may have arrived was made again"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        ("400 Bad Request", b'{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}', BadRequest),
        ("401 Unauthorized", b'{"ok":false,"error_code":401,"description":"Unauthorized"}', InvalidToken),
        ("403 Forbidden", b'{"ok":false,"description":"Forbidden: bot was blocked by the user"}', Forbidden),
        ("400 Bad Request", b'{"ok":false,"description":"x","parameters":{"migrate_to_chat_id":-1001}}', ChatMigrated),
        ("429 Too Many Requests", b'{"ok":false,"description":"x","parameters":{"retry_after":3}}', RetryAfter),
        ("502 Bad Gateway", b"<html><h1>502 Bad Gateway</h1></html>", NetworkError),
        ("500 Internal Server Error", b"", NetworkError),
        ("302 Found", b"", NetworkError),
        ("200 OK", b"<html>Please log in to this hotel's network</html>", NetworkError),
        ("200 OK", b'{"ok":true}', NetworkError),
        ("200 OK", b'["result"]', TelegramError),
    ],
)
async def test_each_answer_of_a_server_is_ptbs_error(
    request_object: AiohttpRequest, status: str, body: bytes, kind: type[TelegramError]
) -> None:
    async with listening(says(status, body)) as server:
        with pytest.raises(TelegramError) as raised:
            await request_object.post(url(server), data(chat_id=7))
    assert type(raised.value) is kind


async def test_a_redirect_is_not_followed_with_the_token(request_object: AiohttpRequest) -> None:
    async with listening(says_ok("true")) as elsewhere:

        async def redirects(call: Call, writer: asyncio.StreamWriter) -> None:  # noqa: ARG001 - the same for every call
            writer.write(f"HTTP/1.1 307 Go\r\nLocation: {url(elsewhere)}\r\nContent-Length: 0\r\n\r\n".encode())

        async with listening(redirects) as server:
            with pytest.raises(NetworkError):
                await request_object.post(url(server), data(chat_id=7))
        assert elsewhere.calls == []


async def test_a_proxy_of_the_environment_is_never_used(
    request_object: AiohttpRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port()}")
    async with listening(says_ok("true")) as server:
        assert await request_object.post(url(server)) is True


async def test_words_that_orjson_refuses_still_arrive(request_object: AiohttpRequest) -> None:
    async with listening(says_ok('{"text":"\\ud83d"}')) as server:
        assert await request_object.post(url(server)) == {"text": "\ud83d"}


async def test_parameters_that_are_no_json_are_refused_not_retried(request_object: AiohttpRequest) -> None:
    async with listening(says_ok("true")) as server:
        with pytest.raises(BadRequest, match="cannot be written as JSON"):
            await request_object.post(url(server), data(text="\ud83d"))
        assert server.calls == []


async def test_opened_twice_and_again_after_closing() -> None:
    request_object = AiohttpRequest()
    async with listening(says_ok("true")) as server:
        await request_object.initialize()
        await request_object.initialize()
        assert await request_object.post(url(server)) is True
        await request_object.shutdown()
        await request_object.shutdown()
        with pytest.raises(NotSent):
            await request_object.post(url(server))
        await request_object.initialize()
        assert await request_object.post(url(server)) is True
        await request_object.shutdown()


async def test_closing_while_a_call_waits_ends_it() -> None:
    request_object = AiohttpRequest()
    await request_object.initialize()
    async with listening(keeps_silent) as server:
        call = asyncio.create_task(request_object.post(url(server)))
        await server.called()
        await request_object.shutdown()
        with pytest.raises(NetworkError):
            await call


async def test_a_cancelled_call_leaves_a_pool_that_works() -> None:
    async with listening(keeps_silent, says_ok("true")) as server, AiohttpRequest(pool_size=1) as request_object:
        call = asyncio.create_task(request_object.post(url(server)))
        await server.called()
        call.cancel()
        await asyncio.wait([call])
        assert await request_object.post(url(server)) is True


def test_the_default_read_timeout_is_told_to_ptb() -> None:
    assert AiohttpRequest(read_timeout=11).read_timeout == 11
    assert AiohttpRequest(read_timeout=None).read_timeout is None


async def test_a_calls_own_timeout_goes_before_the_default() -> None:
    async with (
        listening(keeps_silent) as server,
        AiohttpRequest(read_timeout=None) as request_object,
        asyncio.timeout(10),
    ):
        with pytest.raises(TimedOut):
            await request_object.post(url(server), read_timeout=0.05)


async def test_a_timeout_of_none_waits_for_ever() -> None:
    async def later(call: Call, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        await says_ok("true")(call, writer)

    async with listening(later) as server, AiohttpRequest(read_timeout=0.05) as request_object:
        with pytest.raises(TimedOut):
            await request_object.post(url(server))
        assert await request_object.post(url(server), read_timeout=None) is True


ECHO = f"<p>The requested URL /bot{CANARY}/sendMessage was not found on this server.</p>".encode()


@pytest.mark.parametrize(
    "fault",
    [
        resets,
        breaks_off,
        keeps_silent,
        says("404 Not Found", ECHO),
        says("502 Bad Gateway", ECHO),
        says("400 Bad Request", orjson.dumps({"ok": False, "description": f"Bad URL /bot{CANARY}/x"})),
        says("200 OK", ECHO),
        says("302 Found", b""),
    ],
)
async def test_no_error_shows_the_token(
    request_object: AiohttpRequest, fault: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with listening(fault) as server:
        with pytest.raises(TelegramError) as raised:
            await request_object.post(url(server), data(chat_id=7), read_timeout=0.05)
    assert_hidden(raised.value, caplog)


@pytest.mark.parametrize(
    "address",
    [f"http://127.0.0.1:1/bot{CANARY}/getMe", f"http://nowhere.invalid/bot{CANARY}/getMe", f"nonsense/bot{CANARY}/x"],
)
async def test_no_error_before_sending_shows_the_token(
    request_object: AiohttpRequest, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(NotSent) as raised:
        await request_object.post(address)
    assert_hidden(raised.value, caplog)


def assert_hidden(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    secret = CANARY.split(":")[1]
    assert secret not in "".join(traceback.format_exception(error))
    assert secret not in caplog.text
    chain: BaseException | None = error
    while chain is not None:
        assert secret not in repr(chain) + str(chain)
        assert secret not in repr(chain.args)
        chain = chain.__cause__ or chain.__context__
