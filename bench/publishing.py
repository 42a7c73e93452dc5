"""An article for a million readers: how long until each has a row in the outbox, and whether others wait meanwhile."""

import json
from collections.abc import Sequence

from bench.crowds import FIRST_BYSTANDER
from bench.plan import Bench
from bench.stories import Story, now, pause, story, wait_for
from bench.table import Line, at_least, at_most, beside, middle, percentile, shown

ASKS_EVERY_S = 0.2
"""Few enough that Telegram's 30 messages a second do not hold them up: what is looked for is the database's part."""
ASKS_BEFORE_S = 1.0
ASKS_FOR_S = 20.0
ANSWERED_WITHIN_S = 30.0
MOST_S = 300.0
_STARTERS = FIRST_BYSTANDER + 2_000


def publishing(bench: Bench) -> list[Line]:
    lines: list[Line] = []
    for dialect, name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        readers = bench.plan.publish_to
        rounds: list[dict[str, float]] = []
        waits_ms: list[float] = []
        for number in range(bench.plan.rounds):
            bench.tell(f"round {number + 1}: publish to {readers:,} on {name}")
            with story(bench, readers=readers, per_s=25, dialect=dialect) as told:
                figures, waits = _publish(told)
            rounds.append(figures)
            waits_ms += waits
        lines += _lines(f"publish to {readers:,} readers, {name}", readers, rounds, waits_ms)
    return lines


def _publish(told: Story) -> tuple[dict[str, float], list[float]]:
    """The hotline's button and /start, by turns, from a second before the article until well after it."""
    people = int(ASKS_FOR_S / (2 * ASKS_EVERY_S))
    told.ask("hotline", people, every_s=2 * ASKS_EVERY_S)
    pause(ASKS_EVERY_S)
    told.ask("/start", people, every_s=2 * ASKS_EVERY_S, first=_STARTERS)
    pause(ASKS_BEFORE_S)
    published = json.loads(told.bot.tell("publish"))
    wait_for(told.last_reader_is_owed, within_s=MOST_S)
    ended = now()
    took_s = ended - published["began"]
    owed = told.owed()
    seen = told.answers(2 * people, within_s=ASKS_FOR_S + ANSWERED_WITHIN_S)
    waits = [1000 * took for asked_at, took in seen.answered if published["began"] <= asked_at <= ended]
    return {"seconds": took_s, "owed": owed, "unanswered": 2 * people - len(seen.answered)}, waits


def _lines(what: str, readers: int, rounds: Sequence[dict[str, float]], waits_ms: Sequence[float]) -> list[Line]:
    spread = f"p50 {shown(percentile(waits_ms, 0.5), 'ms')}, p99 {shown(percentile(waits_ms, 0.99), 'ms')}"
    return [
        at_most(f"{what}: rows in the outbox", middle(rounds, "seconds"), 5, unit="s"),
        at_least(f"{what}: rows there are then", min(one["owed"] for one in rounds), readers, unit=""),
        at_most(f"{what}: the longest wait of {len(waits_ms)} others", max(waits_ms, default=0.0), 150, unit="ms"),
        beside(f"{what}: their waits", spread, {"waits_ms": sorted(waits_ms)}),
        at_most(f"{what}: others left unanswered", sum(one["unanswered"] for one in rounds), 0, unit=""),
    ]


def memory(bench: Bench) -> list[Line]:
    """What the process weighs while a million are owed and it sends."""
    readers, seconds = bench.plan.publish_to, bench.plan.seconds(20.0)
    rounds: list[dict[str, float]] = []
    for number in range(bench.plan.rounds):
        bench.tell(f"round {number + 1}: memory with {readers:,} owed")
        with story(bench, readers=readers, per_s=1000) as told:
            before_mb = told.bot.resident_mb
            told.bot.tell("publish")
            wait_for(told.last_reader_is_owed, within_s=MOST_S)
            samples, sent = [told.bot.resident_mb], told.bench.server.count()
            until = now() + seconds
            while now() < until:
                pause(seconds / 20)
                samples.append(told.bot.resident_mb)
            sent = told.bench.server.count() - sent
        early, late = max(samples[:6]), max(samples[-5:])
        rounds.append({"most": max(samples), "growth": late - early, "before": before_mb, "per_s": sent / seconds})
    what = f"memory with {readers:,} owed, sending for {seconds:.0f} s"
    others = f"{shown(middle(rounds, 'before'), 'MB')} before, {shown(middle(rounds, 'per_s'), '/s')} sent"
    return [
        at_most(f"{what}: the most resident", middle(rounds, "most"), 150, unit="MB"),
        at_most(f"{what}: growth from its first quarter to its last", middle(rounds, "growth"), 5, unit="MB"),
        beside(f"{what}: meanwhile", others),
    ]
