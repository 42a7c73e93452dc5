"""A real WordPress for tests, on loopback, brought up by the tests themselves; a pytest plugin.

Debian's PHP and MariaDB run as ordinary processes of a folder that goes away with them. The programs and WordPress's
files come from `tests/wordpress/packages.sh`; where they are missing the tests fail, they never skip.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.guard import guarded

ROOT = Path(__file__).parents[2]
HERE = ROOT / "tests" / "wordpress"
SITE = ROOT / "build" / "wordpress" / "site"
CATEGORIES = {"kaz": "Жаңалықтар", "rus": "Новости"}

START = """
mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$run/db" --skip-test-db --skip-name-resolve \
    --auth-root-authentication-method=normal || return 1
mariadbd --no-defaults --user="$(id -un)" --datadir="$run/db" --socket="$run/mariadb.sock" --skip-networking \
    --skip-log-bin --skip-name-resolve --performance-schema=OFF --innodb-flush-log-at-trx-commit=0 \
    --innodb-doublewrite=0 --innodb-buffer-pool-size=64M --innodb-fast-shutdown=2 &
left=300
until mariadb --no-defaults -uroot -S "$run/mariadb.sock" -e 'CREATE DATABASE wordpress CHARACTER SET utf8mb4'; do
    left=$((left - 1)); [ "$left" -gt 0 ] || return 1; sleep 0.1
done
php "$here/install.php" || return 1
PHP_CLI_SERVER_WORKERS=3 php -d display_errors=0 -d log_errors=1 -S 127.0.0.1:0 -t "$WP_SITE" "$here/router.php" &
left=100
until grep -q 'Development Server (http' "$run/log"; do
    left=$((left - 1)); [ "$left" -gt 0 ] || return 1; sleep 0.1
done
"""
# To the whole group: PHP's workers go on serving when only their parent is told to end.
STOP = """
trap '' TERM
kill -TERM 0
wait
"""


@dataclass(frozen=True, slots=True)
class Post:
    """A post as WordPress has it; `url` is empty of meaning while the post waits for its date."""

    id: int
    url: str


@dataclass(frozen=True, slots=True)
class WordPress:
    """A running site with the categories kaz (Kazakh) and rus (Russian)."""

    url: str
    variables: dict[str, str] = field(repr=False)

    def feed_url(self, category: str) -> str:
        """The address of a category's feed, as long as addresses are made of titles."""
        return f"{self.url}/category/{category}/feed/"

    def publish(
        self,
        title: str,
        html: str,
        *,
        category: str = "rus",
        password: str = "",
        excerpt: str = "",
        at: datetime | None = None,
    ) -> Post:
        """Publishes a post as an editor would, now or at a date; one in the future waits for it."""
        given = {
            "post_title": title,
            "post_content": html,
            "post_excerpt": excerpt,
            "post_password": password,
            "post_status": "publish",
        }
        if at is not None:
            given["post_date_gmt"] = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        code = """
            $post = $given['post'];
            $post['post_category'] = [get_category_by_slug($given['category'])->term_id];
            if (isset($post['post_date_gmt'])) { $post['post_date'] = get_date_from_gmt($post['post_date_gmt']); }
            $id = wp_insert_post(wp_slash($post), true);
            if (is_wp_error($id)) { throw new Exception($id->get_error_message()); }
            // the guid of what is written in the editor; wp_insert_post alone takes the address made of the title
            $wpdb->update($wpdb->posts, ['guid' => home_url("/?p=$id")], ['ID' => $id]);
            clean_post_cache($id);
            echo json_encode(['id' => $id, 'url' => get_permalink($id)]);
        """
        made = json.loads(self.eval(code, post=given, category=category))
        return Post(id=int(made["id"]), url=str(made["url"]))

    def edit(self, post_id: int, *, title: str | None = None, html: str | None = None) -> None:
        """Saves a changed title or text, or both; the date of publication stays."""
        changes = {"post_title": title, "post_content": html}
        code = "wp_update_post(wp_slash(['ID' => $given['id']] + $given['changes']));"
        self.eval(code, id=post_id, changes={key: value for key, value in changes.items() if value is not None})

    def trash(self, post_id: int) -> None:
        self.eval("wp_trash_post($given['id']);", id=post_id)

    def set_option(self, name: str, value: str) -> None:
        """Changes a setting, e.g. `rss_use_excerpt` to "1"; `empty` sets back the ones named there."""
        self.eval("update_option($given['name'], $given['value']);", name=name, value=value)

    def use_addresses(self, structure: str) -> None:
        """ "/%postname%/" makes addresses of titles, "" makes the plain ones (`/?p=5`), where no /feed/ is a feed."""
        self.set_option("permalink_structure", structure)
        self.eval("flush_rewrite_rules(false);")  # in a second process, which started with the new structure

    def empty(self) -> None:
        """Deletes every post and page, and sets back what tests change: addresses, excerpts in feeds, feed length."""
        self.eval(
            """
            foreach ($wpdb->get_col("SELECT ID FROM $wpdb->posts") as $id) { wp_delete_post($id, true); }
            update_option('rss_use_excerpt', 0);
            update_option('posts_per_rss', 10);
            """
        )
        self.use_addresses("/%postname%/")

    def eval(self, php: str, **given: object) -> str:
        """Runs PHP inside WordPress as its administrator and returns what it printed; the values are in `$given`.

        Raises ChildProcessError with PHP's own words when it fails.
        """
        code = """
            require getenv('WP_SITE') . '/wp-load.php';
            wp_set_current_user(1);
            $given = json_decode(stream_get_contents(STDIN), true, 512, JSON_THROW_ON_ERROR);
        """
        done = subprocess.run(  # noqa: S603 -- the code is the test's own; what varies goes in as JSON
            [find_program("php"), "-d", "display_errors=stderr", "-r", code + php],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            env=os.environ | self.variables,
            check=False,
        )
        if done.returncode:
            raise ChildProcessError(done.stderr)
        return done.stdout


@contextmanager
def running_wordpress() -> Iterator[WordPress]:
    """A new, empty site for the length of the `with`; nothing of it stays, however this process ends.

    Raises LookupError when the programs or files are missing, ChildProcessError with the log when they do not start.
    """
    if not (SITE / ".complete").exists():
        raise LookupError("no WordPress for tests: run tests/wordpress/packages.sh build/wordpress (Debian)")
    run = Path(tempfile.mkdtemp(prefix="dauys_wp_"))  # a socket's path may have 107 bytes, so not pytest's tmp_path
    shutil.copy(HERE / "config.php", run)
    variables = {
        "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin",
        "LC_ALL": "C.UTF-8",
        "WP_RUN": str(run),
        "WP_SITE": str(SITE),
    }
    with guarded(run, start=START, stop=STOP, variables={**variables, "here": str(HERE)}):
        log = (run / "log").read_text(encoding="utf-8")
        listening = re.search(r"Development Server \((http://(127\.0\.0\.1:\d+))\)", log)
        assert listening, log
        site = WordPress(url=listening[1], variables={**variables, "HTTP_HOST": listening[2]})
        site.eval(
            "foreach ($given as $slug => $name) { wp_insert_term($name, 'category', ['slug' => $slug]); }", **CATEGORIES
        )
        yield site


def find_program(name: str) -> str:
    """The full path of a program. Raises LookupError with what to do when it is missing."""
    if path := shutil.which(name):
        return path
    raise LookupError(f"no {name} here: run tests/wordpress/packages.sh build/wordpress (Debian)")


@pytest.fixture(scope="session")
def wordpress_site() -> Iterator[WordPress]:
    """One site a session; take `wordpress` for an empty one."""
    with running_wordpress() as site:
        yield site


@pytest.fixture
def wordpress(wordpress_site: WordPress) -> WordPress:
    """The session's site without the posts and settings of the tests before."""
    wordpress_site.empty()
    return wordpress_site
