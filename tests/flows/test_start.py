"""The first minute of a reader."""

import pytest

from tests.support.story import Story


async def test_a_new_reader_is_asked_for_a_language_in_all_three_and_then_welcomed(story: Story) -> None:
    reader = story.person(language_code="ru")

    await reader.says("/start")
    (question,) = reader.sees("")
    assert question.labels[0] == "Русский"
    assert set(question.labels) == {"Қазақша", "Русский", "English"}

    await reader.presses("Қазақша")
    (welcome,) = reader.sees("110")
    assert welcome.is_edit


@pytest.mark.parametrize("words", ["110", "hotline", "Горячая линия", "сенім телефоны", "/hotline", "/110"])
async def test_the_hotline_answers_before_anything_was_chosen(story: Story, words: str) -> None:
    reader = story.person()

    await reader.says(words)

    reader.sees("110", "110")
