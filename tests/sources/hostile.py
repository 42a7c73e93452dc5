"""A web server on loopback that answers as each test scripts it, down to bytes, and remembers what it was asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HostileSite:
    """`answers` by path; `asked` holds the requests in order."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[web.Request] = []
        self.port = 0

    def at(self, path: str, *, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def says(self, path: str, body: bytes | str, *, status: int = 200, **headers: str) -> None:
        """A plain answer; header names are given with _ for -."""
        named = {"Content-Type": "application/rss+xml; charset=UTF-8"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        content = body.encode() if isinstance(body, str) else body

        async def answer(_: web.Request) -> web.Response:
            return web.Response(status=status, body=content, headers=named)

        self.answers[path] = answer

    def redirects(self, path: str, to: str, *, status: int = 302) -> None:
        self.says(path, b"", status=status, Location=to)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        return await self.answers[request.path](request)


@asynccontextmanager
async def open_hostile_site() -> AsyncIterator[HostileSite]:
    site = HostileSite()
    app = web.Application()
    app.router.add_get("/{path:.*}", site.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    site.port = runner.addresses[0][1]
    try:
        yield site
    finally:
        await runner.cleanup()


async def drip(request: web.Request) -> web.StreamResponse:
    """One byte now and then, for ever."""
    response = web.StreamResponse(headers={"Content-Type": "application/rss+xml"})
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.02)


async def pour(request: web.Request) -> web.StreamResponse:
    """As much as the other side takes."""
    response = web.StreamResponse(headers={"Content-Type": "application/rss+xml"})
    await response.prepare(request)
    while True:
        await response.write(b" " * 65536)


async def hang_up(request: web.Request) -> web.StreamResponse:
    """No answer at all: the connection is reset."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def break_off(body: bytes, *, promised: int) -> Answer:
    """Sends `body`, having promised more, and closes the connection."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/rss+xml", "Content-Length": str(promised)})
        await response.prepare(request)
        await response.write(body)
        assert request.transport is not None
        request.transport.close()
        return response

    return answer
