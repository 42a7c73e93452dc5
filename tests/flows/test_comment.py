"""A comment from its button to the verdict."""

from tests.support.story import Person, Story, article


async def test_a_comment_is_written_signed_sent_approved_and_its_reader_hears_of_it(
    story: Story, aidana: Person
) -> None:
    await story.publish()
    reader = story.person()
    await reader.starts("kk")
    await story.publish(article(1))
    (news,) = reader.sees("Ауладағы жаңа саябақ ашылды")

    await reader.presses("💬", on=news)
    reader.sees("Ауладағы жаңа саябақ ашылды")
    await reader.says("Өте жақсы жаңалық!")
    reader.sees("")
    await reader.presses("Айгүл")
    (preview,) = reader.sees("Өте жақсы жаңалық!")
    assert preview.is_edit
    await reader.presses("✅")
    reader.sees("№1")
    (card,) = aidana.sees("Өте жақсы жаңалық!")
    assert "Айгүл" in card.text

    await aidana.presses("✅")
    (decided,) = aidana.sees("Айдана Серік")
    assert decided.labels == ()
    reader.sees("№1")
