"""What people do reaches python-telegram-bot in the shapes it knows; what the bot does is seen by the people."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeChat,
    CallbackQuery,
    ChatMemberAdministrator,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    MessageEntity,
    ReactionTypeEmoji,
    ReplyParameters,
    Update,
)
from telegram.error import ChatMigrated, Conflict, NetworkError, RetryAfter, TimedOut

from sandbox.faults import Fault
from sandbox.limits import Limits
from sandbox.media import KINDS, MediaKind
from sandbox.telegram import Telegram
from tests.support.telegram import Clock, InProcessRequest

READER, EDITOR, DESK = 700, 701, -1001


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def telegram(clock: Clock) -> Telegram:
    telegram = Telegram(clock=clock, limits=Limits.off())
    telegram.add_person("Айгерім", "Сейітова", username="aigerim", user_id=READER)
    telegram.add_person("Ерлан", user_id=EDITOR)
    telegram.add_group("Редакция", [EDITOR], forum=True, chat_id=DESK)
    return telegram


@pytest.fixture
async def bot(telegram: Telegram, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bot]:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # else RetryAfter warns of the type it will have one day
    request = InProcessRequest(telegram, read_timeout=0.2)
    bot = Bot(telegram.token, request=request, get_updates_request=InProcessRequest(telegram))
    async with bot:
        yield bot


async def news(bot: Bot) -> list[Update]:
    """The updates since the last time."""
    updates = list(await bot.get_updates())
    if updates:
        await bot.get_updates(offset=updates[-1].update_id + 1, timeout=0)
    return updates


async def only_message(bot: Bot) -> Message:
    [update] = await news(bot)
    assert update.message is not None
    return update.message


async def test_a_command_arrives_with_its_entity(telegram: Telegram, bot: Bot) -> None:
    telegram.person_says(READER, READER, "/start әлем_1")
    message = await only_message(bot)
    assert message.text == "/start әлем_1"
    assert [(e.type, e.offset, e.length) for e in message.entities] == [("bot_command", 0, 6)]
    assert message.from_user is not None
    assert (message.from_user.id, message.from_user.language_code, message.chat.id) == (READER, "kk", READER)
    assert await news(bot) == []


async def test_a_message_comes_back_as_it_was_sent(telegram: Telegram, bot: Bot) -> None:
    telegram.person_says(READER, READER, "/start")
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("💬", callback_data="c:1", style="primary")]])
    preview = LinkPreviewOptions(url="https://a.kz/1", prefer_large_media=True, show_above_text=True)
    sent = await bot.send_message(
        READER,
        "👋 Тақырып\nмәтін  \n",
        entities=[MessageEntity("bold", 3, 7)],
        reply_markup=keyboard,
        link_preview_options=preview,
    )
    assert sent.text == "👋 Тақырып\nмәтін"
    assert sent.parse_entities() == {sent.entities[0]: "Тақырып"}
    assert sent.reply_markup == keyboard
    assert sent.link_preview_options == preview
    [_, shown] = telegram.messages(READER)
    known = {name: value for name, value in sent.to_dict().items() if value is not False}
    assert shown == {**known, "chat_id": READER}


async def test_spaces_before_the_words_move_the_entities(telegram: Telegram, bot: Bot) -> None:
    telegram.person_says(READER, READER, "/start")
    sent = await bot.send_message(READER, " \n a\r\u202eb c", entities=[MessageEntity("bold", 3, 4)])
    assert sent.text == "ab c"
    assert list(sent.parse_entities().values()) == ["ab"]


async def test_a_quote_keeps_its_place_and_looks(telegram: Telegram, bot: Bot) -> None:
    telegram.person_says(READER, READER, "/start")
    article = await bot.send_message(READER, "👋 сенім сенім", entities=[MessageEntity("bold", 0, 8)])
    await news(bot)
    telegram.person_says(READER, READER, "қате", reply_to=article.message_id, quote=("сенім", 9))
    message = await only_message(bot)
    assert message.quote is not None
    assert (message.quote.text, message.quote.position, message.quote.is_manual) == ("сенім", 9, True)
    assert message.reply_to_message is not None
    assert message.reply_to_message.message_id == article.message_id
    telegram.person_says(READER, READER, "қате", reply_to=article.message_id, quote="сенім")
    quote = (await only_message(bot)).quote
    assert quote is not None
    assert (quote.position, [(e.type, e.offset, e.length) for e in quote.entities or ()]) == (3, [("bold", 0, 5)])
    with pytest.raises(ValueError, match="not at this place"):
        telegram.person_says(READER, READER, "қате", reply_to=article.message_id, quote=("сенім", 4))


async def test_a_quote_from_elsewhere_is_an_external_reply(telegram: Telegram, bot: Bot) -> None:
    telegram.person_says(READER, READER, "/start")
    card = await bot.send_message(DESK, "Хабарлама")
    await news(bot)
    telegram.person_says(READER, READER, "?", reply_to=card.message_id, reply_chat=DESK, quote="Хабар")
    message = await only_message(bot)
    assert message.reply_to_message is None
    assert message.external_reply is not None
    assert (message.external_reply.message_id, message.quote and message.quote.text) == (card.message_id, "Хабар")


async def test_the_bot_quotes_too(telegram: Telegram, bot: Bot) -> None:
    said = telegram.person_says(READER, READER, "бір екі үш")
    number = said["message_id"]
    assert isinstance(number, int)
    sent = await bot.send_message(READER, "иә", reply_parameters=ReplyParameters(number, quote="екі"))
    assert sent.quote is not None
    assert (sent.quote.text, sent.quote.position) == ("екі", 4)
    plain = ReplyParameters(999, allow_sending_without_reply=True)
    assert (await bot.send_message(READER, "иә", reply_parameters=plain)).reply_to_message is None


@pytest.mark.parametrize("kind", KINDS)
async def test_everything_people_send_is_understood(telegram: Telegram, bot: Bot, kind: MediaKind) -> None:
    sent = telegram.person_sends(READER, READER, kind)
    messages = [update.message for update in await news(bot)]
    assert len(messages) == len(sent) == (2 if kind == "album" else 1)
    for message in messages:
        assert message is not None
        assert getattr(message, "photo" if kind == "album" else kind)
        assert bool(message.media_group_id) == (kind == "album")


async def test_a_press_reaches_the_bot_and_its_answer_the_person(telegram: Telegram, bot: Bot) -> None:
    telegram.person_says(READER, READER, "/start")
    await news(bot)
    sent = await bot.send_message(READER, "?", reply_markup=InlineKeyboardMarkup.from_button(_button("yes")))
    query_id = telegram.person_presses(READER, READER, sent.message_id, "yes")
    [update] = await news(bot)
    query = update.callback_query
    assert isinstance(query, CallbackQuery)
    assert (query.id, query.data, query.from_user.id, query.message) == (query_id, "yes", READER, sent)
    assert telegram.answer_to(query_id) is None
    await query.answer("Рақмет", show_alert=True)
    assert telegram.answer_to(query_id) == {"text": "Рақмет", "show_alert": True, "url": None}
    with pytest.raises(ValueError, match="no button"):
        telegram.person_presses(READER, READER, sent.message_id, "no")


async def test_a_custom_client_presses_what_it_likes(telegram: Telegram, bot: Bot) -> None:
    telegram.person_presses(READER, DESK, 12, "approve:1", force=True)
    [update] = await news(bot)
    query = update.callback_query
    assert query is not None
    assert query.message is not None
    assert (query.data, query.message.message_id, query.message.chat.id) == ("approve:1", 12, DESK)


def _button(data: str) -> InlineKeyboardButton:
    return InlineKeyboardButton("x", callback_data=data)


async def test_blocking_and_coming_back_are_told(telegram: Telegram, bot: Bot) -> None:
    telegram.person_says(READER, READER, "/start")
    await news(bot)
    telegram.person_blocks(READER)
    telegram.person_unblocks(READER)
    changes = [update.my_chat_member for update in await news(bot)]
    assert [change and change.new_chat_member.status for change in changes] == ["kicked", "member"]


async def test_an_edit_is_told(telegram: Telegram, bot: Bot) -> None:
    said = telegram.person_says(READER, READER, "бір")
    number = said["message_id"]
    assert isinstance(number, int)
    telegram.person_edits(READER, READER, number, "екі")
    [_, update] = await news(bot)
    assert update.edited_message is not None
    assert update.edited_message.text == "екі"
    assert update.edited_message.edit_date is not None


async def test_topics_are_made_written_to_and_closed(telegram: Telegram, bot: Bot) -> None:
    topic = await bot.create_forum_topic(DESK, "Қателер")
    sent = await bot.send_message(DESK, "Хабарлама", message_thread_id=topic.message_thread_id)
    assert (sent.message_thread_id, sent.is_topic_message) == (topic.message_thread_id, True)
    await news(bot)
    telegram.person_says(EDITOR, DESK, "ok", thread_id=topic.message_thread_id)
    message = await only_message(bot)
    assert message.message_thread_id == topic.message_thread_id
    assert message.reply_to_message is not None
    assert message.reply_to_message.forum_topic_created is not None
    assert await bot.close_forum_topic(DESK, topic.message_thread_id)
    assert await bot.reopen_forum_topic(DESK, topic.message_thread_id)
    assert await bot.edit_forum_topic(DESK, topic.message_thread_id, name="Пікірлер")
    assert await bot.delete_forum_topic(DESK, topic.message_thread_id)


async def test_a_member_hears_only_what_is_meant_for_it(telegram: Telegram, bot: Bot) -> None:
    group = telegram.add_group("Топ", [READER], bot_is_admin=False).chat_id
    sent = await bot.send_message(group, "сұрақ")
    telegram.person_says(READER, group, "сөз")
    telegram.person_says(READER, group, "/help@other_bot")
    telegram.person_says(READER, group, "/help")
    telegram.person_says(READER, group, "/help@dauys_bot")
    telegram.person_says(READER, group, "жауап", reply_to=sent.message_id)
    telegram.person_joins(EDITOR, group)
    heard = [update.message and update.message.text for update in await news(bot)]
    assert heard == ["/help", "/help@dauys_bot", "жауап", None]


async def test_a_group_that_moves_says_so_in_both_chats(telegram: Telegram, bot: Bot) -> None:
    old = telegram.add_group("Топ", [EDITOR], supergroup=False).chat_id
    new = telegram.migrate(old)
    told = [update.message for update in await news(bot)]
    assert [(m and m.chat.id, m and m.migrate_to_chat_id, m and m.migrate_from_chat_id) for m in told] == [
        (old, new, None),
        (new, None, old),
    ]
    with pytest.raises(ChatMigrated):
        await bot.send_message(old, "a")


async def test_the_bot_comes_and_goes(telegram: Telegram, bot: Bot) -> None:
    telegram.bot_kicked(DESK)
    telegram.bot_added(DESK)
    await bot.leave_chat(DESK)
    changes = [update.my_chat_member for update in await news(bot)]
    assert [c and c.new_chat_member.status for c in changes] == ["kicked", "administrator", "left"]


async def test_everything_else_the_bot_asks_is_understood(telegram: Telegram, bot: Bot) -> None:
    telegram.person_says(READER, READER, "/start")
    commands = [BotCommand("help", "Көмек")]
    scope = BotCommandScopeChat(READER)
    assert await bot.set_my_commands(commands, scope=scope, language_code="kk")
    assert list(await bot.get_my_commands(scope=scope, language_code="kk")) == commands
    assert await bot.get_my_commands() == ()
    assert await bot.delete_my_commands(scope=scope, language_code="kk")
    assert await bot.set_my_description("Дауыс", language_code="kk")
    assert (await bot.get_my_description("kk")).description == "Дауыс"
    assert await bot.set_my_short_description("Д")
    assert (await bot.get_my_short_description("ru")).short_description == "Д"
    assert await bot.set_my_name("Дауыс")
    assert (await bot.get_my_name()).name == "Дауыс"
    assert isinstance(await bot.get_chat_member(DESK, bot.id), ChatMemberAdministrator)
    assert (await bot.get_chat_member(DESK, EDITOR)).status == "creator"
    assert (await bot.get_chat_member(DESK, READER)).status == "left"
    assert len(await bot.get_chat_administrators(DESK)) == 2
    assert await bot.get_chat_member_count(DESK) == 2
    assert (await bot.get_chat(DESK)).is_forum
    photo = await bot.send_photo(READER, "https://a.kz/p.jpg", caption="сурет")
    assert (await bot.send_photo(READER, photo.photo[-1].file_id)).photo == photo.photo
    assert (await bot.send_photo(READER, b"bytes")).photo
    edited = await bot.edit_message_caption(READER, photo.message_id, caption="басқа")
    assert isinstance(edited, Message)
    assert edited.caption == "басқа"
    contact = await bot.send_contact(READER, "110", "Сенім телефоны")
    assert contact.contact is not None
    assert await bot.set_message_reaction(READER, 1, [ReactionTypeEmoji("👍")])
    assert await bot.send_chat_action(READER, "typing")
    copied = await bot.copy_message(READER, READER, contact.message_id)
    forwarded = await bot.forward_message(READER, READER, photo.message_id)
    assert forwarded.forward_origin is not None
    assert await bot.pin_chat_message(READER, copied.message_id)
    assert await bot.unpin_chat_message(READER)
    assert await bot.delete_message(READER, copied.message_id)
    assert await bot.delete_messages(READER, [photo.message_id, 12345])
    assert (await bot.get_webhook_info()).url == ""
    assert (await bot.get_chat_menu_button(READER)).type == "commands"
    assert await bot.delete_webhook(drop_pending_updates=True)
    assert await news(bot) == []


async def test_two_polls_at_once_end_the_older(telegram: Telegram, bot: Bot) -> None:
    older = asyncio.create_task(bot.get_updates(timeout=5))
    await telegram.wait_for(lambda: telegram.world.updates.has_poll)
    newer = asyncio.create_task(bot.get_updates(timeout=5))
    with pytest.raises(Conflict):
        await older
    telegram.person_says(READER, READER, "/start")
    assert len(await newer) == 1


FAULTS: list[tuple[Fault, type[Exception], int]] = [
    (Fault("too_many", retry_after=7), RetryAfter, 0),
    (Fault("server_error"), NetworkError, 0),
    (Fault("server_error", status=500), NetworkError, 0),
    (Fault("server_error_after"), NetworkError, 1),
    (Fault("reset_before"), NetworkError, 0),
    (Fault("reset_after"), NetworkError, 1),
    (Fault("silence_before"), TimedOut, 0),
    (Fault("silence_after"), TimedOut, 1),
    (Fault("delay", delay_s=5), TimedOut, 0),
]


@pytest.mark.parametrize(("fault", "error", "arrived"), FAULTS)
async def test_a_fault_meets_one_request(
    telegram: Telegram, bot: Bot, fault: Fault, error: type[Exception], arrived: int
) -> None:
    telegram.person_says(READER, READER, "/start")
    telegram.add_fault(fault)
    with pytest.raises(error):
        await bot.send_message(READER, "бір")
    assert telegram.counts["sendMessage"] == len(telegram.log) == arrived
    await bot.send_message(READER, "екі")
    assert telegram.messages(READER)[-1]["text"] == "екі"


async def test_a_flood_wait_refuses_whoever_asks_until_it_has_passed(
    telegram: Telegram, bot: Bot, clock: Clock
) -> None:
    telegram.person_says(READER, READER, "/start")
    telegram.add_fault(Fault("flood_wait", method="sendMessage", retry_after=3))
    for passed_s, left_s in ((10.0, 3), (1.5, 2), (1.4, 1)):
        clock.advance(passed_s)
        with pytest.raises(RetryAfter):
            await bot.send_message(READER, "бір")
        assert telegram.refused[-1].description == f"Too Many Requests: retry after {left_s}"
    assert await bot.send_chat_action(READER, "typing")
    clock.advance(0.2)
    await bot.send_message(READER, "екі")
    assert telegram.messages(READER)[-1]["text"] == "екі"
    assert telegram.faults.waiting == []
