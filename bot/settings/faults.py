"""How a broken rule is told: the library's errors as problems that name the key, the value's fault and the fix.

Values of secret keys are never shown, and what is shown passes the redactor.
"""

import difflib
import json
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.redaction import Redactor
from bot.settings.problems import Problem
from bot.settings.sections import DISAGREEMENT, Settings

KeyPath = tuple[str | int, ...]

_SECRET_KEYS = frozenset({"telegram.token", "database.url"})
_LONGEST_SHOWN = 60
_LANGUAGE_NAMES = {"kk": "Kazakh", "ru": "Russian", "en": "English"}
_OFTEN_MEANT = {
    "kz": "kk",
    "kaz": "kk",
    "qaz": "kk",
    "kk-kz": "kk",
    "rus": "ru",
    "ru-ru": "ru",
    "eng": "en",
    "gb": "en",
}
_MISSING_FIXES = {
    "telegram": 'add [telegram] with token = "…", or set the environment variable TELEGRAM_BOT_TOKEN',
    "desk": "add [desk] with chat_id = -100…, the id of the desk's group",
    "desk.chat_id": "add chat_id = -100…, the id of the desk's group, to [desk]",
    "sources.language": 'add language = "kk", "ru", "en" or "auto" to this source',
}
_KINDS = {
    "int": "a whole number",
    "string": "a text in quotes",
    "tuple": "a list",
    "list": "a list",
    "model": "a table of settings",
    "path": "a path in quotes",
}


def describe(
    error: ValidationError, *, place_of: Callable[[KeyPath], str], secrets: Collection[str]
) -> Iterator[Problem]:
    """One problem for each fault in `error`, with the place that said the value."""
    known_secrets, any_secret = Redactor(secrets), Redactor()
    for details in error.errors(include_url=False):
        for problem, path in _problems(details, known_secrets):
            key, fault, fix = (any_secret.redact(words) for words in (problem.key, problem.fault, problem.fix))
            yield Problem(key, fault, fix, place_of(path))


def suggest(name: str, known: Iterable[str]) -> str | None:
    """The known name to write, when `name` is nearly one of `known`."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"write {close[0]}" if close else None


def _problems(details: ErrorDetails, redactor: Redactor) -> Iterator[tuple[Problem, KeyPath]]:
    context: dict[str, Any] = details.get("ctx", {})
    path = details["loc"]
    if details["type"] == DISAGREEMENT:
        for problem in context["problems"]:
            yield problem, _parsed(problem.key)
    else:
        fault, fix = _fault_and_fix(details, context, redactor)
        yield Problem(_key(path), fault, fix), path


def _fault_and_fix(details: ErrorDetails, context: dict[str, Any], redactor: Redactor) -> tuple[str, str]:
    path = details["loc"]
    match details["type"]:
        case "dauys":
            return context["fault"], context["fix"]
        case "missing":
            return "is missing", _MISSING_FIXES.get(_pattern(path), f"add {path[-1]} = …")
        case "extra_forbidden":
            known = _keys_beside(path)
            return "is not a setting", suggest(str(path[-1]), known) or f"remove it; known here: {', '.join(known)}"
        case "string_too_short" | "too_short":
            return "is empty", "give it at least one"
        case "string_too_long":
            return f"is longer than {context['max_length']} characters", "make it shorter"
        case _:
            shown = redactor.redact(_shown(details["input"], _pattern(path)))
            return _fault_of_value(shown, details, context)


def _fault_of_value(shown: str, details: ErrorDetails, context: dict[str, Any]) -> tuple[str, str]:
    match details["type"]:
        case "literal_error":
            choices = str(context["expected"]).replace("'", "").replace(" or ", ", ")
            return f"{shown} is not one of {choices}", _choice_fix(details["input"], choices.split(", "))
        case "zoneinfo_str":
            return f"{shown} is not a time zone", 'use a name of the tz database, like "Asia/Almaty"'
        case "greater_than_equal":
            return f"{shown} is below {context['ge']}", f"use {context['ge']} or more"
        case "less_than_equal":
            return f"{shown} is above {context['le']}", f"use {context['le']} or less"
        case kind:
            return _wrong_kind(kind, shown, details["msg"])


def _wrong_kind(kind: str, shown: str, message: str) -> tuple[str, str]:
    wanted = _KINDS.get(kind.partition("_")[0])
    if wanted is None:
        return f"{shown}: {message[:1].lower()}{message[1:]}", "see config.example.toml"
    hint = "; in a variable that is JSON" if wanted in ("a list", "a table of settings") else ""
    return f"{shown} is not {wanted}", f"write {wanted}{hint}"


def _choice_fix(given: object, choices: list[str]) -> str:
    text = str(given).strip().lower()
    meant = _OFTEN_MEANT.get(text, text)
    if meant in choices and meant in _LANGUAGE_NAMES:
        return f'use "{meant}" for {_LANGUAGE_NAMES[meant]}'
    close = difflib.get_close_matches(text, choices, n=1)
    return f'use "{close[0]}"' if close else f"use {' or '.join(choices)}"


def _shown(value: object, key: str) -> str:
    """The value as its file has it; tables and secrets by a word, because a table may hold a secret."""
    if key in _SECRET_KEYS:
        return "the value"
    if isinstance(value, str | int | float | bool):
        text = json.dumps(value, ensure_ascii=False)
        return text if len(text) <= _LONGEST_SHOWN else "the value"
    return "the value"


def _key(path: KeyPath) -> str:
    """`sources[0].language`"""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def _pattern(path: KeyPath) -> str:
    """`sources.language`"""
    return ".".join(step for step in path if isinstance(step, str))


def _parsed(key: str) -> KeyPath:
    steps = key.replace("[", ".").replace("]", "").split(".")
    return tuple(int(step) if step.isdigit() else step for step in steps)


def _keys_beside(path: KeyPath) -> list[str]:
    """The settings that exist in the table of `path`."""
    here: type[BaseModel] = Settings
    for step in path[:-1]:
        if isinstance(step, str):
            here = next(_models(here.model_fields[step].annotation))
    return list(here.model_fields)


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
