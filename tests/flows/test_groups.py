"""The desk's group as it changes: a supergroup, topics; and groups that are not the desk's."""

from collections.abc import AsyncIterator

import pytest

from sandbox.faults import Fault
from tests.support.story import Person, Story, article, settings_for, telling

BASIC_GROUP = -4_000_000_110
LEAVING = "I work in private chats and in my editors’ group only, so I am leaving. Goodbye!"


@pytest.fixture
async def basic(story_url: str) -> AsyncIterator[tuple[Story, Person]]:
    """A story whose desk is a basic group, and an editor."""
    async with telling(settings_for(story_url, desk_chat_id=BASIC_GROUP), supergroup=False) as told:
        yield told[0], told[1]


@pytest.fixture
async def forum(story_url: str) -> AsyncIterator[tuple[Story, Person]]:
    """A story whose desk has topics, and an editor."""
    async with telling(settings_for(story_url), forum=True) as told:
        yield told[0], told[1]


async def test_later_cards_come_to_the_supergroup_that_the_desk_became(basic: tuple[Story, Person]) -> None:
    story, aidana = basic
    reader, news = await story.reader_of(article())

    aidana.chat_id = story.telegram.migrate(BASIC_GROUP)
    await story.settle()
    await reader.comments(news, "Жақсы жаңалық")

    aidana.sees("Жақсы жаңалық")
    await aidana.presses("✅")
    aidana.sees(aidana.words("✅ Approved"))
    reader.sees("№1")


async def test_the_move_is_remembered_by_the_next_process(basic: tuple[Story, Person]) -> None:
    story, aidana = basic
    reader, news = await story.reader_of(article())
    aidana.chat_id = story.telegram.migrate(BASIC_GROUP)
    await story.settle()

    await story.restart()
    await reader.comments(news, "Жақсы жаңалық")

    aidana.sees("Жақсы жаңалық")


async def test_a_card_that_is_on_its_way_when_the_group_moves_arrives_in_the_new_one(
    basic: tuple[Story, Person],
) -> None:
    story, aidana = basic
    story.expected_refusals.add("group chat was upgraded to a supergroup chat")
    reader, news = await story.reader_of(article())
    story.telegram.add_fault(Fault("migrate", method="sendMessage", chat_id=BASIC_GROUP))

    await reader.comments(news, "Жақсы жаңалық")

    moved_to = story.telegram.world.chat(BASIC_GROUP).migrated_to
    assert moved_to is not None
    aidana.chat_id = moved_to
    aidana.sees("Жақсы жаңалық")


async def test_a_pending_card_arrives_in_the_new_group(basic: tuple[Story, Person]) -> None:
    story, aidana = basic
    story.expected_refusals |= {"Too Many Requests", "group chat was upgraded to a supergroup chat"}
    reader, news = await story.reader_of(article())
    story.telegram.add_fault(Fault("too_many", method="sendMessage", chat_id=BASIC_GROUP, retry_after=1))
    await reader.comments(news, "Жақсы жаңалық")
    story.expect_nothing_unseen()

    aidana.chat_id = story.telegram.migrate(BASIC_GROUP)
    story.clock.advance(5)
    await story.telegram.wait_for(lambda: bool(story.telegram.world.chat(aidana.chat_id).messages.get(3)))
    await story.settle()

    aidana.sees("Жақсы жаңалық")


async def test_comments_and_reports_have_topics_of_their_own(forum: tuple[Story, Person]) -> None:
    story, aidana = forum
    reader, news = await story.reader_of(article())
    desk = story.telegram.world.chat(aidana.chat_id)

    await reader.comments(news, "Жақсы жаңалық")
    (card,) = aidana.sees("Жақсы жаңалық")
    await reader.quotes(news, "саябақ", "саябаk")
    reader.sees("")
    await reader.presses("✅")
    reader.sees("№2")
    (report,) = aidana.sees("саябаk")

    names = {number: topic.name for number, topic in desk.topics.items()}
    assert [names[desk.messages[seen.message_id].thread_id or 0] for seen in (card, report)] == [
        aidana.words("💬 Comments"),
        aidana.words("✏️ Misprints"),
    ]
    await aidana.presses("✅", on=card)
    aidana.sees("Айдана")
    reader.sees("№1")


async def test_a_topic_that_was_deleted_is_made_again_and_the_card_arrives(forum: tuple[Story, Person]) -> None:
    story, aidana = forum
    story.expected_refusals.add("message thread not found")
    reader, news = await story.reader_of(article())
    desk = story.telegram.world.chat(aidana.chat_id)
    await reader.comments(news, "Бірінші пікір")
    aidana.sees("Бірінші")
    (first,) = desk.topics

    story.telegram.delete_topic(aidana.chat_id, first)
    await reader.comments(news, "Екінші пікір")

    (card,) = aidana.sees("Екінші")
    (second,) = desk.topics
    assert second != first
    assert desk.messages[card.message_id].thread_id == second
    await aidana.presses("✅", on=card)
    aidana.sees("Айдана")
    reader.sees("№2")


async def test_the_hotline_is_answered_in_the_topic_where_it_was_called(forum: tuple[Story, Person]) -> None:
    story, aidana = forum
    thread = story.telegram.person_opens_topic(aidana.user_id, aidana.chat_id, "Әңгіме")

    story.telegram.person_says(aidana.user_id, aidana.chat_id, "110", thread_id=thread)
    await story.settle()

    desk = story.telegram.world.chat(aidana.chat_id)
    cards = aidana.sees("☎️ 110", "110")
    assert [desk.messages[seen.message_id].thread_id for seen in cards] == [thread, thread]


@pytest.mark.parametrize("admin", [True, False])
async def test_a_foreign_group_is_left_with_a_word(story: Story, admin: bool) -> None:  # noqa: FBT001 - both are tried
    story.expected_refusals.add("bot is not a member")
    owner = story.person("Бөтен", language_code="ru")
    group = story.telegram.add_group("Басқа топ", [owner.user_id])
    group.bot_status = "left"

    story.telegram.bot_added(group.chat_id, by=owner.user_id, admin=admin)
    await story.settle()

    owner.chat_id = group.chat_id
    owner.sees_exactly(story.words("ru", LEAVING))
    assert group.bot_status == "left"


async def test_a_foreign_group_that_it_was_in_already_is_left_at_the_first_word(story: Story) -> None:
    owner = story.person("Бөтен", language_code="kk")
    group = story.telegram.add_group("Басқа топ", [owner.user_id])
    owner.chat_id = group.chat_id

    await owner.says("Сәлем, бот!")

    owner.sees_exactly(story.words("kk", LEAVING))
    assert group.bot_status == "left"


async def test_the_desks_buttons_do_nothing_in_a_foreign_group(story: Story, aidana: Person) -> None:
    reader, news = await story.reader_of(article())
    await reader.comments(news, "Жақсы жаңалық")
    aidana.sees("")
    group = story.telegram.add_group("Басқа топ", [aidana.user_id])

    await aidana.forges("decide:approve:1", chat_id=group.chat_id)
    await aidana.forges("dialog:send:1", chat_id=group.chat_id)

    assert story.toasts()[-2:] == [
        aidana.words("This works only in the editors’ group"),
        aidana.words("This button no longer works"),
    ]


async def test_being_made_an_admin_of_the_desk_is_no_news(story: Story, aidana: Person) -> None:
    story.telegram.bot_added(aidana.chat_id, admin=True)
    await story.settle()

    story.expect_nothing_unseen()
    assert story.telegram.world.chat(aidana.chat_id).bot_status == "administrator"


async def test_cards_wait_for_a_desk_that_threw_the_bot_out(story: Story, aidana: Person) -> None:
    story.expected_refusals.add("bot was kicked")
    reader, news = await story.reader_of(article())
    story.telegram.bot_kicked(aidana.chat_id)
    await reader.comments(news, "Жақсы жаңалық")
    story.expect_nothing_unseen()

    story.telegram.bot_added(aidana.chat_id)
    story.clock.advance(61)
    story.dauys.bell.ring()
    await story.settle()

    aidana.sees("Жақсы жаңалық")
