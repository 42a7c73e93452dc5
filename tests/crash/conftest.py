"""The seed of a run and a way to tell figures: a crash that was found once must be found again."""

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random  # noqa: TID251 - chance begins here, from a seed that is printed
from zoneinfo import ZoneInfo

import pytest

from bot.app import LOCALES
from bot.i18n import Catalogs, Texts
from tests.crash.broadcast import Ground
from tests.crash.town import SEED_VARIABLE, new_seed

Tell = Callable[[str], None]


@pytest.fixture
def tell(capfd: pytest.CaptureFixture[str]) -> Tell:
    """Says a line past pytest's capture, also when the test passes."""

    def say(line: str) -> None:
        with capfd.disabled():
            sys.stdout.write(f"\n{line}")
            sys.stdout.flush()

    return say


@pytest.fixture
def seed(tell: Tell) -> int:
    chosen = new_seed()
    tell(f"{SEED_VARIABLE}={chosen}")
    return chosen


@pytest.fixture(scope="session")
def kazakh() -> Texts:
    return Catalogs.load(LOCALES, ("kk", "ru", "en"), ZoneInfo("Asia/Almaty"))["kk"]


@pytest.fixture
def ground(tmp_path: Path, kazakh: Texts, seed: int, tell: Tell) -> Ground:
    return Ground(tmp_path, kazakh, Random(seed), tell)  # noqa: S311 - no secret
