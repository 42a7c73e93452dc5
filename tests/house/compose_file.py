"""Reads as much of YAML as deploy/ uses, without a library for it: tables and lists by indentation, JSON values, `<<`.

Whatever it does not know is an error, so that nothing of a file is passed over.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Node = dict[str, "Node"] | list["Node"] | str

_KEY = re.compile(r"(?P<key><<|[\w.-]+):(?: (?P<value>.*))?")


@dataclass(frozen=True, slots=True)
class _Line:
    indent: int
    text: str


def read_compose(path: Path) -> dict[str, Node]:
    """Raises ValueError for what it does not understand."""
    lines = list(_lines(path))
    anchors: dict[str, Node] = {}
    node = _block(lines, 0, anchors)
    if lines or not isinstance(node, dict):
        raise ValueError(f"{path}: {lines[0] if lines else 'no table'}")
    return node


def _lines(path: Path) -> Iterator[_Line]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield _Line(len(line) - len(line.lstrip()), line.strip())


def _block(lines: list[_Line], indent: int, anchors: dict[str, Node]) -> Node:
    """Takes the lines of one table or list off `lines`."""
    if lines and lines[0].text.startswith("- "):
        return list(_items(lines, indent, anchors))
    table: dict[str, Node] = {}
    while lines and lines[0].indent == indent:
        found = _KEY.fullmatch(lines.pop(0).text)
        if found is None:
            raise ValueError("neither key nor value")
        key, value = found["key"], found["value"] or ""
        if key == "<<":
            merged = anchors[value.removeprefix("*")]
            if not isinstance(merged, dict):
                raise ValueError(f"{value} is no table")
            table = {**merged, **table}
        else:
            table[key] = _value(value, lines, indent, anchors)
    return table


def _items(lines: list[_Line], indent: int, anchors: dict[str, Node]) -> Iterator[Node]:
    while lines and lines[0].indent == indent and lines[0].text.startswith("- "):
        first = lines[0].text.removeprefix("- ")
        if _KEY.fullmatch(first):
            lines[0] = _Line(indent + 2, first)
            yield _block(lines, indent + 2, anchors)
        else:
            lines.pop(0)
            yield _value(first, lines, indent, anchors)


def _value(value: str, lines: list[_Line], indent: int, anchors: dict[str, Node]) -> Node:
    anchor = value.removeprefix("&") if value.startswith("&") else ""
    if value and not anchor:
        return _scalar(value)
    below = lines[0].indent if lines else 0
    node = _block(lines, below, anchors) if below > indent else ""
    if anchor:
        anchors[anchor] = node
    return node


def _scalar(value: str) -> Node:
    if value.startswith(('"', "[", "{")):
        parsed = json.loads(value)
        return [str(item) for item in parsed] if isinstance(parsed, list) else str(parsed)
    if value[0] in "*&!|>'%@`" or " #" in value or ": " in value:
        raise ValueError(f"{value!r} is more YAML than this reads")
    return value
