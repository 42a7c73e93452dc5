"""Answers to a person's own tap: sent at once, past the outbox. Errors are PTB's and raised.

Past PTB's `Bot` too, which makes objects of answers that nobody reads, but through the same limiter.
The update that caused the answer is finished only after it, so a crash in between answers again.
"""

from telegram.error import BadRequest
from telegram.ext import ExtBot

from bot.delivery.adapters import Parameters, edit_parameters, message_parameters
from bot.delivery.request import request_data
from bot.logic.lanes import Lane
from bot.logic.screen import Screen


async def send_screen(bot: ExtBot[Lane], chat_id: int, screen: Screen) -> None:
    await _call(bot, "sendMessage", message_parameters(chat_id, screen))


async def edit_screen(bot: ExtBot[Lane], chat_id: int, message_id: int, screen: Screen) -> None:
    """Puts the screen in the place of that message; where it cannot be edited, the screen comes as a new one."""
    try:
        await _call(bot, "editMessageText", edit_parameters(chat_id, message_id, screen))
    except BadRequest as error:
        # It stands there as wanted already: the second press on the same button.
        if "message is not modified" not in error.message.lower():
            await send_screen(bot, chat_id, screen)


async def answer_press(bot: ExtBot[Lane], press_id: str, text: str | None = None, *, alert: bool = False) -> None:
    """What Telegram's apps wait for after a press; too late is no error."""
    said: Parameters = {} if text is None else {"text": text, "show_alert": alert}
    try:
        await _call(bot, "answerCallbackQuery", {"callback_query_id": press_id, **said})
    except BadRequest as error:
        if "query is too old" not in error.message.lower():
            raise


async def _call(bot: ExtBot[Lane], method: str, parameters: Parameters) -> None:
    """As `ExtBot` does it: tried again by the limiter after a flood wait."""
    data = request_data(parameters)
    url = f"{bot.base_url}/{method}"
    if bot.rate_limiter is None:
        await bot.request.post(url, data)
    else:
        await bot.rate_limiter.process_request(bot.request.post, (url, data), {}, method, parameters, Lane.REPLY)
