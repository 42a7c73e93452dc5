"""Brings one page over HTTP within limits: time, bytes after decompression, redirects, and where these may lead.

Knows nothing of feeds. Faults are values; only cancellation passes through.
"""

import asyncio
import ipaddress
import re
import socket
import zlib
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from bot.sources.port import Faulty, SourceFault, Unchanged, Validators

_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_OK, _NOT_MODIFIED = 200, 304
_CHUNK = 64 * 1024
# A second would do if the Date were that of the reading; a slow site writes it when the page is done.
_SETTLES_WITHIN: Final = timedelta(seconds=5)
_ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1"
_ETAG = re.compile(r'(?:W/)?"(?P<opaque>[^"]*?)(?:-gzip|-br|;gzip)?"')


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """`most_bytes` counts what comes over the wire and what it unpacks to, each by itself."""

    total_s: float = 20.0
    most_bytes: int = 5 * 1024 * 1024
    most_redirects: int = 3


@dataclass(frozen=True, slots=True)
class Page:
    """What lay under an address; `url` is the last one after redirects, `is_whole` is False where it broke off."""

    body: bytes
    content_type: str
    url: str
    validators: Validators
    is_whole: bool = True


def open_session(user_agent: str) -> aiohttp.ClientSession:
    """A session fit for `fetch_page`: no cookies, no proxies of the environment, nothing unpacked behind our back.

    The caller closes it. One session serves every source.
    """
    return _open_session(user_agent, ThreadedResolver())


async def fetch_page(
    session: aiohttp.ClientSession,
    url: str,
    *,
    validators: Validators | None = None,
    limits: FetchLimits | None = None,
) -> Page | Unchanged | Faulty:
    """GET `url`, conditionally when there are `validators`.

    The configured host may be anywhere, on loopback too: the operator said so. A redirect to another host must lead to
    a public address, unless the configured host is itself this machine. Raises ValueError for a session that unpacks
    by itself: its limit of 32 MB a chunk is not ours.
    """
    if session.auto_decompress:
        raise ValueError("fetch_page needs a session made by open_session")
    within = limits or FetchLimits()
    try:
        async with asyncio.timeout(within.total_s):
            return await _follow(session, url, validators or Validators(), within)
    except TimeoutError:
        return Faulty(SourceFault.TIMED_OUT, f"no whole answer within {within.total_s:g} s")
    except (aiohttp.ClientError, OSError, UnicodeError, ValueError) as error:
        return Faulty(SourceFault.UNREACHABLE, _explain(error))


async def _follow(
    session: aiohttp.ClientSession, url: str, validators: Validators, limits: FetchLimits
) -> Page | Unchanged | Faulty:
    home = urlsplit(url).hostname or ""
    at = url
    for _ in range(limits.most_redirects + 1):
        if urlsplit(at).scheme not in ("http", "https"):
            return Faulty(SourceFault.UNREACHABLE, "the address is not http or https")
        host = urlsplit(at).hostname or ""
        if host == home or _is_loopback(home):
            answer = await _ask(session, at, validators, limits)
        elif _is_forbidden(host):
            return Faulty(SourceFault.UNREACHABLE, f"redirected to {host}, which is not a public address")
        else:
            async with _open_session(session.headers.get("User-Agent", ""), _PublicResolver()) as guarded:
                answer = await _ask(guarded, at, validators, limits)
        if not isinstance(answer, str):
            return answer
        at = answer
    return Faulty(SourceFault.TOO_MANY_REDIRECTS, f"more than {limits.most_redirects} redirects in a row")


async def _ask(
    session: aiohttp.ClientSession, url: str, validators: Validators, limits: FetchLimits
) -> Page | Unchanged | Faulty | str:
    """One request; a string is where it redirects to."""
    conditions = _conditions(validators)
    headers = {"Accept": _ACCEPT, "Accept-Encoding": "gzip, deflate", **conditions}
    timeout = aiohttp.ClientTimeout(total=None)  # the whole, redirects included, is timed by fetch_page
    async with session.get(url, headers=headers, allow_redirects=False, timeout=timeout) as response:
        if response.status in _REDIRECTS and (location := response.headers.get("Location")):
            return urljoin(url, location)
        if response.status == _NOT_MODIFIED and conditions:
            return Unchanged()
        if response.status != _OK:
            return Faulty(SourceFault.HTTP_ERROR, f"HTTP {response.status}", _retry_after_s(response))
        return await _read(response, limits)


def _conditions(validators: Validators) -> dict[str, str]:
    """Never both: with a weak ETag and If-Modified-Since together WordPress answers 200 whatever happened."""
    if validators.etag:
        return {"If-None-Match": validators.etag}
    return {"If-Modified-Since": validators.last_modified} if validators.last_modified else {}


async def _read(response: aiohttp.ClientResponse, limits: FetchLimits) -> Page | Faulty:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        return Faulty(SourceFault.NOT_A_FEED, f"packed in a way that was not asked for: {encoding[:20]}")
    unpacker = _Unpacker(encoding, limits.most_bytes)
    received, is_whole = 0, True
    try:
        async for chunk in response.content.iter_chunked(_CHUNK):
            received += len(chunk)
            if received > limits.most_bytes or not unpacker.feed(chunk):
                return Faulty(SourceFault.TOO_LARGE, f"more than {limits.most_bytes} bytes")
    except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError, ConnectionError):
        # What came before the break may hold whole items; a server with a wrong Content-Length always "breaks".
        is_whole = False
    except zlib.error:
        return Faulty(SourceFault.NOT_A_FEED, f"says it is {encoding} and is not")
    return Page(
        body=bytes(unpacker.unpacked),
        content_type=response.headers.get("Content-Type", ""),
        url=str(response.url),
        validators=_validators_of(response),
        is_whole=is_whole and unpacker.is_whole,
    )


def _validators_of(response: aiohttp.ClientResponse) -> Validators:
    """The ETag loses what servers add while packing (W/, -gzip): WordPress compares it by letter with its own.

    A page changed just now has none: WordPress makes both of the second of the last change, and what is published
    later in that second would stay behind a 304 (RFC 9110, 8.8.2.2).
    """
    if _is_changed_just_now(response):
        return Validators()
    found = _ETAG.fullmatch(response.headers.get("ETag", "").strip())
    etag = f'"{found["opaque"]}"' if found and found["opaque"] else None
    return Validators(etag=etag, last_modified=response.headers.get("Last-Modified"))


def _is_changed_just_now(response: aiohttp.ClientResponse) -> bool:
    try:
        changed = parsedate_to_datetime(response.headers.get("Last-Modified", ""))
        age = parsedate_to_datetime(response.headers.get("Date", "")) - changed
    except (TypeError, ValueError):
        return False
    return abs(age) <= _SETTLES_WITHIN


def _retry_after_s(response: aiohttp.ClientResponse) -> float | None:
    """Retry-After (RFC 9110, 10.2.3) in seconds; a date is measured against the server's own Date."""
    given = response.headers.get("Retry-After", "").strip()
    if given.isascii() and given.isdigit():
        return float(given[:9])
    try:
        wait = parsedate_to_datetime(given) - parsedate_to_datetime(response.headers.get("Date", ""))
    except (TypeError, ValueError):
        return None
    return max(wait.total_seconds(), 0.0)


class _Unpacker:
    """Unpacks a body as it comes and never holds more than `most` bytes of it."""

    def __init__(self, encoding: str, most: int) -> None:
        self.unpacked = bytearray()
        self._encoding = encoding
        self._most = most
        self._stream: zlib._Decompress | None = None

    @property
    def is_whole(self) -> bool:
        return self._stream is None or self._stream.eof

    def feed(self, chunk: bytes) -> bool:
        """False once there is more than fits. Raises zlib.error."""
        if self._encoding in ("identity", ""):
            self.unpacked += chunk
            return len(self.unpacked) <= self._most
        rest = chunk
        while rest:
            if self._stream is None or (self._stream.eof and self._encoding != "deflate"):
                self._stream = zlib.decompressobj(self._window_bits(rest))
            elif self._stream.eof:
                break
            room = self._most - len(self.unpacked) + 1
            self.unpacked += self._stream.decompress(rest, room)
            if len(self.unpacked) > self._most:
                return False
            rest = self._stream.unused_data or self._stream.unconsumed_tail
        return True

    def _window_bits(self, beginning: bytes) -> int:
        """For "deflate" some servers send the zlib format, as RFC 9110 says, and some a bare stream."""
        if self._encoding != "deflate":
            return 16 + zlib.MAX_WBITS
        is_zlib = beginning[0] & 0x0F == zlib.DEFLATED
        return zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS


class _PublicResolver(AbstractResolver):
    """Resolves names and refuses those that lead inside; checked at the connection itself, not in a lookup before it,
    because a hostile name server may answer each time differently."""

    def __init__(self) -> None:
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if any(_is_forbidden(result["host"]) for result in found):
            raise OSError(f"redirected to {host}, which is not a public address")
        return found

    async def close(self) -> None:
        await self._inner.close()


def _open_session(user_agent: str, resolver: AbstractResolver) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, limit=20),
        headers={"User-Agent": user_agent},
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_forbidden(host: str) -> bool:
    """Whether `host` is an address, as opposed to a name, that is not public."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            address = inner
        elif address in ipaddress.ip_network("64:ff9b::/96"):
            address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return not address.is_global or address.is_multicast


def _explain(error: Exception) -> str:
    """One line for the operator; libraries' own texts may quote an address with a key in it."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            said: str | None = "its TLS certificate is not trusted"
        case aiohttp.ClientConnectorDNSError() | socket.gaierror():
            said = "its name was not found, or leads to an address that is not public"
        case aiohttp.ClientConnectorError():
            said = error.os_error.strerror
        case aiohttp.ServerDisconnectedError():
            said = "the connection was closed without an answer"
        case aiohttp.InvalidURL() | UnicodeError() | ValueError():
            said = "the address, or one it redirects to, is not valid"
        case OSError():
            said = error.strerror
        case _:
            said = None
    return said or type(error).__name__
