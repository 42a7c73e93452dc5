"""`python -m bench` can be run: its table comes out, its figures are written, and nothing is called met that is not."""

import json
import subprocess
import sys
from array import array
from pathlib import Path

import pytest

from bench.processes import ROOT, most_in
from bench.table import Line, at_least, at_most, percentile


@pytest.mark.timeout(180)
def test_a_quick_run_prints_the_table_and_writes_the_figures(tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    ended = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "bench", "server", "hotline", "--quick", "--output", str(output)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(output.read_text("utf-8"))
    lines = {line["what"]: line for line in told["lines"]}
    assert told["machine"]["rounds"] == 1
    assert len(lines) == 4
    assert not [line for line in told["lines"] if "not measured" in line["verdict"]], ended.stdout
    assert lines["20 press the hotline at once, a broadcast runs: unanswered in all rounds"]["verdict"] == "met"
    for what in lines:
        assert what in ended.stdout


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (at_least("x", 4000, 4000, unit="/s"), "met"),
        (at_least("x", 3000, 4000, unit="/s"), "NOT met: 25% short"),
        (at_most("x", 0.25, 0.25, unit="ms"), "met"),
        (at_most("x", 0.5, 0.25, unit="ms"), "NOT met: 100% over"),
        (at_most("x", 3, 0, unit=""), "NOT met: 3.00"),
    ],
)
def test_a_goal_is_met_or_said_to_be_missed_by_how_much(line: Line, verdict: str) -> None:
    assert line.verdict == verdict
    assert line.is_missed == (verdict != "met")


def test_the_fullest_second_is_found_across_the_borders_of_clock_seconds() -> None:
    assert most_in(1.0, array("d", [0.0, 0.9, 1.0, 1.1, 1.8, 3.0])) == 4
    assert most_in(1.0, array("d")) == 0


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([5, 1, 4, 2, 3], 0.5) == 3
    assert percentile(list(range(100)), 0.99) == 99
    assert percentile([], 0.5) == 0
