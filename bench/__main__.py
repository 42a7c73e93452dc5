"""The command line: `python -m bench [NAME …] [--rounds N] [--quick]` measures, prints the table, writes the JSON."""

import os
import platform
import signal
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click

from bench import inbox, limiter, pace, publishing, replies, sending, start
from bench.crowds import gathered
from bench.plan import QUICK, Bench, Measure, Plan
from bench.processes import ROOT, CaseError, serving
from bench.table import Line, as_json, failed, render

MEASURES: dict[str, Measure] = {
    "server": sending.server,
    "sending": sending.at_once,
    "delayed": sending.delayed,
    "publish": publishing.publishing,
    "memory": publishing.memory,
    "pace": pace.pace,
    "replies": replies.replies,
    "hotline": replies.hotline,
    "inbox": inbox.inbox,
    "limiter": limiter.limiter,
    "start": start.start,
}
LIBRARIES = ("python-telegram-bot", "httpx", "aiohttp", "sqlalchemy", "aiosqlite", "psycopg")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, type=click.Choice(sorted(MEASURES)))
@click.option(
    "--rounds", type=click.IntRange(min=1), default=5, show_default=True, help="The median of so many counts."
)
@click.option("--quick", is_flag=True, help="Everything once and tiny: shows that it works, measures nothing.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), default=ROOT / "build" / "bench.json")
def main(names: tuple[str, ...], rounds: int, *, quick: bool, output: Path) -> None:
    """Measure Dauys beside what one would use instead; without a NAME, everything (half an hour)."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # what was started is ended, too
    plan = QUICK if quick else Plan(rounds=rounds)
    lines: list[Line] = []
    with serving() as server, gathered() as crowds:
        bench = Bench(plan, server, crowds, lambda words: click.echo(words, err=True))
        for name in names or MEASURES:
            click.echo(f"== {name}", err=True)
            try:
                lines += MEASURES[name](bench)
            except CaseError as error:
                lines.append(failed(name, str(error).splitlines()[-1]))
    click.echo(render(lines))
    if quick:
        click.echo("--quick: these figures show that everything works and mean nothing else")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(as_json(lines, {**_machine(), "rounds": plan.rounds, "quick": quick}), "utf-8")
    missed = sum(line.is_missed for line in lines)
    click.echo(f"{missed} of {sum(bool(line.verdict) for line in lines)} goals NOT met; all figures are in {output}")


def _machine() -> dict[str, object]:
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),  # noqa: TID251 - when, for the record
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        **{name: version(name) for name in LIBRARIES},
    }


if __name__ == "__main__":
    main()
