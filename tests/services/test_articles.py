"""What one fetch of a source comes to in the database, and what the desk decides about many at once."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.logic.picking import Fate
from bot.services.articles import Articles, Taken
from bot.services.desk import Desk, Editor, HoldAlreadyDecided, HoldDecided, NotOnTheCard
from bot.services.outbox import Bell
from db.database import Database
from db.deliveries import DeliveryKind
from db.tables import deliveries
from tests.db.rows import NOON, add_readers, claim, stored
from tests.support.story import DESK_CHAT_ID, NEWS, article

AIDANA = Editor(1, "Айдана")


@dataclass(frozen=True, slots=True)
class House:
    database: Database
    articles: Articles
    desk: Desk

    async def take(self, *numbers: int, title: str = "Тақырып", minutes: int = 0) -> Taken:
        state = await self.articles.source_state(NEWS)
        fetched = [article(number, title=f"{title} {number}") for number in numbers]
        return await self.articles.take(state, fetched, now=NOON + timedelta(minutes=minutes))

    async def owed(self) -> list[str]:
        """The kinds of all deliveries, oldest first."""
        async with self.database.read() as connection:
            return list((await connection.execute(select(deliveries.c.kind).order_by(deliveries.c.id))).scalars())


@pytest.fixture
async def house(database: Database) -> House:
    bell = Bell()
    desk = Desk(database, bell, configured_chat_id=DESK_CHAT_ID)
    await add_readers(database, 1, 2)
    return House(database, Articles(database, bell, desk), desk)


async def test_the_first_fetch_publishes_nothing_and_the_second_only_what_is_new(house: House) -> None:
    assert await house.take(1, 2, 3) == Taken(3, 0, Fate.SEEN)
    assert await house.owed() == []
    assert await house.take(3, 4) == Taken(1, 0, Fate.PUBLISH)
    assert await house.owed() == [DeliveryKind.ARTICLE] * 2


async def test_the_same_fetch_twice_owes_nothing_more(house: House) -> None:
    await house.take()
    await house.take(1)
    assert await house.take(1, minutes=5) == Taken(0, 0, Fate.PUBLISH)
    assert len(await house.owed()) == 2


async def test_a_corrected_title_edits_what_was_sent_and_sends_nothing_again(house: House) -> None:
    await house.take()
    await house.take(1)
    await claim(house.database)
    assert await house.take(1, title="Жаңа тақырып") == Taken(0, 1, Fate.PUBLISH)
    assert await house.take(1, title="Жаңа тақырып") == Taken(0, 0, Fate.PUBLISH)
    assert await house.owed() == [DeliveryKind.ARTICLE] * 2 + [DeliveryKind.CORRECTION] * 2


async def test_eleven_at_once_wait_for_the_desk_and_go_out_once_when_it_says_yes(house: House) -> None:
    await house.take()
    assert (await house.take(*range(1, 12))).fate is Fate.HOLD
    assert await house.owed() == [DeliveryKind.HOLD]
    await house.take(*range(1, 12))
    assert await house.owed() == [DeliveryKind.HOLD], "the next fetch must not ask again"

    made = [
        await house.desk.decide_hold(word, 1, by=AIDANA, message_id=5, update_id=0, now=NOON)
        for word in ("release", "release", "drop")
    ]
    assert [type(one) for one in made] == [HoldDecided, HoldAlreadyDecided, HoldAlreadyDecided]
    assert (await house.owed()).count(DeliveryKind.ARTICLE) == 22


async def test_what_the_desk_drops_is_never_sent(house: House) -> None:
    await house.take()
    await house.take(*range(1, 12))
    await house.desk.decide_hold("drop", 1, by=AIDANA, message_id=5, update_id=0, now=NOON)
    late = await house.desk.decide_hold("release", 1, by=AIDANA, message_id=5, update_id=0, now=NOON)
    await house.take(*range(1, 12), title="Түзетілген")
    assert isinstance(late, HoldAlreadyDecided)
    assert await house.owed() == [DeliveryKind.HOLD, DeliveryKind.HOLD_DECIDED]


async def test_a_press_that_nobody_offered_decides_nothing(house: House) -> None:
    await house.take()
    await house.take(*range(1, 12))
    for word, number in (("approve", 1), ("release", 99)):
        made = await house.desk.decide_hold(word, number, by=AIDANA, message_id=5, update_id=0, now=NOON)
        assert isinstance(made, NotOnTheCard)
    assert await house.owed() == [DeliveryKind.HOLD]


async def test_the_full_text_is_owed_once_for_each_press(house: House) -> None:
    await house.take(1)
    for update_id in (7, 7, 8):
        await house.articles.owe_full_text(1, 1, 2, update_id=update_id, now=NOON)
    assert [key for key, _ in await stored(house.database)] == [
        "full_text:7:0",
        "full_text:7:1",
        "full_text:8:0",
        "full_text:8:1",
    ]
