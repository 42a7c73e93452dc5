"""The outbox's engine under every kind of trouble: nothing is lost, and doubled only where the answer was lost."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import text, update

from bot.logic.lanes import Lane
from bot.logic.settling import AfterCrash
from bot.services.desk import Decided, Editor
from db.database import Database, open_database
from db.deliveries import DeliveryKind, DeliveryState, NewDelivery, enqueue
from db.tables import articles
from sandbox.faults import Fault, FaultKind
from tests.delivery.outbox import Outbox, open_outbox
from tests.support.story import DESK_CHAT_ID, UNPACED

AIDANA = Editor(1, "Айдана")
ANSWER_LOST: set[FaultKind] = {"reset_after", "silence_after", "server_error", "reset_before", "silence_before"}
DONE_AND_ANSWER_LOST: set[FaultKind] = {"reset_after", "silence_after"}


@pytest.fixture
async def outbox(database: Database) -> AsyncIterator[Outbox]:
    async with open_outbox(database) as opened:
        yield opened


async def _decide(outbox: Outbox, number: int, *, message_id: int = 2) -> None:
    made = await outbox.desk.decide("approve", number, by=AIDANA, message_id=message_id, update_id=0, now=outbox.now())
    assert isinstance(made, Decided)


async def test_what_is_owed_arrives_and_is_known_by_its_number(outbox: Outbox) -> None:
    reader = await outbox.reader()
    await outbox.publish()
    await outbox.comment(reader)
    await outbox.settle()

    assert len(outbox.shown(reader)) == 1
    assert len(outbox.shown(DESK_CHAT_ID)) == 1
    assert await outbox.rows() == [("sent", None)] * 2
    (sent,) = [accepted for accepted in outbox.telegram.log if accepted.params.get("chat_id") == reader]
    assert isinstance(sent.result, dict)
    found = await outbox.articles.find_in_message(reader, sent.result["message_id"])
    assert found is not None
    assert found.title == "Жаңа саябақ ашылды 1"


@pytest.mark.parametrize(
    "kind", ["too_many", "server_error", "reset_before", "reset_after", "silence_before", "silence_after", "delay"]
)
async def test_no_trouble_loses_anything_and_only_a_lost_answer_doubles(outbox: Outbox, kind: FaultKind) -> None:
    readers = [await outbox.reader() for _ in range(3)]
    for chat_id in (readers[0], DESK_CHAT_ID):
        outbox.telegram.add_fault(Fault(kind, "sendMessage", chat_id, times=2, retry_after=1))
    await outbox.publish()
    await outbox.comment(readers[1])
    await outbox.until_nothing_waits()

    copies = 3 if kind in DONE_AND_ANSWER_LOST else 1
    assert [len(outbox.shown(chat_id)) for chat_id in (*readers, DESK_CHAT_ID)] == [copies, 1, 1, copies]
    assert await outbox.rows(state=DeliveryState.SENT) == [("sent", None)] * 4
    repeats = ["🔁" in card for card in outbox.shown(DESK_CHAT_ID)]
    expected = [False, True, True] if copies == 3 else [kind in ANSWER_LOST]
    assert repeats == expected, "a card whose first copy may stand there says so"


async def test_with_uncertain_a_lost_answer_is_not_tried_again_but_a_lost_edit_is(database: Database) -> None:
    async with open_outbox(database, after_crash="uncertain") as outbox:
        reader = await outbox.reader()
        outbox.telegram.add_fault(Fault("reset_after", "sendMessage", reader))
        await outbox.publish()
        await outbox.until_nothing_waits()
        assert len(outbox.shown(reader)) == 1
        assert [state for state, _ in await outbox.rows()] == ["uncertain"]

        outbox.telegram.add_fault(Fault("reset_before", "editMessageText", DESK_CHAT_ID))
        number = await outbox.comment(reader)
        await outbox.settle()
        await _decide(outbox, number)
        await outbox.until_nothing_waits()
        assert len(outbox.shown(DESK_CHAT_ID, method="editMessageText")) == 1


async def test_a_reader_who_blocked_the_bot_is_not_tried_again_until_they_are_back(outbox: Outbox) -> None:
    reader, other = await outbox.reader(), await outbox.reader()
    number = await outbox.comment(reader)
    await outbox.settle()
    outbox.telegram.person_blocks(reader)
    await outbox.publish()
    await outbox.settle()
    await outbox.publish()
    await _decide(outbox, number)
    await outbox.settle()
    assert outbox.shown(reader) == []
    assert len(outbox.shown(other)) == 2
    refused = [refusal for refusal in outbox.telegram.refused if refusal.params.get("chat_id") == reader]
    assert len(refused) == 2, "the first article and the verdict; the second article was not even owed"

    outbox.telegram.person_unblocks(reader)
    await outbox.readers.welcome_back(reader, now=outbox.now())
    await outbox.settle()
    (verdict,) = outbox.shown(reader)
    assert "№1" in verdict


async def test_cards_wait_in_their_order_until_the_desk_lets_the_bot_in_again(outbox: Outbox) -> None:
    reader = await outbox.reader()
    outbox.telegram.bot_kicked(DESK_CHAT_ID)
    for words in ("бірінші", "екінші"):
        await outbox.comment(reader, words)
    await outbox.settle()
    await outbox.later(60)
    assert outbox.shown(DESK_CHAT_ID) == []
    assert len(outbox.telegram.refused) <= 6, "a desk that is away is asked once a minute, not all the time"

    outbox.telegram.bot_added(DESK_CHAT_ID)
    await outbox.later(60)
    first, second = outbox.shown(DESK_CHAT_ID)
    assert ("бірінші" in first, "екінші" in second) == (True, True)


async def test_a_desk_that_took_the_right_to_write_away_loses_no_card(outbox: Outbox) -> None:
    reader = await outbox.reader()
    sentence = "Bad Request: not enough rights to send text messages to the chat"
    outbox.telegram.add_fault(Fault("refused", "sendMessage", DESK_CHAT_ID, description=sentence, times=2))
    await outbox.comment(reader)
    await outbox.settle()
    await outbox.later(60)
    assert outbox.shown(DESK_CHAT_ID) == []
    await outbox.later(60)
    assert len(outbox.shown(DESK_CHAT_ID)) == 1


async def test_what_telegram_refuses_is_told_to_the_desk_once_and_holds_nobody_up(outbox: Outbox) -> None:
    reader = await outbox.reader()
    outbox.telegram.add_fault(Fault("refused", "sendMessage", reader, description="Bad Request: BUTTON_DATA_INVALID"))
    await outbox.publish()
    await outbox.settle()
    await outbox.publish()
    await outbox.settle()
    (line,) = outbox.shown(DESK_CHAT_ID)
    assert "button_data_invalid" in line.lower()
    (arrived,) = outbox.shown(reader)
    assert "ашылды 2" in arrived


async def test_a_group_that_became_a_supergroup_is_followed_and_its_old_cards_shown_anew(database: Database) -> None:
    async with open_outbox(database, supergroup=False) as outbox:
        reader = await outbox.reader()
        before = await outbox.comment(reader, "ескі")
        await outbox.settle()
        outbox.telegram.add_fault(Fault("migrate", "sendMessage", DESK_CHAT_ID))
        await outbox.comment(reader, "жаңа")
        await outbox.settle()
        moved_to = outbox.desk.chat_id
        assert moved_to != DESK_CHAT_ID
        (card,) = outbox.shown(moved_to)
        assert "жаңа" in card

        await _decide(outbox, before)
        await outbox.until_nothing_waits()
        decided = [text for text in outbox.shown(moved_to) if "ескі" in text]
        assert len(decided) == 1
        assert "Айдана" in decided[0]
        assert [state for state, _ in await outbox.rows(state=DeliveryState.PENDING)] == []


async def test_a_card_that_somebody_deleted_is_shown_anew_with_its_decision(outbox: Outbox) -> None:
    reader = await outbox.reader()
    number = await outbox.comment(reader)
    await outbox.settle()
    outbox.telegram.delete_message(DESK_CHAT_ID, 2)
    await _decide(outbox, number)
    await outbox.until_nothing_waits()
    assert ["Айдана" in card for card in outbox.shown(DESK_CHAT_ID)] == [False, True]


async def test_a_deleted_topic_is_made_again_and_its_card_arrives(database: Database) -> None:
    async with open_outbox(database, forum=True) as outbox:
        reader = await outbox.reader()
        await outbox.comment(reader)
        await outbox.settle()
        (made,) = [accepted for accepted in outbox.telegram.log if accepted.method == "createForumTopic"]
        assert isinstance(made.result, dict)
        outbox.telegram.delete_topic(DESK_CHAT_ID, made.result["message_thread_id"])
        await outbox.comment(reader)
        await outbox.settle()
        assert len(outbox.shown(DESK_CHAT_ID)) == 2
        assert outbox.telegram.counts["createForumTopic"] == 2


async def test_a_reply_never_waits_behind_a_broadcast(database: Database) -> None:
    async with open_outbox(database, pace=replace(UNPACED, broadcast_per_s=20)) as outbox:
        readers = [await outbox.reader() for _ in range(30)]
        number = await outbox.comment(readers[-1])
        await outbox.settle()
        await outbox.publish()
        await outbox.telegram.wait_for(lambda: any("саябақ" in str(sent.params) for sent in outbox.telegram.log))
        await _decide(outbox, number)
        await outbox.settle()

        owed = [str(sent.params["text"]) for sent in outbox.telegram.log if sent.params.get("chat_id") in set(readers)]
        place = next(place for place, words in enumerate(owed) if "№1" in words)
        assert len(owed) == 31
        assert place < 15


async def test_within_a_chat_articles_arrive_in_their_order_though_the_first_has_trouble(outbox: Outbox) -> None:
    reader = await outbox.reader()
    outbox.telegram.add_fault(Fault("reset_before", "sendMessage", reader, times=3))
    for _ in range(3):
        await outbox.publish()
    await outbox.until_nothing_waits()
    assert ["1" in shown.splitlines()[0] for shown in outbox.shown(reader)] == [True, False, False]
    assert len(outbox.shown(reader)) == 3


async def test_stopped_it_lets_what_is_on_its_way_arrive_and_writes_it_down(outbox: Outbox) -> None:
    readers = [await outbox.reader() for _ in range(20)]
    outbox.telegram.add_fault(Fault("delay", "sendMessage", times=100, delay_s=0.1))
    await outbox.publish()
    await outbox.telegram.wait_for(lambda: any(outbox.shown(reader) for reader in readers))
    await outbox.stop()

    arrived = sum(len(outbox.shown(reader)) for reader in readers)
    states = [state for state, _ in await outbox.rows()]
    assert (states.count("sent"), states.count("sending")) == (arrived, 0)
    assert 0 < arrived < 20
    assert await outbox.start() == 0
    await outbox.settle()
    assert [len(outbox.shown(reader)) for reader in readers] == [1] * 20


@pytest.mark.parametrize("after_crash", ["resend", "uncertain"])
async def test_stopped_in_a_flood_wait_nothing_of_what_waited_looks_sent(
    database: Database, after_crash: AfterCrash
) -> None:
    async with open_outbox(database, after_crash=after_crash) as outbox:
        reader = await outbox.reader()
        outbox.limiter.hold(None, 3600)
        await outbox.publish()
        await outbox.comment(reader)
        async with asyncio.timeout(5):
            while len(await outbox.rows(state=DeliveryState.SENDING)) < 2:  # noqa: ASYNC110 - the state is in the database
                await asyncio.sleep(0.005)
        await outbox.stop()
        assert [state for state, _ in await outbox.rows()] == ["pending"] * 2
        assert outbox.shown(reader) == []


async def test_killed_it_sends_nothing_more_and_the_next_start_owes_again_what_was_on_its_way(outbox: Outbox) -> None:
    # More than there are slots: something is on its way whenever the process dies.
    readers = [await outbox.reader() for _ in range(30)]
    await outbox.publish()
    await outbox.comment(readers[0])
    outbox.telegram.add_fault(Fault("silence_after", "sendMessage", times=3))
    outbox.telegram.add_fault(Fault("silence_before", "sendMessage", times=100))
    await outbox.telegram.wait_for(lambda: outbox.telegram.counts["sendMessage"] >= 3)
    await outbox.kill()
    sent = outbox.telegram.counts["sendMessage"]
    await asyncio.sleep(0)
    assert outbox.telegram.counts["sendMessage"] == sent

    outbox.telegram.faults.clear()
    on_their_way = len(await outbox.rows(state=DeliveryState.SENDING))
    assert await outbox.start() == on_their_way > 0
    await outbox.until_nothing_waits()
    copies = [len(outbox.shown(chat_id)) for chat_id in (*readers, DESK_CHAT_ID)]
    assert min(copies) == 1
    assert sum(copies) - len(copies) <= on_their_way
    assert [state for state, _ in await outbox.rows()] == ["sent"] * 31


async def test_a_row_that_cannot_be_composed_does_not_stop_its_lane(outbox: Outbox) -> None:
    reader = await outbox.reader()
    await outbox.kill()
    await outbox.publish()
    async with outbox.database.write() as connection:
        await connection.execute(update(articles).values(lead={"shape": "of another version"}))
    await outbox.publish()
    await outbox.start()
    await outbox.settle()
    (arrived,) = outbox.shown(reader)
    assert "ашылды 2" in arrived
    assert await outbox.rows() == [("failed", "cannot be composed: TypeError"), ("sent", None)]


async def test_a_correction_edits_silently_what_was_sent_and_waits_for_what_is_on_its_way(outbox: Outbox) -> None:
    reader = await outbox.reader()
    outbox.telegram.add_fault(Fault("delay", "sendMessage", reader, delay_s=0.15))
    number = await outbox.publish()
    async with asyncio.timeout(5):
        while not await outbox.rows(state=DeliveryState.SENDING):  # noqa: ASYNC110 - the state is in the database
            await asyncio.sleep(0.005)
    await outbox.publish(number, title="Түзетілген тақырып")
    await outbox.until_nothing_waits()
    assert len(outbox.shown(reader)) == 1
    (corrected,) = outbox.shown(reader, method="editMessageText")
    assert "Түзетілген тақырып" in corrected


async def test_a_correction_of_what_never_arrived_is_given_up(outbox: Outbox) -> None:
    reader = await outbox.reader()
    outbox.telegram.add_fault(Fault("delay", "sendMessage", reader, delay_s=0.15))
    outbox.telegram.add_fault(Fault("refused", "sendMessage", reader))
    outbox.telegram.faults.waiting.reverse()
    await outbox.kill()
    number = await outbox.publish()
    async with outbox.database.write() as connection:
        await connection.execute(text("UPDATE deliveries SET state = 'sending'"))
    await outbox.publish(number, title="Түзетілген")
    await outbox.start()
    await outbox.until_nothing_waits()
    corrections = await outbox.rows(kind=DeliveryKind.CORRECTION)
    assert corrections == [("failed", "the article never arrived")]


async def test_a_result_that_the_locked_file_does_not_take_is_written_down_later(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.database.SQLITE_PRAGMAS", ("PRAGMA journal_mode=WAL", "PRAGMA busy_timeout=20"))
    monkeypatch.setattr("bot.delivery.courier.DATABASE_AWAY_S", 0.05)
    database = open_database(sqlite_url)
    holder = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    try:
        async with open_outbox(database) as outbox:
            reader = await outbox.reader()
            outbox.telegram.add_fault(Fault("delay", "sendMessage", reader, delay_s=0.1))
            await outbox.publish()
            async with asyncio.timeout(5):
                while not await outbox.rows(state=DeliveryState.SENDING):  # noqa: ASYNC110 - the state is in the database
                    await asyncio.sleep(0.005)
            holder.execute("BEGIN IMMEDIATE")
            try:
                await outbox.telegram.wait_for(lambda: bool(outbox.shown(reader)))
                await asyncio.sleep(0.2)
                assert await outbox.rows(state=DeliveryState.SENDING), "nobody can write yet"
            finally:
                holder.execute("ROLLBACK")
            await outbox.settle()
            assert len(outbox.shown(reader)) == 1
            assert await outbox.rows() == [("sent", None)]
    finally:
        holder.close()
        await database.close()


async def test_a_postgresql_that_cuts_every_connection_loses_and_doubles_nothing(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.delivery.courier.DATABASE_AWAY_S", 0.05)
    database, admin = open_database(postgresql_url), open_database(postgresql_url)
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid != pg_backend_pid()"
    )
    try:
        async with open_outbox(database) as outbox:
            readers = [await outbox.reader() for _ in range(40)]
            outbox.telegram.add_fault(Fault("delay", "sendMessage", times=1000, delay_s=0.02))
            await outbox.publish()
            for _ in range(5):
                async with admin.write() as connection:
                    await connection.execute(cut)
                await asyncio.sleep(0.05)
            await outbox.until_nothing_waits()
            assert [len(outbox.shown(reader)) for reader in readers] == [1] * 40
    finally:
        await asyncio.gather(database.close(), admin.close())


async def test_a_row_that_comes_due_by_itself_is_found_without_a_bell(outbox: Outbox) -> None:
    reader = await outbox.reader()
    async with outbox.database.write() as connection:
        owed = NewDelivery(DeliveryKind.DRAFT_KEPT, Lane.REPLY, reader, "d", payload={"flow": "comment", "number": 1})
        await enqueue(connection, [owed], now=outbox.now())
    await outbox.settle()
    assert len(outbox.shown(reader)) == 1
