"""What was measured beside what was wanted: the table a person reads and the JSON a program does."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median

MET = "met"
_CLOSE = frozenset({"%", "/s", "×", ""})
"""Units that stand close to their number."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `verdict` is "met", "NOT met: why", or empty where a figure only stands beside another."""

    what: str
    measured: str
    goal: str = ""
    verdict: str = ""
    figures: Mapping[str, float | Sequence[float]] = field(default_factory=dict)

    @property
    def is_missed(self) -> bool:
        return self.verdict not in ("", MET)


def at_least(what: str, value: float, bound: float, *, unit: str, figures: Mapping[str, float] | None = None) -> Line:
    short = 1 - value / bound
    verdict = MET if value >= bound else f"NOT met: {short:.0%} short"
    return Line(what, shown(value, unit), f"≥ {shown(bound, unit)}", verdict, figures or {"value": value})


def at_most(what: str, value: float, bound: float, *, unit: str, figures: Mapping[str, float] | None = None) -> Line:
    over = f"{value / bound - 1:.0%} over" if bound else shown(value, unit)
    verdict = MET if value <= bound else f"NOT met: {over}"
    return Line(what, shown(value, unit), f"≤ {shown(bound, unit)}", verdict, figures or {"value": value})


def beside(what: str, measured: str, figures: Mapping[str, float | Sequence[float]] | None = None) -> Line:
    """A line without a goal of its own."""
    return Line(what, measured, figures=figures or {})


def failed(what: str, why: str) -> Line:
    """A measure that came to no figure: never left out silently."""
    return Line(what, "—", verdict=f"NOT met: not measured: {why}")


def shown(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 100 or value == 0 else 1 if abs(value) >= 10 else 2  # noqa: PLR2004 - three figures are enough
    return f"{value:,.{digits}f}{'' if unit in _CLOSE else ' '}{unit}"


def middle(rounds: Iterable[Mapping[str, float]], name: str) -> float:
    """The median of that figure."""
    return median(one[name] for one in rounds)


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that so great a part of them does not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


def render(lines: Sequence[Line]) -> str:
    rows = [("", "measured", "goal", ""), *((line.what, line.measured, line.goal, line.verdict) for line in lines)]
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    return "\n".join(
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]}".rstrip() for row in rows
    )


def as_json(lines: Sequence[Line], machine: Mapping[str, object]) -> str:
    return json.dumps({"machine": machine, "lines": [asdict(line) for line in lines]}, ensure_ascii=False, indent=1)
