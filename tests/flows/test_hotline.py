"""The hotline, in every state."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, closing
from datetime import datetime

import pytest

from bot.services.readers import Acquaintance
from sandbox.faults import Fault
from tests.support.postgres import set_doors
from tests.support.story import Person, Seen, Story, article

CALLS = ("/hotline", "/110", "110", "hotline", "Горячая линия", "сенім телефоны", "☎️ 110!", "/hotline@dauys_bot")
TITLES = {"kk": "Сенім телефоны", "ru": "Горячая линия", "en": "Hotline"}
TITLE = article().title

Step = Callable[[Person, Seen], Awaitable[None]]


def sees_hotline(person: Person) -> None:
    """Both cards, in the person's language, and nothing else."""
    card, contact = person.sees(f"☎️ 110 · {TITLES[person.language]}", "110")
    assert card.labels == (person.words("📋 Copy {number}", number="110"),)
    assert (card.method, contact.method) == ("sendMessage", "sendContact")


@pytest.mark.parametrize("call", CALLS)
async def test_the_hotline_answers_before_anything_was_chosen_in_the_apps_language(
    story: Story, call: str, language: str
) -> None:
    stranger = story.person(language_code=language)
    stranger.language = language

    await stranger.says(call)

    sees_hotline(stranger)


async def test_the_hotline_answers_by_its_buttons_in_the_chosen_language(story: Story, language: str) -> None:
    await story.publish()
    reader = story.person(language_code="kk")
    await reader.starts(language)
    await reader.presses("☎️")
    sees_hotline(reader)
    await story.publish(article(language=language))
    (news,) = reader.sees(TITLE)
    await reader.presses("☎️", on=news)
    sees_hotline(reader)


async def nothing_begun(reader: Person, news: Seen) -> None:
    """The reader only reads."""


async def comment_text(reader: Person, news: Seen) -> None:
    await reader.presses("💬", on=news)
    reader.sees("")


async def comment_sign(reader: Person, news: Seen) -> None:
    await reader.says("Жақсы жаңалық", reply_to=news.message_id)
    reader.sees("")


async def comment_name(reader: Person, news: Seen) -> None:
    await comment_sign(reader, news)
    await reader.presses(reader.words("Another name"))
    reader.sees("")


async def comment_preview(reader: Person, news: Seen) -> None:
    await comment_sign(reader, news)
    await reader.presses("Айгүл")
    reader.sees("")


async def typo_fragment(reader: Person, news: Seen) -> None:
    await reader.presses("✏️", on=news)
    reader.sees("")


async def typo_correction(reader: Person, news: Seen) -> None:
    await reader.quotes(news, "саябақ", "қате")
    reader.sees("")


async def typo_confirm(reader: Person, news: Seen) -> None:
    await reader.quotes(news, "саябақ", "саябаk")
    reader.sees("")


async def choice(reader: Person, news: Seen) -> None:
    await reader.quotes(news, "саябақ", "алаң")
    reader.sees("")


async def which_of_two(reader: Person, news: Seen) -> None:
    await comment_sign(reader, news)
    await reader.presses("✏️", on=news)
    reader.sees(reader.words("You have an unfinished comment:"))


async def stopped(reader: Person, news: Seen) -> None:  # noqa: ARG001 - the signature of a step
    await reader.says("/stop")
    reader.sees("")


@pytest.mark.parametrize(
    "step",
    [
        nothing_begun,
        comment_text,
        comment_sign,
        comment_name,
        comment_preview,
        typo_fragment,
        typo_correction,
        typo_confirm,
        choice,
        which_of_two,
        stopped,
    ],
)
async def test_the_hotline_answers_in_every_step_and_the_dialog_stays(story: Story, step: Step) -> None:
    reader, news = await story.reader_of(article())
    await step(reader, news)
    before = await story.dauys.services.dialogs.find(reader.user_id, now=story.now())

    for call in ("110", "/hotline"):
        await reader.says(call)
        sees_hotline(reader)
    await reader.says("горячая линия", reply_to=news.message_id)
    sees_hotline(reader)
    await reader.presses("☎️", on=news)
    sees_hotline(reader)

    assert await story.dauys.services.dialogs.find(reader.user_id, now=story.now()) == before


async def test_an_editor_gets_the_hotline_at_the_desk(aidana: Person) -> None:
    for call in ("110", "/hotline"):
        await aidana.says(call)
        sees_hotline(aidana)


async def test_the_hotline_is_not_kept_waiting_by_the_same_persons_earlier_words(story: Story) -> None:
    reader, news = await story.reader_of(article())
    slow = asyncio.Event()
    find = story.dauys.services.articles.find

    async def find_slowly(article_id: int | None) -> object:
        await slow.wait()
        return await find(article_id)

    story.dauys.services.articles.find = find_slowly  # type: ignore[method-assign,assignment] # a slow database, on demand
    reader.press_without_waiting("💬", on=news)
    reader.say_without_waiting("110")
    await story.telegram.wait_for(lambda: story.telegram.counts["sendContact"] == 1)
    slow.set()
    await story.settle()

    reader.sees("☎️ 110", "110", TITLE)


def rename_tables(path: str, *, before: str, after: str) -> None:
    with closing(sqlite3.connect(path, timeout=20)) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("PRAGMA legacy_alter_table=ON")
        known = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        for table in [str(row[0]) for row in connection.execute(known)]:
            plain = table.removeprefix(before)
            connection.execute(f'ALTER TABLE "{table}" RENAME TO "{after}{plain}"')
        connection.commit()


@asynccontextmanager
async def database_gone(story: Story) -> AsyncIterator[None]:
    """Everything is away; then it is back as it was."""
    url = story.settings.database.read_url()
    # In a thread: the bot must be able to let go of the file meanwhile.
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        await asyncio.to_thread(rename_tables, path, before="", after="away_")
        yield
        await asyncio.to_thread(rename_tables, path, before="away_", after="")
    else:
        await asyncio.to_thread(set_doors, url, are_open=False)
        yield
        await asyncio.to_thread(set_doors, url, are_open=True)


async def test_the_hotline_answers_once_while_the_database_is_gone_and_not_again_when_it_is_back(
    story: Story,
) -> None:
    reader, news = await story.reader_of(article(language="ru"))
    contacts = story.telegram.counts

    async with database_gone(story):
        reader.say_without_waiting("110")
        await story.telegram.wait_for(lambda: contacts["sendContact"] == 1)
        reader.say_without_waiting("Жақсы жаңалық", reply_to=news.message_id)
        # Its answer shows that Telegram was asked again, and has shown the first call again.
        reader.press_without_waiting("☎️", on=news)
        await story.telegram.wait_for(lambda: contacts["sendContact"] == 2)
    await story.settle()

    # Then the words that were kept by Telegram are handled, and the hotline is not heard a third time.
    reader.sees("☎️ 110", "110", "☎️ 110", "110", reader.words("How shall we sign the comment?"))


async def test_a_stranger_gets_the_hotline_while_the_database_is_gone(story: Story, language: str) -> None:
    stranger = story.person(language_code=language)
    stranger.language = language

    async with database_gone(story):
        stranger.say_without_waiting("/hotline")
        await story.telegram.wait_for(lambda: story.telegram.counts["sendContact"] == 1)
    await story.settle()

    sees_hotline(stranger)


async def test_the_hotline_is_not_kept_waiting_by_a_flood_of_other_words(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.intake.memory.LOADED_AT_MOST", 4)
    crowd = [story.person(f"Оқырман {number}") for number in range(10)]
    caller = story.person()
    let_go = asyncio.Event()
    meet = story.dauys.services.readers.meet_all

    async def meet_slowly(reader_ids: Collection[int], *, now: datetime) -> dict[int, Acquaintance]:
        await let_go.wait()
        return await meet(reader_ids, now=now)

    story.dauys.services.readers.meet_all = meet_slowly  # type: ignore[method-assign] # a slow database, on demand
    for reader in crowd:
        reader.say_without_waiting("/help")
    await story.telegram.wait_for(lambda: not story.telegram.world.updates.pending)
    caller.say_without_waiting("110")
    await story.telegram.wait_for(lambda: story.telegram.counts["sendContact"] == 1)
    assert story.telegram.counts["sendMessage"] == 1
    let_go.set()
    await story.settle()

    sees_hotline(caller)
    for reader in crowd:
        reader.sees(reader.words("What I can do"))


async def test_who_has_blocked_the_bot_is_let_go_and_the_desk_hears_nothing(story: Story) -> None:
    story.expected_refusals.add("bot was blocked by the user")
    reader, _ = await story.reader_of(article())
    story.telegram.add_fault(Fault("blocked", "sendMessage", reader.user_id))

    await reader.says("110")

    story.expect_nothing_unseen()
    known = await story.dauys.services.readers.find(reader.user_id)
    assert known is not None
    assert known.blocked_at is not None


async def test_a_call_that_telegram_was_away_for_is_answered_a_second_later(story: Story) -> None:
    caller = story.person()
    story.telegram.add_fault(Fault("reset_before", "sendMessage"))

    await caller.says("110")

    sees_hotline(caller)


async def test_a_call_that_telegram_refuses_is_put_aside_with_a_word_to_both_sides(
    story: Story, aidana: Person
) -> None:
    story.expected_refusals.add("refused on demand")
    caller = story.person()
    story.telegram.add_fault(Fault("refused", "sendContact"))

    await caller.says("110")

    caller.sees(
        "☎️ 110",
        caller.words(
            "Something went wrong on our side; we know about it already. Please try once more a little later."
        ),
    )
    aidana.sees("BadRequest")


async def test_a_call_that_failed_while_the_database_is_gone_is_answered_when_telegram_shows_it_again(
    story: Story,
) -> None:
    caller = story.person()

    async with database_gone(story):
        story.telegram.add_fault(Fault("reset_before", "sendMessage"))
        caller.say_without_waiting("110")
        await story.telegram.wait_for(lambda: story.telegram.counts["sendContact"] == 1)
    await story.settle()

    sees_hotline(caller)
