"""Where everything must run, what was skipped counts as failed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MARKED = """
import pytest
@pytest.mark.skip
def test_with_a_mark(): pass
def test_with_a_call(): pytest.skip("no Chromium here")
@pytest.mark.xfail
def test_with_a_known_fault(): assert False
"""
IMPORTING = """
import pytest
pytest.importorskip("no_such_package")
def test_that_is_not_reached(): pass
"""


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        pytest.param((), 0, "3 skipped, 1 xfailed", id="here"),
        pytest.param(("-p", "tests.support.no_skips"), 1, "1 failed, 1 xfailed, 2 errors", id="in CI"),
        pytest.param(("-p", "tests.support.no_skips", "-n1"), 1, "1 failed, 1 xfailed, 2 errors", id="side by side"),
    ],
)
def test_a_skipped_test_fails_only_in_ci(tmp_path: Path, options: tuple[str, ...], code: int, told: str) -> None:
    (tmp_path / "test_marked.py").write_text(MARKED, encoding="utf-8")
    (tmp_path / "test_importing.py").write_text(IMPORTING, encoding="utf-8")
    # Without the second option, one module that cannot be imported would keep pytest from running the other.
    fixed = ("-c", "/dev/null", "--continue-on-collection-errors", "-p", "no:cacheprovider")
    done = subprocess.run(  # noqa: S603 -- our own pytest
        [sys.executable, "-m", "pytest", *fixed, *options, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told in done.stdout, done.stdout
    assert done.returncode == code
