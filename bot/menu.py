"""What Telegram shows around the chat: the command menu, the description, in every language."""

from collections.abc import Sequence

import structlog
from telegram import BotCommand, BotCommandScopeChat
from telegram.error import TelegramError

from bot.context import Bot
from bot.i18n import Catalogs, Texts

_log = structlog.get_logger(__name__)


def commands(texts: Texts) -> Sequence[BotCommand]:
    return [
        BotCommand("hotline", texts.gettext("☎️ The hotline")),
        BotCommand("language", texts.gettext("📰 News and language")),
        BotCommand("typo", texts.gettext("✏️ Report a misprint")),
        BotCommand("help", texts.gettext("❓ What I can do")),
        BotCommand("cancel", texts.gettext("✖️ Leave what was begun")),
        BotCommand("stop", texts.gettext("🔕 No more news")),
        BotCommand("privacy", texts.gettext("🔒 What I know about you")),
    ]


async def set_menu_for(bot: Bot, chat_id: int, texts: Texts) -> None:
    """The menu in the language chosen here, whatever the app's; a menu that cannot be set is no error of the reader."""
    try:
        await bot.set_my_commands(commands(texts), scope=BotCommandScopeChat(chat_id))
    except TelegramError as error:
        _log.warning("menu_not_set", error=type(error).__name__)


async def introduce(bot: Bot, catalogs: Catalogs, *, names: dict[str, str]) -> None:
    """Commands and descriptions for every language, and the default language's for all other apps.

    Only what differs is set: Telegram answers these methods with floods of hours when they are called at every start.
    """
    try:
        await _introduce_in(bot, catalogs.default, names[catalogs.default.language], language_code=None)
        for texts in catalogs:
            await _introduce_in(bot, texts, names[texts.language], language_code=texts.language)
    except TelegramError as error:
        _log.warning("not_introduced", error=type(error).__name__)


async def _introduce_in(bot: Bot, texts: Texts, name: str, *, language_code: str | None) -> None:
    wanted = tuple(commands(texts))
    if tuple(await bot.get_my_commands(language_code=language_code)) != wanted:
        await bot.set_my_commands(wanted, language_code=language_code)
    description = texts.gettext(
        "News from {name}, comments and misprint reports to its editors, and the hotline, right here in Telegram."
    ).format(name=name)[:512]
    if (await bot.get_my_description(language_code=language_code)).description != description:
        await bot.set_my_description(description, language_code=language_code)
    short = texts.gettext("{name}: news, your comments, the hotline").format(name=name)[:120]
    if (await bot.get_my_short_description(language_code=language_code)).short_description != short:
        await bot.set_my_short_description(short, language_code=language_code)
