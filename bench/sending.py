"""Messages a second and processor time for each: our full path beside bare sends of others, who keep no ledger.

The cases are interleaved, each in its own process; what is compared is the median of the rounds of one run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.plan import Bench
from bench.processes import CaseError, Figures, run_alone
from bench.table import Line, at_least, at_most, beside, failed, middle, shown

DELAY_S = (0.06, 0.1)
"""As over the Internet."""
UNPACED_PER_S = 1e6
OURS = ("sqlite", "postgresql")
THEIRS = {
    "ptb": "python-telegram-bot, its default request",
    "ptb_aiohttp": "python-telegram-bot over our request",
    "aiogram": "aiogram 3",
    "aiohttp": "aiohttp, JSON encoded before",
}
_NAMES = {"sqlite": "Dauys, full path, SQLite", "postgresql": "Dauys, full path, PostgreSQL", **THEIRS}
_AT_ONCE = {"sqlite": 20_000, "postgresql": 20_000, "ptb": 2_000, "ptb_aiohttp": 15_000, "aiogram": 12_000}
_DELAYED = {"ptb": 500}


@dataclass(frozen=True, slots=True)
class Case:
    who: str
    in_flight: int
    is_delayed: bool

    @property
    def name(self) -> str:
        return f"{_NAMES[self.who]}, {self.in_flight} in flight"

    @property
    def messages(self) -> int:
        if self.is_delayed:
            return _DELAYED.get(self.who, 100 * self.in_flight)
        return _AT_ONCE.get(self.who, 30_000)


Rounds = Mapping[Case, Sequence[Figures]]


def at_once(bench: Bench) -> list[Line]:
    """Without delay: what one core can do."""
    cases = [Case(who, in_flight, is_delayed=False) for who in _NAMES for in_flight in (32, 128)]
    rounds, lines = _measure(bench, cases)
    best = {who: max(_per_s(rounds, who, in_flight) for in_flight in (32, 128)) for who in _NAMES}
    for in_flight in (32, 128):
        ours = rounds.get(Case("sqlite", in_flight, is_delayed=False), ())
        if not ours:
            continue
        per_s, cpu_ms = middle(ours, "per_s"), middle(ours, "cpu_ms")
        place = f"full path, SQLite, {in_flight} in flight"
        lines += [
            at_least(f"{place}: rate", per_s, 4000, unit="/s"),
            at_most(f"{place}: processor a message", cpu_ms, 0.25, unit="ms"),
            *_ratio(f"{place}: beside PTB's default at its best", per_s, best["ptb"], 5.0),
            *_ratio(f"{place}: beside aiogram 3 at its best", per_s, best["aiogram"], 1.5),
            *_ratio(
                f"{in_flight} in flight: PostgreSQL beside SQLite", _per_s(rounds, "postgresql", in_flight), per_s, 0.7
            ),
        ]
    return lines


def delayed(bench: Bench) -> list[Line]:
    """With answers that take 60 to 100 ms: what the connections allow."""
    cases = [Case(who, in_flight, is_delayed=True) for who in _NAMES for in_flight in (128, 256)]
    rounds, lines = _measure(bench, cases)
    for in_flight in (128, 256):
        allowed = in_flight / (sum(DELAY_S) / 2)
        theirs = {who: _per_s(rounds, who, in_flight, is_delayed=True) for who in _NAMES}
        if not theirs["sqlite"]:
            continue
        place = f"full path, SQLite, answers of 60–100 ms, {in_flight} in flight"
        lines += [
            at_least(f"{place}: part of {allowed:,.0f}/s", 100 * theirs["sqlite"] / allowed, 90, unit="%"),
            *_ratio(f"{place}: beside PTB's default", theirs["sqlite"], theirs["ptb"], 15.0),
            *_ratio(f"{place}: beside aiogram 3", theirs["sqlite"], theirs["aiogram"], 1.2),
            *_ratio(
                f"{in_flight} in flight, delayed: PostgreSQL beside SQLite", theirs["postgresql"], theirs["sqlite"], 0.7
            ),
        ]
    return lines


def server(bench: Bench) -> list[Line]:
    """What the server itself can do, by bare sockets."""
    lines = []
    for in_flight in (32, 128):
        messages = bench.plan.size(60_000)
        rounds = [
            _theirs(bench, Case("sockets", in_flight, is_delayed=False), messages) for _ in range(bench.plan.rounds)
        ]
        what = f"the benchmark's server, bare sockets, {in_flight} in flight"
        lines.append(at_least(what, middle(rounds, "per_s"), 10_000, unit="/s"))
    return lines


def _measure(bench: Bench, cases: Sequence[Case]) -> tuple[Rounds, list[Line]]:
    """Every case once in each round; a case that fails is told and left out of the next ones."""
    rounds: dict[Case, list[Figures]] = {case: [] for case in cases}
    faults: dict[Case, str] = {}
    for number in range(bench.plan.rounds):
        for case in cases:
            if case in faults:
                continue
            bench.tell(f"round {number + 1}: {case.name}{' (delayed)' if case.is_delayed else ''}")
            try:
                rounds[case].append(_run(bench, case))
            except CaseError as error:
                faults[case] = str(error).splitlines()[-1]
                rounds[case].clear()
    lines = [_shown(case, rounds[case]) if rounds[case] else failed(case.name, faults[case]) for case in cases]
    return rounds, lines


def _run(bench: Bench, case: Case) -> Figures:
    messages = bench.plan.size(case.messages, least=2 * case.in_flight)
    return _ours(bench, case, messages) if case.who in OURS else _theirs(bench, case, messages)


def _ours(bench: Bench, case: Case, messages: int) -> Figures:
    with bench.crowds.database(case.who, messages) as database:
        bench.server.reset(delay_s=DELAY_S if case.is_delayed else (0.0, 0.0))
        given = {
            "url": bench.server.url,
            "database": database,
            "in_flight": case.in_flight,
            "per_s": UNPACED_PER_S,
            "messages": messages,
        }
        figures = run_alone("bench.ours", given)
        # One article to warm up and the measured one, each to everybody.
        _expect_all(bench, copies=2, readers=messages)
        return figures


def _theirs(bench: Bench, case: Case, messages: int) -> Figures:
    bench.server.reset(delay_s=DELAY_S if case.is_delayed else (0.0, 0.0))
    warm_up = max(messages // 10, 2 * case.in_flight)
    given = {"client": case.who, "url": bench.server.url, "in_flight": case.in_flight}
    figures = run_alone("bench.theirs", {**given, "messages": messages, "warm_up": warm_up})
    if case.who != "sockets":
        _expect_all(bench, copies=1, readers=messages + warm_up)
    return figures


def _expect_all(bench: Bench, *, copies: int, readers: int) -> None:
    """Raises CaseError when the server did not see everybody get theirs, once each."""
    chats = bench.server.tell().chats
    if len(chats) != copies * readers or len(set(chats)) != readers:
        raise CaseError(f"{len(chats)} messages to {len(set(chats))} chats, not {copies} to each of {readers}")


def _shown(case: Case, rounds: Sequence[Figures]) -> Line:
    per_s, cpu_ms = [one["per_s"] for one in rounds], [one["cpu_ms"] for one in rounds]
    measured = f"{shown(middle(rounds, 'per_s'), '/s')}, {shown(middle(rounds, 'cpu_ms'), 'ms')}"
    what = f"{case.name}{', delayed' if case.is_delayed else ''}"
    return beside(what, measured, {"per_s": per_s, "cpu_ms": cpu_ms})


def _per_s(rounds: Rounds, who: str, in_flight: int, *, is_delayed: bool = False) -> float:
    """The median rate; 0 where there is none."""
    found = rounds.get(Case(who, in_flight, is_delayed=is_delayed), ())
    return middle(found, "per_s") if found else 0.0


def _ratio(what: str, ours: float, theirs: float, bound: float) -> list[Line]:
    """Nothing is said beside a figure that is missing: its own line says why."""
    return [at_least(what, ours / theirs, bound, unit="×")] if ours and theirs else []
