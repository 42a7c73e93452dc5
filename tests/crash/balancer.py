"""A reverse proxy before several receivers, as docs/scaling.md describes it: by turns, and the next one in trouble.

Passes requests on as they are; knows nothing of what they say.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.hosting import serve

HOOK = "/hook"
_PASSED_ON = ("content-type", "x-telegram-bot-api-secret-token")
_BUSY = 503
_BAD_GATEWAY = 502


class Balancer:
    def __init__(self, session: aiohttp.ClientSession, receivers: Sequence[str]) -> None:
        """`receivers` are "host:port"."""
        self._session = session
        self._receivers = receivers
        self._turn = 0
        self.passed = dict.fromkeys(receivers, 0)
        """How many requests each receiver has answered."""

    async def post(self, request: Request) -> Response:
        body = await request.body()
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        self._turn += 1
        for number in range(len(self._receivers)):
            receiver = self._receivers[(self._turn + number) % len(self._receivers)]
            try:
                async with self._session.post(f"http://{receiver}{HOOK}", data=body, headers=headers) as answer:
                    content = await answer.read()
            except aiohttp.ClientError:
                continue
            if answer.status != _BUSY:
                self.passed[receiver] += 1
                return Response(content, answer.status)
        return Response(status_code=_BAD_GATEWAY)


@asynccontextmanager
async def balancing(receivers: Sequence[str]) -> AsyncIterator[tuple[str, Balancer]]:
    """Its address, to which Telegram posts."""
    async with aiohttp.ClientSession() as session:
        balancer = Balancer(session, receivers)
        async with serve(Starlette(routes=[Route(HOOK, balancer.post, methods=["POST"])])) as url:
            yield url + HOOK, balancer
