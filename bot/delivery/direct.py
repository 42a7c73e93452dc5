"""Answers to a person's own tap: sent at once through PTB's bot, past the outbox. Errors are PTB's and raised.

The update that caused the answer is finished only after it, so a crash in between answers again.
"""

from telegram import InlineKeyboardMarkup, LinkPreviewOptions, MessageEntity
from telegram.error import BadRequest
from telegram.ext import ExtBot

from bot.delivery.adapters import keyboard_json
from bot.logic.lanes import Lane
from bot.logic.screen import Screen


async def send_screen(bot: ExtBot[Lane], chat_id: int, screen: Screen) -> None:
    await bot.send_message(
        chat_id,
        screen.body.text,
        entities=_entities(screen),
        reply_markup=_markup(screen),
        link_preview_options=_preview(screen),
        disable_notification=screen.silent,
        rate_limit_args=Lane.REPLY,
    )


async def edit_screen(bot: ExtBot[Lane], chat_id: int, message_id: int, screen: Screen) -> None:
    """Puts the screen in the place of that message; where it cannot be edited, the screen comes as a new one."""
    try:
        await bot.edit_message_text(
            screen.body.text,
            chat_id,
            message_id,
            entities=_entities(screen),
            reply_markup=_markup(screen),
            link_preview_options=_preview(screen),
            rate_limit_args=Lane.REPLY,
        )
    except BadRequest as error:
        # It stands there as wanted already: the second press on the same button.
        if "message is not modified" not in error.message.lower():
            await send_screen(bot, chat_id, screen)


def _entities(screen: Screen) -> list[MessageEntity]:
    return [MessageEntity.de_json(dict(entity.as_json()), None) for entity in screen.body.entities]


def _markup(screen: Screen) -> InlineKeyboardMarkup | None:
    return InlineKeyboardMarkup.de_json(keyboard_json(screen.keyboard), None) if screen.keyboard else None


def _preview(screen: Screen) -> LinkPreviewOptions:
    if screen.preview_url is None:
        return LinkPreviewOptions(is_disabled=True)
    return LinkPreviewOptions(url=screen.preview_url, prefer_large_media=True, show_above_text=True)
