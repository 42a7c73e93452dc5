"""A feed as a source of articles: fetched by `fetching`, read by `feed` in a thread. Decides nothing about them."""

import asyncio
from collections.abc import Sequence

import aiohttp

from bot.sources.feed import read_feed
from bot.sources.fetching import FetchLimits, Page, fetch_page
from bot.sources.port import Faulty, Fetched, Unchanged, Validators


class RssSource:
    """RSS 0.9x, 1.0, 2.0 and Atom. `session` comes from `fetching.open_session` and is the caller's to close.

    `language` is the language of every article, or "auto" to tell it for each among `languages`.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        language: str,
        languages: Sequence[str],
        session: aiohttp.ClientSession,
        limits: FetchLimits | None = None,
    ) -> None:
        self._name = name
        self._url = url
        self._language = language
        self._languages = tuple(languages)
        self._session = session
        self._limits = limits

    @property
    def name(self) -> str:
        return self._name

    async def fetch(self, validators: Validators | None) -> Fetched | Unchanged | Faulty:
        """As the port says. Reading 5 MB takes seconds of processor, so it is not done on the event loop."""
        answer = await fetch_page(self._session, self._url, validators=validators, limits=self._limits)
        if not isinstance(answer, Page):
            return answer
        return await asyncio.to_thread(read_feed, answer, language=self._language, languages=self._languages)
