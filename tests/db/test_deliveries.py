"""The outbox: what is owed once, who may claim it, and what is written down about it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from db import articles as article_rows
from db import broadcasts as broadcast_rows
from db import deliveries as delivery_rows
from db import readers as reader_rows
from db.database import Database, open_database
from db.deliveries import GONE, DeliveryKind, DeliveryState, Interrupted, NewDelivery, Result, Waiting
from db.tables import deliveries
from tests.db.rows import (
    BROADCAST,
    NOON,
    add_article,
    add_readers,
    add_submission,
    claim,
    message,
    new_article,
    owe,
    owe_article,
    stored,
)

LATER = NOON + timedelta(minutes=5)


async def test_a_claimed_row_carries_everything_it_was_owed_with(database: Database) -> None:
    await add_readers(database, 7)
    article_id = await add_article(database)
    submission_id = await add_submission(database)
    owed = NewDelivery(
        DeliveryKind.CARD_DECIDED,
        BROADCAST,
        -1_001_234_567_890_123,
        "key",
        topic="comments",
        reader_id=7,
        article_id=article_id,
        submission_id=submission_id,
        payload={"words": "Сәлем 🌊", "n": 1},
        message_id=42,
    )
    await owe(database, owed)

    (row,) = await claim(database)

    assert (row.kind, row.lane, row.chat_id, row.topic) == (owed.kind, owed.lane, owed.chat_id, owed.topic)
    assert (row.reader_id, row.article_id, row.submission_id) == (7, article_id, submission_id)
    assert (row.payload, row.message_id, row.attempts, row.repeats) == (owed.payload, 42, 1, 0)


async def test_the_same_key_is_owed_once(database: Database) -> None:
    await owe(database, message("a"), message("b"), message("a"))
    await owe(database, message("b"), message("c"))
    assert [key for key, _ in await stored(database)] == ["a", "b", "c"]


async def test_nothing_owed_is_no_statement(database: Database) -> None:
    await owe(database)
    assert await stored(database) == []


async def test_an_article_is_owed_to_the_reachable_subscribers_of_its_language_and_once(database: Database) -> None:
    await add_readers(database, 1, 2, 3, 4)
    await add_readers(database, 5, language="ru")
    async with database.write() as connection:
        await reader_rows.set_subscribed(connection, 3, is_subscribed=False)
        await reader_rows.set_blocked(connection, 4, NOON)
    article_id = await add_article(database)

    assert await owe_article(database, article_id) == 2
    assert await owe_article(database, article_id) == 0

    rows = await claim(database)
    assert [(row.chat_id, row.reader_id, row.article_id, row.kind) for row in rows] == [
        (1, 1, article_id, DeliveryKind.ARTICLE),
        (2, 2, article_id, DeliveryKind.ARTICLE),
    ]


async def test_a_reader_of_two_languages_gets_the_article_once(database: Database) -> None:
    await add_readers(database, 1)
    async with database.write() as connection:
        await reader_rows.set_article_languages(connection, 1, ["kk", "ru", "en"])
    assert await owe_article(database, await add_article(database)) == 1


async def _correct(database: Database, article_id: int, title: str, *, minutes: int = 0) -> int:
    async with database.write() as connection:
        new = new_article(title=title)
        await article_rows.correct_article(connection, article_id, new)
        page = await broadcast_rows.correct(
            connection,
            article_id,
            language=new.language,
            content_hash=new.content_hash,
            lane=BROADCAST,
            now=NOON + timedelta(minutes=minutes),
        )
    return page.owed


async def test_a_correction_is_owed_where_the_article_is_or_is_on_its_way(database: Database) -> None:
    await add_readers(database, 1, 2, 3)
    article_id = await add_article(database)
    await owe_article(database, article_id)
    sent, *_ = await claim(database, limit=2)
    async with database.write() as connection:
        await delivery_rows.record(
            connection, [Result(sent.id, sent.attempts, DeliveryState.SENT, message_id=11)], now=NOON
        )

    assert await _correct(database, article_id, "Жаңа тақырып") == 2
    assert await _correct(database, article_id, "Жаңа тақырып") == 0

    async with database.read() as connection:
        rows = await connection.execute(
            select(deliveries.c.chat_id, deliveries.c.message_id)
            .where(deliveries.c.kind == DeliveryKind.CORRECTION)
            .order_by(deliveries.c.id)
        )
        assert [tuple(row) for row in rows] == [(1, 11), (2, None)]


async def test_a_title_that_goes_back_and_forth_is_edited_each_time(database: Database) -> None:
    await add_readers(database, 1)
    article_id = await add_article(database)
    await owe_article(database, article_id)
    (sent,) = await claim(database)
    async with database.write() as connection:
        await delivery_rows.record(
            connection, [Result(sent.id, sent.attempts, DeliveryState.SENT, message_id=11)], now=NOON
        )

    titles = ["Екінші", "Бірінші", "Екінші"]
    assert [await _correct(database, article_id, title, minutes=at) for at, title in enumerate(titles)] == [1, 1, 1]


async def test_the_oldest_due_row_is_claimed_first_and_no_more_than_asked_for(database: Database) -> None:
    await owe(database, *(message(f"m{chat}", chat_id=chat) for chat in range(5)))
    assert [row.chat_id for row in await claim(database, limit=2)] == [0, 1]
    assert [row.chat_id for row in await claim(database, limit=2)] == [2, 3]
    assert [row.chat_id for row in await claim(database, limit=2)] == [4]
    assert await claim(database, limit=2) == []


async def test_within_a_chat_and_lane_one_waits_for_the_one_before(database: Database) -> None:
    await owe(database, message("first"), message("second"), message("elsewhere", chat_id=2))
    await owe(database, message("other lane", lane=2))

    first, elsewhere = await claim(database)
    assert (first.payload, elsewhere.payload) == ({"text": "first"}, {"text": "elsewhere"})
    assert await claim(database) == []
    assert len(await claim(database, lane=2)) == 1

    async with database.write() as connection:
        result = Result(first.id, first.attempts, DeliveryState.PENDING, due_at=LATER)
        await delivery_rows.record(connection, [result], now=NOON)
    assert await claim(database) == [], "the second must not overtake the first, which waits for its moment"
    again = await claim(database, now=LATER)
    assert [(row.id, row.attempts) for row in again] == [(first.id, 2)]

    async with database.write() as connection:
        await delivery_rows.record(
            connection, [Result(first.id, again[0].attempts, DeliveryState.SENT, message_id=1)], now=NOON
        )
    assert [row.payload for row in await claim(database)] == [{"text": "second"}]


@pytest.mark.parametrize("state", [DeliveryState.FAILED, DeliveryState.UNCERTAIN])
async def test_what_was_given_up_holds_nobody_up(database: Database, state: DeliveryState) -> None:
    await owe(database, message("first"), message("second"))
    (first,) = await claim(database)
    async with database.write() as connection:
        await delivery_rows.record(connection, [Result(first.id, first.attempts, state, error="x")], now=NOON)
    assert [row.payload for row in await claim(database)] == [{"text": "second"}]


async def test_a_row_is_not_due_before_its_moment(database: Database) -> None:
    await owe(database, message("tomorrow"), now=LATER)
    assert await claim(database) == []
    assert len(await claim(database, now=LATER)) == 1


async def test_side_by_side_claims_never_share_a_row(database_url: str) -> None:
    databases = [open_database(database_url) for _ in range(4)]
    try:
        await owe(databases[0], *(message(f"m{chat}", chat_id=chat) for chat in range(60)))

        async def claim_all(database: Database) -> list[int]:
            mine: list[int] = []
            while rows := await claim(database, limit=3):
                assert len(rows) <= 3
                mine += [row.id for row in rows]
            return mine

        claimed = [row_id for mine in await asyncio.gather(*map(claim_all, databases)) for row_id in mine]
        left = sum(state == "pending" for _, state in await stored(databases[0]))
    finally:
        await asyncio.gather(*(database.close() for database in databases))
    assert len(claimed) == len(set(claimed))
    assert len(claimed) + left == 60


async def test_on_postgresql_a_claim_steps_over_what_another_is_just_claiming(postgresql_url: str) -> None:
    database = open_database(postgresql_url)
    try:
        await owe(database, *(message(f"m{chat}", chat_id=chat) for chat in range(4)))
        async with database.write() as one, database.write() as other:
            mine = await delivery_rows.claim_due(one, lane=BROADCAST, limit=2, now=NOON)
            theirs = await delivery_rows.claim_due(other, lane=BROADCAST, limit=2, now=NOON)
            assert [row.chat_id for row in mine] == [0, 1]
            assert [row.chat_id for row in theirs] == [2, 3]
    finally:
        await database.close()


async def test_on_postgresql_no_plan_of_the_planner_claims_more_than_asked_for(postgresql_url: str) -> None:
    database = open_database(postgresql_url)
    try:
        await owe(database, *(message(f"m{chat}", chat_id=chat) for chat in range(30)))
        for settings in ("enable_hashjoin", "enable_hashagg"), ("enable_nestloop",), ("enable_seqscan",):
            async with database.write() as connection:
                for off in (*settings, "enable_mergejoin", "enable_material"):
                    await connection.execute(text(f"SET LOCAL {off} = off"))
                assert len(await delivery_rows.claim_due(connection, lane=BROADCAST, limit=2, now=NOON)) == 2
    finally:
        await database.close()


async def test_on_postgresql_a_second_in_the_same_chat_waits_though_the_first_is_not_committed(
    postgresql_url: str,
) -> None:
    database = open_database(postgresql_url)
    try:
        await owe(database, message("first"), message("second"))
        async with database.write() as one, database.write() as other:
            assert len(await delivery_rows.claim_due(one, lane=BROADCAST, limit=5, now=NOON)) == 1
            assert await delivery_rows.claim_due(other, lane=BROADCAST, limit=5, now=NOON) == []
    finally:
        await database.close()


async def test_a_batch_of_results_is_written_down_each_for_its_row(database: Database) -> None:
    await owe(database, *(message(f"m{chat}", chat_id=chat) for chat in range(4)))
    sent, again, failed, uncertain = await claim(database)
    results = [
        Result(sent.id, sent.attempts, DeliveryState.SENT, message_id=77),
        Result(again.id, again.attempts, DeliveryState.PENDING, due_at=LATER, error="unknown", is_repeat=True),
        Result(failed.id, failed.attempts, DeliveryState.FAILED, error="refused"),
        Result(uncertain.id, uncertain.attempts, DeliveryState.UNCERTAIN, error="lost"),
    ]
    async with database.write() as connection:
        await delivery_rows.record(connection, results, now=NOON)
        await delivery_rows.record(connection, [], now=NOON)

    async with database.read() as connection:
        rows = {
            row.id: row
            for row in await connection.execute(
                select(
                    deliveries.c.id,
                    deliveries.c.state,
                    deliveries.c.message_id,
                    deliveries.c.error,
                    deliveries.c.repeats,
                    deliveries.c.due_at,
                    deliveries.c.sent_at,
                )
            )
        }
    assert [rows[one.id].state for one in (sent, again, failed, uncertain)] == [
        "sent",
        "pending",
        "failed",
        "uncertain",
    ]
    assert (rows[sent.id].message_id, rows[sent.id].sent_at, rows[sent.id].due_at) == (77, NOON, NOON)
    assert (rows[again.id].due_at, rows[again.id].repeats, rows[again.id].sent_at) == (LATER, 1, None)
    assert (rows[failed.id].error, rows[failed.id].repeats) == ("refused", 0)
    (repeat,) = await claim(database, now=LATER)
    assert (repeat.id, repeat.attempts, repeat.repeats) == (again.id, 2, 1)


async def test_an_edit_keeps_the_number_of_its_message(database: Database) -> None:
    await owe(database, message("edit", message_id=42))
    (row,) = await claim(database)
    async with database.write() as connection:
        await delivery_rows.record(
            connection, [Result(row.id, row.attempts, DeliveryState.PENDING, due_at=NOON)], now=NOON
        )
    assert [row.message_id for row in await claim(database)] == [42]


async def test_what_a_crash_interrupted_is_owed_again_as_a_repeat(database: Database) -> None:
    await owe(database, message("way", chat_id=1), message("later", chat_id=2), now=NOON)
    await claim(database, limit=1)
    async with database.write() as connection:
        release = delivery_rows.release_interrupted
        assert await release(connection, news_to=DeliveryState.PENDING, now=NOON) == Interrupted(news=0, others=1)
        assert await release(connection, news_to=DeliveryState.PENDING, now=NOON) == Interrupted(news=0, others=0)
    assert [(row.chat_id, row.attempts, row.repeats) for row in await claim(database)] == [(1, 2, 1), (2, 1, 0)]


async def test_uncertain_news_is_not_sent_again_by_the_operators_wish_but_all_else_is(database: Database) -> None:
    await owe(database, replace(message("news", chat_id=1), kind=DeliveryKind.ARTICLE))
    await owe(database, replace(message("card", chat_id=4), kind=DeliveryKind.CARD))
    edit = NewDelivery(DeliveryKind.CARD_DECIDED, BROADCAST, 2, "edit", message_id=5)
    await owe(database, edit, replace(edit, kind=DeliveryKind.CORRECTION, chat_id=3, dedupe_key="c", message_id=None))
    await claim(database)
    async with database.write() as connection:
        await delivery_rows.release_interrupted(connection, news_to=DeliveryState.UNCERTAIN, now=NOON)
    assert await stored(database) == [
        ("news", "uncertain"),
        ("card", "pending"),
        ("edit", "pending"),
        ("c", "pending"),
    ]


async def test_what_a_claim_left_is_waiting_for_its_moment_or_blocked(database: Database) -> None:
    async with database.read() as connection:
        assert await delivery_rows.find_waiting(connection, now=NOON) == Waiting(None, 0)
    await owe(database, message("late", chat_id=1), now=LATER)
    await owe(database, message("first", chat_id=2), message("behind it", chat_id=2), message("other", lane=2))
    await claim(database)
    async with database.read() as connection:
        assert await delivery_rows.find_waiting(connection, now=NOON) == Waiting(LATER, 2)
        assert await delivery_rows.find_waiting(connection, lane=BROADCAST, now=NOON) == Waiting(LATER, 1)
        assert await delivery_rows.find_waiting(connection, lane=BROADCAST, now=LATER) == Waiting(None, 2)


async def test_a_message_is_known_by_what_it_was_sent_for_not_by_its_edits(database: Database) -> None:
    await add_readers(database, 7)
    article_id = await add_article(database)
    await owe_article(database, article_id)
    (row,) = await claim(database)
    async with database.write() as connection:
        await delivery_rows.record(
            connection, [Result(row.id, row.attempts, DeliveryState.SENT, message_id=11)], now=NOON
        )
    await owe(database, NewDelivery(DeliveryKind.CORRECTION, BROADCAST, 7, "c", article_id=article_id, message_id=11))

    async with database.read() as connection:
        found = await delivery_rows.find_message(connection, 7, 11)
        assert found is not None
        assert (found.kind, found.article_id, found.payload) == (DeliveryKind.ARTICLE, article_id, None)
        assert await delivery_rows.find_message(connection, 8, 11) is None
        assert await delivery_rows.find_message(connection, 7, 12) is None


async def test_every_copy_of_a_card_that_stands_is_known(database: Database) -> None:
    await add_readers(database, 7)
    number = await add_submission(database)
    card = NewDelivery(DeliveryKind.CARD, BROADCAST, -5, "card", submission_id=number)
    await owe(database, card, replace(card, chat_id=-6, dedupe_key="anew"), replace(card, chat_id=-7, dedupe_key="x"))
    first, second, _ = await claim(database)
    results = [
        Result(first.id, first.attempts, DeliveryState.SENT, message_id=3),
        Result(second.id, second.attempts, DeliveryState.SENT, message_id=4),
    ]
    async with database.write() as connection:
        await delivery_rows.record(connection, results, now=NOON)
        known = await delivery_rows.card_messages(connection, kind=DeliveryKind.CARD, submission_id=number)
    assert sorted(known) == [(-6, 4), (-5, 3)]


async def test_a_lost_reader_is_owed_nothing_until_they_are_back_and_then_only_what_is_theirs(
    database: Database,
) -> None:
    await add_readers(database, 7, 8)
    article_id = await add_article(database)
    await owe_article(database, article_id)
    verdict = NewDelivery(DeliveryKind.VERDICT, 2, 7, "verdict", reader_id=7)
    await owe(database, verdict)
    async with database.write() as connection:
        assert await delivery_rows.drop_for_reader(connection, 7) == 2
        kinds = [DeliveryKind.VERDICT]
        assert await delivery_rows.revive_for_reader(connection, 8, kinds=kinds, now=LATER) == 0
        assert await delivery_rows.revive_for_reader(connection, 7, kinds=kinds, now=LATER) == 1
        assert await delivery_rows.revive_for_reader(connection, 7, kinds=kinds, now=LATER) == 0
    assert await stored(database) == [
        (f"article:{article_id}:7", "failed"),
        (f"article:{article_id}:8", "pending"),
        ("verdict", "pending"),
    ]


async def test_what_telegram_refused_does_not_come_back_with_the_reader(database: Database) -> None:
    await add_readers(database, 7)
    await owe(database, NewDelivery(DeliveryKind.VERDICT, BROADCAST, 7, "verdict", reader_id=7))
    (row,) = await claim(database)
    async with database.write() as connection:
        await delivery_rows.record(
            connection, [Result(row.id, row.attempts, DeliveryState.FAILED, error="too_long")], now=NOON
        )
        kinds = [DeliveryKind.VERDICT]
        assert await delivery_rows.revive_for_reader(connection, 7, kinds=kinds, now=NOON) == 0
        await connection.execute(update(deliveries).values(error=GONE))
        assert await delivery_rows.revive_for_reader(connection, 7, kinds=kinds, now=NOON) == 1


async def test_who_stops_the_news_still_hears_verdicts(database: Database) -> None:
    await add_readers(database, 7, 8)
    article_id = await add_article(database)
    await owe_article(database, article_id)
    await owe(database, NewDelivery(DeliveryKind.VERDICT, 2, 7, "verdict", reader_id=7))
    async with database.write() as connection:
        assert await delivery_rows.drop_articles_for_reader(connection, 7) == 1
    assert [state for _, state in await stored(database)] == ["failed", "pending", "pending"]


async def test_a_moved_group_takes_along_what_is_owed_to_it_but_not_the_messages_it_had(database: Database) -> None:
    await owe(
        database,
        message("sent", chat_id=-5),
        message("way", chat_id=-5, lane=2),
        message("owed", chat_id=-5),
        message("edit", chat_id=-5, message_id=9),
        message("elsewhere", chat_id=-6),
    )
    first, *_ = await claim(database)
    async with database.write() as connection:
        await delivery_rows.record(
            connection, [Result(first.id, first.attempts, DeliveryState.SENT, message_id=1)], now=NOON
        )
    await claim(database, lane=2)
    async with database.write() as connection:
        await delivery_rows.move_chat(connection, -5, -1005)
        rows = await connection.execute(select(deliveries.c.dedupe_key, deliveries.c.chat_id))
        assert {row[0]: row[1] for row in rows} == {
            "sent": -5,
            "way": -1005,
            "owed": -1005,
            "edit": -5,
            "elsewhere": -6,
        }


async def test_the_outbox_is_counted_by_state(database: Database) -> None:
    await owe(database, message("a", chat_id=1), message("b", chat_id=2), message("c", chat_id=3))
    await claim(database, limit=1)
    async with database.read() as connection:
        assert await delivery_rows.count_by_state(connection) == {DeliveryState.PENDING: 2, DeliveryState.SENDING: 1}


async def test_what_was_sent_to_a_chat_lately_is_known_but_no_edits_and_nothing_still_owed(database: Database) -> None:
    def card(key: str, *, chat_id: int = -5) -> NewDelivery:
        return message(key, chat_id=chat_id)

    edit = replace(card("an edit"), kind=DeliveryKind.CARD_DECIDED)
    await owe(database, card("long ago"), card("before"), card("after"), card("failed"), edit)
    await owe(database, card("elsewhere", chat_id=-6), card("on its way"), card("owed"))
    moments = {"long ago": -61, "before": -30, "after": -2, "an edit": -10, "elsewhere": -1}
    async with database.write() as connection:
        for number, (key, seconds) in enumerate(moments.items()):
            at = {"state": DeliveryState.SENT, "sent_at": NOON + timedelta(seconds=seconds), "message_id": number}
            await connection.execute(update(deliveries).where(deliveries.c.dedupe_key == key).values(at))
        for key, state in {"on its way": DeliveryState.SENDING, "failed": DeliveryState.FAILED}.items():
            claimed = {"state": state, "claimed_at": NOON - timedelta(seconds=5)}
            await connection.execute(update(deliveries).where(deliveries.c.dedupe_key == key).values(claimed))

    async with database.read() as connection:
        lately = await delivery_rows.sent_lately(connection, -5, since=NOON - timedelta(seconds=60))
        newest = await delivery_rows.sent_lately(connection, -5, since=NOON - timedelta(seconds=60), most=1)
    assert [(moment - NOON).total_seconds() for moment in lately] == [-30, -5, -2]
    assert [(moment - NOON).total_seconds() for moment in newest] == [-5, -2]
    assert all(moment.utcoffset() == timedelta(0) for moment in lately)
