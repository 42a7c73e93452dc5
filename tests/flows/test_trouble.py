"""When something breaks: in a handler, on the way to Telegram, in the middle of a press."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from db.tables import updates
from db.updates import UpdateState
from sandbox.faults import Fault
from tests.support.story import Person, Seen, Story, article

TROUBLE = "Something went wrong on our side; we know about it already. Please try once more a little later."
SERVICE_LINE = "⚠️ An update could not be handled ({error}). It is kept aside; the log says more."
ANSWERED_ALREADY = "query is too old"
"""Of a press that is handled a second time."""
SENT = "Thank you! Your comment №{number} is with the editors. I will tell you here what they decide."


class PrivacyBroke(Exception):  # noqa: N818 - a story's own trouble
    """What a fault of ours looks like."""


class OtherTrouble(Exception):  # noqa: N818 - as above
    """Trouble of another kind."""


def break_articles(story: Story, error: Exception) -> None:
    """From now on nobody can look up an article."""

    async def find(article_id: int | None) -> None:
        del article_id
        raise error

    story.dauys.services.articles.find = find  # type: ignore[method-assign] # a bug, on demand


async def aside(story: Story) -> list[tuple[str | None, bool]]:
    """The error of each update that was put aside, and whether its words are kept."""
    async with story.dauys.database.read() as connection:
        rows = await connection.execute(
            select(updates.c.error, updates.c.payload).where(updates.c.state == UpdateState.ASIDE)
        )
    return [(row.error, row.payload is not None) for row in rows]


async def to_preview(story: Story, language: str = "kk") -> tuple[Person, Seen]:
    reader, news = await story.reader_of(article(language=language))
    await reader.says("Жақсы жаңалық", reply_to=news.message_id)
    reader.sees("")
    await reader.presses(reader.words("Anonymously"))
    (preview,) = reader.sees("")
    return reader, preview


async def test_a_fault_of_ours_gets_a_friendly_sentence_a_line_at_the_desk_and_stays_aside(
    story: Story, aidana: Person, language: str
) -> None:
    reader, news = await story.reader_of(article(language=language))
    break_articles(story, PrivacyBroke("Айгүл"))

    await reader.presses("💬", on=news)

    (sorry,) = reader.sees_exactly(reader.words(TROUBLE))
    assert sorry.labels == ("☎️ 110",)
    aidana.sees_exactly(aidana.words(SERVICE_LINE, error="PrivacyBroke"))
    assert await aside(story) == [("PrivacyBroke", True)]

    await reader.says("/help")
    reader.sees(reader.words("What I can do"))


async def test_the_desk_hears_of_each_kind_of_trouble_once_a_minute(story: Story, aidana: Person) -> None:
    reader, news = await story.reader_of(article())
    break_articles(story, PrivacyBroke())
    for time in range(3):
        await reader.presses("💬", on=news)
        reader.sees(reader.words(TROUBLE))
        aidana.sees(*([aidana.words(SERVICE_LINE, error="PrivacyBroke")] if time == 0 else []))
    break_articles(story, OtherTrouble())
    await reader.presses("💬", on=news)
    reader.sees(reader.words(TROUBLE))
    aidana.sees(aidana.words(SERVICE_LINE, error="OtherTrouble"))

    await story.later(timedelta(minutes=1))
    await reader.presses("💬", on=news)
    reader.sees(reader.words(TROUBLE))
    aidana.sees(aidana.words(SERVICE_LINE, error="OtherTrouble"))
    assert len(await aside(story)) == 5


async def test_what_was_put_aside_is_not_tried_again_by_the_next_process(story: Story, aidana: Person) -> None:
    reader, news = await story.reader_of(article())
    break_articles(story, PrivacyBroke())
    await reader.presses("💬", on=news)
    reader.sees(reader.words(TROUBLE))
    aidana.sees("PrivacyBroke")

    await story.restart()

    story.expect_nothing_unseen()
    await reader.presses("💬", on=news)
    reader.sees(reader.words("💬 A comment on the article"))


async def test_an_answer_that_was_cut_off_is_given_again(story: Story, language: str) -> None:
    reader = story.person()
    await reader.starts(language)
    story.telegram.add_fault(Fault("reset_before", method="sendMessage"))

    await reader.says("/help")

    reader.sees(reader.words("What I can do"))


async def test_a_choice_that_was_cut_off_is_not_turned_back(story: Story) -> None:
    story.expected_refusals.add(ANSWERED_ALREADY)
    await story.publish()
    reader = story.person()
    await reader.starts("kk")
    await reader.says("/language")
    reader.sees("")
    story.telegram.add_fault(Fault("reset_before", method="editMessageText"))

    await reader.presses("📰 ▫️ Русский")

    (settings,) = reader.sees("")
    assert "📰 ✅ Русский" in settings.labels
    await story.publish(article(language="ru"))
    reader.sees("саябақ")


async def test_a_step_whose_answer_was_cut_off_is_shown_again(story: Story, language: str) -> None:
    reader, news = await story.reader_of(article(language=language))
    story.telegram.add_fault(Fault("reset_before", method="sendMessage"))

    await reader.says("Жақсы жаңалық", reply_to=news.message_id)

    reader.sees_exactly(reader.words("How shall we sign the comment?"))


async def test_a_cancelling_whose_answer_was_cut_off_is_told_again(story: Story, language: str) -> None:
    reader, _ = await to_preview(story, language)
    story.telegram.add_fault(Fault("reset_before", method="sendMessage"))

    await reader.says("/cancel")

    reader.sees_exactly(reader.words("All right, nothing was sent."))


async def test_a_cancelling_press_whose_answer_was_cut_off_is_told_again(story: Story) -> None:
    story.expected_refusals.add(ANSWERED_ALREADY)
    reader, _ = await to_preview(story)
    story.telegram.add_fault(Fault("reset_before", method="editMessageText"))

    await reader.presses("✖️")

    reader.sees_exactly(reader.words("All right, nothing was sent."))


async def test_a_send_whose_answer_was_cut_off_makes_one_comment_and_is_thanked(
    story: Story, aidana: Person, language: str
) -> None:
    story.expected_refusals.add(ANSWERED_ALREADY)
    reader, _ = await to_preview(story, language)
    story.telegram.add_fault(Fault("reset_before", method="editMessageText"))

    await reader.presses("✅")

    reader.sees_exactly(reader.words(SENT, number=1))
    aidana.sees("Жақсы жаңалық")


async def test_a_process_that_stops_before_its_answer_answers_after_its_restart(
    story: Story, aidana: Person, language: str
) -> None:
    story.expected_refusals.add(ANSWERED_ALREADY)
    reader, preview = await to_preview(story, language)
    story.telegram.add_fault(Fault("reset_before", method="editMessageText"))
    reader.press_without_waiting("✅", on=preview)
    await story.telegram.wait_for(lambda: not story.telegram.faults.waiting)

    await story.restart()

    reader.sees_exactly(reader.words(SENT, number=1))
    # A card whose turn had not come when the process stopped is owed again some seconds later.
    await story.later(timedelta(seconds=10))
    aidana.sees("Жақсы жаңалық")


async def test_a_press_that_telegram_forgot_is_no_trouble(story: Story) -> None:
    story.expected_refusals.add("query is too old")
    reader, preview = await to_preview(story)
    story.telegram.add_fault(
        Fault(
            "refused",
            method="answerCallbackQuery",
            description="Bad Request: query is too old and response timeout expired or query ID is invalid",
        )
    )

    await reader.presses(reader.words("✍️ Signature"), on=preview)

    reader.sees_exactly(reader.words("How shall we sign the comment?"))
    story.telegram.world.presses.clear()


async def test_an_update_that_telegram_shows_twice_has_its_effect_once(story: Story, aidana: Person) -> None:
    reader, preview = await to_preview(story)
    # The confirmation of what was fetched never arrives, so the next process is shown it again.
    story.telegram.add_fault(Fault("silence_before", method="getUpdates"))
    reader.press_without_waiting("✅", on=preview)
    await story.telegram.wait_for(lambda: any(reader.words(SENT, number=1) in text for text in texts_in(story, reader)))
    assert story.telegram.world.updates.pending == 1

    await story.restart()

    reader.sees_exactly(reader.words(SENT, number=1))
    # A card whose turn had not come when the process stopped is owed again some seconds later.
    await story.later(timedelta(seconds=10))
    aidana.sees("Жақсы жаңалық")


def texts_in(story: Story, reader: Person) -> list[str]:
    return [str(message.get("text")) for message in story.telegram.messages(reader.chat_id)]


async def test_words_that_came_while_the_bot_was_down_are_handled_in_order(story: Story, aidana: Person) -> None:
    reader, news = await story.reader_of(article())
    await story.dauys.stop()
    reader.say_without_waiting("Жақсы жаңалық", reply_to=news.message_id)
    reader.say_without_waiting("/cancel")
    reader.say_without_waiting("Тамаша жаңалық", reply_to=news.message_id)
    reader.say_without_waiting("110")

    story.dauys = story.make_dauys()
    await story.dauys.start()
    await story.settle()

    new = story.take_unseen(reader.chat_id)
    others = [seen.text for seen in new if "110" not in seen.text]
    assert others == [
        reader.words("How shall we sign the comment?"),
        reader.words("All right, nothing was sent."),
        reader.words("How shall we sign the comment?"),
    ]
    assert len(new) == 5
    reader.last = new[-1]
    (signing,) = [seen for seen in new if seen.text == others[0]][1:]
    await reader.presses("Айгүл", on=signing)
    reader.sees("Тамаша жаңалық")
    await reader.presses("✅")
    reader.sees("№1")
    aidana.sees("Тамаша жаңалық")


async def test_an_update_of_a_shape_nobody_knows_is_put_aside_and_the_others_go_on(story: Story) -> None:
    reader = story.person()
    await reader.starts("kk")
    story.telegram.world.updates.push("message", {"from": {"id": reader.user_id}, "text": "жартысы"})

    await reader.says("/help")

    reader.sees(reader.words("What I can do"))
    assert [kept for _, kept in await aside(story)] == [True]


async def test_a_flood_of_words_is_answered_to_the_last_one_once_and_in_order(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.intake.memory.LOADED_AT_MOST", 4)
    readers = [story.person(f"Оқырман {number}") for number in range(10)]
    story.telegram.add_fault(Fault("delay", "sendMessage", times=10, delay_s=0.5))
    for words in ("/help", "/privacy", "/cancel"):
        for reader in readers:
            reader.say_without_waiting(words)
        # Stored, and not answered yet: from the second round on there are more than are held in memory.
        await story.telegram.wait_for(lambda: not story.telegram.world.updates.pending)

    await story.settle()

    for reader in readers:
        reader.sees(
            reader.words("What I can do"),
            reader.words("What I know about you"),
            reader.words("There is nothing to cancel: nothing has been begun."),
        )
