"""The site that the tests bring up is a whole WordPress, for this machine alone, and goes when the tests go."""

import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.support import wordpress as site
from tests.support.wordpress import WordPress, running_wordpress


async def test_posts_have_addresses_made_of_titles_and_their_pages_open(wordpress: WordPress) -> None:
    post = wordpress.publish("Новый мост", "<p>Мост открыт.</p>")
    async with aiohttp.ClientSession() as session, session.get(post.url) as page:
        assert page.status == 200
        assert "Мост открыт." in await page.text()


def test_a_mistake_in_php_is_told_in_its_own_words(wordpress: WordPress) -> None:
    with pytest.raises(ChildProcessError, match="no_such_function"):
        wordpress.eval("no_such_function();")


def test_values_are_data_however_they_look(wordpress: WordPress) -> None:
    words = "'); exit(1); // \\ \" ${x} ә 🚸"
    assert wordpress.eval("echo $given['words'];", words=words) == words


def test_only_this_machine_can_connect(wordpress: WordPress) -> None:
    port = urlsplit(wordpress.url).port
    assert port is not None
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.2", port)):
        pass


def test_without_wordpress_the_tests_are_told_what_to_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(site, "SITE", tmp_path)
    with pytest.raises(LookupError, match=r"packages\.sh"), running_wordpress():
        pass


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda way: way.name)
def test_nothing_stays_when_the_tests_are_ended_by(way: signal.Signals) -> None:
    script = (
        "import sys\n"
        "from urllib.parse import urlsplit\n"
        "from tests.support.wordpress import running_wordpress\n"
        "with running_wordpress() as site:\n"
        "    print(site.variables['WP_RUN'], urlsplit(site.url).port, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(  # noqa: S603 -- this Python and the script above
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as tests:
        assert tests.stdout is not None
        assert tests.stderr is not None
        run, port = tests.stdout.readline().split()
        assert (Path(run) / "mariadb.sock").exists()
        tests.send_signal(way)
        tests.stderr.read()  # inherited by the servers' guard: its end comes when the guard is done
    assert not Path(run).exists()
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", int(port))):
        pass
