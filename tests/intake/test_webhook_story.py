"""Whole stories whose updates come by webhook: the real application, posted to by the stand-in over loopback."""

import sqlite3
from contextlib import closing

import aiohttp
import orjson
import pytest

from bot.app import Dauys, StartError
from bot.settings import Settings
from bot.settings import Telegram as TelegramSettings
from handlers import register
from sandbox.faults import Fault
from tests.support.ports import free_port
from tests.support.story import article, settings_for, telling

ASK_SIGN = "How shall we sign the comment?"


def by_webhook(database_url: str) -> Settings:
    port = free_port()
    telegram = TelegramSettings.model_validate(
        {
            "token": "110:sandbox",
            "api_url": "http://127.0.0.1",
            "mode": "webhook",
            "webhook_url": f"http://127.0.0.1:{port}/telegram",
            "webhook_listen": f"127.0.0.1:{port}",
        }
    )
    return settings_for(database_url).model_copy(update={"telegram": telegram})


async def test_a_comment_comes_through_and_its_reader_hears_of_it_though_the_bot_was_restarted(
    database_url: str,
) -> None:
    async with telling(by_webhook(database_url)) as (story, aidana, _yerlan):
        updates = story.telegram.world.updates
        reader, news = await story.reader_of(article())
        await reader.presses("💬", on=news)
        reader.sees("")

        await story.dauys.stop()
        reader.say_without_waiting("Өте жақсы жаңалық!")  # nobody listens: Telegram keeps it
        await story.telegram.wait_for(lambda: not updates.posted[-1].is_accepted)
        story.dauys = story.make_dauys()
        await story.dauys.start()
        await story.settle()
        reader.sees(reader.words(ASK_SIGN))

        await reader.presses("✍️ Айгүл")
        reader.sees("Өте жақсы жаңалық!")
        await reader.presses(reader.words("✅ Send"))
        reader.sees("")
        aidana.sees("Өте жақсы жаңалық!")
        await aidana.presses("✅")
        aidana.sees("")
        reader.sees("")
        assert story.telegram.counts["deleteWebhook"] == 0
        story.telegram.world.updates.set_hook(None)


async def test_an_update_that_comes_twice_has_one_effect(sqlite_url: str) -> None:
    settings = by_webhook(sqlite_url)
    async with telling(settings) as (story, _aidana, _yerlan), aiohttp.ClientSession() as client:
        reader = story.person()
        await reader.says("/start")
        reader.sees("")
        said = story.telegram.messages(reader.chat_id)[0]
        known = story.telegram.world.updates.posted[-1].update_id
        headers = {"X-Telegram-Bot-Api-Secret-Token": settings.telegram.read_webhook_secret()}
        for number in (known, known, known + 1, known + 1):
            body = orjson.dumps({"update_id": number, "message": {**said, "text": "110"}})
            async with client.post(str(settings.telegram.webhook_url), data=body, headers=headers) as answer:
                assert answer.status == 200
        await story.settle()
        reader.sees("110", "110")  # a card and a contact, for the number that was new and for no other
        story.telegram.world.updates.set_hook(None)


async def test_a_locked_database_keeps_updates_at_telegram_and_the_hotline_answers_all_the_same(
    sqlite_url: str,
) -> None:
    async with telling(by_webhook(sqlite_url)) as (story, _aidana, _yerlan):
        reader, caller = story.person(), story.person("Бақыт")
        await reader.says("/start")
        reader.sees("")
        updates = story.telegram.world.updates
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            before = len(updates.posted)
            reader.press_without_waiting("Қазақша")
            caller.say_without_waiting("110")
            await story.telegram.wait_for(lambda: story.telegram.counts["sendContact"] == 1, timeout_s=10)
            await story.telegram.wait_for(lambda: len(updates.posted) >= before + 2, timeout_s=10)
            assert {posted.status for posted in updates.posted[before:]} == {503}
            assert updates.pending == 2
            lock.execute("ROLLBACK")
        await story.settle()
        reader.sees("")
        caller.sees("110", "110")  # a card and a contact, once
        updates.set_hook(None)


async def test_an_address_where_somebody_listens_is_told_with_its_fix(sqlite_url: str) -> None:
    settings = by_webhook(sqlite_url)
    async with telling(settings) as (story, _aidana, _yerlan):
        other = settings.model_copy(update={"database": settings_for(f"{sqlite_url}.other").database})
        second = Dauys(other, story.dauys._world, register=lambda _application: None)  # noqa: SLF001 - the same world
        with pytest.raises(StartError, match=r"webhook_listen 127\.0\.0\.1:\d+: .*in use.* Fix: stop who listens"):
            await second.start()
        await second.stop()
        story.telegram.world.updates.set_hook(None)


@pytest.mark.parametrize("trouble", [None, Fault("server_error", method="deleteWebhook")])
async def test_a_bot_that_goes_back_to_polling_takes_its_webhook_away_and_loses_nothing(
    sqlite_url: str, trouble: Fault | None
) -> None:
    async with telling(by_webhook(sqlite_url)) as (story, _aidana, _yerlan):
        story.expected_refusals |= {"webhook is active", "Internal Server Error"}
        await story.dauys.stop()
        reader = story.person()
        reader.say_without_waiting("/start")
        if trouble is not None:
            story.telegram.add_fault(trouble)
        polling = settings_for(sqlite_url)
        story.dauys = Dauys(polling, story.dauys._world, register=register)  # noqa: SLF001 - the same world, polled
        await story.dauys.start()
        await story.settle()
        reader.sees("")
        assert story.telegram.world.updates.hook is None
