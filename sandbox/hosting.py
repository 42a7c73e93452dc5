"""A web server on loopback in this process, whose connections can be cut without an answer."""

import asyncio
import ipaddress
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_Line = tuple[str, int]  # an end of a connection
_connections: dict[tuple[_Line, _Line], asyncio.Transport] = {}


class _Wire(H11Protocol):
    """uvicorn's protocol, remembered by both its ends: ASGI itself knows no way to hang up."""

    _ends: tuple[_Line, _Line]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn declares it
        super().connection_made(transport)
        client, server = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        self._ends = (client[:2], server[:2])
        _connections[self._ends] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _connections.pop(self._ends, None)
        super().connection_lost(exc)


async def hang_up(scope: Scope, receive: Receive) -> None:
    """Close the connection of this request with a reset, as a dying peer does; returns once it is closed."""
    transport = _connections.get((tuple(scope["client"]), tuple(scope["server"])))
    if transport is None:
        raise RuntimeError("only connections of sandbox.hosting.serve can be cut")
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await until_gone(receive)


async def until_gone(receive: Receive) -> None:
    """Returns when the client has given up."""
    while (await receive())["type"] != "http.disconnect":
        pass


class _Server(uvicorn.Server):
    """Without uvicorn's signal handlers: the program around it has its own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def loopback(host: str) -> str:
    """The host, if nobody else can reach it. Raises ValueError."""
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"the sandbox only serves on loopback, not on {host}")
    return host


@asynccontextmanager
async def serve(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve the app while the block runs; gives its address, "http://127.0.0.1:<port>". Port 0 takes a free one.

    Raises ValueError for a host that is not loopback and OSError when the port is taken. On leaving, requests that
    still wait (long polls, event streams) are cancelled.
    """
    family = socket.AF_INET6 if ":" in loopback(host) else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    bound = listener.getsockname()[1]
    config = uvicorn.Config(
        _cancellable(app),
        http=_Wire,
        ws="none",
        log_config=None,
        access_log=False,
        timeout_keep_alive=75,
        server_header=False,
        date_header=False,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await _until_started(server, running)
        yield f"http://{f'[{host}]' if ':' in host else host}:{bound}"
    finally:
        server.should_exit = True
        await _drop_everybody(server)
        await running
        listener.close()


async def _drop_everybody(server: uvicorn.Server) -> None:
    """First the door (clients come back at once), then the connections, then who works for them.

    In another order uvicorn reports each request as a crash.
    """
    for door in server.servers:
        door.close()
    for connection in list(server.server_state.connections):
        if isinstance(connection, _Wire):
            connection.transport.abort()
    await asyncio.sleep(0)  # connection_lost is called in the loop's next round
    requests = list(server.server_state.tasks)
    for request in requests:
        request.cancel()
    await asyncio.gather(*requests, return_exceptions=True)


def _cancellable(app: ASGIApp) -> ASGIApp:
    """The app, whose cancelled requests end without a word."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(asyncio.CancelledError):
            await app(scope, receive, send)

    return run


async def _until_started(server: uvicorn.Server, running: asyncio.Task[None]) -> None:
    while not server.started:
        if running.done():
            await running
            raise OSError("the server ended before it began")
        await asyncio.sleep(0.005)  # uvicorn has a flag for this, and nothing to wait on
