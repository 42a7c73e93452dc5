"""A typo report: by a native quote, by its button, by /typo."""

import pytest

from bot.logic.screens.readers import NATIVE_NAMES
from tests.support.story import Person, Seen, Story, article

CONFIRM = "Shall I send it to the editors?"
ASK_CORRECTION = "How should it be? Write only the right words, or skip this."
PASTE = "Or copy the words with the misprint and send them here, from 2 to 255 characters."
SENT = "Thank you! Your report №{number} is with the editors. I will tell you here when they have looked."
CHOICE = "What is it?"
QUOTE_AN_ARTICLE = (
    "I can only take comments and misprints on articles that I sent you here. Please reply to one of them."
)
FRAGMENT_LENGTH = (
    "Please mark from 2 to 255 characters; here are {length}. A word or two around the misprint is enough."
)
CORRECTION_LENGTH = "That is too long for a correction. Please write only the words that should stand there."
TITLE = article().title
SENTENCE = "Бүгін ауданда жаңа саябақ ашылды."


def before_after(person: Person, before: str, after: str | None = None) -> str:
    """How a report is shown to this person."""
    now = f"{person.words('Now:')}\n{before}"
    return now if after is None else f"{now}\n\n{person.words('Should be:')}\n{after}"


def marked_in(story: Story, seen: Seen) -> list[tuple[str, str]]:
    """What is underlined in the message, each with what stands before it."""
    message = story.telegram.world.message(seen.chat_id, seen.message_id)
    text = message.words.encode("utf-16-le")
    marked = []
    for span in message.entities:
        if span["type"] == "underline":
            start, length = int(str(span["offset"])) * 2, int(str(span["length"])) * 2
            marked.append((text[start : start + length].decode("utf-16-le"), text[:start].decode("utf-16-le")))
    return marked


async def test_a_quote_with_its_correction_is_confirmed_once_and_fixed(
    story: Story, aidana: Person, language: str
) -> None:
    reader, news = await story.reader_of(article(language=language))

    await reader.quotes(news, "ауданда", "аудандa")
    (confirm,) = reader.sees_exactly(f"{reader.words(CONFIRM)}\n\n{before_after(reader, SENTENCE, 'аудандa')}")
    assert marked_in(story, confirm)[0][0] == "ауданда"
    assert confirm.labels == (reader.words("✅ Send"), reader.words("✏️ Edit"), reader.words("✖️ Cancel"))

    await reader.presses("✅")
    (thanks,) = reader.sees_exactly(reader.words(SENT, number=1))
    assert thanks.is_edit
    known = await story.dauys.services.readers.find(reader.user_id)
    assert known is not None
    who = f"{aidana.words('Reader {code}', code=known.code)} · {NATIVE_NAMES[language]}"
    (card,) = aidana.sees_exactly(
        f"{aidana.words('✏️ Misprint №{number}', number=1)}\n{TITLE}\n{who}\n\n"
        f"{before_after(aidana, SENTENCE, 'аудандa')}"
    )
    assert card.labels == (aidana.words("✅ Fixed"), aidana.words("👌 Not an error"))
    assert marked_in(story, card)[0][0] == "ауданда"

    await aidana.presses("✅")
    (decided,) = aidana.sees(f"{aidana.words('✅ Fixed')} · Айдана Серік")
    assert decided.labels == ()
    reader.sees(
        reader.words("✅ The misprint from your report №{number} is corrected. Thank you for your sharp eye!", number=1)
    )


async def test_a_report_may_be_no_error(story: Story, aidana: Person, language: str) -> None:
    reader, news = await story.reader_of(article(language=language))
    await reader.quotes(news, "ауданда", "аудандa")
    reader.sees("")
    await reader.presses("✅")
    reader.sees("")
    aidana.sees("")

    await aidana.presses("👌")
    aidana.sees(aidana.words("👌 Not an error"))
    reader.sees(
        reader.words(
            "The editors have looked at your report №{number}: it is right as it stands. Thank you for your attention!",
            number=1,
        )
    )


@pytest.mark.parametrize("pointer", ["қате", "опечатка", "Тут опечатка!", "typo", "???", "👆"])
async def test_a_quote_that_only_points_is_asked_for_the_correction(story: Story, aidana: Person, pointer: str) -> None:
    reader, news = await story.reader_of(article())

    await reader.quotes(news, "ауданда", pointer)
    (asked,) = reader.sees_exactly(f"{reader.words('✏️ The misprint:')}\n\n{SENTENCE}\n\n{reader.words(ASK_CORRECTION)}")
    assert asked.labels == (reader.words("⏭ Skip"), reader.words("✖️ Cancel"))
    await reader.says("ауданымызда")
    reader.sees(before_after(reader, SENTENCE, "ауданымызда"))
    await reader.presses("✅")
    reader.sees(reader.words(SENT, number=1))
    aidana.sees("ауданымызда")


async def test_the_correction_may_be_skipped(story: Story, aidana: Person, language: str) -> None:
    reader, news = await story.reader_of(article(language=language))
    await reader.quotes(news, "ауданда", "typo")
    reader.sees(reader.words(ASK_CORRECTION))

    await reader.presses("⏭")
    (confirm,) = reader.sees_exactly(f"{reader.words(CONFIRM)}\n\n{before_after(reader, SENTENCE)}")
    assert confirm.is_edit
    await reader.presses("✅")
    reader.sees(reader.words(SENT, number=1))
    aidana.sees(before_after(aidana, SENTENCE))


async def test_the_correction_is_changed_before_it_is_sent(story: Story, aidana: Person, language: str) -> None:
    reader, news = await story.reader_of(article(language=language))
    await reader.quotes(news, "ауданда", "ауданта")
    reader.sees("ауданта")

    await reader.presses(reader.words("✏️ Edit"))
    (asked,) = reader.sees(reader.words(ASK_CORRECTION))
    assert asked.is_edit
    await reader.says("аудандарда")
    reader.sees(before_after(reader, SENTENCE, "аудандарда"))
    await reader.presses("✅")
    reader.sees("№1")
    (card,) = aidana.sees("аудандарда")
    assert "ауданта" not in card.text


async def test_unclear_words_with_a_quote_are_asked_about_and_may_be_the_correction(
    story: Story, aidana: Person, language: str
) -> None:
    reader, news = await story.reader_of(article(language=language))

    await reader.quotes(news, "саябақ", "алаң")
    (asked,) = reader.sees_exactly(
        f"{reader.words('You have quoted:')}\nсаябақ\n{reader.words('and written:')}\nалаң\n{reader.words(CHOICE)}"
    )
    assert asked.labels == (
        reader.words("✏️ How it should be"),
        reader.words("💬 A comment"),
        reader.words("✖️ Cancel"),
    )
    await reader.presses(reader.words("✏️ How it should be"))
    (confirm,) = reader.sees("алаң")
    assert confirm.is_edit
    await reader.presses("✅")
    reader.sees(reader.words(SENT, number=1))
    aidana.sees("алаң")


async def test_unclear_words_with_a_quote_may_be_a_comment(story: Story, aidana: Person, language: str) -> None:
    reader, news = await story.reader_of(article(language=language))
    await reader.quotes(news, "жаңа саябақ", "Осындай саябақ біздің ауылға да керек еді!")
    reader.sees(reader.words(CHOICE))

    await reader.presses("💬")
    (signing,) = reader.sees(reader.words("How shall we sign the comment?"))
    assert signing.is_edit
    await reader.presses(reader.words("Anonymously"))
    reader.sees("Осындай саябақ")
    await reader.presses("✅")
    reader.sees("№1")
    aidana.sees("Осындай саябақ біздің ауылға да керек еді!")


async def test_unclear_words_that_are_too_short_for_a_comment_are_asked_for_once_more(story: Story) -> None:
    reader, news = await story.reader_of(article())
    await reader.quotes(news, "саябақ", "ок")
    reader.sees(reader.words(CHOICE))

    await reader.presses("💬")

    reader.sees(
        reader.words("Write it in one message, from 3 to 2,000 characters."),
        reader.words(
            "A comment has from 3 to 2,000 characters; yours has {length}. Please send it once more.", length=2
        ),
    )
    await reader.says("Жарайды")
    reader.sees(reader.words("How shall we sign the comment?"))


async def test_words_at_the_choice_show_it_again(story: Story) -> None:
    reader, news = await story.reader_of(article())
    await reader.quotes(news, "саябақ", "алаң")
    reader.sees(reader.words(CHOICE))

    await reader.says("түзету")

    reader.sees(reader.words("Please choose with a button; what you have written is safe."))


async def test_a_very_long_text_with_a_quote_is_asked_about_like_any_other(story: Story) -> None:
    reader, news = await story.reader_of(article(text="сөз " * 100))

    await reader.quotes(news, ("сөз " * 60).strip(), "жаңа сөйлем. " * 300)
    reader.sees(reader.words(CHOICE))
    await reader.presses(reader.words("✏️ How it should be"))
    reader.sees(reader.words(ASK_CORRECTION))


async def test_the_marked_place_is_the_quoted_one_where_a_word_stands_twice(story: Story, aidana: Person) -> None:
    text = "Көше кең. Көше ұзын, ал көше таза. 🌳 Көше әдемі."
    reader, news = await story.reader_of(article(text=text))

    await reader.quotes(news, "көше", "көшесі")
    (confirm,) = reader.sees("Көше ұзын, ал көше таза.")
    assert marked_in(story, confirm)[0][1].endswith("Көше ұзын, ал ")
    await reader.presses("✖️")
    reader.sees("")

    await reader.quotes(news, "Көше", "Көшеcі", occurrence=2)
    (confirm,) = reader.sees("Көше әдемі.")
    assert marked_in(story, confirm)[0][0] == "Көше"
    await reader.presses("✅")
    reader.sees("")
    (card,) = aidana.sees("Көше әдемі.")
    assert marked_in(story, card)[0][0] == "Көше"


async def test_the_title_may_be_quoted(story: Story) -> None:
    reader, news = await story.reader_of(article())

    await reader.quotes(news, "Ауладағы", "Ауладагы")

    (confirm,) = reader.sees(before_after(reader, TITLE, "Ауладагы"))
    assert marked_in(story, confirm)[0][0] == "Ауладағы"


async def test_any_piece_of_the_full_text_may_be_quoted(story: Story, aidana: Person, language: str) -> None:
    body = ["Бірінші абзац. " * 150, "Екінші абзац. " * 150, "Соңғы сөйлемде кате бар."]
    reader, news = await story.reader_of(article(body=body, language=language))
    await reader.presses("📖", on=news)
    *_, last = reader.sees("Бірінші", "Екінші")

    await reader.quotes(last, "кате", "қате")
    reader.sees(reader.words(ASK_CORRECTION))  # "қате" alone is a pointer in Kazakh
    await reader.says("қате")
    (confirm,) = reader.sees(before_after(reader, "Соңғы сөйлемде кате бар.", "қате"))
    assert marked_in(story, confirm)[0][0] == "кате"
    await reader.presses("✅")
    reader.sees("№1")
    aidana.sees("Соңғы сөйлемде кате бар.")


async def test_a_sentence_without_an_end_is_no_obstacle(story: Story, aidana: Person) -> None:
    """Card and preview would grow over Telegram's limit if they showed all of it."""
    endless = ", ".join(f"сөз{number}" for number in range(520))[:4050]
    reader, news = await story.reader_of(article(body=[endless]))
    await reader.presses("📖", on=news)
    piece, *_ = reader.sees("сөз1, сөз2")

    await reader.quotes(piece, "сөз200", "сөз 200")
    (confirm,) = reader.sees("сөз 200")
    assert marked_in(story, confirm)[0] == ("сөз200", confirm.text[: confirm.text.index("сөз200")])
    assert "\n…сөз" in confirm.text
    await reader.presses("✅")
    reader.sees("№1")
    aidana.sees("сөз 200")
    await aidana.presses("✅")
    aidana.sees("сөз 200")
    reader.sees("сөз200")


async def test_a_typo_begins_by_its_button_and_pasted_words(story: Story, aidana: Person, language: str) -> None:
    reader, news = await story.reader_of(article(language=language))

    await reader.presses(reader.words("✏️ Misprint"), on=news)
    (asked,) = reader.sees(f"{reader.words('✏️ A misprint in the article')}\n{TITLE}")
    assert reader.words(PASTE) in asked.text
    assert asked.labels == (reader.words("✖️ Cancel"),)
    await reader.says("жүз ағаш")
    (asked,) = reader.sees("Оған жүз ағаш отырғызылды.")
    assert marked_in(story, asked)[0][0] == "жүз ағаш"
    await reader.says("жүз түп ағаш")
    reader.sees(before_after(reader, "Оған жүз ағаш отырғызылды.", "жүз түп ағаш"))
    await reader.presses("✅")
    reader.sees(reader.words(SENT, number=1))
    aidana.sees("Оған жүз ағаш отырғызылды.")


async def test_pasted_words_are_found_in_the_body_and_in_the_title(story: Story) -> None:
    reader, news = await story.reader_of(article(body=["Бірінші абзац.", "Екінші абзацта кате бар."]))

    for pasted, sentence in (("кате бар", "Екінші абзацта кате бар."), ("жаңа саябақ ашылды", TITLE)):
        await reader.presses("✏️", on=news)
        reader.sees(reader.words(PASTE))
        await reader.says(pasted)
        (asked,) = reader.sees(sentence)
        assert marked_in(story, asked)[0][0] == pasted
        await reader.presses("✖️")
        reader.sees("")


async def test_pasted_words_are_found_without_regard_to_capitals_and_shown_as_the_article_has_them(
    story: Story,
) -> None:
    reader, news = await story.reader_of(article())
    await reader.presses("✏️", on=news)
    reader.sees("")

    await reader.says("ОҒАН жүз")

    (asked,) = reader.sees("Оған жүз ағаш отырғызылды.")
    assert marked_in(story, asked)[0][0] == "Оған жүз"


async def test_pasted_words_that_are_not_in_the_article_are_reported_as_they_are(story: Story, aidana: Person) -> None:
    reader, news = await story.reader_of(article())
    await reader.presses("✏️", on=news)
    reader.sees("")

    await reader.says("мүлдем басқа сөз")
    reader.sees(f"{reader.words('✏️ The misprint:')}\n\nмүлдем басқа сөз\n\n")
    await reader.presses("⏭")
    reader.sees("мүлдем басқа сөз")
    await reader.presses("✅")
    reader.sees("№1")
    aidana.sees(before_after(aidana, "мүлдем басқа сөз"))


@pytest.mark.parametrize(("pasted", "length"), [("а", 1), ("а" * 256, 256), ("😀" * 128, 256)])
async def test_pasted_words_of_another_length_are_asked_for_again(story: Story, pasted: str, length: int) -> None:
    reader, news = await story.reader_of(article())
    await reader.presses("✏️", on=news)
    reader.sees("")

    await reader.says(pasted)
    reader.sees_exactly(reader.words(FRAGMENT_LENGTH, length=length))
    await reader.says("жүз")
    reader.sees(reader.words(ASK_CORRECTION))


@pytest.mark.parametrize("pasted", ["аб", "а" * 255, "😀"])
async def test_the_shortest_and_the_longest_fragment_are_taken(story: Story, aidana: Person, pasted: str) -> None:
    reader, news = await story.reader_of(article())
    await reader.presses("✏️", on=news)
    reader.sees("")
    await reader.says(pasted)
    reader.sees(pasted)
    await reader.says("в" * 500)
    reader.sees(pasted)
    await reader.presses("✅")
    reader.sees("№1")
    aidana.sees(pasted)


async def test_a_quote_that_is_too_long_is_refused_with_a_hint(story: Story, language: str) -> None:
    reader, news = await story.reader_of(article(text="ә" * 300, language=language))

    await reader.quotes(news, "ә" * 256, "қате")

    reader.sees_exactly(reader.words(FRAGMENT_LENGTH, length=256))


async def test_a_correction_that_is_too_long_is_asked_for_again(story: Story, language: str) -> None:
    reader, news = await story.reader_of(article(language=language))
    await reader.quotes(news, "ауданда", "қате")
    reader.sees("")

    await reader.says("в" * 501)
    reader.sees_exactly(reader.words(CORRECTION_LENGTH))
    await reader.says("ауданымызда")
    reader.sees(reader.words(CONFIRM))


async def test_the_command_alone_shows_the_way_and_the_last_articles(story: Story, language: str) -> None:
    reader, _ = await story.reader_of(article(1, title="Бірінші", language=language))
    await story.publish(*(article(number, title=f"№{number}", language=language) for number in range(2, 8)))
    reader.sees(*(f"№{number}" for number in range(2, 8)))

    await reader.says("/typo")
    (offered,) = reader.sees(reader.words("Or choose the article:"))
    assert offered.labels == ("№7", "№6", "№5", "№4", "№3")
    await reader.presses("№4")
    reader.sees(f"{reader.words('✏️ A misprint in the article')}\n№4")


async def test_the_command_before_any_article_shows_the_way(story: Story) -> None:
    reader = story.person()
    await reader.starts("ru")

    await reader.says("/typo")

    (shown,) = reader.sees(
        reader.words("Hold the wrong word in any article here, tap “Quote” and write how it should be.")
    )
    assert shown.labels == ()


async def test_the_command_as_a_reply_is_the_button_of_that_article(story: Story) -> None:
    reader, news = await story.reader_of(article())

    await reader.says("/typo", reply_to=news.message_id)

    reader.sees(f"{reader.words('✏️ A misprint in the article')}\n{TITLE}")


async def test_the_command_written_with_a_quote_is_that_quote(story: Story) -> None:
    reader, news = await story.reader_of(article())

    await reader.quotes(news, "саябақ", "/typo саябағы")

    reader.sees(reader.words("Shall I send it to the editors?"))


async def test_a_quote_from_a_message_that_is_no_article_says_what_may_be_quoted(story: Story, language: str) -> None:
    reader = story.person()
    await reader.starts(language)
    await reader.says("/privacy")
    (shown,) = reader.sees("")

    await reader.quotes(shown, "Telegram", "Телеграм")

    reader.sees_exactly(reader.words(QUOTE_AN_ARTICLE))


async def test_a_quote_from_another_chat_counts_as_pasted_words(story: Story, aidana: Person) -> None:
    reader, news = await story.reader_of(article())
    other = story.telegram.add_group("Басқа", [reader.user_id, aidana.user_id], bot_is_admin=False)
    there = story.telegram.person_says(aidana.user_id, other.chat_id, "Оған жүз ағаш отырғызылды.")
    await story.settle()
    number = int(str(there["message_id"]))

    def quote(words: str) -> None:
        story.telegram.person_says(
            reader.user_id, reader.chat_id, words, reply_to=number, reply_chat=other.chat_id, quote="жүз ағаш"
        )

    quote("мың ағаш")
    await story.settle()
    reader.sees_exactly(reader.words(QUOTE_AN_ARTICLE))

    await reader.presses("✏️", on=news)
    reader.sees(reader.words(PASTE))
    quote("мың ағаш")
    await story.settle()
    (asked,) = reader.sees("Оған жүз ағаш отырғызылды.")
    assert marked_in(story, asked)[0][0] == "жүз ағаш"


async def test_the_bot_may_be_restarted_in_the_middle_of_every_step(
    story: Story, aidana: Person, language: str
) -> None:
    reader, news = await story.reader_of(article(language=language))
    await story.restart()
    await reader.presses("✏️", on=news)
    reader.sees(reader.words(PASTE))
    await story.restart()
    await reader.says("жүз ағаш")
    reader.sees(reader.words(ASK_CORRECTION))
    await story.restart()
    await reader.says("мың ағаш")
    reader.sees(reader.words(CONFIRM))
    await story.restart()
    await reader.presses("✅")
    reader.sees(reader.words(SENT, number=1))
    aidana.sees("мың ағаш")


async def test_a_second_press_on_send_changes_nothing(story: Story, aidana: Person) -> None:
    reader, news = await story.reader_of(article())
    await reader.quotes(news, "ауданда", "аудандa")
    (confirm,) = reader.sees("")

    reader.press_without_waiting("✅", on=confirm)
    reader.press_without_waiting("✅", on=confirm)
    await story.settle()

    reader.sees_exactly(reader.words(SENT, number=1))
    aidana.sees("№1")
    assert story.toasts()[-1] == reader.words("This button no longer works")
