"""/language and /stop: the language of the bot, and apart from it the news: which languages, or none."""

from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler
from telegram.ext.filters import ChatType

from bot.context import AnyHandler, Context, press_of
from bot.filters import pressed
from bot.logic.callbacks import Action
from bot.logic.screen import Screen
from bot.logic.screens import readers as reader_screens
from bot.menu import set_menu_for
from bot.services.readers import Subscription


async def show_settings(update: Update, context: Context) -> None:
    subscription = await context.services.readers.subscription(context.reader.id)
    await context.answer(update, _settings(update, context, subscription))
    await context.toast(update)


async def change_language(update: Update, context: Context) -> None:
    if not await context.speak(update):
        return
    subscription = await context.services.readers.subscription(context.reader.id)
    await context.replace(update, _settings(update, context, subscription))
    await set_menu_for(context.bot, context.reader.id, context.texts(update))


async def choose_news(update: Update, context: Context) -> None:
    press = press_of(update)
    language = press.word or ""
    texts = context.texts(update)
    if language not in context.services.offered_languages:
        await context.toast(update, reader_screens.too_late(texts))
        return
    subscription = await context.services.readers.choose_news(
        context.reader.id, language, is_on=press.action is Action.NEWS
    )
    await context.toast(update, reader_screens.saved(texts))
    await context.replace(update, _settings(update, context, subscription))


async def stop(update: Update, context: Context) -> None:
    await context.services.readers.stop_news(context.reader.id)
    await context.answer(update, reader_screens.news_stopped(context.texts(update)))


async def resume(update: Update, context: Context) -> None:
    texts = context.texts(update)
    first_news = context.services.first_news_languages(texts.language)
    subscription = await context.services.readers.resume_news(context.reader.id, first_news=first_news)
    await context.toast(update, reader_screens.saved(texts))
    screen = reader_screens.news_resumed(texts, subscription.languages, context.services.offered_languages)
    await context.replace(update, screen)


def _settings(update: Update, context: Context, subscription: Subscription) -> Screen:
    return reader_screens.language_settings(
        context.texts(update),
        languages=context.services.settings.languages,
        offered=context.services.offered_languages,
        news_languages=subscription.languages if subscription.is_on else frozenset(),
    )


def handlers() -> list[AnyHandler]:
    return [
        CommandHandler("language", show_settings, filters=ChatType.PRIVATE),
        CommandHandler("stop", stop, filters=ChatType.PRIVATE),
        CallbackQueryHandler(show_settings, pattern=pressed(Action.MENU, words={"language"})),
        CallbackQueryHandler(resume, pattern=pressed(Action.MENU, words={"resume"})),
        CallbackQueryHandler(change_language, pattern=pressed(Action.LANGUAGE)),
        CallbackQueryHandler(choose_news, pattern=pressed(Action.NEWS, Action.NO_NEWS)),
    ]
