"""The process as its operator meets it: how it starts, ends and complains, and what it does when something is away."""

import asyncio
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from random import Random  # noqa: TID251 - chance begins in the test, from a seed

import pytest

from bot.app import VERSION
from bot.i18n import Texts
from db.migrate import HEAD
from sandbox.hosting import serve
from tests.crash.caller import Caller
from tests.crash.crowd import Crowd, Stage, Wish
from tests.crash.running import Bot, Config, Feed, command, running
from tests.crash.town import DESK_CHAT_ID, Town, standing
from tests.support.postgres import PostgresServer

TOKEN = "110:sandbox"
WRONG_TOKEN = "123456789:AAcanary0canary0canary0canary0canary"
MOST_RESIDENT_KB = 120 * 1024


def config_for(town: Town, database_url: str, *, log_level: str = "INFO") -> Config:
    feeds = [Feed("Тыныш қала", town.feed_url())]
    return Config(town.url, database_url, DESK_CHAT_ID, feeds=feeds, log_level=log_level)


@asynccontextmanager
async def polling(town: Town, config: Path) -> AsyncIterator[Bot]:
    """A bot that is up."""
    async with running(config) as bot:
        await town.until_polled()
        yield bot


# How it starts


async def test_help_shows_examples_and_version_is_told(tmp_path: Path) -> None:
    helped = await command("--help", cwd=tmp_path)
    assert helped.code == 0
    assert "python main.py sandbox" in helped.out
    assert "python main.py check" in helped.out
    told = await command("--version", cwd=tmp_path)
    assert (told.code, told.said) == (0, "")
    assert VERSION in told.out


async def test_faults_of_the_settings_are_told_at_once_each_in_a_line(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[telegram]\ntoken = "{WRONG_TOKEN}"\nfoo = 1\n[delivery]\nbroadcast_per_s = 1001\n')
    ended = await command("--config", str(config), "run", cwd=tmp_path)
    assert ended.code == 2
    lines = ended.said.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["telegram.foo", "desk", "delivery.broadcast_per_s"]
    assert all("Fix: " in line for line in lines)
    assert WRONG_TOKEN not in ended.said


async def test_a_refused_token_ends_it_with_one_line_that_does_not_show_it(sqlite_url: str, tmp_path: Path) -> None:
    async with standing() as town:
        config = Config(town.url, sqlite_url, DESK_CHAT_ID, token=WRONG_TOKEN).write(tmp_path)
        ended = await command("--config", str(config), "run", cwd=tmp_path)
    assert ended.code == 1
    (line,) = [line for line in ended.said.splitlines() if "telegram.token was refused" in line]
    assert "@BotFather" in line
    assert "Traceback" not in ended.said
    assert WRONG_TOKEN not in ended.said


async def test_a_database_that_cannot_be_opened_ends_it_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    async with standing() as town:
        config = config_for(town, f"sqlite:///{tmp_path}/taken").write(tmp_path)
        ended = await command("--config", str(config), "run", cwd=tmp_path)
    assert ended.code == 1
    assert "database" in ended.said
    assert "Fix: " in ended.said
    assert "Traceback" not in ended.said


async def test_the_tables_are_made_once(tmp_path: Path) -> None:
    config = Config("http://127.0.0.1:1", f"sqlite:///{tmp_path}/new.db", DESK_CHAT_ID).write(tmp_path)
    first = await command("--config", str(config), "migrate", cwd=tmp_path)
    second = await command("--config", str(config), "migrate", cwd=tmp_path)
    assert (first.code, second.code) == (0, 0)
    assert f"migrated to {HEAD}" in first.out
    assert f"already at {HEAD}" in second.out


async def test_a_start_on_a_new_database_is_a_start(tmp_path: Path) -> None:
    async with standing() as town:
        async with polling(town, config_for(town, f"sqlite:///{tmp_path}/data/new.db").write(tmp_path)) as bot:
            assert await bot.stop() == 0
        assert bot.left_behind() == []


async def test_it_waits_for_a_telegram_that_is_away(sqlite_url: str, tmp_path: Path) -> None:
    port = _free_port()
    async with standing() as town:
        config = Config(f"http://127.0.0.1:{port}", sqlite_url, DESK_CHAT_ID).write(tmp_path)
        async with running(config) as bot:
            await _until_said(bot, "telegram_away")
            async with serve(town.app, port=port):
                await town.until_polled()
                assert await bot.stop() == 0
            assert bot.left_behind() == []


async def test_it_can_be_stopped_while_telegram_is_away(sqlite_url: str, tmp_path: Path) -> None:
    config = Config(f"http://127.0.0.1:{_free_port()}", sqlite_url, DESK_CHAT_ID).write(tmp_path)
    async with running(config) as bot:
        await _until_said(bot, "telegram_away")
        assert await bot.stop() == 0
        assert bot.left_behind() == []


async def test_a_running_bot_takes_little_memory(sqlite_url: str, tmp_path: Path) -> None:
    async with standing() as town, polling(town, config_for(town, sqlite_url).write(tmp_path)) as bot:
        await town.feed_is_known.wait()
        assert bot.resident_kb <= MOST_RESIDENT_KB


# How it is checked


async def test_check_finds_nothing_wrong_where_nothing_is(sqlite_url: str, tmp_path: Path) -> None:
    async with standing() as town:
        config = config_for(town, sqlite_url).write(tmp_path)
        ended = await command("--config", str(config), "check", cwd=tmp_path)
    assert ended.code == 0, ended.out
    assert "Traceback" not in ended.said


@pytest.mark.parametrize("broken", ["token", "desk", "database", "source Тыныш қала"])
async def test_check_names_what_is_broken(broken: str, sqlite_url: str, tmp_path: Path) -> None:
    async with standing() as town:
        right = config_for(town, sqlite_url)
        config = {
            "token": Config(town.url, sqlite_url, DESK_CHAT_ID, feeds=right.feeds, token=WRONG_TOKEN),
            "desk": Config(town.url, sqlite_url, DESK_CHAT_ID - 1, feeds=right.feeds),
            "database": Config(town.url, f"sqlite:///{tmp_path}", DESK_CHAT_ID, feeds=right.feeds),
            "source Тыныш қала": Config(
                town.url, sqlite_url, DESK_CHAT_ID, feeds=[Feed("Тыныш қала", f"{town.url}/nowhere")]
            ),
        }[broken]
        ended = await command("--config", str(config.write(tmp_path)), "check", cwd=tmp_path)
    assert ended.code == 1
    assert [line for line in ended.out.splitlines() if broken in line and "Fix: " in line], ended.out
    assert "Traceback" not in ended.said
    assert WRONG_TOKEN not in ended.out + ended.said


# How it ends


async def test_sigterm_among_many_who_wait_for_an_answer_leaves_nobody_without(
    sqlite_url: str, tmp_path: Path, kazakh: Texts
) -> None:
    """The answers to 300 people take ten seconds; the process may take ten, and what is left comes after it."""
    async with standing(chance=Random(1), way_s=(0.02, 0.06)) as town:  # noqa: S311 - no secret
        crowd = Crowd(town, kazakh, [(Wish.NEWS, 0)] * 300)
        config = config_for(town, sqlite_url).write(tmp_path)
        async with polling(town, config) as bot:
            crowd.arrive()
            await crowd.until(lambda: town.telegram.shown > 20)
            assert await bot.stop() == 0
            assert bot.left_behind() == []
        async with polling(town, config) as bot:
            await crowd.until(lambda: all(reader.stage is not Stage.QUESTION for reader in crowd.readers.values()))


async def test_sigterm_while_telegram_is_silent_is_obeyed_in_time(
    sqlite_url: str, tmp_path: Path, kazakh: Texts
) -> None:
    async with standing() as town:
        crowd = Crowd(town, kazakh, [(Wish.NEWS, 0)] * 5)
        async with polling(town, config_for(town, sqlite_url).write(tmp_path)) as bot:
            await _until_said(bot, "source_read")
            town.silence()
            crowd.arrive()
            await town.until(lambda: town.telegram.shown > 0, within_s=10)
            assert await bot.stop() == 0
            assert bot.left_behind() == []


# What it keeps to itself


async def test_nothing_of_a_reader_and_no_token_is_ever_logged(sqlite_url: str, tmp_path: Path, kazakh: Texts) -> None:
    async with standing() as town:
        crowd = Crowd(town, kazakh, [(Wish.COMMENT, 0), (Wish.TYPO, 0)])
        config = config_for(town, sqlite_url, log_level="DEBUG").write(tmp_path)
        async with polling(town, config) as bot:
            crowd.arrive()
            await crowd.until(lambda: crowd.all_are_welcome)
            await town.feed_is_known.wait()
            crowd.publish()
            await crowd.until(lambda: crowd.all_have_everything)
            assert await bot.stop() == 0
        for secret in (TOKEN, "Оқырман", *[reader.words for reader in crowd.readers.values()]):
            assert secret not in bot.said
        assert not [reader for reader in crowd.readers if str(reader) in bot.said]


# What it does without its database


async def test_the_hotline_answers_while_the_database_refuses_everything(
    postgres_server: PostgresServer, postgresql_url: str, tmp_path: Path
) -> None:
    async with standing() as town, polling(town, config_for(town, postgresql_url).write(tmp_path)) as bot:
        reader = Caller(town)
        await reader.hears_of_the_hotline()
        with postgres_server.closed(postgresql_url):
            await reader.hears_of_the_hotline()
            await reader.hears_of_the_hotline()
            reader.says("/start")
        await reader.is_asked_for_a_language()
        assert await bot.stop() == 0


async def test_the_hotline_answers_while_the_database_does_not_answer_at_all(
    postgres_server: PostgresServer, postgresql_url: str, tmp_path: Path
) -> None:
    async with standing() as town, polling(town, config_for(town, postgresql_url).write(tmp_path)) as bot:
        reader = Caller(town)
        await reader.hears_of_the_hotline()
        with postgres_server.silent(postgresql_url):
            await reader.hears_of_the_hotline()
            await reader.hears_of_the_hotline()
            reader.says("/start")
        await reader.is_asked_for_a_language()
        assert await bot.stop() == 0


async def test_the_hotline_answers_while_the_file_is_locked(sqlite_url: str, tmp_path: Path) -> None:
    async with standing() as town, polling(town, config_for(town, sqlite_url).write(tmp_path)) as bot:
        reader = Caller(town)
        await reader.hears_of_the_hotline()
        with closing(sqlite3.connect(_file(sqlite_url), isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            await reader.hears_of_the_hotline()
            await reader.hears_of_the_hotline()
            reader.says("/start")
            other.execute("ROLLBACK")
        await reader.is_asked_for_a_language()
        assert await bot.stop() == 0


async def _until_said(bot: Bot, event: str) -> None:
    async with asyncio.timeout(30):
        while event not in bot.said:
            assert bot.is_running, bot.said
            await asyncio.sleep(0.02)


def _file(sqlite_url: str) -> str:
    return sqlite_url.removeprefix("sqlite:///")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
