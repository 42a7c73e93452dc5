"""The desk's forum topics: made when first needed, made again when somebody deleted one."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog
from telegram.error import BadRequest, Forbidden, InvalidToken, TelegramError
from telegram.ext import ExtBot

from bot.i18n import Texts
from bot.logic.lanes import Lane
from bot.services.desk import Topic
from db import desk as desk_rows
from db.database import Database

_log = structlog.get_logger(__name__)


MADE_WITHIN = timedelta(seconds=30)
"""Whoever began to make a topic and has not said so by then has died."""


class TopicInTheMakingError(Exception):
    """Another process is just making this topic: ask again in a moment."""


class Topics:
    """Where in the group a card belongs. A group without topics, or without the right to make them, has one place.

    Of several processes one makes a topic: the row in the database says that somebody is at it.
    """

    def __init__(self, bot: ExtBot[Lane], database: Database, texts: Texts, *, now: Callable[[], datetime]) -> None:
        self._bot = bot
        self._database = database
        self._texts = texts
        self._now = now
        self._has_topics: dict[int, bool] = {}
        self._given: dict[tuple[int, str], int] = {}

    async def thread_of(self, chat_id: int, topic: str | None) -> int | None:
        """The thread to send to, or None for the group's common place.

        Raises TelegramError when Telegram is away, and TopicInTheMakingError.
        """
        if topic is None or not await self._is_forum(chat_id):
            return None
        async with self._database.read() as connection:
            known = await desk_rows.find_topic(connection, chat_id, topic)
        thread_id = known if known is not None else await self._make(chat_id, topic)
        if thread_id is not None:
            self._given[chat_id, topic] = thread_id
        return thread_id

    async def forget(self, chat_id: int, topic: str) -> None:
        """The thread that was given last was deleted: the next message makes it anew, unless somebody has already."""
        self._has_topics.pop(chat_id, None)
        thread_id = self._given.pop((chat_id, topic), None)
        if thread_id is None:
            return
        async with self._database.write() as connection:
            await desk_rows.forget_topic(connection, chat_id, topic, thread_id=thread_id)

    async def _is_forum(self, chat_id: int) -> bool:
        if chat_id not in self._has_topics:
            try:
                chat = await self._bot.get_chat(chat_id)
            except (BadRequest, Forbidden, InvalidToken) as error:
                # The card goes to the common place: whether the group can be written to at all, sending will tell.
                _log.warning("topics_unknown", error=error.message)
                return False
            self._has_topics[chat_id] = bool(chat.is_forum)
        return self._has_topics[chat_id]

    async def _make(self, chat_id: int, topic: str) -> int | None:
        now = self._now()
        async with self._database.write() as connection:
            is_ours = await desk_rows.begin_topic(connection, chat_id, topic, now=now, stale=now - MADE_WITHIN)
        if not is_ours:
            raise TopicInTheMakingError
        try:
            made = await self._bot.create_forum_topic(chat_id, self._names()[topic], rate_limit_args=Lane.DESK)
        except (BadRequest, Forbidden) as error:
            _log.warning("topic_not_made", topic=topic, error=str(error))
            self._has_topics[chat_id] = False
            await self._give_up(chat_id, topic)
            return None
        except TelegramError:
            await self._give_up(chat_id, topic)
            raise
        async with self._database.write() as connection:
            await desk_rows.save_topic(connection, chat_id, topic, made.message_thread_id)
        return made.message_thread_id

    async def _give_up(self, chat_id: int, topic: str) -> None:
        async with self._database.write() as connection:
            await desk_rows.forget_topic(connection, chat_id, topic, thread_id=None)

    def _names(self) -> Mapping[str, str]:
        return {
            Topic.COMMENTS: self._texts.gettext("💬 Comments"),
            Topic.TYPOS: self._texts.gettext("✏️ Misprints"),
            Topic.SERVICE: self._texts.gettext("⚙️ Service"),
        }
