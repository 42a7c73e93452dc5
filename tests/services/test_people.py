"""Readers, their dialogs and submissions, and what the desk is told: one transaction each, twice is once."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.logic.dialogs import DRAFT_KEPT, IDLE, Dialog, Draft, Step
from bot.services.desk import AlreadyDecided, Decided, Desk, Editor, NotOnTheCard
from bot.services.dialogs import Dialogs
from bot.services.outbox import Bell
from bot.services.readers import Readers
from bot.services.submissions import Submissions
from db import updates as update_rows
from db.database import Database, open_database
from db.updates import IncomingUpdate
from tests.db.rows import NOON, add_article, add_readers, owe_article, stored
from tests.support.story import DESK_CHAT_ID

COMMENT = Dialog(1, Step.COMMENT_PREVIEW, Draft(text="Жақсы!", is_signed=True))
TYPO = Dialog(1, Step.TYPO_CONFIRM, Draft(text="погода", fragment="пагода"))
AIDANA, YERLAN = Editor(1, "Айдана"), Editor(2, "Ерлан")


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database, Bell(), configured_chat_id=DESK_CHAT_ID)


async def _receive(database: Database, *update_ids: int) -> None:
    async with database.write() as connection:
        incoming = [IncomingUpdate(update_id, 7, {}) for update_id in update_ids]
        await update_rows.store_updates(connection, incoming, now=NOON)


async def test_the_same_update_submits_once_and_ends_the_dialog(database: Database, desk: Desk) -> None:
    await add_readers(database, 7)
    await _receive(database, 1, 2, 3)
    dialogs, submissions = Dialogs(database, Bell()), Submissions(database, Bell(), desk)
    assert await dialogs.save(7, COMMENT, update_id=1, now=NOON)
    numbers = [
        await submissions.submit(7, dialog, language="kk", update_id=update_id, now=NOON)
        for dialog, update_id in ((COMMENT, 2), (COMMENT, 2), (TYPO, 3))
    ]
    assert numbers[0] == numbers[1] != numbers[2]
    assert [key for key, _ in await stored(database)] == [f"card:{numbers[0]}", f"card:{numbers[2]}"]
    assert await dialogs.find(7, now=NOON) is None
    made = await submissions.find_made_by(2)
    assert made is not None
    assert (made.id, made.is_comment) == (numbers[0], True)
    assert await submissions.find_made_by(99) is None


async def test_two_editors_make_one_decision_and_the_reader_hears_one_verdict(database: Database, desk: Desk) -> None:
    await add_readers(database, 7)
    number = await Submissions(database, Bell(), desk).submit(7, COMMENT, language="kk", update_id=2, now=NOON)
    first = await desk.decide("approve", number, by=AIDANA, message_id=5, update_id=0, now=NOON)
    second = await desk.decide("reject", number, by=YERLAN, message_id=5, update_id=0, now=NOON)
    assert isinstance(first, Decided)
    assert isinstance(second, AlreadyDecided)
    assert second.submission.decided_by == "Айдана"
    assert [key for key, _ in await stored(database)] == [
        f"card:{number}",
        f"card_decided:{number}:{DESK_CHAT_ID}:5",
        f"verdict:{number}",
    ]


@pytest.mark.parametrize(("word", "number"), [("fixed", 1), ("approve", 99), ("delete", 1)])
async def test_a_button_that_is_not_on_the_card_decides_nothing(
    database: Database, desk: Desk, word: str, number: int
) -> None:
    await add_readers(database, 7)
    await Submissions(database, Bell(), desk).submit(7, COMMENT, language="kk", update_id=2, now=NOON)
    made = await desk.decide(word, number, by=AIDANA, message_id=5, update_id=0, now=NOON)
    assert isinstance(made, NotOnTheCard)
    assert len(await stored(database)) == 1


async def test_the_desk_is_told_once_a_minute_of_each_kind(database: Database, desk: Desk) -> None:
    moments = [(kind, timedelta(seconds=s)) for s in (0, 30, 60) for kind in ("a", "b")]
    told = [await desk.tell(kind, facts={}, now=NOON + after) for kind, after in moments]
    assert told == [True, True, False, False, True, True]
    assert len(await stored(database)) == 4


async def test_a_line_that_could_not_be_owed_may_be_told_at_once(desk: Desk) -> None:
    broken = {"fact": object()}
    with pytest.raises(Exception, match="not JSON serializable"):
        await desk.tell("a", facts=broken, now=NOON)  # type: ignore[arg-type]  # it must fail within the transaction
    assert await desk.tell("a", facts={}, now=NOON)


async def test_of_two_processes_one_tells_the_desk(database: Database, database_url: str, desk: Desk) -> None:
    other = open_database(database_url)
    try:
        desks = [desk, Desk(other, Bell(), configured_chat_id=DESK_CHAT_ID)]
        await asyncio.gather(*(one.tell("a", facts={}, now=NOON + timedelta(seconds=5)) for one in desks))
        assert not await desks[1].tell("a", facts={}, now=NOON + timedelta(seconds=10))
    finally:
        await other.close()
    assert len(await stored(database)) == 1


async def test_a_process_learns_that_another_one_followed_the_desk(database: Database, desk: Desk) -> None:
    another = Desk(database, Bell(), configured_chat_id=DESK_CHAT_ID)
    assert not await another.recognizes(-1007, now=NOON)
    await desk.follow(DESK_CHAT_ID, -1007, now=NOON)
    # It has just looked for that group: nobody makes it look again and again.
    assert not await another.recognizes(-1007, now=NOON + timedelta(seconds=9))
    assert not await another.recognizes(-1008, now=NOON + timedelta(seconds=9))
    assert await another.recognizes(-1007, now=NOON + timedelta(seconds=10))
    assert another.chat_id == -1007


async def test_a_move_of_another_group_is_none_of_the_desks(database: Database, desk: Desk) -> None:
    await desk.follow(-7, -1007, now=NOON)
    assert desk.chat_id == DESK_CHAT_ID
    await desk.follow(DESK_CHAT_ID, -1007, now=NOON)
    assert (desk.is_desk(DESK_CHAT_ID), desk.is_desk(-1007), desk.is_desk(-7)) == (True, True, False)
    again = Desk(database, Bell(), configured_chat_id=DESK_CHAT_ID)
    assert await again.locate() == -1007


async def test_a_dialog_is_parked_after_an_hour_told_of_once_and_gone_after_a_day(database: Database) -> None:
    await add_readers(database, 7, 8)
    await _receive(database, 1, 2)
    dialogs = Dialogs(database, Bell())
    assert await dialogs.save(7, COMMENT, update_id=1, now=NOON)
    assert not await dialogs.save(7, TYPO, update_id=1, now=NOON), "the same update has its effect once"
    assert await dialogs.save(8, Dialog(2, Step.COMMENT_TEXT, Draft()), update_id=2, now=NOON)

    assert await dialogs.end_forgotten(now=NOON + IDLE - timedelta(seconds=1)) == 0
    assert await dialogs.find(7, now=NOON) == COMMENT
    assert [await dialogs.end_forgotten(now=NOON + IDLE) for _ in range(2)] == [2, 0]
    parked = await dialogs.find(7, now=NOON + IDLE)
    assert parked is not None
    assert (parked.is_parked, parked.draft) == (True, COMMENT.draft)
    assert len(await stored(database)) == 1, "an empty draft is not worth a word"
    assert await dialogs.find(7, now=NOON + DRAFT_KEPT) is None
    await dialogs.end_forgotten(now=NOON + DRAFT_KEPT)
    assert await dialogs.find(7, now=NOON) is None


class _Letters:
    """Gives the same code twice before another."""

    def __init__(self) -> None:
        self._given = 0

    def choose(self, options: Sequence[str]) -> str:
        self._given += 1
        return options[0 if self._given <= 10 else 1]


async def test_a_code_is_never_given_twice_and_who_is_known_keeps_theirs(database: Database, desk: Desk) -> None:
    readers = Readers(database, Bell(), desk, choose=_Letters().choose)
    codes = [(await readers.meet(reader_id, now=NOON)).code for reader_id in (1, 2, 1)]
    assert codes == ["AAAAA", "BBBBB", "AAAAA"]


async def test_the_first_language_subscribes_and_a_later_one_changes_no_news(database: Database, desk: Desk) -> None:
    readers = Readers(database, Bell(), desk, choose=_Letters().choose)
    await readers.meet(1, now=NOON)
    await readers.speak(1, "ru", first_news=["ru"])
    await readers.stop_news(1)
    await readers.speak(1, "en", first_news=["en"])
    subscription = await readers.subscription(1)
    assert (subscription.is_on, subscription.languages) == (False, frozenset({"ru"}))
    assert (await readers.resume_news(1, first_news=["kk"])).languages == {"ru"}


async def test_who_stops_the_news_is_not_sent_what_was_owed_already(database: Database, desk: Desk) -> None:
    await add_readers(database, 1)
    await owe_article(database, await add_article(database))
    await Readers(database, Bell(), desk, choose=_Letters().choose).stop_news(1)
    assert [state for _, state in await stored(database)] == ["failed"]


async def test_a_reader_who_comes_back_is_owed_verdicts_but_no_old_news(database: Database, desk: Desk) -> None:
    readers = Readers(database, Bell(), desk, choose=_Letters().choose)
    await add_readers(database, 7)
    number = await Submissions(database, Bell(), desk).submit(7, COMMENT, language="kk", update_id=2, now=NOON)
    await desk.decide("approve", number, by=AIDANA, message_id=5, update_id=0, now=NOON)
    await owe_article(database, await add_article(database))
    await readers.lose(7, now=NOON)
    assert await owe_article(database, await add_article(database, 2)) == 0
    for _ in range(2):
        await readers.welcome_back(7, now=NOON)
    states = {key.partition(":")[0]: state for key, state in await stored(database)}
    assert (states["verdict"], states["article"]) == ("pending", "failed")
