"""📖 under an article: its whole text, in pieces that can be quoted like the announcement."""

from telegram import Update
from telegram.ext import CallbackQueryHandler

from bot.context import AnyHandler, Context, press_of
from bot.filters import pressed
from bot.logic.callbacks import Action
from bot.logic.screens import articles as article_screens
from bot.logic.screens import readers as reader_screens


async def show_full_text(update: Update, context: Context) -> None:
    texts = context.texts(update)
    article = await context.services.articles.find(press_of(update).number)
    if article is None:
        await context.toast(update, reader_screens.article_gone(texts), alert=True)
        return
    # Through the outbox: its rows remember which message is which article's, so that every piece can be quoted.
    await context.services.articles.owe_full_text(
        context.reader.id,
        article.id,
        len(article_screens.full_text(texts, article)),
        update_id=update.update_id,
        now=context.now,
    )
    await context.toast(update)


def handlers() -> list[AnyHandler]:
    return [CallbackQueryHandler(show_full_text, pattern=pressed(Action.FULL_TEXT))]
