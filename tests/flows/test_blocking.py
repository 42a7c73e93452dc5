"""Readers who block the bot, and come back."""

from sandbox.faults import Fault
from tests.support.story import Person, Seen, Story, article

BLOCKED = "bot was blocked by the user"
ACCEPTED = "✅ The editors have accepted your comment №{number}. Thank you for your voice!"


async def sends_comment(reader: Person, news: Seen) -> None:
    await reader.says("Жақсы жаңалық", reply_to=news.message_id)
    reader.sees("")
    await reader.presses("Айгүл")
    reader.sees("")
    await reader.presses("✅")
    reader.sees("№1")


async def test_the_news_stops_for_who_blocks_and_begins_again_for_who_unblocks(story: Story, language: str) -> None:
    reader, _ = await story.reader_of(article(1, language=language))

    await reader.blocks()
    await story.publish(article(2, title="Екінші", language=language))
    await reader.unblocks()
    story.expect_nothing_unseen()

    await story.publish(article(3, title="Үшінші", language=language))
    reader.sees("Үшінші")


async def test_a_verdict_that_found_the_door_closed_comes_after_unblocking(
    story: Story, aidana: Person, language: str
) -> None:
    story.expected_refusals.add(BLOCKED)
    reader, news = await story.reader_of(article(language=language))
    await sends_comment(reader, news)
    (card,) = aidana.sees("")

    await reader.blocks()
    await aidana.presses("✅", on=card)
    aidana.sees("")
    story.expect_nothing_unseen()

    await reader.unblocks()
    reader.sees(reader.words(ACCEPTED, number=1))


async def test_a_403_on_sending_stops_the_news_too(story: Story) -> None:
    story.expected_refusals.add(BLOCKED)
    reader, _ = await story.reader_of(article(1))
    story.telegram.add_fault(Fault("blocked", method="sendMessage", chat_id=reader.chat_id))

    await story.publish(article(2, title="Екінші"))
    await story.publish(article(3, title="Үшінші"))

    story.expect_nothing_unseen()
    known = await story.dauys.services.readers.find(reader.user_id)
    assert known is not None
    assert known.blocked_at is not None


async def test_who_speaks_is_back_whatever_was_heard_before(story: Story, aidana: Person) -> None:
    """A 403 may come in after the news of the unblocking."""
    story.expected_refusals.add(BLOCKED)
    reader, news = await story.reader_of(article(1))
    await sends_comment(reader, news)
    (card,) = aidana.sees("")
    story.telegram.add_fault(Fault("blocked", method="sendMessage", chat_id=reader.chat_id))
    await aidana.presses("✅", on=card)
    aidana.sees("")
    story.expect_nothing_unseen()

    await reader.says("/help")
    assert {seen.text.split("\n")[0] for seen in story.take_unseen(reader.chat_id)} == {
        reader.words("What I can do"),
        reader.words(ACCEPTED, number=1),
    }
    await story.publish(article(2, title="Екінші"))
    reader.sees("Екінші")


async def test_a_403_on_an_answer_is_nobodys_trouble(story: Story) -> None:
    story.expected_refusals.add(BLOCKED)
    reader, _ = await story.reader_of(article(1))
    story.telegram.add_fault(Fault("blocked", method="sendMessage", chat_id=reader.chat_id))

    await reader.says("/help")
    story.expect_nothing_unseen()

    await reader.says("/privacy")
    reader.sees(reader.words("What I know about you"))


async def test_a_deleted_account_is_let_go(story: Story) -> None:
    story.expected_refusals.add("user is deactivated")
    reader, _ = await story.reader_of(article(1))
    story.telegram.person_deactivates(reader.user_id)

    await story.publish(article(2))

    story.expect_nothing_unseen()
    refused = len(story.telegram.refused)
    await story.publish(article(3))
    assert len(story.telegram.refused) == refused
