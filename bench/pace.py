"""The rate kept: the fullest second, the mean, and what it costs; beside PTB's AIORateLimiter over the same request."""

from array import array
from collections.abc import Mapping
from statistics import median

from bench.plan import Bench
from bench.processes import most_in, run_alone
from bench.stories import DELAY_S, now, pause, story
from bench.table import Line, at_least, at_most, beside, middle, shown

RUNS = {25: 20.0, 1000: 10.0}
BUSY_AT = 1000
_STEADY_AFTER_S = 1.0
_IN_FLIGHT = {25: 8, 1000: 128}
"""As many of theirs on their way as the rate needs with answers of 100 ms, and some."""


def pace(bench: Bench) -> list[Line]:
    lines: list[Line] = []
    for per_s, full_s in RUNS.items():
        seconds = bench.plan.seconds(full_s)
        ours, theirs = [], []
        for number in range(bench.plan.rounds):
            bench.tell(f"round {number + 1}: {per_s}/s for {seconds:.0f} s, ours and AIORateLimiter")
            ours.append(_ours(bench, per_s, seconds))
            theirs.append(_aio_rate_limiter(bench, per_s, seconds))
        what = f"{per_s}/s for {seconds:.0f} s, answers of 60–100 ms"
        lines += [
            at_most(f"{what}: most in any 1 s", middle(ours, "most"), 1.1 * per_s, unit="", figures=_all(ours, "most")),
            at_least(f"{what}: mean", 100 * middle(ours, "mean") / per_s, 97, unit="%", figures=_all(ours, "mean")),
        ]
        busy = median(one["busy"] for one in ours)
        if per_s == BUSY_AT:
            lines.append(at_most(f"{what}: core busy", busy, 40, unit="%", figures=_all(ours, "busy")))
        else:
            lines.append(beside(f"{what}: core busy", shown(busy, "%"), _all(ours, "busy")))
        most, mean = middle(theirs, "most"), 100 * middle(theirs, "mean") / per_s
        lines.append(
            beside(f"{what}: AIORateLimiter", f"most {most:.0f}, mean {shown(mean, '%')}", _all(theirs, "most"))
        )
    return lines


def _ours(bench: Bench, per_s: int, seconds: float) -> Mapping[str, float]:
    messages = int(per_s * seconds)
    with story(bench, readers=messages, per_s=per_s) as told:
        told.bot.tell("publish")
        told.until_sent(1, within_s=30)
        pause(min(_STEADY_AFTER_S, seconds / 4))
        cpu_before, began = told.bot.cpu_s, now()
        told.until_sent(messages - per_s // 10, within_s=10 * seconds + 30)
        busy = (told.bot.cpu_s - cpu_before) / (now() - began)
        told.until_sent(messages, within_s=30)
        return {**_kept(bench.server.tell().at), "busy": 100 * busy}


def _aio_rate_limiter(bench: Bench, per_s: int, seconds: float) -> Mapping[str, float]:
    bench.server.reset(delay_s=DELAY_S)
    given = {"client": "ptb_limited", "url": bench.server.url, "per_s": per_s, "in_flight": _IN_FLIGHT[per_s]}
    run_alone("bench.theirs", {**given, "messages": int(per_s * seconds), "warm_up": 0})
    return _kept(bench.server.tell().at)


def _kept(at: "array[float]") -> dict[str, float]:
    return {"most": most_in(1.0, at), "mean": (len(at) - 1) / (at[-1] - at[0])}


def _all(rounds: list[Mapping[str, float]], name: str) -> Mapping[str, float]:
    return {f"{name} {number}": one[name] for number, one in enumerate(rounds, start=1)}
