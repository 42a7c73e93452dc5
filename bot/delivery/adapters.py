"""Screens as the parameters of Bot API methods: JSON-ready dicts in the Bot API's own names.

Prepared once, a dict may be sent to many: `{**prepared, "chat_id": chat_id}`. Nothing here sends.
"""

from bot.logic.screen import Button, Keyboard, Screen

Parameters = dict[str, object]


def message_parameters(
    chat_id: int,
    screen: Screen,
    *,
    reply_to: int | None = None,
    quote: str | None = None,
    thread_id: int | None = None,
    is_paid: bool = False,
) -> Parameters:
    """For sendMessage. A reply to a message that is gone is sent all the same; a `quote` that is no exact part of
    it is refused by Telegram (`RefusedReason.QUOTE`), and has to be sent again without."""
    parameters: Parameters = {"chat_id": chat_id, **_words(screen)}
    if thread_id is not None:
        parameters["message_thread_id"] = thread_id
    if screen.silent:
        parameters["disable_notification"] = True
    if is_paid:
        parameters["allow_paid_broadcast"] = True
    if reply_to is not None:
        reply: Parameters = {"message_id": reply_to, "allow_sending_without_reply": True}
        parameters["reply_parameters"] = reply if quote is None else {**reply, "quote": quote}
    return parameters


def edit_parameters(chat_id: int, message_id: int, screen: Screen) -> Parameters:
    """For editMessageText; a screen without buttons takes the old ones away."""
    return {"chat_id": chat_id, "message_id": message_id, **_words(screen)}


def keyboard_json(keyboard: Keyboard) -> Parameters:
    """The Bot API's InlineKeyboardMarkup."""
    return {"inline_keyboard": [[_button(button) for button in row] for row in keyboard]}


def _words(screen: Screen) -> Parameters:
    words: Parameters = {"text": screen.body.text, "link_preview_options": _preview(screen.preview_url)}
    if screen.body.entities:
        words["entities"] = [entity.as_json() for entity in screen.body.entities]
    if screen.keyboard:
        words["reply_markup"] = keyboard_json(screen.keyboard)
    return words


def _preview(url: str | None) -> Parameters:
    if url is None:
        return {"is_disabled": True}
    return {"url": url, "prefer_large_media": True, "show_above_text": True}


def _button(button: Button) -> Parameters:
    parameters: Parameters = {"text": button.label}
    if button.data is not None:
        parameters["callback_data"] = button.data
    if button.url is not None:
        parameters["url"] = button.url
    if button.copy is not None:
        parameters["copy_text"] = {"text": button.copy}
    if button.style is not None:
        parameters["style"] = button.style
    return parameters
