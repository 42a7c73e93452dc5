"""A reader's press answered: on an idle bot, during broadcasts, and when two thousand press the hotline at once.

A press is an update that the server gives by getUpdates; the time is the server's, from the press to the arrival of
the answer, so everything in between is in it: the poll, the durable inbox, the handler, the limiter.
"""

from bench.plan import Bench
from bench.processes import CaseError
from bench.stories import pause, story
from bench.table import Line, at_most, beside, percentile, shown

PRESSES = 100
EVERY_S = 0.2
"""As many replies as a free bot may send beside a broadcast at 25/s."""
CROWD = 2_000
_BEFORE_S = 1.0
_BROADCASTS = {25: 1_500, 1000: 40_000}
"""The rate, and readers enough to last longer than the presses."""


def replies(bench: Bench) -> list[Line]:
    """Presses of a menu, one after another."""
    waits: dict[int, list[float]] = {0: [], **{per_s: [] for per_s in _BROADCASTS}}
    for number in range(bench.plan.rounds):
        for per_s in waits:
            bench.tell(f"round {number + 1}: presses {f'beside {per_s}/s' if per_s else 'on an idle bot'}")
            waits[per_s] += _waits_ms(bench, per_s)
    idle = waits[0]
    lines = [beside("a reply on an idle bot", _spread(idle), {"waits_ms": sorted(idle)})]
    for per_s in _BROADCASTS:
        what = f"a reply while a broadcast runs at {per_s}/s"
        more = {part: percentile(waits[per_s], part) - percentile(idle, part) for part in (0.5, 0.99)}
        lines += [
            beside(what, _spread(waits[per_s]), {"waits_ms": sorted(waits[per_s])}),
            at_most(f"{what}: p50 beside idle", more[0.5], 5, unit="ms more"),
            at_most(f"{what}: p99 beside idle", more[0.99], 50, unit="ms more"),
        ]
    return lines


def _waits_ms(bench: Bench, per_s: int) -> list[float]:
    readers = bench.plan.size(_BROADCASTS.get(per_s, 20))
    with story(bench, readers=readers, per_s=per_s or 25) as told:
        if per_s:
            told.bot.tell("publish")
            told.until_sent(1, within_s=30)
            pause(bench.plan.seconds(_BEFORE_S))
        presses = bench.plan.size(PRESSES)
        told.ask("menu:help", presses, every_s=EVERY_S)
        answered = told.answers(presses).answered
        if len(answered) < presses:
            raise CaseError(f"{presses - len(answered)} of {presses} presses are not answered")
        return [1000 * took for _, took in answered]


def hotline(bench: Bench) -> list[Line]:
    """Everybody at once."""
    people = bench.plan.size(CROWD)
    p99s_ms, unanswered = [], 0
    for number in range(bench.plan.rounds):
        bench.tell(f"round {number + 1}: {people} press the hotline at once")
        with story(bench, readers=bench.plan.size(_BROADCASTS[25]), per_s=25) as told:
            told.bot.tell("publish")
            told.until_sent(1, within_s=30)
            told.ask("hotline", people, every_s=0)
            seen = told.answers(people)
            unanswered += people - len(seen.answered)
            p99s_ms.append(1000 * percentile([took for _, took in seen.answered], 0.99))
    what = f"{people:,} press the hotline at once, a broadcast runs"
    figures = {f"p99 {number}": p99 for number, p99 in enumerate(p99s_ms, start=1)}
    return [
        at_most(f"{what}: p99", percentile(p99s_ms, 0.5), 1000, unit="ms", figures=figures),
        at_most(f"{what}: unanswered in all rounds", unanswered, 0, unit=""),
    ]


def _spread(waits_ms: list[float]) -> str:
    return f"p50 {shown(percentile(waits_ms, 0.5), 'ms')}, p99 {shown(percentile(waits_ms, 0.99), 'ms')}"
