"""What stands in deploy/ fits the program: its commands, its settings, its secrets, the files it copies."""

import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest

from bot.settings import load_settings
from main import cli
from tests.house.compose_file import Node, read_compose

DEPLOY = Path("deploy").resolve()
ROOT = DEPLOY.parent
COMPOSE = ("compose.yaml", "compose.scale.yaml")
UNITS = ("dauys.service", "dauys-bot@.service", "dauys-worker@.service")
SECRETS = {"telegram_token": "42:secret", "database_url": "postgresql://dauys:pass@postgres/dauys"}
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


def expect_command(arguments: Sequence[str]) -> None:
    """Raises click's own error for a command or an option that main.py does not have."""
    context = click.Context(cli)
    _, rest, _ = cli.make_parser(context).parse_args(list(arguments))
    name, command, rest = cli.resolve_command(context, rest)
    assert command is not None
    command.make_context(name, rest, parent=context)


def table(node: Node) -> dict[str, Node]:
    assert isinstance(node, dict), node
    return node


def texts(node: Node) -> list[str]:
    assert isinstance(node, list), node
    return [str(item) for item in node]


def our_services(compose: str) -> Iterator[tuple[str, dict[str, Node]]]:
    for name, service in table(read_compose(DEPLOY / compose)["services"]).items():
        if table(service)["image"] == "dauys":
            yield name, table(service)


def expect_settings(environment: dict[str, str], secrets: Sequence[str], folder: Path) -> str:
    """The variables and secret files set what they look like; returns the database that comes of them."""
    (folder / "secrets").mkdir(exist_ok=True)
    for name in secrets:
        (folder / "secrets" / name).write_text(SECRETS[name], encoding="utf-8")
    config = folder / "config.toml"
    example = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    config.write_text(example.replace("chat_id = 0", "chat_id = -100123"), encoding="utf-8")
    settings = load_settings(config, environment, secrets_directory=folder / "secrets")
    assert settings.telegram.read_token() == SECRETS["telegram_token"]
    return settings.database.read_url()


def image_environment() -> dict[str, str]:
    (line,) = re.findall(r"^ENV (.*DAUYS.*)$", DOCKERFILE, re.MULTILINE)
    return dict(pair.split("=", 1) for pair in shlex.split(line))


@pytest.mark.parametrize("compose", COMPOSE)
def test_a_composed_service_runs_a_command_that_there_is(compose: str) -> None:
    commands = {name: texts(service["command"]) for name, service in our_services(compose)}
    assert commands
    for command in commands.values():
        expect_command(command)


@pytest.mark.parametrize(
    ("compose", "database"), [("compose.yaml", "sqlite:////data/dauys.db"), ("compose.scale.yaml", "")]
)
def test_a_composed_service_sets_settings_that_there_are(compose: str, database: str, tmp_path: Path) -> None:
    for name, service in our_services(compose):
        folder = tmp_path / name
        folder.mkdir()
        environment = {key: str(value) for key, value in table(service["environment"]).items()}
        url = expect_settings({**image_environment(), **environment}, texts(service["secrets"]), folder)
        assert url == (database or SECRETS["database_url"])


@pytest.mark.parametrize("compose", COMPOSE)
def test_what_a_service_names_is_declared_and_it_can_write_nothing_but_its_data(compose: str) -> None:
    file = read_compose(DEPLOY / compose)
    for name, service in table(file["services"]).items():
        here = table(service)
        assert set(texts(here.get("secrets", []))) <= set(table(file["secrets"])), name
        for volume in texts(here.get("volumes", [])):
            assert volume.partition(":")[0] in table(file["volumes"]), name
        assert set(table(here.get("depends_on", {}))) <= set(table(file["services"])), name
    for name, service in our_services(compose):
        assert (service["read_only"], service["cap_drop"]) == ("true", ["ALL"]), name
        build = table(service["build"])
        assert (DEPLOY / str(build["context"]) / str(build["dockerfile"])).is_file()
        (config,) = service["configs"] if isinstance(service["configs"], list) else []
        assert table(config)["target"] == "/app/config.toml"


def test_the_image_copies_what_there_is_and_all_that_is_imported() -> None:
    sources = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    names = {name for line in sources for name in line.split()}
    assert all((ROOT / name).exists() for name in names)
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert packages | {"main.py", "pyproject.toml", "uv.lock"} == names
    let_in = re.findall(r"^!(\S+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(let_in) == names


def test_the_image_runs_as_somebody_who_is_nobody_on_a_python_that_will_do() -> None:
    assert re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE) == ["10110"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = set(re.findall(r"^FROM python:(\S+?)-", DOCKERFILE, re.MULTILINE))
    assert project["requires-python"] == f">={versions.pop()}"
    assert not versions


def unit(name: str) -> dict[str, list[str]]:
    """Each key of a unit with all that it is set to."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / "systemd" / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_runs_a_command_that_there_is(name: str) -> None:
    (line,) = unit(name)["ExecStart"]
    python, main, *arguments = shlex.split(line)
    assert (python, main) == ("/opt/dauys/.venv/bin/python", "/opt/dauys/main.py")
    expect_command(arguments)


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_sets_settings_that_there_are(name: str, tmp_path: Path) -> None:
    environment = dict(pair.split("=", 1) for line in unit(name)["Environment"] for pair in line.split())
    secrets = [credential.partition(":")[0] for credential in unit(name)["LoadCredential"]]
    url = expect_settings(environment, secrets, tmp_path)
    on_sqlite = f"sqlite:////var/lib/{''.join(unit(name).get('StateDirectory', []))}/dauys.db"
    assert url == (SECRETS["database_url"] if "database_url" in secrets else on_sqlite)


def test_the_units_are_hardened_alike_and_start_again() -> None:
    own = {"Description", "Documentation", "After", "ExecStart", "StateDirectory", "WorkingDirectory", "Environment"}
    own |= {"EnvironmentFile", "LoadCredential"}
    first, *others = [{key: value for key, value in unit(name).items() if key not in own} for name in UNITS]
    assert others == [first, first]
    assert (first["Restart"], first["NoNewPrivileges"], first["ProtectSystem"]) == (["always"], ["yes"], ["strict"])


def test_nginx_passes_on_what_the_example_config_says() -> None:
    nginx = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    example = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    (url,) = re.findall(r'^#webhook_url = "https://([^/]+)(/\S*)"$', example, re.MULTILINE)
    (listen,) = re.findall(r'^webhook_listen = "(\S+)"$', example, re.MULTILINE)
    assert f"server_name {url[0]};" in nginx
    assert f"location = {url[1]} {{" in nginx
    assert f"server {listen};" in nginx
    assert "client_max_body_size 1m;" in nginx


@pytest.mark.parametrize("wrong", [["fly"], ["run", "--fast"], ["--roles", "x", "run"]])
def test_a_command_that_there_is_not_would_be_found(wrong: list[str]) -> None:
    with pytest.raises(click.UsageError):
        expect_command(wrong)


@pytest.mark.parametrize("text", ["a: 'b'", "a: b # c", "a: *b", "- a: b\n   c: d", "a:\n    b: c\n  d: e", "?"])
def test_what_is_not_understood_of_a_file_is_an_error(text: str, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the words
        read_compose(file)
