"""A server on loopback that answers each connection as it is told, byte by byte: for faults that no framework makes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Answer = Callable[["Call", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Server:
    """`answers` are used up in order; the last one stays."""

    answers: list[Answer]
    calls: list[Call] = field(default_factory=list)
    port: int = 0
    connections: int = 0
    _called: asyncio.Event = field(default_factory=asyncio.Event)
    _serving: set["asyncio.Task[None]"] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def called(self) -> None:
        """Returns when the first call has arrived."""
        await self._called.wait()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._serving.add(asyncio.create_task(self._serve(reader, writer)))

    async def hangs_up(self) -> None:
        """Closes what is open and waits until it is: a connection must not outlive its test."""
        for serving in self._serving:
            serving.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                call = await _read_call(reader)
                self.calls.append(call)
                self._called.set()
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                await answer(call, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def _read_call(reader: asyncio.StreamReader) -> Call:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *rest = head.split("\r\n")
    headers = dict(one.split(": ", 1) for one in rest if one)
    return Call(line, headers, await reader.readexactly(int(headers.get("Content-Length", "0"))))


def says(status: str, body: bytes, *, content_type: str = "application/json") -> Answer:
    """A whole answer."""

    async def answer(call: Call, writer: asyncio.StreamWriter) -> None:  # noqa: ARG001 - the same for every call
        head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    return answer


def says_ok(result: str) -> Answer:
    return says("200 OK", b'{"ok":true,"result":' + result.encode() + b"}")


async def resets(call: Call, writer: asyncio.StreamWriter) -> None:  # noqa: ARG001 - the same for every call
    """Takes the request and breaks the connection."""
    writer.transport.abort()


async def breaks_off(call: Call, writer: asyncio.StreamWriter) -> None:  # noqa: ARG001 - the same for every call
    """Half an answer, then nothing more."""
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"ok":true,"resu')
    await writer.drain()
    writer.close()


async def keeps_silent(call: Call, writer: asyncio.StreamWriter) -> None:  # noqa: ARG001 - the same for every call
    """Takes the request and never answers, until the caller hangs up."""
    await writer.wait_closed()


async def drips(call: Call, writer: asyncio.StreamWriter) -> None:  # noqa: ARG001 - the same for every call
    """A byte from time to time, for ever: no single wait is long, the whole never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


@asynccontextmanager
async def listening(*answers: Answer) -> AsyncIterator[Server]:
    server = Server(list(answers))
    listener = await asyncio.start_server(server.accept, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for _ in range(
            5
        ):  # the turns of the loop from an accepted connection to its task: it is hung up with the others
            await asyncio.sleep(0)
        await server.hangs_up()
