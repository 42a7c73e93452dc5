"""One process at a time sends from a database."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from db.alone import NotAloneError, alone
from db.database import Database, open_database

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


async def test_a_second_one_is_refused_until_the_first_lets_go(database: Database, database_url: str) -> None:
    other = open_database(database_url)
    try:
        async with alone(database):
            with pytest.raises(NotAloneError):
                async with alone(other, wait_s=0.3):
                    raise AssertionError("two at once")
        async with alone(other, wait_s=0.3):
            pass
    finally:
        await other.close()


async def test_the_hold_of_a_killed_process_is_let_go(database: Database, database_url: str) -> None:
    command = [sys.executable, "-c", HOLD, database_url]
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
