"""config.example.toml says what the settings classes say: the same keys, the same defaults, a comment for each."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import get_args

import pytest
from pydantic import BaseModel, SecretStr

from bot.settings import Settings, load_settings

EXAMPLE = Path("config.example.toml").resolve()
# What has no default, and what stands there instead; each says FILL IN or shows what a source looks like.
EXAMPLES = {"telegram.token": "", "desk.chat_id": 0, "sources.name": "Жаңалықтар", "sources.language": "kk"}
OFF = re.compile(r"^#(?=[a-z_]+ = |\[)", re.MULTILINE)


def everything_on() -> dict[str, object]:
    return tomllib.loads(OFF.sub("", EXAMPLE.read_text(encoding="utf-8")))


def keys(tables: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Each setting's key, without indices, and its value; the texts of one sentence are one setting."""
    match tables:
        case dict() if not set(tables) <= {"kk", "ru", "en"}:
            for name, value in tables.items():
                yield from keys(value, f"{path}.{name}".removeprefix("."))
        case [dict(), *_]:
            for each in tables:
                yield from keys(each, path)
        case _:
            yield path, tables


def declared(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, object]]:
    """Each setting's key and default in the classes."""
    for name, field in model.model_fields.items():
        key = f"{path}.{name}".removeprefix(".")
        inner = next(models(field.annotation), None)
        if inner is not None and set(inner.model_fields) != {"kk", "ru", "en"}:
            yield from declared(inner, key)
        else:
            yield key, None if field.is_required() else field.default


def models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif not isinstance(annotation, UnionType):
        for argument in get_args(annotation):
            yield from models(argument)


def test_the_example_has_every_setting_and_no_other() -> None:
    assert sorted(key for key, _ in keys(everything_on())) == sorted(key for key, _ in declared(Settings))


def test_the_example_shows_the_defaults() -> None:
    shown = dict(keys(everything_on()))
    hotline = Settings.model_fields["hotline"].default.numbers[0]
    for key, default in declared(Settings):
        match default:
            case None:
                continue
            case SecretStr():
                assert shown[key] == default.get_secret_value()
            case BaseModel() if not key.startswith("hotline"):
                assert shown[key] == default.model_dump()
            case tuple():
                assert shown[key] == list(default)
            case _ if not key.startswith("hotline"):
                assert shown[key] == getattr(default, "key", default)
    assert everything_on()["hotline"] == {"numbers": [hotline.model_dump()]}
    assert {key: shown[key] for key in EXAMPLES} == EXAMPLES


def test_every_setting_in_the_example_has_a_comment_above_it() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    settings = [place for place, line in enumerate(lines) if re.match(r"#?[a-z_]+ = ", line)]
    assert [lines[place] for place in settings if not lines[place - 1].startswith("# ")] == []


def test_the_example_works_once_it_is_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "texts").mkdir()  # the folder that the example names must be there
    text = EXAMPLE.read_text(encoding="utf-8").replace('token = ""', 'token = "110:sandbox"')
    text = text.replace("chat_id = 0", "chat_id = -100123")
    config = tmp_path / "config.toml"
    config.write_text(text, encoding="utf-8")
    assert load_settings(config, {}, secrets_directory=tmp_path).sources == ()
    on = OFF.sub("", text).replace('token_file = "/run/secrets/telegram_token"', "")
    config.write_text(on, encoding="utf-8")
    assert load_settings(config, {}, secrets_directory=tmp_path).sources[0].poll_every_s == 300
