"""Updates a second: all that a press goes through with our durable inbox, beside PTB's queue that keeps nothing."""

from contextlib import AbstractContextManager
from pathlib import Path

from bench.crowds import FIRST_BYSTANDER
from bench.plan import Bench
from bench.processes import Running, running
from bench.server import Ask
from bench.stories import UNPACED_PER_S, story, wait_for, warm_up
from bench.table import Line, at_least, beside, middle, shown

PRESSES = 4_000
_THEIRS = {"ptb": "PTB's own queue, its default request", "ptb_aiohttp": "PTB's own queue, over our request"}


def inbox(bench: Bench) -> list[Line]:
    presses = bench.plan.size(PRESSES)
    rounds: dict[str, list[dict[str, float]]] = {"ours": [], **{who: [] for who in _THEIRS}}
    for number in range(bench.plan.rounds):
        bench.tell(f"round {number + 1}: {presses} presses wait, ours and PTB's")
        with story(bench, readers=20, per_s=UNPACED_PER_S, delay_s=(0.0, 0.0)) as told:
            rounds["ours"].append(_handled(bench, told.bot, presses))
        for who in _THEIRS:
            with _listening(bench, who) as bot:
                warm_up(bench, log=_log(bench))
                bench.server.reset()
                rounds[who].append(_handled(bench, bot, presses))
    per_s = {who: middle(found, "per_s") for who, found in rounds.items()}
    lines = [
        beside(name, f"{shown(per_s[who], '/s')}, {shown(middle(rounds[who], 'cpu_ms'), 'ms')}")
        for who, name in _THEIRS.items()
    ]
    figures = {f"per_s {number}": one["per_s"] for number, one in enumerate(rounds["ours"], start=1)}
    what = "updates handled from the durable inbox, SQLite"
    return [
        *lines,
        at_least(what, per_s["ours"], 500, unit="/s", figures=figures),
        beside(f"{what}: processor an update", shown(middle(rounds["ours"], "cpu_ms"), "ms")),
        *(
            at_least(f"{what}: beside {name}", per_s["ours"] / per_s[who], 0.5, unit="×")
            for who, name in _THEIRS.items()
        ),
    ]


def _handled(bench: Bench, bot: Running, presses: int) -> dict[str, float]:
    cpu_before = bot.cpu_s
    bench.server.ask(Ask("menu:help", FIRST_BYSTANDER, presses, every_s=0.0))
    wait_for(lambda: len(bench.server.tell().answered) == presses, within_s=300)
    seen = bench.server.tell()
    seconds = max(asked_at + took for asked_at, took in seen.answered) - min(at for at, _ in seen.answered)
    return {"per_s": presses / seconds, "cpu_ms": 1000 * (bot.cpu_s - cpu_before) / presses}


def _listening(bench: Bench, who: str) -> AbstractContextManager[Running]:
    bench.server.reset()
    return running("bench.listening", {"client": who, "url": bench.server.url}, log=_log(bench))


def _log(bench: Bench) -> Path:
    return bench.crowds.folder / "listening.log"
