"""Which methods and parameters exist, and what shape they have: checked before anything is done.

`botapi.json` is taken out of the Bot API's public documentation (core.telegram.org/bots/api): the methods that the
stand-in knows and the types they reach. The real server ignores parameters it does not know; this one refuses them,
because a misspelt parameter is a bug of the bot that nobody would notice otherwise.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.arguments import Arguments, Json, Upload, as_object
from sandbox.errors import RefusalError, bad_request

# Returns the value in its own type (a form sends "5" for 5) or raises RefusalError, naming it by `where`.
Check = Callable[[object, str], object]

_SURROGATE = re.compile("[\ud800-\udfff]")
_EMPTY_WORDS = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "message_id": "message identifier is not specified",
}
_WRONG_VALUE = {
    "emoji": "REACTION_INVALID",
    "style": "BUTTON_STYLE_INVALID",
    "action": "wrong parameter action in request",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of a method or an object; filled once, when the specification is read."""

    name: str
    word: str
    checks: dict[str, Check]
    required: frozenset[str]
    values: dict[str, frozenset[str]]

    def check(self, given: Mapping[str, object]) -> Json:
        checked: Json = {}
        for field, value in given.items():
            check = self.checks.get(field)
            if check is None:
                raise bad_request(f'unknown {self.word} "{field}" of {self.name}')
            if value is None:
                continue
            where = f'{self.word} "{field}" of {self.name}'
            checked[field] = check(value, where)
            if field in self.values and checked[field] not in self.values[field]:
                raise bad_request(_WRONG_VALUE.get(field, f'{where} can\'t be "{checked[field]}"'))
        if not self.required <= checked.keys():
            missing = min(self.required - checked.keys())
            raise bad_request(_EMPTY_WORDS.get(missing, f'{self.word} "{missing}" of {self.name} is required'))
        return checked


def _integer(value: object, where: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lstrip("-").isascii() and value.lstrip("-").isdigit():
        return int(value)
    raise bad_request(f"{where} must be an integer")


def _number(value: object, where: str) -> float:
    if isinstance(value, float):
        return value
    return _integer(value, where)


def _boolean(value: object, where: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise bad_request(f"{where} must be a boolean")


def _string(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise bad_request(f"{where} must be a string")
    if _SURROGATE.search(value):
        raise bad_request("strings must be encoded in UTF-8")
    return value


def _input_file(value: object, where: str) -> Upload:
    if isinstance(value, Upload):
        return value
    raise bad_request(f"{where} must be a file")


_PLAIN: dict[str, Check] = {
    "Integer": _integer,
    "Float": _number,
    "Boolean": _boolean,
    "String": _string,
    "InputFile": _input_file,
}


def _decoded(value: object, where: str) -> object:
    """A form sends objects and lists as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise bad_request(f"can't parse {where} as JSON") from error


class Specification:
    """The methods by their lower-case name (the Bot API takes any case)."""

    def __init__(self, document: Mapping[str, object]) -> None:
        self._kinds = as_object(document["types"])
        self._shapes: dict[str, Shape] = {}
        methods = as_object(document["methods"])
        self._methods = {name.lower(): self._shape(name, as_object(methods[name]), "parameter") for name in methods}

    def name_of(self, method: str) -> str:
        """The method in its own spelling. Raises RefusalError when there is none."""
        return self._method(method).name

    def check(self, method: str, parameters: Mapping[str, object]) -> Arguments:
        """The parameters in their own types. Raises RefusalError for what is unknown, missing or of another type."""
        return Arguments(self._method(method).check(parameters))

    def _method(self, method: str) -> Shape:
        shape = self._methods.get(method.lower())
        if shape is None:
            raise RefusalError(404, "Not Found: method not found")
        return shape

    def _shape(self, name: str, declared: Json, word: str) -> Shape:
        required = as_object(declared.get("required", {}))
        optional = as_object(declared.get("optional", {}))
        values = as_object(declared.get("values", {}))
        shape = Shape(
            name,
            word,
            {},
            frozenset(required),
            {field: frozenset(known) for field, known in values.items() if isinstance(known, list)},
        )
        self._shapes[name] = shape  # before its fields: types may contain themselves
        shape.checks.update({field: self._check(str(kind)) for field, kind in {**required, **optional}.items()})
        return shape

    def _check(self, kind: str) -> Check:
        if kind in _PLAIN:
            return _PLAIN[kind]
        if " | " in kind:
            return self._any_of([self._check(part) for part in kind.split(" | ")])
        if kind.startswith("Array of "):
            return self._list_of(self._check(kind.removeprefix("Array of ")))
        declared = as_object(self._kinds[kind])
        if "one_of" in declared:
            return self._one_of({tag: str(name) for tag, name in as_object(declared["one_of"]).items()})
        return self._object(kind, declared)

    def _object(self, kind: str, declared: Json) -> Check:
        shape = self._shapes.get(kind) or self._shape(kind, declared, "field")

        def check(value: object, where: str) -> object:
            decoded = _decoded(value, where)
            if not isinstance(decoded, dict):
                raise bad_request(f"object expected as {where}")
            return shape.check(decoded)

        return check

    def _one_of(self, kinds: dict[str, str]) -> Check:
        checks = {tag: self._check(kind) for tag, kind in kinds.items()}

        def check(value: object, where: str) -> object:
            decoded = _decoded(value, where)
            tag = decoded.get("type") if isinstance(decoded, dict) else None
            if not isinstance(tag, str) or tag not in checks:
                raise bad_request(f"unsupported type of {where} specified")
            return checks[tag](decoded, where)

        return check

    @staticmethod
    def _list_of(item_check: Check) -> Check:
        def check(value: object, where: str) -> object:
            decoded = _decoded(value, where)
            if not isinstance(decoded, list):
                raise bad_request(f"list expected as {where}")
            return [item_check(item, where) for item in decoded]

        return check

    @staticmethod
    def _any_of(checks: list[Check]) -> Check:
        def check(value: object, where: str) -> object:
            refusals: list[RefusalError] = []
            for one in checks:
                try:
                    return one(value, where)
                except RefusalError as refusal:
                    refusals.append(refusal)
            raise refusals[0]

        return check


def read_specification() -> Specification:
    document = json.loads(Path(__file__).with_name("botapi.json").read_text(encoding="utf-8"))
    return Specification(as_object(document))
