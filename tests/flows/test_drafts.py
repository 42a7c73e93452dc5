"""What was begun is not lost: another button in the middle, an hour away, a day away."""

from datetime import timedelta

from tests.support.story import Person, Seen, Story, article

UNFINISHED_COMMENT = "You have an unfinished comment:"
UNFINISHED_REPORT = "You have an unfinished misprint report:"
GO_ON = "▶️ Go on"
BEGIN_NEW = "🆕 Begin the new one"
COMMENT_KEPT = "Your unfinished comment is kept until tomorrow."
REPORT_KEPT = "Your unfinished misprint report is kept until tomorrow."
ASK_SIGN = "How shall we sign the comment?"
ASK_TEXT = "Write it in one message, from 3 to 2,000 characters."
PASTE = "Or copy the words with the misprint and send them here, from 2 to 255 characters."
PRESS = "Please choose with a button; what you have written is safe."
TOO_LATE = "This button no longer works"
NOT_UNDERSTOOD = (
    "I did not understand that. To comment on an article, reply to it or tap 💬 under it. The rest is in /help."
)


async def two_articles(story: Story, language: str = "kk") -> tuple[Person, Seen, Seen]:
    reader, first = await story.reader_of(article(1, title="Бірінші", language=language))
    await story.publish(article(2, title="Екінші", language=language))
    (second,) = reader.sees("Екінші")
    return reader, first, second


async def asked_about_two(story: Story, language: str = "kk") -> tuple[Person, Seen]:
    """The reader has a comment on the first article and has pressed 💬 under the second."""
    reader, first, second = await two_articles(story, language)
    await reader.says("Алғашқы ойым", reply_to=first.message_id)
    reader.sees(reader.words(ASK_SIGN))
    await reader.presses("💬", on=second)
    (question,) = reader.sees(reader.words(UNFINISHED_COMMENT))
    return reader, question


async def test_another_button_in_the_middle_asks_and_one_can_go_on(story: Story, aidana: Person, language: str) -> None:
    reader, question = await asked_about_two(story, language)
    assert question.text == (
        f"{reader.words(UNFINISHED_COMMENT)}\nБірінші\n\nАлғашқы ойым\n\n"
        f"{reader.words('Go on with it, or drop it and begin the new one?')}"
    )
    assert question.labels == (reader.words(GO_ON), reader.words(BEGIN_NEW))

    await reader.presses(reader.words(GO_ON))
    (signing,) = reader.sees_exactly(reader.words(ASK_SIGN))
    assert signing.is_edit
    await reader.presses("Айгүл")
    reader.sees("Алғашқы ойым")
    await reader.presses("✅")
    reader.sees("№1")
    (card,) = aidana.sees("Алғашқы ойым")
    assert "Бірінші" in card.text


async def test_another_button_in_the_middle_asks_and_one_can_begin_anew(
    story: Story, aidana: Person, language: str
) -> None:
    reader, _ = await asked_about_two(story, language)

    await reader.presses(reader.words(BEGIN_NEW))
    (asked,) = reader.sees(f"Екінші\n\n{reader.words(ASK_TEXT)}")
    assert asked.is_edit
    await reader.says("Екінші ойым")
    reader.sees(reader.words(ASK_SIGN))
    await reader.presses("Айгүл")
    reader.sees("Екінші ойым")
    await reader.presses("✅")
    reader.sees("№1")
    (card,) = aidana.sees("Екінші ойым")
    assert "Алғашқы" not in card.text


async def test_words_instead_of_a_choice_show_the_question_again(story: Story) -> None:
    reader, question = await asked_about_two(story)

    await reader.says("екіншісін")

    (again,) = reader.sees_exactly(f"{reader.words(PRESS)}\n\n{question.text}")
    await reader.presses(reader.words(BEGIN_NEW), on=again)
    reader.sees("Екінші")


async def test_the_question_is_answered_once(story: Story) -> None:
    reader, question = await asked_about_two(story)

    reader.press_without_waiting(reader.words(GO_ON), on=question)
    reader.press_without_waiting(reader.words(BEGIN_NEW), on=question)
    await story.settle()

    reader.sees_exactly(reader.words(ASK_SIGN))
    assert story.toasts()[-1] == reader.words(TOO_LATE)


async def test_the_question_outlives_a_restart(story: Story) -> None:
    reader, question = await asked_about_two(story)

    await story.restart()
    await reader.presses(reader.words(BEGIN_NEW), on=question)

    reader.sees("Екінші")


async def test_a_quote_in_the_middle_of_a_comment_asks_too(story: Story, aidana: Person, language: str) -> None:
    reader, first, second = await two_articles(story, language)
    await reader.says("Алғашқы ойым", reply_to=first.message_id)
    reader.sees("")

    await reader.quotes(second, "саябақ", "саябаk")
    reader.sees(reader.words(UNFINISHED_COMMENT))
    await reader.presses(reader.words(BEGIN_NEW))
    reader.sees("саябаk")
    await reader.presses("✅")
    reader.sees("№1")
    aidana.sees("саябаk")


async def test_a_comment_in_the_middle_of_a_report_asks_too(story: Story, language: str) -> None:
    reader, first, second = await two_articles(story, language)
    await reader.quotes(first, "саябақ", "саябаk")
    reader.sees("")

    await reader.says("Жақсы жаңалық", reply_to=second.message_id)
    (question,) = reader.sees(f"{reader.words(UNFINISHED_REPORT)}\nБірінші\n\nсаябаk")
    await reader.presses(reader.words(GO_ON), on=question)
    reader.sees(reader.words("Shall I send it to the editors?"))


async def test_the_typo_command_in_the_middle_of_a_comment_loses_nothing(story: Story) -> None:
    reader, first, second = await two_articles(story)
    await reader.says("Алғашқы ойым", reply_to=first.message_id)
    (signing,) = reader.sees("")

    await reader.says("/typo", reply_to=second.message_id)
    reader.sees(reader.words(UNFINISHED_COMMENT))
    await reader.presses(reader.words(GO_ON))
    reader.sees(reader.words(ASK_SIGN))
    assert signing.text == reader.words(ASK_SIGN)


async def test_without_a_draft_nothing_is_asked(story: Story) -> None:
    reader, first, second = await two_articles(story)
    await reader.presses("💬", on=first)
    reader.sees("Бірінші")

    await reader.presses("✏️", on=second)
    reader.sees(reader.words(PASTE))
    await reader.presses("💬", on=second)
    reader.sees("Екінші")


async def test_other_screens_in_the_middle_lose_nothing(story: Story) -> None:
    reader, first, _ = await two_articles(story)
    await reader.presses("💬", on=first)
    reader.sees("")

    for command in ("/help", "/privacy", "/language", "/stop", "/start", "/nothing"):
        await reader.says(command)
        reader.sees("")
    await reader.says("Алғашқы ойым")
    reader.sees(reader.words(ASK_SIGN))


async def test_the_draft_speaks_the_language_that_was_chosen_in_its_middle(story: Story) -> None:
    reader, first, _ = await two_articles(story)
    await reader.presses("💬", on=first)
    reader.sees("")
    await reader.says("/language")
    reader.sees("")
    await reader.presses("English")
    reader.sees("")
    reader.language = "en"

    await reader.says("Алғашқы ойым")

    reader.sees_exactly(reader.words(ASK_SIGN))


async def test_a_forgotten_comment_is_kept_and_its_reader_told_once_without_a_sound(
    story: Story, aidana: Person, language: str
) -> None:
    reader, first, _ = await two_articles(story, language)
    await reader.says("Алғашқы ойым", reply_to=first.message_id)
    reader.sees("")

    await story.later(timedelta(minutes=59))
    story.expect_nothing_unseen()
    await story.later(timedelta(minutes=2))
    (kept,) = reader.sees_exactly(reader.words(COMMENT_KEPT))
    assert kept.labels == (reader.words(GO_ON),)
    assert story.telegram.log[-1].params["disable_notification"] is True
    await story.later(timedelta(minutes=2))
    await story.later(timedelta(hours=5))
    story.expect_nothing_unseen()

    await reader.presses(reader.words(GO_ON), on=kept)
    (signing,) = reader.sees_exactly(reader.words(ASK_SIGN))
    assert signing.is_edit
    await reader.presses(reader.words("Anonymously"))
    reader.sees("Алғашқы ойым")
    await reader.presses("✅")
    reader.sees("№1")
    aidana.sees("Алғашқы ойым")


async def test_a_forgotten_report_is_kept_too(story: Story, language: str) -> None:
    reader, first, _ = await two_articles(story, language)
    await reader.quotes(first, "саябақ", "саябаk")
    reader.sees("")

    await story.later(timedelta(minutes=61))
    reader.sees_exactly(reader.words(REPORT_KEPT))
    await reader.presses(reader.words(GO_ON))
    reader.sees("саябаk")


async def test_a_forgotten_dialog_without_a_draft_ends_without_a_word(story: Story) -> None:
    reader, first, _ = await two_articles(story)
    await reader.presses("💬", on=first)
    reader.sees("")

    await story.later(timedelta(minutes=61))

    await reader.says("Алғашқы ойым")
    reader.sees_exactly(reader.words(NOT_UNDERSTOOD))


async def test_the_old_buttons_of_a_parked_draft_take_it_up_again(story: Story) -> None:
    reader, first, _ = await two_articles(story)
    await reader.says("Алғашқы ойым", reply_to=first.message_id)
    (signing,) = reader.sees("")
    await story.later(timedelta(minutes=61))
    reader.sees(reader.words(COMMENT_KEPT))

    await reader.presses("Айгүл", on=signing)

    reader.sees("Алғашқы ойым")


async def test_a_new_comment_beside_a_parked_draft_asks_which(story: Story) -> None:
    reader, first, second = await two_articles(story)
    await reader.says("Алғашқы ойым", reply_to=first.message_id)
    reader.sees("")
    await story.later(timedelta(minutes=61))
    reader.sees(reader.words(COMMENT_KEPT))

    await reader.presses("💬", on=second)
    reader.sees(reader.words(UNFINISHED_COMMENT))
    await reader.presses(reader.words(BEGIN_NEW))
    reader.sees("Екінші")


async def test_a_parked_draft_is_cancelled_too(story: Story) -> None:
    reader, first, _ = await two_articles(story)
    await reader.says("Алғашқы ойым", reply_to=first.message_id)
    reader.sees("")
    await story.later(timedelta(minutes=61))
    (kept,) = reader.sees(reader.words(COMMENT_KEPT))

    await reader.says("/cancel")
    reader.sees_exactly(reader.words("All right, nothing was sent."))
    await reader.presses(reader.words(GO_ON), on=kept)
    assert story.toasts()[-1] == reader.words(TOO_LATE)


async def test_a_draft_is_gone_after_a_day(story: Story, language: str) -> None:
    reader, first, _ = await two_articles(story, language)
    await reader.says("Алғашқы ойым", reply_to=first.message_id)
    reader.sees("")
    await story.later(timedelta(minutes=61))
    (kept,) = reader.sees(reader.words(COMMENT_KEPT))

    await story.later(timedelta(hours=23))
    await reader.presses(reader.words(GO_ON), on=kept)
    assert story.toasts()[-1] == reader.words(TOO_LATE)
    await reader.says("/cancel")
    reader.sees_exactly(reader.words("There is nothing to cancel: nothing has been begun."))
