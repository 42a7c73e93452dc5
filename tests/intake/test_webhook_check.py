"""What `check` says of the webhook, asked of a stand-in over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from starlette.applications import Starlette

from bot.check import examine
from bot.logic.findings import Finding
from bot.settings import Settings
from sandbox.limits import Limits
from sandbox.server import serve, telegram_routes
from sandbox.telegram import Telegram
from tests.support.ports import free_port
from tests.support.telegram import Clock

DESK = -100110


@dataclass(frozen=True, slots=True)
class Place:
    telegram: Telegram
    api_url: str
    database_url: str
    hook: str

    async def finding(self, **telegram: object) -> Finding | None:
        settings = Settings.model_validate(
            {
                "telegram": {"token": "110:sandbox", "api_url": self.api_url, **telegram},
                "desk": {"chat_id": DESK},
                "database": {"url": self.database_url},
            }
        )
        now = datetime.fromtimestamp(self.telegram.world.clock() + 120, UTC)
        findings = await examine(settings, now=lambda: now)
        return next((finding for finding in findings if finding.subject == "webhook"), None)

    async def set_webhook(self, url: str) -> None:
        answer = await self.telegram.call("110:sandbox", "setWebhook", {"url": url})
        assert answer.status == 200


@pytest.fixture
async def place(sqlite_url: str) -> AsyncIterator[Place]:
    telegram = Telegram(clock=Clock(), limits=Limits.off())
    editor = telegram.add_person("Айдана")
    telegram.add_group("Редакция", [editor.user_id], chat_id=DESK)
    async with serve(Starlette(routes=[*telegram_routes(telegram)])) as url:
        yield Place(telegram, url, sqlite_url, f"http://127.0.0.1:{free_port()}/secret-path")
        telegram.world.updates.set_hook(None)


async def test_the_webhook_is_looked_at_from_the_first_start_to_the_first_trouble(place: Place) -> None:
    ours = {"mode": "webhook", "webhook_url": place.hook}
    unset = await place.finding(**ours)
    assert unset is not None
    assert (unset.severity, unset.said) == ("doubtful", "Telegram posts to no address")

    await place.set_webhook("http://127.0.0.1:9/other")
    other = await place.finding(**ours)
    assert other is not None
    assert (other.severity, other.said) == ("doubtful", "Telegram posts to another address, of 127.0.0.1")

    await place.set_webhook(place.hook)
    assert await place.finding(**ours) == Finding("webhook", "good", "127.0.0.1, 0 waiting")

    place.telegram.person_says(place.telegram.add_person("Айгүл").user_id, 700_000_002, "/start")
    updates = place.telegram.world.updates
    await place.telegram.wait_for(lambda: updates.hook is not None and bool(updates.hook.error))
    broken = await place.finding(**ours)
    assert broken is not None
    assert (broken.severity, broken.said) == ("bad", "127.0.0.1, 1 waiting, 2 min ago: Connection refused")
    assert "see that the bot runs" in broken.fix


async def test_a_webhook_that_stands_in_the_way_of_polling_is_named_without_its_path(place: Place) -> None:
    assert await place.finding() is None
    await place.set_webhook(place.hook)
    found = await place.finding()
    assert found is not None
    assert found.severity == "doubtful"
    assert "polling ends it" in found.said
    assert "secret-path" not in found.said + found.fix
