"""From the command to the first getUpdates: seconds, processor time and memory of a real `main.py run`.

Against the sandbox's Telegram and demo site, on SQLite: once with a new database, then in rounds with that one.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from starlette.applications import Starlette

from bench.plan import Bench
from bench.processes import SENDER_CORE, on_core
from bench.table import Line, at_most, beside, shown
from sandbox.hosting import serve
from sandbox.server import telegram_routes
from sandbox.site import NewsSite
from sandbox.stage import DESK_CHAT_ID
from sandbox.telegram import Answer, Cut, Telegram

ROOT = Path(__file__).parents[1]
MOST_S, MOST_MB = 1.5, 120
SETTLES_S = 2.0
"""Until the sources are read and everything that is loaded late is loaded."""
CONFIG = """
[telegram]
token = "{token}"
api_url = "{url}"
[desk]
chat_id = {desk}
[database]
url = "sqlite:///{folder}/dauys.db"
[log]
level = "WARNING"
[[sources]]
name = "kk"
url = "{url}{feed}"
language = "{language}"
"""


class ListeningTelegram(Telegram):
    """Tells when it is first asked for updates."""

    def __init__(self) -> None:
        super().__init__(clock=_now)
        self.asked = asyncio.Event()

    async def answer(self, token: str, method: str, params: Mapping[str, object]) -> Answer | Cut:
        if method == "getUpdates":
            self.asked.set()
        return await super().answer(token, method, params)


@dataclass(frozen=True, slots=True)
class Start:
    seconds: float
    cpu_s: float
    resident_mb: float


def _now() -> float:
    return datetime.now(UTC).timestamp()  # noqa: TID251 - a real process is measured


async def measure(telegram: ListeningTelegram, config: Path) -> Start:
    """One start, and a stop."""
    loop = asyncio.get_running_loop()
    telegram.asked.clear()
    # As it is installed: with its compiled modules.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = loop.time()
    with on_core(SENDER_CORE):
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(ROOT / "main.py"), "--config", str(config), "run", env=environment
        )
    try:
        async with asyncio.timeout(60):
            await telegram.asked.wait()
        seconds = loop.time() - began
        cpu_s = _cpu_s(process.pid)
        await asyncio.sleep(SETTLES_S)
        return Start(seconds, cpu_s, _resident_mb(process.pid))
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    user, system = int(fields[11]), int(fields[12])
    return (user + system) / os.sysconf("SC_CLK_TCK")


def _resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def start(bench: Bench) -> list[Line]:
    bench.tell("starts of main.py run")
    return asyncio.run(_measured(bench.plan.rounds))


async def _measured(rounds: int) -> list[Line]:
    telegram = ListeningTelegram()
    editor = telegram.add_person("Айдана")
    telegram.add_group("Редакция", [editor.user_id], chat_id=DESK_CHAT_ID)
    site = NewsSite(_now)
    app = Starlette(routes=[*site.routes(), *telegram_routes(telegram)])
    with TemporaryDirectory(prefix="dauys-bench-") as folder:
        config = Path(folder) / "config.toml"
        async with serve(app) as url:
            values = {"token": telegram.token, "url": url, "desk": DESK_CHAT_ID, "folder": folder}
            config.write_text(CONFIG.format(**values, feed=site.feed_path("kk"), language="kk"), "utf-8")
            first = await measure(telegram, config)
            starts = [await measure(telegram, config) for _ in range(rounds)]
    return [
        at_most("from the command to the first getUpdates", median(one.seconds for one in starts), MOST_S, unit="s"),
        at_most("memory after the start", median(one.resident_mb for one in starts), MOST_MB, unit="MB"),
        beside("processor time of a start", shown(median(one.cpu_s for one in starts), "s")),
        beside(
            "the first start, which makes the tables", f"{shown(first.seconds, 's')}, {shown(first.cpu_s, 's')} of it"
        ),
    ]
