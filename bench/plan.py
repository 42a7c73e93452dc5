"""How much is measured: the sizes of a real run, and small ones that only show that everything works."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.crowds import Crowds
from bench.processes import Server
from bench.table import Line


@dataclass(frozen=True, slots=True)
class Plan:
    """`scale` divides every count of messages and people; at 1 the figures mean something."""

    rounds: int
    scale: int = 1
    publish_to: int = 1_000_000

    def size(self, full: int, *, least: int = 20) -> int:
        return max(full // self.scale, least)

    def seconds(self, full: float) -> float:
        return full if self.scale == 1 else min(full, 2.0)


QUICK = Plan(rounds=1, scale=100, publish_to=2_000)


@dataclass(frozen=True, slots=True)
class Bench:
    """What a measure is given."""

    plan: Plan
    server: Server
    crowds: Crowds
    tell: Callable[[str], None]
    """Says what is going on; a whole run takes half an hour."""


Measure = Callable[[Bench], Sequence[Line]]
