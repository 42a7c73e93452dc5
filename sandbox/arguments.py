"""A call's parameters, once `sandbox.spec` has found them well typed, taken out by name and type.

A wrong type here is a fault of the stand-in itself and raises TypeError.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with the request; what it contains is nobody's business here."""

    name: str
    size: int


def as_object(value: object) -> Json:
    if not isinstance(value, dict):
        raise TypeError(f"an object expected, not {type(value).__name__}")
    return value


def as_objects(value: object) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError(f"a list expected, not {type(value).__name__}")
    return [as_object(item) for item in value]


@dataclass(frozen=True, slots=True)
class Arguments:
    """Read-only access to checked parameters; what was left out is None, "", False or 0."""

    values: Mapping[str, object]

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def maybe_integer(self, name: str) -> int | None:
        value = self.values.get(name)
        if value is None or isinstance(value, int):
            return value
        raise TypeError(f"{name} is no integer")

    def integer(self, name: str) -> int:
        return self.maybe_integer(name) or 0

    def maybe_text(self, name: str) -> str | None:
        value = self.values.get(name)
        if value is None or isinstance(value, str):
            return value
        raise TypeError(f"{name} is no text")

    def text(self, name: str) -> str:
        return self.maybe_text(name) or ""

    def flag(self, name: str) -> bool:
        return self.values.get(name) is True

    def maybe_object(self, name: str) -> Json | None:
        value = self.values.get(name)
        return None if value is None else as_object(value)

    def objects(self, name: str) -> list[Json]:
        value = self.values.get(name)
        return [] if value is None else as_objects(value)

    def integers(self, name: str) -> list[int]:
        value = self.values.get(name)
        return [item for item in value if isinstance(item, int)] if isinstance(value, list) else []

    def texts(self, name: str) -> list[str]:
        value = self.values.get(name)
        return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
