"""answerCallbackQuery: what a person sees after pressing a button."""

from sandbox.arguments import Arguments
from sandbox.errors import QUERY_TOO_OLD, bad_request
from sandbox.text import utf16_length
from sandbox.world import World

MAX_ANSWER = 200


def answer_callback_query(world: World, call: Arguments) -> bool:
    press = world.presses.get(call.text("callback_query_id"))
    if press is None or press.answer is not None:
        raise bad_request(QUERY_TOO_OLD)
    if world.clock() - press.pressed_at > world.limits.callback_answer_s:
        raise bad_request(QUERY_TOO_OLD)
    if utf16_length(call.text("text")) > MAX_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    press.answer = {
        "text": call.maybe_text("text"),
        "show_alert": call.flag("show_alert"),
        "url": call.maybe_text("url"),
    }
    world.emit(
        "callback_answer",
        query_id=press.query_id,
        user_id=press.user_id,
        chat_id=press.chat_id,
        message_id=press.message_id,
        **press.answer,
    )
    return True
