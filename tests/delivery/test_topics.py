"""The desk's topics as several processes make them: each once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from telegram.error import TelegramError
from telegram.ext import ExtBot

from bot.app import LOCALES
from bot.delivery.limiter import LaneLimiter
from bot.delivery.topics import MADE_WITHIN, TopicInTheMakingError, Topics
from bot.i18n import Catalogs
from db import desk as desk_rows
from db.database import Database
from sandbox.faults import Fault
from sandbox.limits import Limits
from sandbox.telegram import Telegram
from tests.support.story import DESK_CHAT_ID, UNPACED
from tests.support.telegram import Clock, InProcessRequest

MADE = "createForumTopic"


@asynccontextmanager
async def two_processes(database: Database) -> AsyncIterator[tuple[Telegram, Clock, Topics, Topics]]:
    clock = Clock()
    telegram = Telegram(clock=clock, limits=Limits.off())
    telegram.add_group("Редакция", [], forum=True, supergroup=True, chat_id=DESK_CHAT_ID)
    limiter = LaneLimiter(limits=UNPACED)
    request, polling = InProcessRequest(telegram), InProcessRequest(telegram)
    bot = ExtBot(telegram.token, request=request, get_updates_request=polling, rate_limiter=limiter)
    texts = Catalogs.load(LOCALES, ("kk", "ru", "en"), ZoneInfo("Asia/Almaty"))["kk"]

    def now() -> datetime:
        return datetime.fromtimestamp(clock(), UTC)

    await bot.initialize()
    try:
        yield telegram, clock, Topics(bot, database, texts, now=now), Topics(bot, database, texts, now=now)
    finally:
        await bot.shutdown()


async def test_two_processes_that_need_a_topic_at_once_make_it_once(database: Database) -> None:
    async with two_processes(database) as (telegram, _, here, there):
        telegram.add_fault(Fault("delay", MADE, delay_s=0.2))
        first, second = await asyncio.gather(
            here.thread_of(DESK_CHAT_ID, "comments"), there.thread_of(DESK_CHAT_ID, "comments"), return_exceptions=True
        )
        assert sorted([type(first).__name__, type(second).__name__]) == ["TopicInTheMakingError", "int"]
        assert await here.thread_of(DESK_CHAT_ID, "comments") == await there.thread_of(DESK_CHAT_ID, "comments")
        assert telegram.counts[MADE] == 1


async def test_a_topic_that_a_dead_process_began_is_made_after_a_while(database: Database) -> None:
    async with two_processes(database) as (telegram, clock, here, _):
        began = datetime.fromtimestamp(clock(), UTC)
        async with database.write() as connection:
            assert await desk_rows.begin_topic(connection, DESK_CHAT_ID, "typos", now=began, stale=began - MADE_WITHIN)
        with pytest.raises(TopicInTheMakingError):
            await here.thread_of(DESK_CHAT_ID, "typos")
        clock.advance((MADE_WITHIN + timedelta(seconds=1)).total_seconds())
        assert await here.thread_of(DESK_CHAT_ID, "typos") is not None
        assert telegram.counts[MADE] == 1


async def test_who_could_not_make_it_leaves_it_to_the_next(database: Database) -> None:
    async with two_processes(database) as (telegram, _, here, there):
        telegram.add_fault(Fault("server_error", MADE))
        with pytest.raises(TelegramError):
            await here.thread_of(DESK_CHAT_ID, "service")
        assert await there.thread_of(DESK_CHAT_ID, "service") is not None


async def test_a_topic_that_was_made_anew_is_not_forgotten_for_the_old_one(database: Database) -> None:
    async with two_processes(database) as (telegram, _, here, there):
        old = await here.thread_of(DESK_CHAT_ID, "service")
        assert old is not None
        assert await there.thread_of(DESK_CHAT_ID, "service") == old
        telegram.delete_topic(DESK_CHAT_ID, old)
        await here.forget(DESK_CHAT_ID, "service")
        new = await here.thread_of(DESK_CHAT_ID, "service")
        assert new not in (None, old)

        await there.forget(DESK_CHAT_ID, "service")

        assert await there.thread_of(DESK_CHAT_ID, "service") == new
