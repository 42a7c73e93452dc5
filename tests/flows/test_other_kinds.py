"""Photos, voices, stickers, edits: one friendly answer, and what was begun stays."""

import pytest

from sandbox.media import KINDS, MediaKind
from tests.support.story import Story, article

ONLY_WORDS = "For now I can only take words. Please write it as text."
WORDS_NEEDED = "For now I can only take words. What you have written is safe; please go on with text."
EDITS_UNSEEN = "I do not take over edits. If it matters, please send the words once more."


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_of_message_gets_exactly_one_answer(story: Story, kind: MediaKind) -> None:
    reader = story.person()
    await reader.starts("ru")

    await reader.sends(kind)

    reader.sees_exactly(reader.words(ONLY_WORDS))


@pytest.mark.parametrize("kind", KINDS)
async def test_in_the_middle_of_a_comment_every_kind_gets_one_answer_and_the_draft_stays(
    story: Story, kind: MediaKind
) -> None:
    reader, news = await story.reader_of(article())
    await reader.presses("💬", on=news)
    reader.sees("")
    await reader.says("Жақсы жаңалық")
    reader.sees("")

    await reader.sends(kind)
    reader.sees_exactly(reader.words(WORDS_NEEDED))

    await reader.says("тағы да")
    (step,) = reader.sees(reader.words("Please choose with a button; what you have written is safe."))
    await reader.presses("Айгүл", on=step)
    reader.sees("Жақсы жаңалық")


async def test_the_answer_to_a_photo_is_in_the_readers_language(story: Story, language: str) -> None:
    reader, news = await story.reader_of(article(language=language))

    await reader.sends("photo", caption="Қараңызшы")
    reader.sees_exactly(reader.words(ONLY_WORDS))
    await reader.presses("💬", on=news)
    reader.sees("")
    await reader.sends("photo", caption="Қараңызшы")
    reader.sees_exactly(reader.words(WORDS_NEEDED))


async def test_a_second_album_is_answered_like_the_first(story: Story) -> None:
    reader = story.person()
    await reader.starts("kk")

    for _ in range(2):
        await reader.sends("album")
        reader.sees_exactly(reader.words(ONLY_WORDS))


async def test_an_edited_message_is_not_taken_over_and_the_reader_is_told(story: Story, language: str) -> None:
    reader, news = await story.reader_of(article(language=language))
    await reader.presses("💬", on=news)
    reader.sees("")
    number = reader.say_without_waiting("Жаксы жаңалық")
    await story.settle()
    (step,) = reader.sees("")

    await reader.edits(number, "Жақсы жаңалық")
    reader.sees_exactly(reader.words(EDITS_UNSEEN))

    await reader.presses("Айгүл", on=step)
    reader.sees("Жаксы жаңалық")


async def test_a_place_that_moves_is_answered_once(story: Story) -> None:
    """A live location comes as an edited message every few seconds."""
    reader = story.person()
    await reader.starts("kk")
    await reader.sends("location")
    reader.sees_exactly(reader.words(ONLY_WORDS))
    place = story.telegram.messages(reader.chat_id)[-2]
    assert "location" in place

    for _ in range(3):
        story.telegram.world.updates.push("edited_message", {**place, "edit_date": int(story.clock())})
    await story.settle()

    story.expect_nothing_unseen()


async def test_telegrams_own_notes_in_the_chat_ask_for_no_answer(story: Story) -> None:
    reader = story.person()
    await reader.starts("kk")
    chat = story.telegram.world.chat_face(story.telegram.world.chat(reader.chat_id))
    note = {
        "message_id": 999,
        "date": int(story.clock()),
        "chat": chat,
        "from": story.telegram.world.user(reader.user_id),
        "message_auto_delete_timer_changed": {"message_auto_delete_time": 86_400},
    }

    story.telegram.world.updates.push("message", note)
    await story.settle()

    story.expect_nothing_unseen()
