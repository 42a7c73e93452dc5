"""Which adapter reads a configured source; `rss` is the only kind so far."""

import aiohttp

from bot.settings import Settings, Source
from bot.sources.port import ArticleSource
from bot.sources.rss import RssSource


def open_source(source: Source, settings: Settings, session: aiohttp.ClientSession) -> ArticleSource:
    """`session` comes from `fetching.open_session` and is the caller's to close."""
    return RssSource(source.name, source.url, language=source.language, languages=settings.languages, session=session)
