"""One process at a time uses an SQLite file."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from db.alone import NotAloneError, alone
from db.database import open_database

ROOT = Path(__file__).parents[2]
HOLD = """
import asyncio, sys
from db.alone import alone
from db.database import open_database

async def hold():
    async with alone(open_database(sys.argv[1])):
        print("held", flush=True)
        await asyncio.sleep(60)

asyncio.run(hold())
"""


async def test_a_second_one_is_refused_until_the_first_lets_go(sqlite_url: str) -> None:
    database, other = open_database(sqlite_url), open_database(sqlite_url)
    try:
        async with alone(database):
            with pytest.raises(NotAloneError):
                async with alone(other, wait_s=0.3):
                    raise AssertionError("two at once")
        async with alone(other, wait_s=0.3):
            pass
    finally:
        await database.close()
        await other.close()


async def test_the_hold_of_a_killed_process_is_let_go(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    command = [sys.executable, "-c", HOLD, sqlite_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as holder:  # noqa: ASYNC220, S603 - our own words
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(NotAloneError):
            async with alone(database, wait_s=0.3):
                raise AssertionError("two at once")
        holder.send_signal(signal.SIGKILL)
        holder.wait()

    async with alone(database, wait_s=5):
        pass
    await database.close()
