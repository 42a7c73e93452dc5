"""Dauys's command line, and the only place that reads the wall clock, throws dice or looks at the environment."""

import asyncio
import os
import random  # noqa: TID251 - chance begins here
import secrets  # noqa: TID251 - chance begins here
import signal
import sys
import webbrowser
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import click

from bot.app import VERSION, Dauys, Role, StartError, World
from bot.log import configure_logging, log_uncaught
from bot.settings import Settings, SettingsError, load_settings
from handlers import register

_Answer = TypeVar("_Answer")

EPILOG = """\b
Examples:
  python main.py sandbox                     try everything in a browser, no token needed
  python main.py check                       is everything set up right?
  python main.py run                         run with config.toml
  python main.py --config other.toml run     run with another file
"""


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - time begins here


def world() -> World:
    return World(now=now, choose=secrets.choice, jitter=random.random)


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The settings' file; config.toml when not given.",
)
@click.version_option(VERSION, prog_name="dauys")
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """Dauys: a Telegram bot that gives a newsroom a voice its readers can answer."""
    context.obj = config


@cli.command()
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.ALL.value,
    show_default=True,
    help="With PostgreSQL: bot takes updates, worker sends; any number of each.",
)
@click.pass_obj
def run(config: Path | None, *, role: str) -> None:
    """Run the bot until it is told to stop (Ctrl-C, SIGTERM)."""
    settings = _settings(config)
    try:
        _asyncio(_run(settings, Role(role)))
    except* StartError as errors:
        raise click.ClickException(str(errors.exceptions[0])) from None


async def _run(settings: Settings, role: Role = Role.ALL) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    await Dauys(settings, world(), register=register, role=role).run(stopping)


@cli.command()
@click.option("--port", default=8110, show_default=True, help="The page's port on 127.0.0.1; 0 takes a free one.")
@click.option("--browser/--no-browser", default=True, help="Open the page by itself.")
def sandbox(port: int, *, browser: bool) -> None:
    """Show the whole story in a browser: no token, no network, nothing kept."""
    configure_logging("WARNING", "console", secrets=[])
    log_uncaught()
    try:
        _asyncio(_sandbox(port, opens_browser=browser))
    except OSError as error:
        raise click.ClickException(f"port {port}: {error.strerror}. Fix: choose another one with --port.") from None


async def _sandbox(port: int, *, opens_browser: bool) -> None:
    from sandbox.hosting import serve  # noqa: PLC0415 - the bot itself runs without the sandbox
    from sandbox.stage import DESK_CHAT_ID, set_stage  # noqa: PLC0415 - as above

    stage = set_stage(lambda: now().timestamp())
    with TemporaryDirectory(prefix="dauys-sandbox-") as folder:
        async with serve(stage.app, port=port) as url:
            feeds = {"kk": "Тыныш қала", "ru": "Спокойный город"}
            settings = Settings.model_validate(
                {
                    "telegram": {"token": stage.telegram.token, "api_url": url},
                    "desk": {"chat_id": DESK_CHAT_ID},
                    "database": {"url": f"sqlite:///{folder}/sandbox.db"},
                    "newsroom": {"name": {"kk": feeds["kk"], "ru": feeds["ru"], "en": "Quiet Town"}},
                    "sources": [
                        {
                            "name": name,
                            "url": f"{url}{stage.site.feed_path(language)}",
                            "language": language,
                            "poll_every_s": 1,
                        }
                        for language, name in feeds.items()
                    ],
                }
            )
            click.echo(f"Dauys sandbox: {url}   (Ctrl-C ends it; nothing is kept)")
            if opens_browser:
                webbrowser.open(url)
            await _run(settings)


@cli.command()
@click.pass_obj
def migrate(config: Path | None) -> None:
    """Bring the database's tables to the newest form; `run` does it too."""
    from db.database import DatabaseError, open_database  # noqa: PLC0415 - only this command needs it
    from db.migrate import HEAD, NewerTablesError  # noqa: PLC0415 - as above
    from db.migrate import migrate as migrate_database  # noqa: PLC0415 - as above

    settings = _settings(config)

    async def bring_up() -> bool:
        database = open_database(settings.database.read_url())
        try:
            return await migrate_database(database)
        finally:
            await database.close()

    try:
        was_old = _asyncio(bring_up())
    except NewerTablesError as error:
        raise click.ClickException(f"{settings.database.safe_url()}: {error}. Fix: update this program.") from None
    except (DatabaseError, OSError) as error:
        raise click.ClickException(f"{settings.database.safe_url()}: {error}. Fix: check database.url.") from None
    click.echo(f"{settings.database.safe_url()}: {'migrated to' if was_old else 'already at'} {HEAD}")


@cli.command()
@click.pass_obj
def check(config: Path | None) -> None:
    """Ask everything the bot depends on; say what is wrong and how to mend it."""
    from bot.check import examine  # noqa: PLC0415 - only this command needs it
    from bot.logic.findings import exit_code, render  # noqa: PLC0415 - as above

    settings = _settings(config)
    findings = _asyncio(examine(settings, now=now))
    click.echo(render(findings))
    sys.exit(exit_code(findings))


def _settings(config: Path | None) -> Settings:
    """The settings, with logging set up by them; errors of the settings end the program with 2."""
    try:
        settings = load_settings(config, os.environ)
        secrets_told = [settings.telegram.read_token(), settings.telegram.read_webhook_secret()]
    except SettingsError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    configure_logging(settings.log.level, settings.log.format, secrets=[*secrets_told, settings.database.read_url()])
    log_uncaught()
    return settings


def _asyncio(work: Coroutine[object, object, _Answer]) -> _Answer:
    return asyncio.run(work)


if __name__ == "__main__":
    cli()
