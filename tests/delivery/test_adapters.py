from telegram import InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters

from bot.delivery.adapters import edit_parameters, keyboard_json, message_parameters
from bot.logic.rich import bold, link
from bot.logic.screen import Button, Screen

SCREEN = Screen(
    body=bold("Жаңалық") + " " + link("оқу", "https://example.kz/1"),
    keyboard=((Button("💬", data="c:1"), Button("📖", url="https://example.kz/1")), (Button("☎️ 110", copy="110"),)),
    preview_url="https://example.kz/1",
)


def test_a_screen_is_a_message_with_entities_buttons_and_a_large_preview_above() -> None:
    assert message_parameters(7, SCREEN) == {
        "chat_id": 7,
        "text": "Жаңалық оқу",
        "entities": [
            {"type": "bold", "offset": 0, "length": 7},
            {"type": "text_link", "offset": 8, "length": 3, "url": "https://example.kz/1"},
        ],
        "link_preview_options": {"url": "https://example.kz/1", "prefer_large_media": True, "show_above_text": True},
        "reply_markup": {
            "inline_keyboard": [
                [{"text": "💬", "callback_data": "c:1"}, {"text": "📖", "url": "https://example.kz/1"}],
                [{"text": "☎️ 110", "copy_text": {"text": "110"}}],
            ]
        },
    }


def test_plain_words_carry_nothing_that_is_empty() -> None:
    assert message_parameters(7, Screen(bold(""))) == {
        "chat_id": 7,
        "text": "",
        "link_preview_options": {"is_disabled": True},
    }


def test_a_silent_message_in_a_topic_quotes_what_it_answers() -> None:
    parameters = message_parameters(-7, Screen(SCREEN.body, silent=True), reply_to=3, quote="оқу", thread_id=9)
    assert parameters["disable_notification"] is True
    assert parameters["message_thread_id"] == 9
    assert parameters["reply_parameters"] == {"message_id": 3, "allow_sending_without_reply": True, "quote": "оқу"}


def test_a_reply_without_a_quote_has_none() -> None:
    parameters = message_parameters(7, SCREEN, reply_to=3)
    assert parameters["reply_parameters"] == {"message_id": 3, "allow_sending_without_reply": True}


def test_an_edit_without_buttons_takes_them_away() -> None:
    parameters = edit_parameters(7, 3, Screen(bold("Шешім")))
    assert parameters["message_id"] == 3
    assert "reply_markup" not in parameters
    assert edit_parameters(7, 3, SCREEN)["reply_markup"] == keyboard_json(SCREEN.keyboard)


def test_a_button_keeps_its_colour() -> None:
    keyboard = keyboard_json(((Button("✅", data="a:1", style="success"),),))
    assert keyboard == {"inline_keyboard": [[{"text": "✅", "callback_data": "a:1", "style": "success"}]]}


def test_the_librarys_own_types_read_the_parameters_without_a_rest() -> None:
    parameters = message_parameters(7, SCREEN, reply_to=3, quote="оқу")
    for kind, name in (
        (InlineKeyboardMarkup, "reply_markup"),
        (LinkPreviewOptions, "link_preview_options"),
        (ReplyParameters, "reply_parameters"),
    ):
        value = parameters[name]
        assert isinstance(value, dict)
        read = kind.de_json(value, None)
        assert read.to_dict() == value
        assert not read.api_kwargs
