"""What is wrong with the settings, in one line for each: where, which key, its fault and the way to mend it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of one setting; `place` is the file or the variable that says so, empty when none is known."""

    key: str
    fault: str
    fix: str
    place: str = ""

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.place, self.key) if part)
        return f"{where}: {self.fault}. Fix: {self.fix}."


class SettingsError(Exception):
    """The settings cannot be used. Its text has one line for each problem and never a token or a password."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
