"""Who runs where: the server, a sender and a database, each a process of its own on its own core; what they cost.

On two cores the database shares the server's, so that the sender is alone on its own.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from bench.server import Ask, BotApi, Connection, Reset, Seen, Tell

ROOT = Path(__file__).parents[1]
SERVER_CORE = 0
SENDER_CORE = 1
ENDS_WITHIN_S = 30.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """What is started within the block stays on that core (the first one, where there are not so many)."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core if core in before else min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass(frozen=True, slots=True)
class Server:
    """The running Bot API server, seen from here."""

    url: str
    pid: int
    _pipe: Pipe

    def reset(self, *, delay_s: tuple[float, float] = (0.0, 0.0)) -> None:
        self._order(Reset(delay_s))

    def ask(self, ask: Ask) -> None:
        self._order(ask)

    def tell(self) -> Seen:
        """What it saw since the last reset."""
        seen = self._order(Tell())
        assert seen is not None  # noqa: S101 - the answer to Tell
        return seen

    def count(self) -> int:
        """How many messages it took; cheaper than all of `tell`."""
        return len(self.tell().at)

    def _order(self, order: Reset | Ask | Tell) -> Seen | None:
        self._pipe.send(order)
        answer: Seen | None = self._pipe.recv()
        return answer


@contextmanager
def serving() -> Iterator[Server]:
    """A server in a process of its own until the block ends."""
    context = get_context("fork")
    ours, theirs = context.Pipe()
    with on_core(SERVER_CORE):
        process = context.Process(target=_serve, args=(ours, theirs), daemon=True)
        process.start()
    theirs.close()
    try:
        yield Server(f"http://127.0.0.1:{ours.recv()}", process.pid or 0, ours)
    finally:
        process.terminate()
        process.join()


def _serve(not_ours: Pipe, pipe: Pipe) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the benchmark, and that ends this
    not_ours.close()  # while anybody holds it, the benchmark's end is not heard of

    async def forever() -> None:
        loop = asyncio.get_running_loop()
        api = BotApi()
        server = await loop.create_server(lambda: Connection(api), "127.0.0.1", 0, backlog=1024)
        pipe.send(server.sockets[0].getsockname()[1])
        over = loop.create_future()

        def obey() -> None:
            try:
                pipe.send(api.obey(pipe.recv()))
            except (EOFError, OSError):  # the benchmark was killed
                loop.remove_reader(pipe.fileno())
                over.set_result(None)

        loop.add_reader(pipe.fileno(), obey)
        async with server:
            await over

    asyncio.run(forever())


Figures = Mapping[str, float]


class CaseError(Exception):
    """A measured process ended badly; the text is the end of what it said."""


def run_alone(module: str, given: Mapping[str, object], *, within_s: float = 600.0) -> Figures:
    """`python -m MODULE '{…}'` on the sender's core: the figures in the last line it prints. Raises CaseError."""
    with on_core(SENDER_CORE):
        process = subprocess.Popen(  # noqa: S603 - our own modules
            [sys.executable, "-m", module, json.dumps(given)],
            cwd=ROOT,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    try:
        said, complained = process.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise CaseError(f"{module}: no end after {within_s:.0f} s") from None
    if process.returncode:
        raise CaseError(complained.strip()[-2000:] or f"{module} ended with {process.returncode}")
    figures: Figures = json.loads(said.splitlines()[-1])
    return figures


class Running:
    """The real application in a process of its own (`bench.ours serve`): told what to do line by line."""

    def __init__(self, module: str, given: Mapping[str, object], *, log: Path) -> None:
        self._log = log
        with on_core(SENDER_CORE), log.open("wb") as stderr:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", module, json.dumps(given)],
                cwd=ROOT,
                env=_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        self.hears()

    def tell(self, order: str) -> str:
        """Says one word and returns the answer."""
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()
        return self.hears()

    def hears(self) -> str:
        """The next line it says. Raises CaseError when it says nothing more."""
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(ENDS_WITHIN_S)
            raise CaseError(self._log.read_text("utf-8", "replace").strip()[-2000:])
        return line.strip()

    @property
    def cpu_s(self) -> float:
        """User and system, all threads, since its start."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S

    @property
    def resident_mb(self) -> float:
        lines = Path(f"/proc/{self._process.pid}/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def running(module: str, given: Mapping[str, object], *, log: Path) -> Iterator[Running]:
    """Started when the block begins; it has nothing to lose, so it is killed at the end."""
    process = Running(module, given, log=log)
    try:
        yield process
    finally:
        process.end()


def _environment() -> dict[str, str]:
    # As it is installed: with its compiled modules.
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def most_in(seconds: float, moments: "array[float]") -> int:
    """The fullest window of that length."""
    most, first = 0, 0
    for index, moment in enumerate(moments):
        while moments[first] <= moment - seconds:
            first += 1
        most = max(most, index - first + 1)
    return most
