"""/start: three buttons in three languages, then one screen that says what this is. Nothing else is asked.

/start ──► choose a language ──► welcome
   └── the language is known ──────┘
"""

from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler
from telegram.ext.filters import ChatType

from bot.context import AnyHandler, Context, app_language
from bot.filters import pressed
from bot.logic.callbacks import Action
from bot.logic.screen import Screen
from bot.logic.screens import readers as reader_screens
from bot.menu import set_menu_for


async def start(update: Update, context: Context) -> None:
    if context.reader.language is None:
        await context.answer(update, _question(update, context))
    else:
        await context.services.readers.resume_news(
            context.reader.id, first_news=context.services.first_news_languages(context.reader.language)
        )
        await _welcome(update, context)


def _question(update: Update, context: Context) -> Screen:
    """Every language's own words, that of the person's app first."""
    own = app_language(update)
    ordered = sorted(context.services.catalogs, key=lambda texts: texts.language != own)
    return reader_screens.choose_language(ordered)


async def begin(update: Update, context: Context) -> None:
    """The answer to the first question; pressed or handled twice, it leads to the welcome twice."""
    if await context.speak(update):
        await _welcome(update, context)
        await set_menu_for(context.bot, context.reader.id, context.texts(update))


async def _welcome(update: Update, context: Context) -> None:
    texts = context.texts(update)
    subscription = await context.services.readers.subscription(context.reader.id)
    screen = reader_screens.welcome(
        texts,
        context.about(texts),
        news_languages=subscription.languages if subscription.is_on else frozenset(),
        offered=context.services.offered_languages,
    )
    await context.replace(update, screen)


def handlers() -> list[AnyHandler]:
    return [
        CommandHandler("start", start, filters=ChatType.PRIVATE),
        CallbackQueryHandler(begin, pattern=pressed(Action.BEGIN)),
    ]
