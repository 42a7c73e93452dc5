"""How a Bot API call travels: PTB's `BaseRequest` port on aiohttp, JSON in and out by orjson.

Knows HTTP and nothing of lanes, messages or retries. The URL holds the token, so no error that leaves this module
carries a URL, in its text or in its chain.
"""

import json
import re
from collections.abc import Mapping
from typing import TypeGuard

import aiohttp
import orjson
from telegram.error import BadRequest, NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

# PTB exports RequestData but not what it is made of; the package is pinned below 23 and a test sends through this.
from telegram.request._requestparameter import RequestParameter

POOL_SIZE = 256
"""Connections to Telegram at most; they are opened when they are needed, which is when a crowd asks for the hotline."""

_JSON = {"Content-Type": "application/json"}
# A leading `\b` would leak: the digits of a URL's `/bot123…` follow a letter.
_TOKEN = re.compile(rb"(?<!\d)\d{5,}:[A-Za-z0-9_-]{30,}")

# Everything aiohttp raises before the first byte of the request is written.
_BEFORE_SENDING = (
    aiohttp.ClientConnectorError,  # refused, no route, no DNS answer, TLS
    aiohttp.ConnectionTimeoutError,  # no connection, or none free in the pool, in time
    aiohttp.ServerFingerprintMismatch,
    aiohttp.InvalidURL,
)


class NotSent(NetworkError):  # noqa: N818 - named for what happened, like PTB's own TimedOut and Forbidden
    """No byte of the request left this machine: trying again cannot double anything."""


def request_data(parameters: Mapping[str, object]) -> RequestData:
    """What `BaseRequest.post` takes, of parameters that are JSON-ready already: the road past PTB's `Bot`, whose own
    preparation costs more than the call itself."""
    return RequestData([RequestParameter(name, value, None) for name, value in parameters.items()])


class AiohttpRequest(BaseRequest):
    """PTB's port for HTTP, one connection pool for each instance; never uses a proxy from the environment.

    Timeouts are in seconds, None waits for ever. aiohttp has no limit for writing alone: `write_timeout` is a part
    of the deadline of the whole call, which is the sum of all four. The errors are `NotSent` (nothing left this
    machine), `TimedOut` (no answer in time, though the request may have arrived), `NetworkError` (the connection broke
    after the request was written) and what PTB makes of the Bot API's own answers. Usable again after `shutdown()` and
    `initialize()`.
    """

    __slots__ = ("_connect_s", "_default", "_pool_s", "_pool_size", "_read_s", "_session", "_write_s")

    def __init__(
        self,
        *,
        pool_size: int = POOL_SIZE,
        read_timeout: float | None = 15.0,
        write_timeout: float | None = 10.0,
        connect_timeout: float | None = 5.0,
        pool_timeout: float | None = 5.0,
    ) -> None:
        self._pool_size = pool_size
        self._read_s = read_timeout
        self._write_s = write_timeout
        self._connect_s = connect_timeout
        self._pool_s = pool_timeout
        self._default = _deadlines(read=read_timeout, write=write_timeout, connect=connect_timeout, pool=pool_timeout)
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        return self._read_s

    async def initialize(self) -> None:
        """Opens the pool; does nothing when it is open."""
        if self._session is not None and not self._session.closed:
            return
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._pool_size),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self.USER_AGENT},
            trust_env=False,
        )

    async def shutdown(self) -> None:
        """Closes every connection; does nothing when there is none."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, object]:
        """The answer's object; raises TelegramError, without the payload's words, when it is not one."""
        answer = _parsed(payload)
        if not _is_object(answer):
            raise TelegramError("The answer is not the JSON of a Bot API server")
        return answer

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """See `BaseRequest.do_request`; called by PTB's `post` and `retrieve` only."""
        session = self._session
        if session is None:
            raise NotSent("This request object is not initialized")
        body, headers = _body(request_data)
        given = (read_timeout, write_timeout, connect_timeout, pool_timeout)
        timeout = self._default if all(one is BaseRequest.DEFAULT_NONE for one in given) else self._given(*given)
        try:
            # A redirect would carry the token to another host.
            async with session.request(
                method, url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                status, answer = response.status, await response.read()
        # RuntimeError: the session was closed meanwhile. ValueError: a URL that yarl or idna refuse.
        except (aiohttp.ClientError, OSError, RuntimeError, ValueError) as error:
            failure = _failure(error)
        else:
            return status, _checked(method, status, answer)
        # Raised outside of `except`: the aiohttp error, whose text has the URL, is not even in the hidden context.
        raise failure

    def _given(self, read: object, write: object, connect: object, pool: object) -> aiohttp.ClientTimeout:
        return _deadlines(
            read=_seconds(read, self._read_s),
            write=_seconds(write, self._write_s),
            connect=_seconds(connect, self._connect_s),
            pool=_seconds(pool, self._pool_s),
        )


def _deadlines(
    *, read: float | None, write: float | None, connect: float | None, pool: float | None
) -> aiohttp.ClientTimeout:
    """PTB's four timeouts in aiohttp's words: its `connect` counts the wait for a free connection too."""
    opening = None if connect is None or pool is None else connect + pool
    whole = None if opening is None or read is None or write is None else opening + read + write
    return aiohttp.ClientTimeout(total=whole, connect=opening, sock_connect=connect, sock_read=read)


def _seconds(given: object, default: float | None) -> float | None:
    match given:
        case int() | float():
            return float(given)
        case None:
            return None
        case _:  # PTB's DEFAULT_NONE: not given
            return default


def _body(request_data: RequestData | None) -> tuple[bytes | aiohttp.FormData | None, dict[str, str] | None]:
    """JSON, or a multipart form when there are files to upload."""
    if request_data is None:
        return None, None
    if request_data.contains_files:
        return _form(request_data), None
    try:
        return orjson.dumps(request_data.parameters), _JSON
    except TypeError as error:  # orjson.JSONEncodeError
        # Not a matter of the network: as a NetworkError it would be tried again for ever.
        raise BadRequest(f"The parameters cannot be written as JSON: {error}") from None


def _form(request_data: RequestData) -> aiohttp.FormData:
    form = aiohttp.FormData()
    for name, value in request_data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, mime_type) in request_data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=mime_type)
    return form


def _failure(error: Exception) -> NetworkError:
    """Named by the class of the error only: aiohttp puts the URL into its texts."""
    name = type(error).__name__
    if isinstance(error, _BEFORE_SENDING) or (
        isinstance(error, RuntimeError | ValueError) and not isinstance(error, aiohttp.ClientError)
    ):
        return NotSent(f"Not sent: {name}")
    if isinstance(error, TimeoutError):
        return TimedOut(f"No answer in time: {name}")
    return NetworkError(f"The connection broke: {name}")


def _parsed(payload: bytes) -> object:
    try:
        return orjson.loads(payload)
    except ValueError:
        pass
    try:
        # orjson refuses lone surrogates and broken UTF-8; PTB's own way takes them, and so do updates with them.
        return json.loads(payload.decode("utf-8", "replace"))
    except ValueError:
        return None


def _is_object(answer: object) -> TypeGuard[dict[str, object]]:
    return isinstance(answer, dict)


def _checked(method: str, status: int, answer: bytes) -> bytes:
    """The answer as PTB may read it: PTB copies a foreign one (a proxy's page with our URL in it) into its error."""
    if status in range(200, 300):
        if method == "POST" and b'"result"' not in answer:
            raise NetworkError("The answer has no result")
        return answer
    description = _description(answer) or f"HTTP {status} without the JSON of a Bot API server"
    return _TOKEN.sub(b"<token>", answer if _description(answer) else orjson.dumps({"description": description}))


def _description(answer: bytes) -> str | None:
    parsed = _parsed(answer)
    if not _is_object(parsed):
        return None
    description = parsed.get("description")
    return description if isinstance(description, str) else None
