"""The one message that everybody sends: an article of 340 characters, mostly Cyrillic, with its real keyboard."""

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.app import LOCALES
from bot.delivery.adapters import message_parameters
from bot.i18n import Catalogs
from bot.logic.article import SourceArticle
from bot.logic.rich import Rich
from bot.logic.screen import Button, Screen
from bot.logic.screens.articles import article_message
from bot.logic.views import ArticleView

LENGTH = 340
"""Characters as people count them, title and footer among them."""
LANGUAGE = "kk"
SOURCE = "Тыныш қала"
TITLE = "Ауладағы жаңа саябақ ашылды: жүз ағаш отырғызылды"
_LEAD = "Бүгін ауданда жаңа саябақ ашылды, оған тұрғындар жүз ағаш отырғызды. " * 6
_SEEN_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOTLINE = Button("☎️ 110", data="hotline")


def source_article(number: int) -> SourceArticle:
    """The article as a site would give it."""
    others = len(_shown(_article(number, lead="…")).body.text)
    return _article(number, lead=_LEAD[: LENGTH - others] + "…")


def shown_article() -> Mapping[str, object]:
    """The parameters of sendMessage, without `chat_id`."""
    parameters = message_parameters(0, _shown(source_article(1)))
    del parameters["chat_id"]
    return parameters


def _article(number: int, *, lead: str) -> SourceArticle:
    return SourceArticle(
        external_id=f"https://example.org/?p={number}",
        url=f"https://example.org/{number}/",
        title=TITLE,
        lead=Rich(lead),
        body=(Rich(_LEAD),),
        language=LANGUAGE,
        published_at=_SEEN_AT,
    )


def _shown(article: SourceArticle) -> Screen:
    view = ArticleView(
        id=1,
        source=SOURCE,
        url=article.url,
        title=article.title,
        lead=article.lead,
        body=article.body,
        language=LANGUAGE,
        published_at=_SEEN_AT,
        content_hash="",
    )
    texts = Catalogs.load(LOCALES, (LANGUAGE,), ZoneInfo("Asia/Almaty"))[LANGUAGE]
    return article_message(texts, view, hotline=HOTLINE)
