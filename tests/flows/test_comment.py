"""A comment from its button, or a plain reply, to the verdict."""

import pytest

from bot.logic.screens.readers import NATIVE_NAMES
from tests.support.story import Person, Seen, Story, article

ASK_TEXT = "Write it in one message, from 3 to 2,000 characters."
ASK_SIGN = "How shall we sign the comment?"
ASK_NAME = "What name shall we sign it with? Write it, up to 64 letters."
CHECK = "Please check before sending. Your comment on the article"
SENT = "Thank you! Your comment №{number} is with the editors. I will tell you here what they decide."
CANCELLED = "All right, nothing was sent."
PRESS = "Please choose with a button; what you have written is safe."
TOO_LATE = "This button no longer works"
LENGTH = "A comment has from 3 to 2,000 characters; yours has {length}. Please send it once more."
NAME_LENGTH = "Please write a name of 1 to 64 letters."
TITLE = article().title


async def to_preview(reader: Person, news: Seen, words: str = "Өте жақсы жаңалық!") -> Seen:
    """The reader has written the comment and wishes to stay anonymous."""
    await reader.presses("💬", on=news)
    reader.sees("")
    await reader.says(words)
    reader.sees("")
    await reader.presses(reader.words("Anonymously"))
    (preview,) = reader.sees("")
    return preview


async def test_a_comment_is_written_signed_sent_approved_and_its_reader_hears_of_it(
    story: Story, aidana: Person, language: str
) -> None:
    reader, news = await story.reader_of(article(language=language))

    await reader.presses("💬", on=news)
    (asked,) = reader.sees_exactly(
        f"{reader.words('💬 A comment on the article')}\n{TITLE}\n\n{reader.words(ASK_TEXT)}"
    )
    assert asked.labels == (reader.words("✖️ Cancel"),)

    await reader.says("Өте жақсы жаңалық!")
    (signing,) = reader.sees_exactly(reader.words(ASK_SIGN))
    assert signing.labels == (
        "✍️ Айгүл",
        reader.words("Another name"),
        reader.words("Anonymously"),
        reader.words("✖️ Cancel"),
    )

    await reader.presses("✍️ Айгүл")
    (preview,) = reader.sees_exactly(
        f"{reader.words(CHECK)}\n{TITLE}\n\nӨте жақсы жаңалық!\n\n{reader.words('Signature: {name}', name='Айгүл')}"
    )
    assert preview.is_edit
    assert preview.message_id == signing.message_id

    await reader.presses(reader.words("✅ Send"))
    (thanks,) = reader.sees_exactly(reader.words(SENT, number=1))
    assert thanks.is_edit
    assert thanks.labels == ()

    code = await code_of(story, reader)
    desk = aidana.words
    who = f"{desk('Reader {code}', code=code)} · {desk('signed “{name}”', name='Айгүл')} · {NATIVE_NAMES[language]}"
    (card,) = aidana.sees_exactly(f"{desk('💬 Comment №{number}', number=1)}\n{TITLE}\n{who}\n\nӨте жақсы жаңалық!")
    assert card.labels == (desk("✅ Approve"), desk("❌ Reject"))

    await aidana.presses("✅")
    (decided,) = aidana.sees(f"{desk('✅ Approved')} · Айдана Серік · ")
    assert decided.is_edit
    assert decided.message_id == card.message_id
    assert decided.text.startswith(card.text)
    assert decided.labels == ()
    (verdict,) = reader.sees_exactly(
        reader.words("✅ The editors have accepted your comment №{number}. Thank you for your voice!", number=1)
        + f"\n\n{TITLE}\nӨте жақсы жаңалық!"
    )
    assert not verdict.is_edit


async def code_of(story: Story, reader: Person) -> str:
    known = await story.dauys.services.readers.find(reader.user_id)
    assert known is not None
    return known.code


async def test_a_plain_reply_to_an_article_is_a_comment(story: Story, aidana: Person, language: str) -> None:
    reader, news = await story.reader_of(article(language=language))

    await reader.says("Қашан ашылады?", reply_to=news.message_id)
    reader.sees_exactly(reader.words(ASK_SIGN))
    await reader.presses(reader.words("Anonymously"))
    reader.sees(reader.words("Signature: none, anonymous"))
    await reader.presses("✅")
    reader.sees_exactly(reader.words(SENT, number=1))

    (card,) = aidana.sees("Қашан ашылады?")
    assert aidana.words("anonymous") in card.text
    assert "Айгүл" not in card.text
    await aidana.presses("❌")
    aidana.sees(aidana.words("❌ Rejected"))
    reader.sees(
        reader.words(
            "Your comment №{number} was read, but the editors have not accepted it. You are welcome to write again.",
            number=1,
        )
    )


async def test_a_reply_to_a_piece_of_the_full_text_is_a_comment_too(story: Story, aidana: Person) -> None:
    reader, news = await story.reader_of(article(body=["Бірінші абзац.", "Екінші абзац."]))
    await reader.presses("📖", on=news)
    (piece,) = reader.sees("Бірінші абзац.\n\nЕкінші абзац.")

    await reader.says("Қызық екен", reply_to=piece.message_id)
    reader.sees(reader.words(ASK_SIGN))
    await reader.presses("Айгүл")
    reader.sees("Қызық екен")
    await reader.presses("✅")
    reader.sees(reader.words(SENT, number=1))
    aidana.sees(TITLE)


async def test_a_comment_is_signed_with_another_name(story: Story, aidana: Person, language: str) -> None:
    reader, news = await story.reader_of(article(language=language))
    await reader.says("Рақмет!", reply_to=news.message_id)
    reader.sees(reader.words(ASK_SIGN))

    await reader.presses(reader.words("Another name"))
    (asked,) = reader.sees_exactly(reader.words(ASK_NAME))
    assert asked.is_edit
    assert asked.labels == (reader.words("✖️ Cancel"),)
    await reader.says("  Ауыл \n мұғалімі ")
    (preview,) = reader.sees(reader.words("Signature: {name}", name="Ауыл мұғалімі"))
    assert not preview.is_edit
    await reader.presses("✅")
    reader.sees(reader.words(SENT, number=1))
    aidana.sees(aidana.words("signed “{name}”", name="Ауыл мұғалімі"))


@pytest.mark.parametrize(("name", "fits"), [("Б", True), ("Б" * 64, True), ("Б" * 65, False), ("😀" * 33, False)])
async def test_a_name_has_from_1_to_64_letters(story: Story, name: str, fits: bool) -> None:  # noqa: FBT001 - an example's answer
    reader, news = await story.reader_of(article())
    await reader.says("Рақмет!", reply_to=news.message_id)
    reader.sees("")
    await reader.presses(reader.words("Another name"))
    reader.sees("")

    await reader.says(name)

    expected = reader.words("Signature: {name}", name=name) if fits else reader.words(NAME_LENGTH)
    reader.sees(expected)


async def test_a_name_that_shows_nothing_is_asked_for_again(story: Story) -> None:
    reader, news = await story.reader_of(article())
    await reader.says("Рақмет!", reply_to=news.message_id)
    reader.sees("")
    await reader.presses(reader.words("Another name"))
    reader.sees("")

    await reader.says("\u3164")

    reader.sees_exactly(reader.words(NAME_LENGTH))


async def test_somebody_whose_name_shows_nothing_may_still_comment(story: Story, aidana: Person) -> None:
    reader, news = await story.reader_of(article(), first_name="\u3164")
    await reader.says("Рақмет!", reply_to=news.message_id)
    (signing,) = reader.sees(reader.words(ASK_SIGN))

    await reader.presses("✍️", on=signing)
    reader.sees("Рақмет!")
    await reader.presses("✅")
    reader.sees(reader.words(SENT, number=1))
    aidana.sees("Рақмет!")


@pytest.mark.parametrize(
    ("words", "length"), [("ок", 2), ("а" * 2001, 2001), ("😀", 2), ("😀" * 1001, 2002), (" \n а \n ", 1)]
)
async def test_a_comment_of_another_length_is_asked_for_again_and_the_step_stays(
    story: Story, words: str, length: int
) -> None:
    reader, news = await story.reader_of(article())
    await reader.presses("💬", on=news)
    reader.sees("")

    await reader.says(words)
    reader.sees_exactly(reader.words(LENGTH, length=length))
    await reader.says("Енді дұрыс")
    reader.sees_exactly(reader.words(ASK_SIGN))


@pytest.mark.parametrize("words", ["жоқ", "а" * 2000, "😀" * 1000, "𐰴" * 1000])
async def test_the_shortest_and_the_longest_comment_arrive_whole(story: Story, aidana: Person, words: str) -> None:
    reader, news = await story.reader_of(article(title="Т" * 300))

    preview = await to_preview(reader, news, words)
    assert words in preview.text
    await reader.presses("✅")
    reader.sees(reader.words(SENT, number=1))
    aidana.sees(words)
    await aidana.presses("✅")
    aidana.sees(words)
    reader.sees("№1")


async def test_a_reply_that_is_too_short_begins_nothing(story: Story, language: str) -> None:
    reader, news = await story.reader_of(article(language=language))

    await reader.says("ок", reply_to=news.message_id)
    reader.sees_exactly(reader.words(LENGTH, length=2))
    await reader.says("/cancel")
    reader.sees(reader.words("There is nothing to cancel: nothing has been begun."))


async def test_the_text_is_edited_and_the_signature_stays(story: Story, aidana: Person, language: str) -> None:
    reader, news = await story.reader_of(article(language=language))
    await reader.says("Жаксы", reply_to=news.message_id)
    reader.sees("")
    await reader.presses("Айгүл")
    reader.sees("")

    await reader.presses(reader.words("✏️ Edit"))
    (asked,) = reader.sees(f"{reader.words('So far you have written:')}\n\nЖаксы")
    assert asked.is_edit
    await reader.says("Жақсы")
    (preview,) = reader.sees(f"\n\nЖақсы\n\n{reader.words('Signature: {name}', name='Айгүл')}")
    assert not preview.is_edit
    await reader.presses("✅")
    reader.sees(reader.words(SENT, number=1))
    aidana.sees("Жақсы")


async def test_the_signature_is_changed_and_the_text_stays(story: Story, aidana: Person, language: str) -> None:
    reader, news = await story.reader_of(article(language=language))
    await reader.says("Жақсы", reply_to=news.message_id)
    reader.sees("")
    await reader.presses("Айгүл")
    reader.sees("")

    await reader.presses(reader.words("✍️ Signature"))
    (asked,) = reader.sees_exactly(reader.words(ASK_SIGN))
    assert asked.is_edit
    await reader.presses(reader.words("Anonymously"))
    reader.sees(reader.words("Signature: none, anonymous"))
    await reader.presses("✅")
    reader.sees("№1")
    (card,) = aidana.sees("Жақсы")
    assert "Айгүл" not in card.text


async def test_a_comment_is_cancelled_by_its_button_at_every_step(story: Story, language: str) -> None:
    reader, news = await story.reader_of(article(language=language))

    for words in ([], ["Жақсы жаңалық"]):
        await reader.presses("💬", on=news)
        reader.sees("")
        for said in words:
            await reader.says(said)
            reader.sees("")
        await reader.presses("✖️")
        (cancelled,) = reader.sees_exactly(reader.words(CANCELLED))
        assert cancelled.is_edit
        assert cancelled.labels == ()
    await to_preview(reader, news)
    await reader.presses("✖️")
    reader.sees_exactly(reader.words(CANCELLED))

    await reader.presses("💬", on=news)
    (fresh,) = reader.sees(reader.words(ASK_TEXT))
    assert reader.words("So far you have written:") not in fresh.text


async def test_a_comment_is_cancelled_by_the_command(story: Story, language: str) -> None:
    reader, news = await story.reader_of(article(language=language))
    await to_preview(reader, news)

    await reader.says("/cancel")

    reader.sees_exactly(reader.words(CANCELLED))


async def test_a_second_press_on_send_changes_nothing(story: Story, aidana: Person) -> None:
    reader, news = await story.reader_of(article())
    preview = await to_preview(reader, news)

    reader.press_without_waiting("✅", on=preview)
    reader.press_without_waiting("✅", on=preview)
    await story.settle()

    reader.sees_exactly(reader.words(SENT, number=1))
    aidana.sees("№1")
    assert story.toasts()[-1] == reader.words(TOO_LATE)


async def test_a_button_of_a_dialog_that_is_over_says_so_and_changes_nothing(story: Story) -> None:
    reader, news = await story.reader_of(article())
    await reader.presses("💬", on=news)
    (first,) = reader.sees("")
    await reader.says("/cancel")
    reader.sees("")
    await reader.presses("💬", on=news)
    reader.sees("")

    await reader.presses("✖️", on=first)
    assert story.toasts()[-1] == reader.words(TOO_LATE)

    await reader.says("Жақсы жаңалық")
    reader.sees(reader.words(ASK_SIGN))


async def test_a_button_of_a_step_that_was_left_says_so_and_changes_nothing(story: Story) -> None:
    reader, news = await story.reader_of(article())
    await reader.says("Жақсы", reply_to=news.message_id)
    (signing,) = reader.sees("")
    await reader.says("тағы")
    (signing_again,) = reader.sees(reader.words(PRESS))
    await reader.presses(reader.words("Anonymously"), on=signing_again)
    reader.sees(reader.words("Signature: none, anonymous"))

    await reader.presses("Айгүл", on=signing)

    assert story.toasts()[-1] == reader.words(TOO_LATE)


async def test_words_where_a_press_is_awaited_show_the_step_again(story: Story, aidana: Person, language: str) -> None:
    reader, news = await story.reader_of(article(language=language))
    await reader.says("Жақсы жаңалық", reply_to=news.message_id)
    reader.sees("")

    await reader.says("Айгүл деп жазыңыз")
    (signing,) = reader.sees_exactly(f"{reader.words(PRESS)}\n\n{reader.words(ASK_SIGN)}")
    await reader.presses("Айгүл", on=signing)
    (preview,) = reader.sees(reader.words(CHECK))
    await reader.says("жібер")
    (preview_again,) = reader.sees_exactly(f"{reader.words(PRESS)}\n\n{preview.text}")
    await reader.presses("✅", on=preview_again)
    reader.sees(reader.words(SENT, number=1))
    aidana.sees("Жақсы жаңалық")


async def test_a_reply_to_the_bots_question_is_the_answer_to_it(story: Story) -> None:
    reader, news = await story.reader_of(article())
    await reader.presses("💬", on=news)
    (question,) = reader.sees("")

    await reader.says("Жақсы жаңалық", reply_to=question.message_id)

    reader.sees_exactly(reader.words(ASK_SIGN))


async def test_the_same_button_pressed_again_comes_back_to_the_same_draft(story: Story) -> None:
    reader, news = await story.reader_of(article())
    await reader.says("Жақсы жаңалық", reply_to=news.message_id)
    reader.sees("")

    await reader.presses("💬", on=news)

    reader.sees_exactly(reader.words(ASK_SIGN))


async def test_the_bot_may_be_restarted_in_the_middle_of_every_step(
    story: Story, aidana: Person, language: str
) -> None:
    reader, news = await story.reader_of(article(language=language))
    await reader.presses("💬", on=news)
    reader.sees("")
    await story.restart()
    await reader.says("Жақсы жаңалық")
    reader.sees(reader.words(ASK_SIGN))
    await story.restart()
    await reader.presses(reader.words("Another name"))
    reader.sees(reader.words(ASK_NAME))
    await story.restart()
    await reader.says("Ауыл мұғалімі")
    reader.sees("Ауыл мұғалімі")
    await story.restart()
    await reader.presses(reader.words("✏️ Edit"))
    reader.sees("Жақсы жаңалық")
    await story.restart()
    await reader.says("Тамаша жаңалық")
    reader.sees("Тамаша жаңалық")
    await story.restart()
    await reader.presses("✅")
    reader.sees(reader.words(SENT, number=1))
    aidana.sees("Тамаша жаңалық")
    await story.restart()
    await aidana.presses("✅")
    aidana.sees("Айдана Серік")
    reader.sees("№1")


async def test_a_button_under_an_article_that_is_gone_says_so(story: Story) -> None:
    reader, _ = await story.reader_of(article())

    for action in ("comment", "typo", "full"):
        await reader.forges(f"{action}::4711")

    assert story.toasts()[-3:] == [reader.words("This article is no longer here")] * 3


async def test_the_full_text_of_a_summary_is_the_beginning_and_the_way_to_the_page(story: Story, language: str) -> None:
    reader, news = await story.reader_of(article(language=language))

    await reader.presses("📖", on=news)

    (page,) = reader.sees(reader.words("The site gives only the beginning here. The rest is on its page."))
    assert page.labels == (reader.words("🌐 Open the article"),)


async def test_a_long_text_comes_in_pieces_with_the_buttons_under_the_last(story: Story) -> None:
    paragraphs = [f"№{number}. " + "сөз " * 300 for number in range(8)]
    reader, news = await story.reader_of(article(body=paragraphs))

    await reader.presses("📖", on=news)

    first, *_, last = reader.sees("№0.", "№3.", "№6.")
    assert first.labels == ()
    assert last.labels == (reader.words("💬 Comment"), reader.words("✏️ Misprint"))
