"""What may not have arrived: the desk is told how many, and one press sends it again."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from sandbox.faults import Fault
from tests.support.story import Person, Seen, Story, article, settings_for, telling

ASKED = (
    "⚠️ {count} message with this article may not have reached its reader. It may have arrived all the same: "
    "sent again, it may come twice."
)
ASKED_OF_MANY = (
    "⚠️ {count} messages with this article may not have reached their readers. They may have arrived all the same: "
    "sent again, some may come twice."
)
SEND_AGAIN = "🔁 Send again"
SENT_ONE = "🔁 {count} message sent again"
SENT_MANY = "🔁 {count} messages sent again"
SOMEBODY_DID = "{who} has had them sent again already"
NOT_THE_DESK = "This works only in the editors’ group"
TOO_LATE = "This button no longer works"
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def scene(story_url: str) -> AsyncIterator[tuple[Story, Person, Person]]:
    """An operator who prefers a missing article to a doubled one."""
    async with telling(settings_for(story_url, after_crash="uncertain")) as told:
        yield told


def counted(told_by: Person, one: str, many: str, count: int) -> str:
    texts = told_by.story.texts("kk")
    return texts.ngettext(one, many, count).format(count=count)


async def lose(story: Story, number: int, *, times: int = 1) -> None:
    """Publishes an article that reaches nobody of the first `times`, and nobody can know."""
    story.telegram.add_fault(Fault("reset_before", method="sendMessage", times=times))
    await story.publish(article(number, title=f"Саябақ {number}"))


async def readers(story: Story, count: int) -> list[Person]:
    await story.publish()
    people = [story.person(f"Оқырман {number}") for number in range(count)]
    for person in people:
        await person.starts("kk")
    return people


async def asked_about(story: Story, editor: Person, count: int) -> tuple[list[Person], Seen]:
    people = await readers(story, count)
    await lose(story, 1, times=count)
    for person in people:
        person.sees()
    await story.later(MINUTE)
    (question,) = editor.sees(counted(editor, ASKED, ASKED_OF_MANY, count))
    return people, question


async def test_what_may_not_have_arrived_is_asked_about_and_sent_again_with_one_press(
    story: Story, aidana: Person
) -> None:
    people, question = await asked_about(story, aidana, 3)
    assert question.text.startswith("Саябақ 1\n\n")
    assert question.labels == (aidana.words(SEND_AGAIN),)

    await aidana.presses(aidana.words(SEND_AGAIN))

    (decided,) = aidana.sees(f"{counted(aidana, SENT_ONE, SENT_MANY, 3)} · Айдана Серік")
    assert (decided.is_edit, decided.message_id, decided.labels) == (True, question.message_id, ())
    assert story.toasts()[-1] == counted(aidana, SENT_ONE, SENT_MANY, 3)
    for person in people:
        person.sees("Саябақ 1")


async def test_two_editors_send_it_again_once_and_the_second_hears_who_did(
    story: Story, aidana: Person, yerlan: Person
) -> None:
    (reader,), question = await asked_about(story, aidana, 1)

    aidana.press_without_waiting(aidana.words(SEND_AGAIN), on=question)
    yerlan.press_without_waiting(aidana.words(SEND_AGAIN), on=question)
    await story.settle()

    (decided,) = aidana.sees("")
    winner = "Айдана Серік" if "Айдана Серік" in decided.text else "Ерлан"
    assert decided.text.startswith(f"Саябақ 1\n\n{counted(aidana, SENT_ONE, SENT_MANY, 1)} · {winner}")
    assert sorted(story.toasts()[-2:]) == sorted(
        [counted(aidana, SENT_ONE, SENT_MANY, 1), aidana.words(SOMEBODY_DID, who=winner)]
    )
    reader.sees("Саябақ 1")


async def test_the_number_follows_once_a_minute_and_the_press_sends_what_is_in_doubt_by_then(
    story: Story, aidana: Person
) -> None:
    (first, second), question = await asked_about(story, aidana, 2)
    await first.says("/help")
    first.sees("")
    # The whole text of the same article is asked for and lost, too.
    story.telegram.add_fault(Fault("reset_before", method="sendMessage", chat_id=first.chat_id))
    await first.forges("full::1")
    aidana.sees()

    await story.later(MINUTE)

    (followed,) = aidana.sees(counted(aidana, ASKED, ASKED_OF_MANY, 3))
    assert (followed.is_edit, followed.message_id) == (True, question.message_id)
    await story.later(MINUTE)
    aidana.sees()
    await aidana.presses(aidana.words(SEND_AGAIN), on=followed)
    aidana.sees(counted(aidana, SENT_ONE, SENT_MANY, 3))
    assert len(first.sees("Саябақ 1", "")) == 2
    second.sees("Саябақ 1")


async def test_what_gets_lost_after_the_press_is_asked_about_anew(story: Story, aidana: Person) -> None:
    (reader,), question = await asked_about(story, aidana, 1)
    story.telegram.add_fault(Fault("reset_before", method="sendMessage", chat_id=reader.chat_id))
    await aidana.presses(aidana.words(SEND_AGAIN), on=question)
    aidana.sees(counted(aidana, SENT_ONE, SENT_MANY, 1))
    reader.sees()

    await story.later(MINUTE)

    (anew,) = aidana.sees(counted(aidana, ASKED, ASKED_OF_MANY, 1))
    assert not anew.is_edit
    await aidana.presses(aidana.words(SEND_AGAIN), on=anew)
    aidana.sees(counted(aidana, SENT_ONE, SENT_MANY, 1))
    reader.sees("Саябақ 1")


async def test_each_article_has_its_own_question(story: Story, aidana: Person) -> None:
    (reader,) = await readers(story, 1)
    await lose(story, 1)
    await lose(story, 2)
    await story.later(MINUTE)
    first, second = aidana.sees("Саябақ 1", "Саябақ 2")

    await aidana.presses(aidana.words(SEND_AGAIN), on=second)

    aidana.sees("Саябақ 2")
    reader.sees("Саябақ 2")
    await aidana.presses(aidana.words(SEND_AGAIN), on=first)
    aidana.sees("Саябақ 1")
    reader.sees("Саябақ 1")


async def test_who_has_turned_the_news_off_meanwhile_gets_nothing(story: Story, aidana: Person) -> None:
    (stays, leaves), question = await asked_about(story, aidana, 2)
    await leaves.says("/stop")
    leaves.sees("")

    await aidana.presses(aidana.words(SEND_AGAIN), on=question)

    aidana.sees(counted(aidana, SENT_ONE, SENT_MANY, 1))
    stays.sees("Саябақ 1")
    leaves.sees()


async def test_the_question_is_asked_at_the_start_too(story: Story, aidana: Person) -> None:
    (reader,) = await readers(story, 1)
    await lose(story, 1)
    aidana.sees()

    await story.restart()

    (question,) = aidana.sees("Саябақ 1")
    await aidana.presses(aidana.words(SEND_AGAIN), on=question)
    aidana.sees("Саябақ 1")
    reader.sees("Саябақ 1")


async def test_only_the_desk_has_it_sent_again(story: Story, aidana: Person) -> None:
    (reader,), question = await asked_about(story, aidana, 1)

    await reader.forges("resend::1")
    await aidana.forges("resend::1", message_id=question.message_id, chat_id=aidana.user_id)
    await aidana.forges("resend::4711", message_id=question.message_id)

    assert story.toasts()[-3:] == [reader.words(NOT_THE_DESK), aidana.words(NOT_THE_DESK), aidana.words(TOO_LATE)]
    reader.sees()
