"""Stories are told on SQLite; with `--database postgresql` (`make test-postgresql`) on PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from tests.support.story import Person, Story, settings_for, telling


@pytest.fixture
def story_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.config.getoption('--database')}_url"))


@pytest.fixture
async def scene(story_url: str) -> AsyncIterator[tuple[Story, Person, Person]]:
    """A story and the two editors at its desk."""
    async with telling(settings_for(story_url)) as told:
        yield told


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A story that asks for a `language` is told in all three; what database it runs on has nothing to do with that."""
    if "language" in metafunc.fixturenames:
        on_default = metafunc.config.getoption("--database") == "sqlite"
        metafunc.parametrize("language", ["kk", "ru", "en"] if on_default else ["kk"])


@pytest.fixture
def story(scene: tuple[Story, Person, Person]) -> Story:
    return scene[0]


@pytest.fixture
def aidana(scene: tuple[Story, Person, Person]) -> Person:
    """An editor."""
    return scene[1]


@pytest.fixture
def yerlan(scene: tuple[Story, Person, Person]) -> Person:
    """Another editor."""
    return scene[2]
