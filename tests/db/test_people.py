"""Readers, their dialogs and submissions, sources and the desk's group as they are stored."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from db import desk as desk_rows
from db import dialogs as dialog_rows
from db import readers as reader_rows
from db import sources as source_rows
from db import submissions as submission_rows
from db.database import Database, open_database
from db.dialogs import DialogRow
from db.readers import Reader
from db.sources import SourceState
from db.submissions import NewSubmission, SubmissionKind, SubmissionState
from db.tables import dialogs, readers
from tests.db.rows import NOON, add_article, add_readers, add_submission

HOUR = timedelta(hours=1)


async def test_a_reader_is_met_once_and_codes_are_nobody_elses(database: Database) -> None:
    async with database.write() as connection:
        assert await reader_rows.add_reader(connection, 5_000_000_007, code="AAAAA", now=NOON)
        assert not await reader_rows.add_reader(connection, 5_000_000_007, code="BBBBB", now=NOON)
        assert not await reader_rows.add_reader(connection, 8, code="AAAAA", now=NOON)
        assert await reader_rows.find_reader(connection, 8) is None
        met = await reader_rows.find_reader(connection, 5_000_000_007)
    assert met == Reader(5_000_000_007, "AAAAA", None, is_subscribed=False, blocked_at=None)


async def test_what_a_reader_chose_is_kept(database: Database) -> None:
    await add_readers(database, 7)
    async with database.write() as connection:
        await reader_rows.set_language(connection, 7, "ru")
        await reader_rows.set_article_languages(connection, 7, ["ru", "en"])
        assert await reader_rows.article_languages(connection, 7) == {"ru", "en"}
        await reader_rows.set_article_languages(connection, 7, [])
        assert await reader_rows.article_languages(connection, 7) == frozenset()
        await reader_rows.set_subscribed(connection, 7, is_subscribed=False)
        found = await reader_rows.find_readers(connection, [7, 404])
    assert found == {7: Reader(7, "R7", "ru", is_subscribed=False, blocked_at=None)}


async def test_a_reader_is_blocked_and_back_once(database: Database) -> None:
    await add_readers(database, 7)
    async with database.write() as connection:
        assert [await reader_rows.set_blocked(connection, 7, at) for at in (None, NOON, NOON + HOUR)] == [
            False,
            True,
            False,
        ]
        reader = await reader_rows.find_reader(connection, 7)
        assert reader is not None
        assert reader.blocked_at == NOON
        assert await reader_rows.set_blocked(connection, 7, None)


async def test_foreign_keys_are_kept_and_a_reader_takes_dialogs_along(database: Database) -> None:
    row = DialogRow(7, "comment", "comment_text", {}, is_parked=False, updated_at=NOON)
    with pytest.raises(IntegrityError):
        async with database.write() as connection:
            await dialog_rows.save_dialog(connection, row)
    await add_readers(database, 7)
    async with database.write() as connection:
        await dialog_rows.save_dialog(connection, row)
        await connection.execute(delete(readers).where(readers.c.id == 7))
        assert (await connection.execute(dialogs.select())).all() == []


async def test_a_reader_has_one_dialog_and_the_last_one_counts(database: Database) -> None:
    await add_readers(database, 7)
    first = DialogRow(7, "comment", "comment_text", {"draft": {"text": "Сәлем 🌊"}}, is_parked=False, updated_at=NOON)
    second = replace(first, flow="typo", step="typo_confirm", is_parked=True, updated_at=NOON + HOUR)
    async with database.write() as connection:
        assert await dialog_rows.find_dialog(connection, 7) is None
        await dialog_rows.save_dialog(connection, first)
        assert await dialog_rows.find_dialog(connection, 7) == first
        await dialog_rows.save_dialog(connection, second)
        assert await dialog_rows.find_dialog(connection, 7) == second
        await dialog_rows.delete_dialog(connection, 7)
        assert await dialog_rows.find_dialog(connection, 7) is None


async def test_only_dialogs_that_nobody_touched_are_parked_and_only_parked_ones_deleted(database: Database) -> None:
    await add_readers(database, 1, 2, 3)
    old = DialogRow(1, "comment", "comment_text", {}, is_parked=False, updated_at=NOON)
    rows = [old, replace(old, reader_id=2, updated_at=NOON + HOUR), replace(old, reader_id=3, is_parked=True)]
    async with database.write() as connection:
        for row in rows:
            await dialog_rows.save_dialog(connection, row)
        parked = await dialog_rows.park_dialogs(connection, idle_since=NOON)
        assert parked == [replace(old, is_parked=True)]
        assert await dialog_rows.park_dialogs(connection, idle_since=NOON) == []
        assert await dialog_rows.delete_parked(connection, untouched_since=NOON - HOUR) == 0
        assert await dialog_rows.delete_parked(connection, untouched_since=NOON + HOUR) == 2
        assert await dialog_rows.find_dialog(connection, 2) is not None


async def test_a_submission_comes_back_as_it_was_made_and_one_update_makes_one(database: Database) -> None:
    await add_readers(database, 7)
    article_id = await add_article(database)
    new = NewSubmission(
        kind=SubmissionKind.TYPO,
        reader_id=7,
        article_id=article_id,
        update_id=900,
        language="ru",
        words="погода",
        signature="Айгүл",
        fragment="пагода",
        sentence="Завтра пагода 🌊.",
        fragment_at=7,
    )
    async with database.write() as connection:
        number = await submission_rows.add_submission(connection, new, now=NOON)
        assert await submission_rows.add_submission(connection, replace(new, words="иначе"), now=NOON) == number
        assert await submission_rows.find_by_update(connection, 900) == number
        assert await submission_rows.find_by_update(connection, 901) is None
        made = await submission_rows.find_submission(connection, number)
        assert await submission_rows.find_submission(connection, number + 1) is None
    assert made is not None
    assert (made.kind, made.reader_id, made.article_id, made.language) == (SubmissionKind.TYPO, 7, article_id, "ru")
    assert (made.words, made.signature, made.fragment, made.sentence) == (
        "погода",
        "Айгүл",
        "пагода",
        "Завтра пагода 🌊.",
    )
    assert (made.fragment_at, made.state, made.decided_at, made.created_at) == (7, SubmissionState.PENDING, None, NOON)


async def test_of_two_decisions_at_once_one_stands(database_url: str) -> None:
    databases = [open_database(database_url) for _ in range(2)]
    try:
        await add_readers(databases[0], 7)
        number = await add_submission(databases[0])

        async def decide(database: Database, to: SubmissionState) -> bool:
            async with database.write() as connection:
                return await submission_rows.decide(connection, number, to=to, by=to, by_id=1, now=NOON)

        both = await asyncio.gather(
            decide(databases[0], SubmissionState.APPROVED), decide(databases[1], SubmissionState.REJECTED)
        )
        async with databases[1].read() as connection:
            decided = await submission_rows.find_submission(connection, number)
    finally:
        await asyncio.gather(*(database.close() for database in databases))
    assert sorted(both) == [False, True]
    assert decided is not None
    winner = SubmissionState.APPROVED if both[0] else SubmissionState.REJECTED
    assert (decided.state, decided.decided_by, decided.decided_at) == (winner, winner, NOON)


async def test_on_postgresql_the_second_waits_for_the_first_to_commit_and_then_loses(postgresql_url: str) -> None:
    database = open_database(postgresql_url)
    try:
        await add_readers(database, 7)
        number = await add_submission(database)

        async def decide_second() -> bool:
            async with database.write() as connection:
                return await submission_rows.decide(
                    connection, number, to=SubmissionState.REJECTED, by="Ерлан", by_id=2, now=NOON
                )

        async with database.write() as connection:
            assert await submission_rows.decide(
                connection, number, to=SubmissionState.APPROVED, by="Айдана", by_id=1, now=NOON
            )
            second = asyncio.create_task(decide_second())
            done, _ = await asyncio.wait([second], timeout=0.2)
            assert not done, "it must not decide beside an open decision"
        assert not await second
    finally:
        await database.close()


async def test_a_source_is_empty_at_first_and_then_as_it_was_saved(database: Database) -> None:
    full = SourceState(
        "Жаңалықтар",
        etag='"a"',
        last_modified="Sun, 01 Mar 2026 12:00:00 GMT",
        first_fetched_at=NOON,
        last_full_at=NOON,
        last_ok_at=NOON + HOUR,
        next_poll_at=NOON + 2 * HOUR,
        failures=3,
        fault="timed_out",
        detail="20 s",
    )
    async with database.write() as connection:
        assert await source_rows.get_source(connection, "Жаңалықтар") == SourceState("Жаңалықтар")
        assert await source_rows.get_source(connection, "Жаңалықтар") == SourceState("Жаңалықтар")
        await source_rows.save_source(connection, full)
        assert await source_rows.get_source(connection, "Жаңалықтар") == full
        assert await source_rows.get_source(connection, "Новости") == SourceState("Новости")


async def test_a_group_is_followed_through_every_move_and_never_in_a_circle(database: Database) -> None:
    async with database.write() as connection:
        assert await desk_rows.current_chat(connection, -5) == -5
        assert await desk_rows.record_move(connection, -5, -1005, now=NOON)
        assert not await desk_rows.record_move(connection, -5, -1005, now=NOON)
        await desk_rows.record_move(connection, -1005, -2005, now=NOON)
        assert await desk_rows.current_chat(connection, -5) == -2005
        await desk_rows.record_move(connection, -2005, -5, now=NOON)
        assert await desk_rows.current_chat(connection, -5) in (-5, -1005, -2005)


async def test_a_topic_is_known_by_group_and_name_until_it_is_forgotten(database: Database) -> None:
    async with database.write() as connection:
        assert await desk_rows.find_topic(connection, -5, "typos") is None
        await desk_rows.save_topic(connection, -5, "typos", 3)
        await desk_rows.save_topic(connection, -5, "typos", 4)
        await desk_rows.save_topic(connection, -6, "typos", 9)
        assert await desk_rows.find_topic(connection, -5, "typos") == 4
        await desk_rows.forget_topic(connection, -5, "typos", thread_id=3)
        await desk_rows.forget_topic(connection, -5, "typos", thread_id=None)
        assert await desk_rows.find_topic(connection, -5, "typos") == 4
        await desk_rows.forget_topic(connection, -5, "typos", thread_id=4)
        assert await desk_rows.find_topic(connection, -5, "typos") is None
        assert await desk_rows.find_topic(connection, -6, "typos") == 9
