"""Each contract about who may import whom is broken once on purpose, in a copy of the tree, and must say so."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LINTER = PROJECT["tool"]["importlinter"]
CONTRACTS: dict[str, str] = {contract["id"]: contract["name"] for contract in LINTER["contracts"]}

OFFENCES = [
    pytest.param("house", {"db/stray.py": "import bot.logic.rich"}, id="db asks bot"),
    pytest.param("house", {"bot/services/stray.py": "import handlers"}, id="bot asks handlers"),
    pytest.param("main", {"bot/services/stray.py": "import main"}, id="bot asks main"),
    pytest.param("main", {"handlers/stray.py": "import sandbox.text"}, id="a handler asks the sandbox"),
    pytest.param("bot", {"bot/stray.py": ""}, id="a module without a place"),
    pytest.param("bot", {"bot/context.py": "import bot.intake"}, id="the context asks intake"),
    pytest.param("bot", {"bot/logic/stray.py": "import bot.services"}, id="logic asks services"),
    pytest.param("bot", {"bot/services/stray.py": "import bot.delivery"}, id="services ask delivery"),
    pytest.param("bot", {"bot/sources/stray.py": "import bot.delivery"}, id="sources ask delivery"),
    pytest.param("bot", {"bot/settings/stray.py": "import bot.logic"}, id="settings ask logic"),
    pytest.param("features", {"handlers/one.py": "import handlers.two", "handlers/two.py": ""}, id="features"),
    pytest.param("pure", {"bot/logic/stray.py": "import asyncio"}, id="logic waits"),
    pytest.param("pure", {"bot/logic/stray.py": "from telegram import Bot"}, id="logic knows Telegram"),
    pytest.param(
        "pure",
        {"bot/logic/stray.py": "import bot.redaction", "bot/redaction.py": "import random"},
        id="chance at a distance",
    ),
    pytest.param("effects", {"bot/logic/stray.py": "from pathlib import Path"}, id="logic reads files"),
    pytest.param("sql", {"bot/services/stray.py": "import sqlalchemy as sa"}, id="a service speaks SQL"),
    pytest.param("sql", {"handlers/stray.py": "import sqlite3"}, id="a handler opens SQLite"),
    pytest.param("db", {"db/stray.py": "import telegram.error"}, id="db knows Telegram"),
    pytest.param("sandbox", {"sandbox/stray.py": "import bot.logic.rich"}, id="the sandbox asks us"),
    pytest.param("sandbox", {"sandbox/stray.py": "import telegram"}, id="the sandbox asks PTB"),
    pytest.param(
        "cycles", {"sandbox/one.py": "import sandbox.two", "sandbox/two.py": "import sandbox.one"}, id="cycle"
    ),
]


def lint(tree: Path, contract: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 -- the linter of this environment, on a copy of this tree
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--contract", contract],
        cwd=tree,
        env=os.environ | {"COLUMNS": "200"},  # so that no name is broken over two lines
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The packages as they are, without what is no code."""
    for package in LINTER["root_packages"]:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=lambda _, names: [n for n in names if n == "__pycache__"]
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(("contract", "files"), OFFENCES)
def test_a_forbidden_import_is_named(tree: Path, contract: str, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tree / name).write_text(text + "\n", encoding="utf-8")
    told = lint(tree, contract)
    assert f"{CONTRACTS[contract]} BROKEN" in told.stdout, told.stdout + told.stderr
    assert told.returncode == 1


def test_every_contract_has_an_offence_above() -> None:
    assert {str(offence.values[0]) for offence in OFFENCES} == set(CONTRACTS)


def test_every_package_of_ours_is_under_the_contracts() -> None:
    packages = {init.parent.name for init in ROOT.glob("*/__init__.py")}
    assert packages - {"tests", "bench", "locales"} == set(LINTER["root_packages"])


def test_main_is_alone_on_top_and_does_not_speak_sql() -> None:
    """The linter reads packages only, and main.py is a module: so it is read here."""
    modules = sorted(ROOT.glob("*.py"))
    assert [module.name for module in modules] in ([], ["main.py"])
    for module in modules:
        assert not imported_by(module) & {"sqlalchemy", "alembic", "aiosqlite", "psycopg", "sqlite3", "tests"}


def imported_by(module: Path) -> set[str]:
    """The first parts of all names that a module imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=aliases):
                names |= {alias.name for alias in aliases}
            case ast.ImportFrom(module=str(name)):
                names.add(name)
    return {name.partition(".")[0] for name in names}
