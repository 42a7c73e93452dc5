"""The limiter on a clock that jumps: real tasks, real cancellation, hours in milliseconds."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta

import pytest
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.ext import ExtBot
from telegram.request import BaseRequest, RequestData

from bot.delivery.limiter import LaneLimiter
from bot.delivery.request import NotSent
from bot.logic.lanes import Lane
from bot.logic.pacing import Limits
from tests.support.virtual_loop import run_virtually

BROADCAST_READERS = range(1000, 3000)

Calls = list[tuple[str, float]]


class Chat:
    """People who send through one limiter, and the moments at which their calls went out."""

    def __init__(self, limiter: LaneLimiter | None = None) -> None:
        self.limiter = limiter or LaneLimiter()
        self.went: list[tuple[Lane, object, float]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def sends(self, lane: Lane, chat_id: object, *, method: str = "sendMessage") -> asyncio.Task[None]:
        task = asyncio.create_task(self._send(lane, chat_id, method))
        self._tasks.append(task)
        return task

    async def settles(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def moments(self, lane: Lane) -> list[float]:
        return [at for of, _, at in self.went if of is lane]

    async def _send(self, lane: Lane, chat_id: object, method: str) -> None:
        await self.limiter.acquire(lane, chat_id, method=method)
        self.went.append((lane, chat_id, now()))


def now() -> float:
    return asyncio.get_running_loop().time()


def virtually(story: Callable[[], Coroutine[object, object, None]]) -> Callable[[], None]:
    """The test runs on the jumping clock."""

    def test() -> None:
        run_virtually(story())

    test.__name__ = story.__name__
    test.__doc__ = story.__doc__
    return test


@virtually
async def test_a_reply_does_not_wait_behind_two_thousand_broadcasts() -> None:
    chat = Chat()
    for reader in BROADCAST_READERS:
        chat.sends(Lane.BROADCAST, reader)
    await asyncio.sleep(2.0)
    chat.sends(Lane.REPLY, 1)
    await chat.settles()
    assert chat.moments(Lane.REPLY)[0] <= 2.0 + 0.04
    assert 79.9 < chat.moments(Lane.BROADCAST)[-1] < 80.1


@virtually
async def test_a_paid_broadcast_goes_at_its_own_rate() -> None:
    chat = Chat(LaneLimiter(limits=Limits(broadcast_per_s=1000, overall_per_s=1005)))
    for reader in BROADCAST_READERS:
        chat.sends(Lane.BROADCAST, reader)
    await chat.settles()
    assert 1.9 < chat.moments(Lane.BROADCAST)[-1] < 2.1


@virtually
async def test_the_hotline_goes_at_once_through_queues_and_flood_waits() -> None:
    chat = Chat()
    for reader in BROADCAST_READERS:
        chat.sends(Lane.BROADCAST, reader)
    chat.limiter.hold(None, 60)
    await asyncio.sleep(1.0)
    for _ in range(30):
        chat.sends(Lane.HOTLINE, 1)
    await asyncio.sleep(0)
    assert chat.moments(Lane.HOTLINE) == [1.0] * 30


@virtually
async def test_the_desk_goes_before_the_broadcast_and_after_the_replies() -> None:
    chat = Chat()
    chat.limiter.hold(None, 1)
    for number in range(1, 4):
        chat.sends(Lane.BROADCAST, number)
        chat.sends(Lane.DESK, -number)
        chat.sends(Lane.REPLY, 10 + number)
    await chat.settles()
    lanes = [lane for lane, _, _ in chat.went]
    assert lanes == [Lane.REPLY] * 3 + [Lane.DESK] * 3 + [Lane.BROADCAST] * 3


@virtually
async def test_whoever_is_cancelled_leaves_no_ghost() -> None:
    chat = Chat()
    cards = [chat.sends(Lane.DESK, -5) for _ in range(25)]
    await asyncio.sleep(0.9)
    for card in cards[19:24]:
        card.cancel()
    await chat.settles()
    assert chat.moments(Lane.DESK)[19:] == [60.0]
    fresh = [chat.sends(Lane.DESK, -5) for _ in range(18)]
    await asyncio.wait(fresh)
    assert chat.moments(Lane.DESK)[-1] < 61.0


@virtually
async def test_nothing_is_left_behind_when_everybody_is_cancelled() -> None:
    chat = Chat()
    chat.limiter.hold(None, 1000)
    tasks = [chat.sends(Lane.REPLY, reader) for reader in range(1, 50)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await chat.settles()
    await asyncio.sleep(2000)
    assert chat.went == []
    chat.sends(Lane.REPLY, 1)
    await chat.settles()
    assert chat.moments(Lane.REPLY) == [2000.0]


@virtually
async def test_an_edit_passes_a_full_group_and_a_press_is_answered_at_once() -> None:
    chat = Chat()
    for _ in range(40):
        chat.sends(Lane.DESK, -5)
    await asyncio.sleep(5)
    chat.sends(Lane.REPLY, -5, method="editMessageText")
    chat.sends(Lane.REPLY, None, method="answerCallbackQuery")
    await asyncio.sleep(0)
    assert [at for lane, _, at in chat.went if lane is Lane.REPLY] == [5.0, 5.0]
    for waiting in asyncio.all_tasks() - {asyncio.current_task()}:
        waiting.cancel()
    await chat.settles()


@virtually
async def test_a_chat_named_by_a_string_is_the_same_chat() -> None:
    chat = Chat()
    for number in range(40):
        chat.sends(Lane.DESK, -5 if number % 2 else "-5")
    await chat.settles()
    assert sum(1 for at in chat.moments(Lane.DESK) if at < 60) == 19


@virtually
async def test_shutting_down_tells_everybody_that_nothing_was_sent() -> None:
    chat = Chat()
    chat.limiter.hold(None, 100)
    task = chat.sends(Lane.REPLY, 1)
    await asyncio.sleep(1)
    await chat.limiter.shutdown()
    with pytest.raises(NotSent):
        await task
    with pytest.raises(NotSent):
        await chat.sends(Lane.REPLY, 1)
    await chat.sends(Lane.HOTLINE, 1)
    await chat.limiter.initialize()
    await chat.sends(Lane.REPLY, 1)
    assert chat.moments(Lane.REPLY) == [100.0]


@virtually
async def test_what_another_process_sent_to_a_group_fills_its_window() -> None:
    chat = Chat()
    await asyncio.sleep(100)
    chat.limiter.remember(-5, [50, 10, *range(30, 45)])  # 17, in no order; the oldest leaves the window at 110
    for _ in range(4):
        chat.sends(Lane.DESK, -5)
    await chat.settles()
    assert chat.moments(Lane.DESK) == pytest.approx([100.0, 100.0, 110.0, 116.0], abs=0.05)


@virtually
async def test_what_is_told_again_or_was_sent_from_here_is_counted_once() -> None:
    chat = Chat()
    await asyncio.sleep(100)
    for _ in range(9):
        chat.sends(Lane.DESK, -5)
    await asyncio.sleep(10)
    others = [20.0] * 9
    chat.limiter.remember(-5, [*others, *[9.5] * 9])  # ours are in the ledger, half a second after they left
    await asyncio.sleep(0.1)
    chat.limiter.remember(-5, [20.05] * 9)  # and these were told before
    for _ in range(2):
        chat.sends(Lane.DESK, -5)
    await chat.settles()
    assert chat.moments(Lane.DESK)[9:] == [pytest.approx(110.1), pytest.approx(150.0)]


@virtually
async def test_a_private_chat_and_a_group_nobody_wrote_to_wait_for_nothing_they_are_told() -> None:
    chat = Chat()
    chat.limiter.remember(7, [1.0] * 50)
    chat.limiter.remember(-5, [])
    for chat_id in (7, -5):
        chat.sends(Lane.DESK, chat_id)
    await asyncio.sleep(0.04)  # two calls of the whole bot's pace
    assert len(chat.went) == 2


class Telegram:
    """A callback as PTB gives it: raises what it is told, then succeeds."""

    def __init__(self, *errors: TelegramError) -> None:
        self._errors = list(errors)
        self.calls: Calls = []

    async def __call__(self, endpoint: str, data: dict[str, object]) -> bool:
        self.calls.append((endpoint, now()))
        assert data["text"] == "x"
        if self._errors:
            raise self._errors.pop(0)
        return True

    def asked_through(
        self, limiter: LaneLimiter, lane: Lane | None = None, *, chat_id: int | None = 7, endpoint: str = "sendMessage"
    ) -> Awaitable[bool]:
        data: dict[str, object] = {"text": "x"} if chat_id is None else {"text": "x", "chat_id": chat_id}
        return limiter.process_request(self, (endpoint, data), {}, endpoint, data, lane)


def flood(seconds: float) -> RetryAfter:
    return RetryAfter(timedelta(seconds=seconds))


@virtually
async def test_after_a_flood_wait_the_same_call_is_made_again_and_everybody_else_waits_too() -> None:
    chat = Chat()
    telegram = Telegram(flood(5), flood(3))
    asked = asyncio.ensure_future(telegram.asked_through(chat.limiter))
    await asyncio.sleep(0)
    chat.sends(Lane.BROADCAST, 8)
    assert await asked is True
    assert [at for _, at in telegram.calls] == [0.0, 5.0, 8.0]
    await chat.settles()
    assert chat.moments(Lane.BROADCAST)[0] > 8.0


@virtually
async def test_a_groups_flood_wait_leaves_the_others_alone() -> None:
    chat = Chat()
    telegram = Telegram(flood(50))
    asked = asyncio.ensure_future(telegram.asked_through(chat.limiter, Lane.DESK, chat_id=-7))
    await asyncio.sleep(1)
    chat.sends(Lane.BROADCAST, 8)
    await asked
    assert chat.moments(Lane.BROADCAST) == [1.0]
    assert telegram.calls[-1][1] == 50.0


@virtually
async def test_a_flood_of_two_hundred_waits_comes_back_slowly() -> None:
    """PTB's own limiter let 123 of 200 out within 0.1 s of a pause."""
    chat = Chat()
    await asyncio.sleep(100)
    chat.limiter.hold(1, 3)
    for reader in range(1, 201):
        chat.sends(Lane.REPLY, reader)
    await chat.settles()
    moments = chat.moments(Lane.REPLY)
    assert moments[0] == 103.0
    assert sum(1 for at in moments if at < 103.1) <= 2
    assert sum(1 for at in moments if at < 104) <= 16


@virtually
async def test_the_hotline_waits_for_telegrams_own_refusal_only() -> None:
    telegram = Telegram(flood(4))
    limiter = LaneLimiter()
    limiter.hold(None, 100)
    assert await telegram.asked_through(limiter, Lane.HOTLINE)
    assert [at for _, at in telegram.calls] == [0.0, 4.0]


@virtually
async def test_a_flood_wait_longer_than_patience_is_the_callers_to_know() -> None:
    telegram = Telegram(flood(200), flood(200))
    with pytest.raises(RetryAfter):
        await telegram.asked_through(LaneLimiter())
    assert [at for _, at in telegram.calls] == [0.0, 200.0]


@virtually
async def test_a_flood_wait_for_the_bots_description_stops_no_message() -> None:
    chat = Chat()
    telegram = Telegram(flood(100), flood(40_000))
    asked = asyncio.ensure_future(telegram.asked_through(chat.limiter, chat_id=None, endpoint="setMyDescription"))
    await asyncio.sleep(1)
    chat.sends(Lane.REPLY, 1)
    with pytest.raises(RetryAfter):
        await asked
    assert chat.moments(Lane.REPLY) == [1.0]
    assert [at for _, at in telegram.calls] == [0.0, 100.0]


@virtually
async def test_a_call_that_left_nothing_behind_is_made_again_a_few_times() -> None:
    telegram = Telegram(*[NotSent("Not sent: refused")] * 3)
    assert await telegram.asked_through(LaneLimiter())
    assert len(telegram.calls) == 4
    hopeless = Telegram(*[NotSent("Not sent: refused")] * 9)
    with pytest.raises(NotSent):
        await hopeless.asked_through(LaneLimiter())
    assert len(hopeless.calls) == 4


@pytest.mark.parametrize("error", [TimedOut(), NetworkError("reset"), BadRequest("no"), Forbidden("no")])
def test_no_other_error_is_tried_again(error: TelegramError) -> None:
    async def story() -> None:
        telegram = Telegram(error)
        with pytest.raises(type(error)):
            await telegram.asked_through(LaneLimiter())
        assert len(telegram.calls) == 1

    run_virtually(story())


class Line(BaseRequest):
    """The far end of PTB's bot: notes when a call arrives."""

    def __init__(self) -> None:
        self.arrived: Calls = []

    @property
    def read_timeout(self) -> float | None:
        return None

    async def initialize(self) -> None: ...

    async def shutdown(self) -> None: ...

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_: object, **__: object
    ) -> tuple[int, bytes]:
        self.arrived.append((url.rsplit("/", 1)[1], now()))
        assert method == "POST"
        assert request_data is not None
        return 200, b'{"ok":true,"result":true}'


@virtually
async def test_ptbs_bot_tells_the_limiter_each_lane() -> None:
    line = Line()
    limiter = LaneLimiter()
    bot = ExtBot("1:x", base_url="http://x/bot", request=line, get_updates_request=line, rate_limiter=limiter)
    limiter.hold(None, 9)

    async def says(lane: Lane | None, chat_id: int) -> None:
        await bot.send_chat_action(chat_id, "typing")
        await bot.delete_message(chat_id, 1, rate_limit_args=lane)

    await asyncio.gather(says(Lane.BROADCAST, 1), says(Lane.HOTLINE, 2), says(None, 3), says(Lane.DESK, 4))
    deleted = [at for method, at in line.arrived if method == "deleteMessage"]
    assert deleted[0] == 0.0
    assert deleted[1] == 9.0
    assert [at for method, at in line.arrived if method == "sendChatAction"] == [0.0] * 4
