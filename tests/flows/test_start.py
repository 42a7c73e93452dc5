"""The first minutes of a reader: the language, the news, the screens that explain."""

import pytest

from bot.logic.screens.readers import NATIVE_NAMES
from tests.support.story import NOVOSTI, Person, Story, article

COMMANDS = ["hotline", "language", "typo", "help", "cancel", "stop", "privacy"]


async def test_a_new_reader_is_asked_for_a_language_in_all_three_with_the_apps_first(
    story: Story, language: str
) -> None:
    reader = story.person(language_code=language)

    await reader.says("/start")

    others = [each for each in ("kk", "ru", "en") if each != language]
    asked = [story.words(each, "Choose your language") for each in (language, *others)]
    (question,) = reader.sees_exactly("\n".join(asked))
    assert question.labels == tuple(NATIVE_NAMES[each] for each in (language, *others))


async def test_a_reader_whose_app_speaks_another_language_is_asked_in_the_default_one_first(story: Story) -> None:
    reader = story.person(language_code="pt-br")

    await reader.says("/start")

    (question,) = reader.sees("")
    assert question.labels[0] == "Қазақша"


async def test_the_chosen_language_brings_one_screen_that_says_what_this_is_and_the_number(
    story: Story, language: str
) -> None:
    reader = story.person(language_code="kk")
    reader.language = language
    await reader.says("/start")
    reader.sees("")

    await reader.presses(NATIVE_NAMES[language])

    (welcome,) = reader.sees("110")
    assert welcome.is_edit
    name = {"kk": "Редакция", "ru": "Редакция", "en": "The newsroom"}[language]
    assert reader.words("👋 This is {name} in Telegram.", name=name) in welcome.text
    news = reader.words("📰 New articles come here by themselves: {languages}.", languages=NATIVE_NAMES[language])
    assert news in welcome.text
    assert reader.words("☎️ Hotline: {number}", number="110") in welcome.text
    assert welcome.labels == ("☎️ 110", reader.words("📰 News and language"), reader.words("❓ Help"))
    assert story.toasts() == [reader.words("Saved")]


async def test_the_menu_of_the_chat_is_set_in_the_language_chosen_here_and_not_the_apps(
    story: Story, language: str
) -> None:
    reader = story.person(language_code="en" if language == "kk" else "kk")
    await reader.starts(language)

    menus = [call.params for call in story.telegram.log if call.method == "setMyCommands" and "scope" in call.params]

    assert [menu["scope"] for menu in menus] == [{"type": "chat", "chat_id": reader.chat_id}]
    (commands,) = [menu["commands"] for menu in menus]
    assert isinstance(commands, list)
    assert [each["command"] for each in commands] == COMMANDS
    assert commands[0]["description"] == reader.words("☎️ The hotline")


async def test_start_may_be_said_again_and_again(story: Story, language: str) -> None:
    reader = story.person()
    await reader.starts(language)

    for _ in range(2):
        await reader.says("/start")
        (welcome,) = reader.sees("👋")
        assert not welcome.is_edit
        assert reader.words("❓ Help") in welcome.labels

    await story.publish()
    await story.publish(article(language=language))
    reader.sees("саябақ")


async def test_a_start_from_a_link_with_a_payload_is_a_start(story: Story) -> None:
    reader = story.person()

    await reader.says("/start from_the_site")

    reader.sees(story.words("kk", "Choose your language"))


async def test_the_question_for_the_language_may_be_asked_twice_and_answered_twice(story: Story) -> None:
    reader = story.person()
    reader.language = "ru"
    await reader.says("/start")
    (first,) = reader.sees("")
    await reader.says("/start")
    (second,) = reader.sees("")

    await reader.presses("Русский", on=second)
    reader.sees(reader.words("☎️ Hotline: {number}", number="110"))
    await reader.presses("Русский", on=first)
    reader.sees(reader.words("☎️ Hotline: {number}", number="110"))


async def test_a_news_button_pressed_or_handled_twice_turns_nothing_back(story: Story) -> None:
    story.expected_refusals.add("message is not modified")
    reader = story.person()
    await reader.starts("kk")
    await reader.says("/language")
    (settings,) = reader.sees(reader.words("News and language"))

    await reader.forges("nonews:kk", message_id=settings.message_id)
    (shown,) = reader.sees("")
    await reader.forges("nonews:kk", message_id=settings.message_id)

    assert "📰 ▫️ Қазақша" in shown.labels
    assert not (await story.dauys.services.readers.subscription(reader.user_id)).is_on


async def test_articles_reach_those_who_chose_their_language_and_nobody_else(story: Story) -> None:
    await story.publish()
    await story.publish(source=NOVOSTI)
    readers = {code: story.person(code, language_code=code) for code in ("kk", "ru", "en")}
    for code, reader in readers.items():
        await reader.starts(code)

    await story.publish(article(1, title="Жаңа саябақ", language="kk"))
    readers["kk"].sees("Жаңа саябақ")
    await story.publish(article(2, title="Новый парк", language="ru"), source=NOVOSTI)
    readers["ru"].sees("Новый парк")
    story.expect_nothing_unseen()


async def test_several_news_languages_are_chosen_apart_from_the_language_of_the_bot(
    story: Story, language: str
) -> None:
    await story.publish()
    reader = story.person()
    await reader.starts(language)

    await reader.says("/language")
    (settings,) = reader.sees(reader.words("News and language"))
    speaking = [("✅ " if each == language else "") + NATIVE_NAMES[each] for each in ("kk", "ru", "en")]
    chosen = [("📰 ✅ " if each == language else "📰 ▫️ ") + NATIVE_NAMES[each] for each in ("kk", "ru", "en")]
    assert settings.labels == (*speaking, *chosen)

    for other in {"kk", "ru", "en"} - {language}:
        await reader.presses("📰 ▫️ " + NATIVE_NAMES[other])
        (settings,) = reader.sees(reader.words("News and language"))
        assert settings.is_edit
        assert "📰 ✅ " + NATIVE_NAMES[other] in settings.labels

    for number, each in enumerate(("kk", "ru", "en"), start=1):
        await story.publish(article(number, title=f"№{number}", language=each))
        (news,) = reader.sees(f"№{number}")
        assert reader.words("💬 Comment") in news.labels


async def test_the_language_of_the_bot_changes_and_the_news_stays_as_it_was(story: Story) -> None:
    await story.publish()
    reader = story.person()
    await reader.starts("kk")
    await reader.says("/language")
    reader.sees("")

    await reader.presses("Русский")
    reader.language = "ru"
    (settings,) = reader.sees(reader.words("News and language"))
    assert settings.is_edit
    assert settings.labels == ("Қазақша", "✅ Русский", "English", "📰 ✅ Қазақша", "📰 ▫️ Русский", "📰 ▫️ English")

    await story.publish(article(1, language="kk"))
    (news,) = reader.sees("саябақ")
    assert reader.words("💬 Comment") in news.labels


async def test_without_any_news_language_no_news_comes(story: Story) -> None:
    await story.publish()
    reader = story.person()
    await reader.starts("kk")
    await reader.says("/language")
    reader.sees("")

    await reader.presses("📰 ✅ Қазақша")
    (settings,) = reader.sees("")
    assert not any("📰 ✅" in label for label in settings.labels)

    await story.publish(article(1))
    await reader.says("/start")
    reader.sees(reader.words("👋 This is {name} in Telegram.", name="Редакция"))


async def test_stop_ends_the_news_and_one_press_brings_it_back_as_it_was(story: Story, language: str) -> None:
    await story.publish()
    reader = story.person()
    await reader.starts(language)

    await reader.says("/stop")
    (stopped,) = reader.sees_exactly(
        reader.words("🔕 The news no longer comes. Comments, misprints and the hotline work as before.")
    )
    assert stopped.labels == (reader.words("🔔 Turn the news on"),)
    await story.publish(article(1, language=language))
    story.expect_nothing_unseen()

    await reader.presses("🔔", on=stopped)
    (resumed,) = reader.sees_exactly(
        reader.words("📰 New articles come here by themselves: {languages}.", languages=NATIVE_NAMES[language])
    )
    assert resumed.is_edit
    await story.publish(article(2, title="№2", language=language))
    reader.sees("№2")


async def test_stop_before_anything_was_chosen_is_answered_too(story: Story) -> None:
    reader = story.person(language_code="ru")
    reader.language = "ru"

    await reader.says("/stop")

    reader.sees(reader.words("🔕 The news no longer comes. Comments, misprints and the hotline work as before."))


async def test_help_says_what_there_is_by_command_and_by_button(story: Story, language: str) -> None:
    reader = story.person()
    await reader.starts(language)

    await reader.presses("❓")
    (by_button,) = reader.sees(reader.words("What I can do"))
    assert not by_button.is_edit
    await reader.says("/help")
    (by_command,) = reader.sees_exactly(by_button.text)
    assert by_command.labels == by_button.labels


async def test_privacy_tells_the_reader_their_code(story: Story, language: str) -> None:
    reader = story.person()
    await reader.starts(language)

    await reader.says("/privacy")

    (shown,) = reader.sees(reader.words("What I know about you"))
    known = await story.dauys.services.readers.find(reader.user_id)
    assert known is not None
    assert known.code in shown.text


async def test_cancel_without_anything_begun_says_so(story: Story, language: str) -> None:
    reader = story.person()
    await reader.starts(language)

    await reader.says("/cancel")

    reader.sees_exactly(reader.words("There is nothing to cancel: nothing has been begun."))


@pytest.mark.parametrize("words", ["/unknown", "Сәлем!", "…", "110 раз", "/start110", "/help@another_bot", "//"])
async def test_whatever_else_is_said_gets_one_short_answer(story: Story, words: str) -> None:
    reader = story.person()
    await reader.starts("ru")

    await reader.says(words)

    (answer,) = reader.sees_exactly(
        reader.words(
            "I did not understand that. To comment on an article, reply to it or tap 💬 under it. The rest is in /help."
        )
    )
    assert answer.labels == ("☎️ 110", reader.words("❓ Help"))


async def test_whatever_a_stranger_says_is_answered_in_the_language_of_their_app(story: Story, language: str) -> None:
    reader = story.person(language_code=language)
    reader.language = language

    await reader.says("?!")

    reader.sees(
        reader.words("❓ Help")
        and reader.words(
            "I did not understand that. To comment on an article, reply to it or tap 💬 under it. The rest is in /help."
        )
    )


async def test_an_old_button_of_a_language_that_is_gone_says_so(story: Story) -> None:
    reader = story.person()
    await reader.starts("kk")

    await reader.forges("language:fr")
    await reader.forges("news:fr")

    assert story.toasts()[-2:] == [reader.words("This button no longer works")] * 2


async def test_the_editors_words_at_the_desk_are_their_own(story: Story, aidana: Person) -> None:
    await aidana.says("Бүгін не жариялаймыз?")
    await aidana.says("/start")
    await aidana.says("/help")

    story.expect_nothing_unseen()
