"""What is held about a reader can be seen, and deleted for good."""

from sqlalchemy import inspect, text

from tests.support.story import Person, Story, article


async def everything_stored(story: Story) -> str:
    """Every value of every table, as one string."""
    async with story.dauys.database.read() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        rows = [list(await connection.execute(text(f'SELECT * FROM "{name}"'))) for name in names]  # noqa: S608 - names from the database itself
    return repr(rows)


async def test_a_reader_deletes_everything_and_nothing_of_it_is_left_anywhere(story: Story, aidana: Person) -> None:
    await story.publish()
    reader = story.person("Сәуле")
    await reader.starts("ru")
    await story.publish(article(1, language="ru"))
    (news,) = reader.sees("")
    await reader.comments(news, "Тайное слово читателя", sign="Сәуле")
    aidana.sees("Тайное слово читателя")
    assert str(reader.user_id) in await everything_stored(story)

    await reader.says("/privacy")
    reader.sees("")
    await reader.presses("🗑")
    reader.sees("")
    await reader.presses("🗑 Да")
    reader.sees("/start")

    (card,) = aidana.sees("🗑")
    assert card.is_edit
    assert "Тайное" not in card.text
    assert card.labels == ()
    left = await everything_stored(story)
    assert "Тайное" not in left
    assert "Сәуле" not in left
    assert str(reader.user_id) not in left

    await story.publish(article(2, language="ru"))
    reader.sees()


async def test_a_reader_who_thinks_again_keeps_everything(story: Story) -> None:
    reader = story.person()
    await reader.starts("en")
    await reader.says("/privacy")
    reader.sees("")
    await reader.presses("🗑")
    reader.sees("")

    await reader.presses("No")

    reader.sees("stays as it was")
    await reader.says("/privacy")
    reader.sees("What I know about you")


async def test_an_old_card_of_a_reader_who_is_gone_decides_nothing(story: Story, aidana: Person) -> None:
    await story.publish()
    reader = story.person()
    await reader.starts("kk")
    await story.publish(article(1))
    (news,) = reader.sees("")
    await reader.comments(news, "Өте жақсы екен")
    (card,) = aidana.sees("Өте жақсы екен")
    await reader.says("/privacy")
    reader.sees("")
    await reader.presses("🗑")
    reader.sees("")
    await reader.presses("🗑 Иә")
    reader.sees("/start")
    aidana.sees("🗑")

    story.expected_refusals.add("message is not modified")
    story.telegram.person_presses(aidana.user_id, aidana.chat_id, card.message_id, "decide:approve:1", force=True)
    await story.settle()

    aidana.sees()
    assert story.toasts()[-1].startswith("🗑")
