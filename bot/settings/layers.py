"""Where settings come from, the later above the earlier: config file, secret files, environment.

Reads files and the given environment; the rules of the values are in `sections`, their wording when broken in `faults`.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from bot.settings.faults import KeyPath, describe, suggest
from bot.settings.problems import Problem, SettingsError
from bot.settings.sections import Settings

DEFAULT_PATH = Path("config.toml")
SECRETS_DIRECTORY = Path("/run/secrets")

_PREFIX = "dauys_"
_TEST_PREFIX = "dauys_test_"  # settings of the test suite, which starts the bot with its own environment
_ALIASES = {
    "telegram_bot_token": "dauys_telegram__token",
    "telegram_token": "dauys_telegram__token",
    "database_url": "dauys_database__url",
}
_TOKEN_KEYS = ("token", "token_file")


@dataclass(frozen=True, slots=True)
class _Layer:
    """What one place says, as nested tables; `names` tells which variable or file said which key."""

    place: str
    tables: Mapping[str, object]
    names: Mapping[KeyPath, str] = field(default_factory=dict)

    def find_place(self, path: KeyPath) -> str | None:
        """Who said the key at `path`, or something above it; None when this layer is silent about it."""
        depth = _depth(self.tables, path)
        if depth < len(path):
            return None
        for length in range(len(path), 0, -1):
            if (name := self.names.get(path[:length])) is not None:
                return name
        return self.place


def load_settings(
    path: Path | None, environ: Mapping[str, str], *, secrets_directory: Path = SECRETS_DIRECTORY
) -> Settings:
    """Settings from `path` (config.toml when None, and then it may be missing), secret files and `environ`.

    Secret files are named like variables (`dauys_telegram__token`, `telegram_token`) and looked for in
    `secrets_directory` and in systemd's $CREDENTIALS_DIRECTORY. Raises `SettingsError` with every problem found.
    """
    problems: list[Problem] = []
    file = path or DEFAULT_PATH
    layers = [_Layer(str(file), _read_toml(file, problems, required=path is not None))]
    directories = (secrets_directory, *_credentials(environ))
    layers += [_from_variables(_secret_files(each, problems), "secret file", problems) for each in directories]
    environment = {name: _Variable(name, value) for name, value in environ.items()}
    layers.append(_from_variables(environment, "environment variable", problems))
    return _validate(layers, problems)


def _validate(layers: list[_Layer], problems: list[Problem]) -> Settings:
    merged: dict[str, object] = {}
    for layer in layers:
        merged = _laid_over(merged, layer.tables)
    settings = None
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        # A file that could not be read leaves everything missing: one line says more than ten.
        if not any(problem.place == layers[0].place for problem in problems):
            problems += describe(error, place_of=lambda path: _place_of(layers, path), secrets=_secrets_in(layers))
    if settings is None or problems:
        # Raised outside of `except`: the library's error holds the values, among them the token.
        raise SettingsError(tuple(problems))
    return settings


def _place_of(layers: list[_Layer], path: KeyPath) -> str:
    for layer in reversed(layers):
        if (place := layer.find_place(path)) is not None:
            return place
    return layers[0].place


def _depth(tables: object, path: KeyPath) -> int:
    """How far `path` leads into `tables`."""
    here = tables
    for depth, step in enumerate(path):
        match here, step:
            case Mapping(), str() if step in here:
                here = here[step]
            case list(), int() if step < len(here):
                here = here[step]
            case _:
                return depth
    return len(path)


def _laid_over(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    """`above` over `below`: tables are merged, everything else replaced."""
    if any(key in above for key in _TOKEN_KEYS):
        # They are one setting in two forms: whoever says one of them replaces what was said below.
        below = {key: value for key, value in below.items() if key not in _TOKEN_KEYS}
    merged = dict(below)
    for key, value in above.items():
        match merged.get(key), value:
            case (dict() as old, dict() as new):
                merged[key] = _laid_over(old, new)
            case _:
                merged[key] = value
    return merged


def _read_toml(path: Path, problems: list[Problem], *, required: bool) -> Mapping[str, object]:
    fix = "see config.example.toml"
    try:
        # utf-8-sig: an editor of Windows puts a mark in front that TOML does not know.
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        if not required:
            return {}
        fault, fix = "there is no such file", "copy config.example.toml to that path, or correct --config"
    except UnicodeDecodeError as error:
        fault, fix = f"is not UTF-8 (byte {error.start})", "save it in the encoding UTF-8"
    except tomllib.TOMLDecodeError as error:
        fault, fix = f"is not TOML: {error}", "mend that line; texts stand in quotes, see config.example.toml"
    except OSError as error:
        fault, fix = f"cannot be read: {error.strerror}", "let the bot's user read it"
    problems.append(Problem("", fault, fix, str(path)))
    return {}


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    value: str


class _VariableSource(EnvSettingsSource):
    """pydantic-settings' reading of variables, from a given mapping instead of the process's environment."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        super().__init__(Settings)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return dict(self._variables)

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: object) -> object:
        """The value's JSON; what is no JSON stays a text, for the setting's own rule to refuse with the others."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def _from_variables(variables: Mapping[str, _Variable], kind: str, problems: list[Problem]) -> _Layer:
    """One layer of variables; those that begin with DAUYS_ and set nothing are problems."""
    said = dict(_settings_variables(variables))
    for name in [name for name in said if _path(name)[0] not in Settings.model_fields]:
        unknown = said.pop(name)
        fix = suggest(_path(name)[0], Settings.model_fields) or "remove it, or see config.example.toml"
        problems.append(Problem("", "is not a setting", fix, f"{kind} {unknown.name}"))
    tables = _VariableSource({name: variable.value for name, variable in said.items()})()
    return _Layer(kind, tables, {_path(name): f"{kind} {variable.name}" for name, variable in said.items()})


def _settings_variables(variables: Mapping[str, _Variable]) -> Iterator[tuple[str, _Variable]]:
    """The variables that are ours, by their full lower-case name; an alias only where its own name is silent."""
    lowered = {name.lower(): variable for name, variable in variables.items() if variable.value.strip()}
    ours = {
        name: variable
        for name, variable in lowered.items()
        if name.startswith(_PREFIX) and not name.startswith(_TEST_PREFIX)
    }
    has_token = any(f"dauys_telegram__{key}" in ours for key in _TOKEN_KEYS)
    for alias, name in _ALIASES.items():
        if alias in lowered and not (has_token if name == "dauys_telegram__token" else name in ours):
            ours.setdefault(name, lowered[alias])
    yield from ours.items()


def _path(variable: str) -> tuple[str, ...]:
    return tuple(variable.removeprefix(_PREFIX).split("__"))


def _credentials(environ: Mapping[str, str]) -> tuple[Path, ...]:
    directory = environ.get("CREDENTIALS_DIRECTORY", "")
    return (Path(directory),) if directory else ()


def _secret_files(directory: Path, problems: list[Problem]) -> dict[str, _Variable]:
    """The files of `directory` that are named like our variables; others are not opened, they are not ours."""
    found: dict[str, _Variable] = {}
    try:
        paths = sorted(directory.iterdir())
    except OSError:  # no such directory, or not for us: nobody promised one
        return {}
    for path in paths:
        name = path.name.lower()
        if name.startswith(_PREFIX) or name in _ALIASES:
            try:
                found[name] = _Variable(str(path), path.read_text(encoding="utf-8").strip())
            except (OSError, UnicodeDecodeError):
                problems.append(
                    Problem("", "cannot be read as text", "let the bot's user read it", f"secret file {path}")
                )
    return found


def _secrets_in(layers: list[_Layer]) -> set[str]:
    """Everything in the layers that must not be repeated in a sentence about another key."""
    secrets = set()
    for layer in layers:
        for section, key in (("telegram", "token"), ("database", "url")):
            match layer.tables.get(section):
                case {**table} if isinstance(table.get(key), str):
                    secrets.add(str(table[key]))
    return secrets
