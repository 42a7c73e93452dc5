"""A real `main.py` in a process of its own: started, killed, stopped, and what it wrote to stderr.

Knows the command line and the config file; nothing of what the bot does.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
STOPPED_WITHIN_S = 10.0
ENDED_WITHIN_S = 40.0
# A process that left something behind says so; Python keeps silent about these by default.
WARN = ("-W", "always::ResourceWarning", "-W", "always::RuntimeWarning")
_LEFT_BEHIND = ("Traceback", "was never awaited", "was destroyed but it is pending", "ResourceWarning", "uncaught")


@dataclass(frozen=True, slots=True)
class Feed:
    name: str
    url: str
    language: str = "kk"


@dataclass(frozen=True, slots=True)
class Config:
    """A config file. What is not asked for here keeps its default."""

    api_url: str
    database_url: str
    desk_chat_id: int
    feeds: Sequence[Feed] = ()
    token: str = "110:sandbox"
    after_crash: str = "resend"
    broadcast_per_s: int = 25
    log_level: str = "INFO"

    def write(self, folder: Path) -> Path:
        lines = [
            f'[telegram]\ntoken = "{self.token}"\napi_url = "{self.api_url}"',
            f'[desk]\nchat_id = {self.desk_chat_id}\nlanguage = "kk"',
            f'[database]\nurl = "{self.database_url}"',
            f'[delivery]\nafter_crash = "{self.after_crash}"',
            f"broadcast_per_s = {self.broadcast_per_s}\nallow_paid_broadcast = true",
            f'[log]\nlevel = "{self.log_level}"\nformat = "console"',
        ]
        lines += [
            f'[[sources]]\nname = "{feed.name}"\nurl = "{feed.url}"\nlanguage = "{feed.language}"\npoll_every_s = 1'
            for feed in self.feeds
        ]
        path = folder / "config.toml"
        path.write_text("\n\n".join(lines) + "\n", encoding="utf-8")
        return path


@dataclass(slots=True)
class Bot:
    """One `main.py` that was started."""

    process: asyncio.subprocess.Process
    log: Path

    async def kill(self) -> None:
        """`kill -9`: no word, no farewell."""
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM, and the exit code. Raises TimeoutError when it takes longer than is promised."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOPPED_WITHIN_S):
            return await self.process.wait()

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def freeze(self) -> None:
        """SIGSTOP: it stands still as it is, connections and all."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def left_behind(self) -> list[str]:
        """The lines that a process which ends well does not write."""
        return [line for line in self.said.splitlines() if any(mark in line for mark in _LEFT_BEHIND)]

    @property
    def resident_kb(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))

    @property
    def is_running(self) -> bool:
        return self.process.returncode is None


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that ran to its end."""

    code: int
    out: str
    said: str


def _environment() -> Mapping[str, str]:
    # Compiled modules are kept, as everywhere outside of tests; and nobody's own token or database gets in.
    mine = {
        name: value for name, value in os.environ.items() if name.startswith(("PATH", "HOME", "LANG", "LC_", "TMP"))
    }
    return {**mine, "PYTHONUNBUFFERED": "1"}


async def start(config: Path, log: Path, *, role: str = "all") -> Bot:
    """`main.py run`, its stderr appended to `log`."""
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *WARN,
            str(ROOT / "main.py"),
            "--config",
            str(config),
            "run",
            "--role",
            role,
            cwd=config.parent,
            env=_environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
        )
    return Bot(process, log)


@asynccontextmanager
async def running(config: Path, *, log: str = "stderr.log") -> AsyncIterator[Bot]:
    """A bot for the length of the block; killed at its end, if it still runs."""
    bot = await start(config, config.with_name(log))
    try:
        yield bot
    finally:
        with suppress(ProcessLookupError):
            bot.process.kill()
        await bot.process.wait()


async def command(*arguments: str, cwd: Path) -> Ended:
    """`main.py` with these arguments, to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *WARN,
        str(ROOT / "main.py"),
        *arguments,
        cwd=cwd,
        env=_environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(ENDED_WITHIN_S):
            out, said = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return Ended(process.returncode or 0, out.decode(), said.decode())
