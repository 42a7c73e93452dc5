"""The hotline's own road: the card before anything else, a bounded number at once, nobody behind somebody's trouble."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime

from telegram.error import Forbidden, NetworkError
from telegram.ext import ExtBot
from telegram.request import RequestData

from bot.context import Bot
from bot.delivery.limiter import LaneLimiter
from bot.intake import hotline
from bot.intake.hotline import Answered, HungUpError, Switchboard
from bot.intake.incoming import Asker, asker_of
from db.database import open_database
from db.readers import Reader
from sandbox.faults import Fault
from sandbox.limits import Limits
from sandbox.telegram import Telegram
from tests.intake.receiver import RawUpdate, services_of, words
from tests.support.story import UNPACED, settings_for
from tests.support.telegram import START, InProcessRequest
from tests.support.virtual_loop import run_virtually

CARD, CONTACT = "sendMessage", "sendContact"
AYGUL, DAMIR = 1001, 1002
NOWHERE = "postgresql://nobody@localhost/nothing"
"""Never opened: the hotline needs none."""


class Wire(InProcessRequest):
    """Takes a while, and counts how many calls are on it."""

    def __init__(self, telegram: Telegram, *, takes_s: float) -> None:
        super().__init__(telegram)
        self._takes_s = takes_s
        self.now, self.most = 0, 0

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = None,  # noqa: ARG002 - the port's signature
        write_timeout: object = None,  # noqa: ARG002 - as above
        connect_timeout: object = None,  # noqa: ARG002 - as above
        pool_timeout: object = None,  # noqa: ARG002 - as above
    ) -> tuple[int, bytes]:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(self._takes_s)
            return await super().do_request(url, method, request_data)
        finally:
            self.now -= 1


class Line:
    """A switchboard and the Telegram behind it; nobody's language is known unless the test says so."""

    def __init__(self, *, takes_s: float = 0.0) -> None:
        self.telegram = Telegram(clock=lambda: START, limits=Limits.off())
        self.wire = Wire(self.telegram, takes_s=takes_s)
        limiter = LaneLimiter(limits=UNPACED)
        bot: Bot = ExtBot(self.telegram.token, request=self.wire, rate_limiter=limiter)
        settings = settings_for(NOWHERE)
        self.services = services_of(settings, open_database(NOWHERE), lambda: datetime.fromtimestamp(START, UTC))
        self.switchboard = Switchboard(bot, limiter, self.services)
        self.ended: dict[int, Answered] = {}

    def knows(self, *people: int) -> None:
        for person in people:
            self.telegram.add_person("Айгүл", user_id=person).started = True

    def asks(self, *people: int, may_look: bool = False) -> None:
        for person in people:
            self.connect(person, words(person, person_id=person, text="110"), may_look=may_look)

    def presses(self, person: int, press_id: str) -> None:
        asked = words(person, person_id=person)["message"]
        assert isinstance(asked, dict)
        press = {"id": press_id, "from": asked["from"], "data": "hotline", "message": asked}
        self.connect(person, {"update_id": person, "callback_query": press}, may_look=False)

    def connect(self, person: int, raw: RawUpdate, *, may_look: bool) -> None:
        def note(answered: Answered) -> None:
            assert person not in self.ended, "ended twice"
            self.ended[person] = answered

        self.switchboard.connect(raw, note, may_look=may_look)

    async def until_idle(self) -> None:
        while not self.switchboard.is_idle:  # noqa: ASYNC110 - what it waits for is spread over Telegram and the board
            await asyncio.sleep(0.01)

    def log(self) -> list[tuple[str, int]]:
        return [(one.method, int(str(one.params["chat_id"]))) for one in self.telegram.log]

    def errors(self) -> list[type[Exception] | None]:
        return [None if one.error is None else type(one.error) for one in self.ended.values()]


def virtually(story: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """The test runs on the jumping clock."""

    def test() -> None:
        async def main() -> None:
            await story()

        run_virtually(main())

    test.__name__ = story.__name__
    return test


@virtually
async def test_everybody_has_the_number_before_anybody_has_a_contact() -> None:
    line = Line(takes_s=0.08)
    crowd = range(1, 2 * hotline.AT_ONCE)
    line.knows(*crowd)
    line.asks(*crowd)
    await line.until_idle()
    methods = [method for method, _ in line.log()]
    early = methods[: len(crowd)].count(CONTACT)
    # Those beside the cards go on meanwhile, so that a crowd without end does not leave the first ones without theirs.
    assert 0 < early <= 3 * hotline.BESIDE_CARDS
    assert sorted(line.log()) == sorted([(method, person) for person in crowd for method in (CARD, CONTACT)])


@virtually
async def test_while_a_card_is_on_its_way_only_a_few_of_the_rest_go_beside_it() -> None:
    line = Line(takes_s=0.1)
    crowd = range(1, 101)
    line.knows(*crowd)
    line.telegram.add_fault(Fault("delay", CARD, 1, delay_s=3.0))
    line.asks(*crowd)
    await asyncio.sleep(0.35)
    assert line.telegram.counts == {CARD: 99, CONTACT: 2 * hotline.BESIDE_CARDS}
    await line.until_idle()
    assert line.telegram.counts == {CARD: 100, CONTACT: 100}


@virtually
async def test_a_crowd_is_answered_side_by_side_and_no_more_at_once_than_there_are_lines() -> None:
    line = Line(takes_s=0.08)
    crowd = range(1, 1001)
    line.knows(*crowd)
    line.asks(*crowd)
    await line.until_idle()
    assert line.wire.most == hotline.AT_ONCE
    assert len(line.ended) == len(crowd)
    assert asyncio.get_running_loop().time() < 2 * len(crowd) / hotline.AT_ONCE * 0.08 + 0.5


@virtually
async def test_who_is_put_off_by_telegram_gets_the_rest_later_and_keeps_nobody_waiting() -> None:
    line = Line()
    held = range(1, hotline.AT_ONCE + 2)
    line.knows(*held, AYGUL)
    for person in held:
        line.telegram.add_fault(Fault("too_many", CONTACT, person, retry_after=60))
    line.asks(*held)
    await asyncio.sleep(1)
    line.asks(AYGUL)
    await asyncio.sleep(1)
    assert list(line.ended) == [AYGUL], "though more wait than there are lines"
    await line.until_idle()
    assert line.errors() == [None] * (len(held) + 1)
    assert line.telegram.counts == {CARD: len(held) + 1, CONTACT: len(held) + 1}


@virtually
async def test_an_endless_flood_wait_is_told_after_five_minutes() -> None:
    line = Line()
    line.knows(AYGUL)
    line.telegram.add_fault(Fault("too_many", CARD, retry_after=301))
    line.asks(AYGUL)
    await line.until_idle()
    assert [type(one.error).__name__ for one in line.ended.values()] == ["RetryAfter"]


@virtually
async def test_one_persons_error_is_told_and_the_others_are_answered() -> None:
    line = Line()
    line.knows(AYGUL, DAMIR, 7)
    line.telegram.person_blocks(AYGUL)
    line.telegram.add_fault(Fault("reset_before", CARD, 7))
    line.asks(AYGUL, 7, DAMIR)
    await line.until_idle()
    assert {person: type(one.error) for person, one in line.ended.items()} == {
        AYGUL: Forbidden,
        7: NetworkError,
        DAMIR: type(None),
    }
    assert line.log() == [(CARD, DAMIR), (CONTACT, DAMIR)]


@virtually
async def test_a_press_whose_app_no_longer_waits_is_answered_all_the_same() -> None:
    line = Line()
    line.knows(AYGUL)
    line.telegram.add_fault(
        Fault(
            "refused", "answerCallbackQuery", description="Bad Request: query is too old and response timeout expired"
        )
    )
    line.presses(AYGUL, "1")
    await line.until_idle()
    assert line.errors() == [None]
    assert line.log() == [(CARD, AYGUL), (CONTACT, AYGUL)]


@virtually
async def test_a_stop_gives_the_rest_to_those_who_were_begun_with_and_leaves_the_others_whole() -> None:
    line = Line(takes_s=0.1)
    crowd = range(1, hotline.AT_ONCE + 11)
    line.knows(*crowd)
    line.asks(*crowd)
    await asyncio.sleep(0.05)
    line.switchboard.stop()
    line.asks(AYGUL)
    await line.switchboard.drain()
    assert line.switchboard.is_idle
    assert line.errors().count(HungUpError) == 11
    assert line.telegram.counts == {CARD: hotline.AT_ONCE, CONTACT: hotline.AT_ONCE}
    assert not {person for _, person in line.log()} & {
        person for person, one in line.ended.items() if one.error is not None
    }


@virtually
async def test_one_look_learns_the_languages_of_all_who_ask_and_a_slow_one_is_not_waited_for() -> None:
    line = Line()
    line.knows(AYGUL, DAMIR, 7)
    looks: list[set[int]] = []

    async def look(reader_ids: Collection[int]) -> dict[int, Reader]:
        looks.append(set(reader_ids))
        if 7 in reader_ids:
            await asyncio.sleep(3600)
        return {AYGUL: Reader(AYGUL, "CODE", "ru", is_subscribed=True, blocked_at=None)}

    line.services.readers.find_all = look  # type: ignore[method-assign] # a database whose answers the test knows
    line.asks(AYGUL, DAMIR, may_look=True)
    await line.until_idle()
    line.asks(7, may_look=True)
    await line.until_idle()
    assert looks == [{AYGUL, DAMIR}, {7}]
    assert asyncio.get_running_loop().time() < hotline.LOOKS_FOR_S + 0.1
    cards = {one.params["chat_id"]: str(one.params["text"]) for one in line.telegram.log if one.method == CARD}
    assert "Горячая линия" in cards[AYGUL]
    assert "Сенім телефоны" in cards[DAMIR]
    assert "Сенім телефоны" in cards[7]
    assert line.ended[AYGUL].language == "ru"


def test_who_asks_is_read_from_any_shape() -> None:
    asked = {"message": {"from": {"id": 5, "language_code": "pt-BR"}, "chat": {"id": -7, "type": "supergroup"}}}
    assert asker_of(asked) == Asker(chat_id=-7, person_id=5, app_language="pt")
    assert asker_of(asked).reader_id is None
    assert asker_of({"callback_query": {"id": "9", "from": {"id": 5}}}) == Asker(person_id=5, press_id="9")
    shapes: tuple[RawUpdate, ...] = (
        {},
        {"message": 3},
        {"message": {"chat": []}},
        {"callback_query": {"message": None, "id": 4}},
    )
    for shape in shapes:
        assert asker_of(shape) == Asker()
