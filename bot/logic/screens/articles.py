"""An article as its reader gets it: announced, and whole in pieces."""

from bot.i18n import Texts
from bot.logic.callbacks import Action, Press
from bot.logic.cutting import cut_at_sentence, split_paragraphs
from bot.logic.rich import Rich, bold, italic, join, link
from bot.logic.screen import Button, Screen
from bot.logic.views import ArticleView

LEAD_LIMIT = 600
"""UTF-16 units: about what fits a phone's screen under the picture."""
TITLE_LIMIT = 300


def article_message(texts: Texts, article: ArticleView, *, hotline: Button) -> Screen:
    """Title, beginning, date and source, under the large preview of its page."""
    title = cut_at_sentence(Rich(article.title), TITLE_LIMIT)
    footer = italic(f"{texts.format_date(article.published_at)} · {article.source}")
    body = join([bold(link(title, article.url)), cut_at_sentence(_beginning(article), LEAD_LIMIT), footer], "\n\n")
    keyboard = (
        _comment_and_typo(texts, article),
        (Button(texts.gettext("📖 Full text"), data=Press(Action.FULL_TEXT, number=article.id).pack()), hotline),
    )
    return Screen(body, keyboard, preview_url=article.url)


def _comment_and_typo(texts: Texts, article: ArticleView) -> tuple[Button, ...]:
    return (
        Button(texts.gettext("💬 Comment"), data=Press(Action.COMMENT, number=article.id).pack()),
        Button(texts.gettext("✏️ Misprint"), data=Press(Action.TYPO, number=article.id).pack()),
    )


def _beginning(article: ArticleView) -> Rich:
    return article.lead or join(article.body[:2], "\n\n")


def full_text(texts: Texts, article: ArticleView) -> list[Screen]:
    """The whole text, cut between paragraphs; where the source gives only a summary, that and the address."""
    title = bold(link(cut_at_sentence(Rich(article.title), TITLE_LIMIT), article.url))
    if not article.body:
        only_summary = texts.gettext("The site gives only the beginning here. The rest is on its page.")
        page = ((Button(texts.gettext("🌐 Open the article"), url=article.url),),)
        return [Screen(join([title, cut_at_sentence(article.lead, 3000), italic(only_summary)], "\n\n"), page)]
    pieces = split_paragraphs([title, *article.body])
    last = (_comment_and_typo(texts, article),)
    return [Screen(piece, last if place == len(pieces) else ()) for place, piece in enumerate(pieces, start=1)]
