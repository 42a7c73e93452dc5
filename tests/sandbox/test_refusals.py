"""Each thing that Telegram refuses is refused by the stand-in, in Telegram's words."""

from collections.abc import Mapping

import pytest

from sandbox.errors import NOT_MODIFIED, QUERY_TOO_OLD
from sandbox.limits import Limits
from sandbox.telegram import Answer, Telegram
from tests.support.telegram import Clock

TOKEN = "110:sandbox"
READER, STRANGER = 700, 701
DESK, PLAIN, OUTSIDE = -1001, -1002, -1003

Params = Mapping[str, object]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def telegram(clock: Clock) -> Telegram:
    """A reader who has pressed start, a stranger, a forum with the bot as admin and a group with it as member."""
    telegram = Telegram(clock=clock, limits=Limits(bot_burst=1000, person_burst=1000, group_per_minute=1000))
    telegram.add_person("Айгерім", user_id=READER)
    telegram.add_person("Ерлан", user_id=STRANGER)
    telegram.person_says(READER, READER, "/start")
    telegram.add_group("Desk", [READER], forum=True, chat_id=DESK)
    telegram.add_group("Plain", [READER], bot_is_admin=False, chat_id=PLAIN)
    telegram.add_group("Outside", [READER], chat_id=OUTSIDE)
    telegram.bot_kicked(OUTSIDE)
    return telegram


async def refusal(telegram: Telegram, method: str, params: Params) -> tuple[int, object]:
    answer = await telegram.call(TOKEN, method, params)
    assert answer.body["ok"] is False, answer
    assert answer.body["error_code"] == answer.status
    return answer.status, answer.body["description"]


async def sent(telegram: Telegram, **params: object) -> int:
    answer = await telegram.call(TOKEN, "sendMessage", {"chat_id": READER, "text": "Сәлем, әлем", **params})
    return result(answer, "message_id")


def result(answer: Answer, name: str) -> int:
    given = answer.body.get("result")
    assert isinstance(given, dict), answer
    number = given[name]
    assert isinstance(number, int)
    return number


def text(words: str = "Сәлем 👋", **params: object) -> Params:
    return {"chat_id": READER, "text": words, **params}


def bold(offset: int, length: int) -> Params:
    return text(entities=[{"type": "bold", "offset": offset, "length": length}])


def buttons(*row: Params, rows: int = 1) -> Params:
    return text(reply_markup={"inline_keyboard": [list(row)] * rows})


def button(**action: object) -> Params:
    return {"text": "x", **action}


URL_REFUSED = "inline keyboard button URL '{}' is invalid: {}"
NAMELESS = {"message_id": 1, "nmae": 1}

REFUSED: list[tuple[str, Params, str]] = [
    ("sendMessage", {"text": "a"}, "chat_id is empty"),
    ("sendMessage", {"chat_id": READER}, "message text is empty"),
    ("sendMessage", text("  \n "), "message text is empty"),
    ("sendMessage", text("ә" * 4097), "message is too long"),
    ("sendMessage", text("👋" * 2049), "message is too long"),
    ("sendMessage", text(txt="a"), 'unknown parameter "txt" of sendMessage'),
    ("sendMessage", text(text=5), 'parameter "text" of sendMessage must be a string'),
    ("sendMessage", text(message_thread_id="x"), 'parameter "message_thread_id" of sendMessage must be an integer'),
    ("sendMessage", text(protect_content="maybe"), 'parameter "protect_content" of sendMessage must be a boolean'),
    ("sendMessage", text(parse_mode="HTML"), 'the sandbox does not play parameter "parse_mode" of sendMessage'),
    ("sendMessage", text("\ud83d"), "strings must be encoded in UTF-8"),
    ("sendMessage", bold(9, 1), "entity begins after the end of the text at UTF-16 offset 9"),
    (
        "sendMessage",
        bold(6, 3),
        "entity beginning at UTF-16 offset 6 ends after the end of the text at UTF-16 offset 9",
    ),
    ("sendMessage", bold(7, 1), "entity begins in a middle of a UTF-16 symbol at byte offset 15"),
    (
        "sendMessage",
        bold(6, 1),
        "entity beginning at UTF-16 offset 6 ends in a middle of a UTF-16 symbol at byte offset 15",
    ),
    ("sendMessage", bold(-1, 1), "receive an entity with incorrect offset -1"),
    ("sendMessage", bold(0, -1), "receive an entity with incorrect length -1"),
    ("sendMessage", text(entities=[{"type": "bold", "offset": 0, "length": 1}] * 101), "more than 100 entities"),
    (
        "sendMessage",
        text(entities=[{"type": "text_link", "offset": 0, "length": 1}]),
        "can't parse entities: can't find field \"url\"",
    ),
    (
        "sendMessage",
        text(entities=[{"type": "fat", "offset": 0, "length": 1}]),
        'field "type" of MessageEntity can\'t be "fat"',
    ),
    ("sendMessage", buttons(button(callback_data="ә" * 33)), "BUTTON_DATA_INVALID"),
    ("sendMessage", buttons(button(callback_data="")), "BUTTON_DATA_INVALID"),
    ("sendMessage", buttons(button(copy_text={"text": ""})), "BUTTON_COPY_TEXT_INVALID"),
    ("sendMessage", buttons(button(copy_text={"text": "1" * 257})), "BUTTON_COPY_TEXT_INVALID"),
    ("sendMessage", buttons(button(url="tel:110")), URL_REFUSED.format("tel:110", "Wrong HTTP URL")),
    (
        "sendMessage",
        buttons(button(url="tel:+77011234567")),
        URL_REFUSED.format("tel:+77011234567", "Wrong port number specified in the URL"),
    ),
    (
        "sendMessage",
        buttons(button(url="http://localhost/a")),
        URL_REFUSED.format("http://localhost/a", "Wrong HTTP URL"),
    ),
    ("sendMessage", buttons(button(url="ftp://a.kz")), URL_REFUSED.format("ftp://a.kz", "Unsupported URL protocol")),
    (
        "sendMessage",
        buttons(button()),
        "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
    ),
    (
        "sendMessage",
        buttons(button(url="https://a.kz", callback_data="x")),
        "an inline keyboard button with more than one action: callback_data, url",
    ),
    ("sendMessage", buttons(button(callback_data="x", style="pink")), "BUTTON_STYLE_INVALID"),
    ("sendMessage", buttons(*[button(callback_data="x")] * 9), "more than 8 buttons in a row of the inline keyboard"),
    ("sendMessage", buttons(button(callback_data="x"), rows=101), "reply markup is too long"),
    (
        "sendMessage",
        buttons(button(callback_data="x", colour="red")),
        'unknown field "colour" of InlineKeyboardButton',
    ),
    ("sendMessage", text(reply_parameters={"message_id": 99}), "message to be replied not found"),
    ("sendMessage", text(reply_parameters={"message_id": 1, "quote": "жоқ"}), "QUOTE_TEXT_INVALID"),
    ("sendMessage", text(chat_id=-5), "chat not found"),
    ("sendMessage", text(chat_id="@nobody"), "chat not found"),
    ("sendMessage", text(chat_id=12345), "chat not found"),
    ("sendMessage", text(chat_id=DESK, message_thread_id=77), "message thread not found"),
    ("sendMessage", text(message_thread_id=77), "message thread not found"),
    ("sendPhoto", {"chat_id": READER, "photo": "https://a.kz/p", "caption": "ә" * 1025}, "message caption is too long"),
    ("sendPhoto", {"chat_id": READER, "photo": "p"}, "wrong remote file identifier specified: Wrong string length"),
    ("sendContact", {"chat_id": READER, "phone_number": " ", "first_name": "a"}, "PHONE_NUMBER_INVALID"),
    ("editMessageText", text(message_id=99), "message to edit not found"),
    ("editMessageText", text(), "message identifier is not specified"),
    ("editMessageText", text(message_id=1), "message can't be edited"),
    ("deleteMessage", {"chat_id": READER, "message_id": 99}, "message to delete not found"),
    ("deleteMessages", {"chat_id": READER, "message_ids": []}, "message identifiers are not specified"),
    ("deleteMessages", {"chat_id": READER, "message_ids": [1] * 101}, "too many message identifiers specified"),
    ("answerCallbackQuery", {"callback_query_id": "7"}, QUERY_TOO_OLD),
    ("setMyCommands", {"commands": [{"command": "Hi", "description": "x"}]}, "BOT_COMMAND_INVALID"),
    ("setMyCommands", {"commands": [{"command": "a" * 33, "description": "x"}]}, "BOT_COMMAND_INVALID"),
    ("setMyCommands", {"commands": [{"command": "a", "description": ""}]}, "BOT_COMMAND_DESCRIPTION_INVALID"),
    ("setMyCommands", {"commands": [{"command": "a", "description": "x"}] * 101}, "BOT_COMMANDS_TOO_MUCH"),
    (
        "setMyCommands",
        {"commands": [], "scope": {"type": "moon"}},
        'unsupported type of parameter "scope" of setMyCommands specified',
    ),
    ("setMyCommands", {"commands": [], "scope": {"type": "chat", "chat_id": -9}}, "chat not found"),
    ("setMyName", {"name": "a" * 65}, "bot name is too long"),
    ("setMyDescription", {"description": "a" * 513}, "bot description is too long"),
    ("setMyShortDescription", {"short_description": "a" * 121}, "bot short description is too long"),
    ("setMyName", {"name": "a", "language_code": "kaz"}, "invalid language code specified"),
    ("createForumTopic", {"chat_id": PLAIN, "name": "a"}, "the chat is not a forum"),
    ("createForumTopic", {"chat_id": DESK, "name": "a" * 129}, "topic name is too long"),
    ("createForumTopic", {"chat_id": DESK, "name": " "}, "TOPIC_TITLE_EMPTY"),
    ("closeForumTopic", {"chat_id": DESK, "message_thread_id": 77}, "message thread not found"),
    (
        "setMessageReaction",
        {"chat_id": READER, "message_id": 1, "reaction": [{"type": "emoji", "emoji": "✅"}]},
        "REACTION_INVALID",
    ),
    ("setMessageReaction", {"chat_id": READER, "message_id": 9}, "message to react not found"),
    ("sendChatAction", {"chat_id": READER, "action": "dance"}, "wrong parameter action in request"),
    ("copyMessage", {"chat_id": READER, "from_chat_id": READER, "message_id": 9}, "message to copy not found"),
    ("forwardMessage", {"chat_id": READER, "from_chat_id": READER, "message_id": 9}, "message to forward not found"),
    ("pinChatMessage", {"chat_id": PLAIN, "message_id": 1}, "not enough rights to manage pinned messages in the chat"),
    ("pinChatMessage", {"chat_id": READER, "message_id": 9}, "message to pin not found"),
    ("leaveChat", {"chat_id": READER}, "chat member status can't be changed in private chats"),
    ("getChatMember", {"chat_id": DESK, "user_id": 5}, "user not found"),
    ("getChatAdministrators", {"chat_id": READER}, "there are no administrators in the private chat"),
]


@pytest.mark.parametrize(("method", "params", "sentence"), REFUSED)
async def test_what_telegram_refuses_is_refused(telegram: Telegram, method: str, params: Params, sentence: str) -> None:
    before = telegram.messages(READER)
    assert await refusal(telegram, method, params) == (400, f"Bad Request: {sentence}")
    assert telegram.log == []
    assert telegram.refused[-1].description == f"Bad Request: {sentence}"
    assert telegram.messages(READER) == before


FORBIDDEN: list[tuple[int, str]] = [
    (STRANGER, "bot can't initiate conversation with a user"),
    (OUTSIDE, "bot was kicked from the supergroup chat"),
]


@pytest.mark.parametrize(("chat_id", "sentence"), FORBIDDEN)
async def test_who_cannot_be_written_to_is_not(telegram: Telegram, chat_id: int, sentence: str) -> None:
    assert await refusal(telegram, "sendMessage", text(chat_id=chat_id)) == (403, f"Forbidden: {sentence}")


async def test_a_person_who_blocked_the_bot_gets_nothing_until_they_return(telegram: Telegram) -> None:
    telegram.person_blocks(READER)
    assert await refusal(telegram, "sendMessage", text()) == (403, "Forbidden: bot was blocked by the user")
    telegram.person_unblocks(READER)
    await sent(telegram)


async def test_a_deleted_account_gets_nothing(telegram: Telegram) -> None:
    telegram.person_deactivates(READER)
    assert await refusal(telegram, "sendMessage", text()) == (403, "Forbidden: user is deactivated")


async def test_a_bot_that_left_is_no_member(telegram: Telegram) -> None:
    await telegram.call(TOKEN, "leaveChat", {"chat_id": DESK})
    expected = (403, "Forbidden: bot is not a member of the supergroup chat")
    assert await refusal(telegram, "sendMessage", text(chat_id=DESK)) == expected


async def test_a_moved_group_tells_its_new_number(telegram: Telegram) -> None:
    old = telegram.add_group("Small", [READER], supergroup=False).chat_id
    new = telegram.migrate(old)
    answer = await telegram.call(TOKEN, "sendMessage", text(chat_id=old))
    assert answer.body == {
        "ok": False,
        "error_code": 400,
        "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": {"migrate_to_chat_id": new},
    }
    await sent(telegram, chat_id=new)


async def test_an_edit_that_changes_nothing_is_refused(telegram: Telegram) -> None:
    keyboard = {"inline_keyboard": [[button(callback_data="x")]]}
    message_id = await sent(telegram, text="ә https://a.kz", reply_markup=keyboard)
    same = {"chat_id": READER, "message_id": message_id, "text": " ә https://a.kz ", "reply_markup": keyboard}
    assert await refusal(telegram, "editMessageText", same) == (400, f"Bad Request: {NOT_MODIFIED}")
    without = {"chat_id": READER, "message_id": message_id, "text": "ә https://a.kz"}
    assert (await telegram.call(TOKEN, "editMessageText", without)).status == 200
    assert "reply_markup" not in telegram.messages(READER)[-1]


async def test_text_and_caption_are_edited_by_their_own_methods(telegram: Telegram) -> None:
    message_id = await sent(telegram)
    photo = await telegram.call(TOKEN, "sendPhoto", {"chat_id": READER, "photo": "https://a.kz/p"})
    no_caption = {"chat_id": READER, "message_id": message_id, "caption": "a"}
    no_text = {"chat_id": READER, "message_id": result(photo, "message_id"), "text": "a"}
    words = "Bad Request: there is no {} in the message to edit"
    assert await refusal(telegram, "editMessageCaption", no_caption) == (400, words.format("caption"))
    assert await refusal(telegram, "editMessageText", no_text) == (400, words.format("text"))


async def test_a_press_is_answered_once_and_soon(telegram: Telegram, clock: Clock) -> None:
    message_id = await sent(telegram, reply_markup={"inline_keyboard": [[button(callback_data="x")]]})
    query = {"callback_query_id": telegram.person_presses(READER, READER, message_id, "x"), "text": "Рақмет"}
    assert (await telegram.call(TOKEN, "answerCallbackQuery", query)).status == 200
    assert await refusal(telegram, "answerCallbackQuery", query) == (400, f"Bad Request: {QUERY_TOO_OLD}")
    late = {"callback_query_id": telegram.person_presses(READER, READER, message_id, "x")}
    clock.advance(16)
    assert await refusal(telegram, "answerCallbackQuery", late) == (400, f"Bad Request: {QUERY_TOO_OLD}")
    assert [press.answer for press in telegram.answers] == [{"text": "Рақмет", "show_alert": False, "url": None}]


async def test_after_two_days_a_message_stays(telegram: Telegram, clock: Clock) -> None:
    message_id = await sent(telegram)
    clock.advance(48 * 3600 + 1)
    expected = (400, "Bad Request: message can't be deleted for everyone")
    assert await refusal(telegram, "deleteMessage", {"chat_id": READER, "message_id": message_id}) == expected


async def test_a_topic_needs_the_right_to_make_it(telegram: Telegram) -> None:
    forum = telegram.add_group("F", [READER], forum=True, bot_rights=["can_pin_messages"]).chat_id
    expected = (400, "Bad Request: not enough rights to create a topic")
    assert await refusal(telegram, "createForumTopic", {"chat_id": forum, "name": "a"}) == expected


async def test_a_deleted_topic_is_not_found(telegram: Telegram) -> None:
    made = await telegram.call(TOKEN, "createForumTopic", {"chat_id": DESK, "name": "Қателер"})
    thread_id = result(made, "message_thread_id")
    await sent(telegram, chat_id=DESK, message_thread_id=thread_id)
    telegram.delete_topic(DESK, thread_id)
    assert telegram.messages(DESK) == []
    expected = (400, "Bad Request: message thread not found")
    assert await refusal(telegram, "sendMessage", text(chat_id=DESK, message_thread_id=thread_id)) == expected


async def test_an_unknown_method_is_not_found(telegram: Telegram) -> None:
    assert await refusal(telegram, "sendMesage", {}) == (404, "Not Found: method not found")


async def test_another_token_is_unauthorized(telegram: Telegram) -> None:
    assert (await telegram.call("111:other", "getMe", {})).status == 401
    answer = await telegram.call(f"123456:{'A' * 35}", "getMe", {})
    assert "sandbox" in str(answer.body["description"])


def test_a_real_looking_token_is_refused_at_once(clock: Clock) -> None:
    with pytest.raises(ValueError, match="sandbox refuses"):
        Telegram(clock=clock, token=f"123456:{'A' * 35}")
