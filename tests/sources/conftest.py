from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.sources.fetching import open_session
from tests.sources.hostile import HostileSite, open_hostile_site


@pytest.fixture
async def site() -> AsyncIterator[HostileSite]:
    async with open_hostile_site() as opened:
        yield opened


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session("Dauys/test (+https://example.org)") as opened:
        yield opened
