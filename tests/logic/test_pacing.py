"""What pacing and turns promise together, for any crowd: nobody goes too early, too often or before their betters."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.logic.lanes import Lane
from bot.logic.pacing import Charge, ChatId, Limits, Pacing, charge_of, is_group
from bot.logic.turns import Ticket, Turns

LIMITS = Limits()
READERS = (1, 2, 3)
GROUPS = (-100, "@desk")


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody gets in line at `at`."""

    at: float
    lane: Lane
    chat_id: ChatId | None
    charge: Charge = Charge.MESSAGE


@dataclass(frozen=True, slots=True)
class Flood:
    """Telegram says 429 at `at`."""

    at: float
    chat_id: ChatId | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Grant:
    at: float
    ticket: Ticket
    wish: Wish
    passed_over: tuple[Lane, ...]  # of those who waited, could have gone as far as their chat is concerned, and did not


def let_go(events: Iterable[Wish | Flood], *, limits: Limits = LIMITS) -> list[Grant]:
    """Everybody's turn, from a simulated clock that jumps from event to event."""
    pacing = Pacing(limits)
    turns = Turns(pacing)
    waiting: dict[Ticket, Wish] = {}
    grants: list[Grant] = []
    coming = sorted(events, key=lambda event: event.at)
    now = 0.0
    ticket = 0
    while coming or waiting:
        while coming and coming[0].at <= now:
            match coming.pop(0):
                case Flood(at, chat_id, seconds):
                    pacing.hold(chat_id, until=at + seconds)
                case wish:
                    waiting[ticket] = wish
                    turns.join(ticket, wish.lane, chat_id=wish.chat_id, charge=wish.charge)
                    ticket += 1
        could_go = {
            other
            for other, wish in waiting.items()
            if pacing.chat_ready_at(wish.lane, wish.chat_id, charge=wish.charge) <= now
        }
        chosen = turns.next_ticket(now=now)
        if chosen is not None:
            wish = waiting.pop(chosen)
            others = tuple(waiting[other].lane for other in could_go if other != chosen)
            grants.append(Grant(now, chosen, wish, others))
            continue
        next_at = turns.next_at(now=now)
        moments = [event.at for event in coming[:1]] + ([] if next_at is None else [next_at])
        if not moments:
            assert not waiting, "somebody waits and nothing will ever happen"
            break
        assert min(moments) > now, "the queue asks again without end"
        now = max(now, min(moments))
    return grants


def most_in_any(window_s: float, moments: list[float]) -> int:
    """The fullest half-open window."""
    return max((index + 1 - bisect_left(moments, at - window_s + 1e-6) for index, at in enumerate(moments)), default=0)


moments = st.floats(0, 30, allow_nan=False)
chats = st.sampled_from([*READERS, *GROUPS, *range(10, 60)])
wishes = st.builds(
    Wish, at=moments, lane=st.sampled_from(Lane), chat_id=chats, charge=st.sampled_from([Charge.MESSAGE, Charge.EDIT])
)
floods = st.builds(
    Flood, at=moments, chat_id=st.sampled_from([None, *READERS, *GROUPS]), seconds=st.floats(0.5, 20, allow_nan=False)
)
crowds = st.lists(wishes, max_size=150)
crowds_and_floods = st.tuples(crowds, st.lists(floods, max_size=4))


@given(crowds)
@settings(max_examples=60, deadline=None)
def test_no_second_has_more_than_the_bot_and_the_broadcast_may(crowd: list[Wish]) -> None:
    grants = let_go(crowd)
    paced = [grant.at for grant in grants if grant.wish.lane is not Lane.HOTLINE]
    broadcast = [grant.at for grant in grants if grant.wish.lane is Lane.BROADCAST]
    assert most_in_any(1.0, paced) <= 31
    assert most_in_any(1.0, broadcast) <= 26


@given(st.lists(st.tuples(moments, st.sampled_from([Lane.REPLY, Lane.DESK, Lane.BROADCAST])), max_size=80))
@settings(max_examples=60, deadline=None)
def test_no_minute_of_a_group_has_more_than_telegram_takes(asked: list[tuple[float, Lane]]) -> None:
    grants = let_go(Wish(at, lane, -100) for at, lane in asked)
    assert most_in_any(60.0, [grant.at for grant in grants]) <= 19


@given(st.lists(moments, max_size=60))
@settings(max_examples=60, deadline=None)
def test_a_private_chat_gets_a_short_burst_and_then_one_message_a_second(asked: list[float]) -> None:
    given_at = [grant.at for grant in let_go(Wish(at, Lane.REPLY, 1) for at in asked)]
    assert most_in_any(1.0, given_at) <= 3
    assert most_in_any(10.0, given_at) <= 12


@given(crowds_and_floods)
@settings(max_examples=60, deadline=None)
def test_during_a_flood_wait_nobody_it_concerns_goes_but_the_hotline(story: tuple[list[Wish], list[Flood]]) -> None:
    crowd, waits = story
    for grant in let_go([*crowd, *waits]):
        if grant.wish.lane is Lane.HOTLINE:
            continue
        for wait in waits:
            alone = wait.chat_id is not None and is_group(wait.chat_id)
            concerned = grant.wish.chat_id == wait.chat_id if alone else True
            assert not (concerned and wait.at <= grant.at < wait.at + wait.seconds)


@given(crowds_and_floods)
@settings(max_examples=60, deadline=None)
def test_nobody_goes_while_a_higher_lane_could(story: tuple[list[Wish], list[Flood]]) -> None:
    crowd, waits = story
    for grant in let_go([*crowd, *waits]):
        assert all(grant.wish.lane <= lane for lane in grant.passed_over)


@given(crowds_and_floods)
@settings(max_examples=60, deadline=None)
def test_everybody_gets_their_turn_and_a_line_keeps_its_order(story: tuple[list[Wish], list[Flood]]) -> None:
    crowd, waits = story
    grants = let_go([*crowd, *waits])
    assert sorted(grant.ticket for grant in grants) == list(range(len(crowd)))
    for line in {(wish.lane, wish.chat_id, wish.charge) for wish in crowd}:
        tickets = [grant.ticket for grant in grants if (grant.wish.lane, grant.wish.chat_id, grant.wish.charge) == line]
        assert tickets == sorted(tickets)


@given(crowds_and_floods)
@settings(max_examples=40, deadline=None)
def test_the_hotline_never_waits(story: tuple[list[Wish], list[Flood]]) -> None:
    crowd, waits = story
    for grant in let_go([*crowd, *waits]):
        if grant.wish.lane is Lane.HOTLINE:
            assert grant.at == grant.wish.at


@given(st.floats(0.5, 30), st.sampled_from([None, 1]))
@settings(max_examples=30, deadline=None)
def test_after_a_flood_wait_nothing_bursts(seconds: float, chat_id: ChatId | None) -> None:
    crowd = [Wish(0.0, lane, chat) for chat in range(10, 110) for lane in (Lane.REPLY, Lane.BROADCAST)]
    grants = let_go([*crowd, Flood(0.0, chat_id, seconds)])
    assert grants[0].at == pytest.approx(seconds)
    assert sum(1 for grant in grants if grant.at < seconds + 0.06) == 1
    assert sum(1 for grant in grants if grant.at < seconds + 1) <= 16


def test_a_flood_wait_of_a_group_holds_that_group_alone() -> None:
    grants = let_go([Flood(0.0, -100, 20.0), Wish(1.0, Lane.DESK, -100), Wish(1.0, Lane.BROADCAST, 5)])
    assert [(grant.wish.chat_id, grant.at) for grant in grants] == [(5, 1.0), (-100, 20.0)]


def test_a_shorter_flood_wait_does_not_end_a_longer_one() -> None:
    grants = let_go([Flood(0.0, None, 20.0), Flood(1.0, None, 1.0), Wish(2.0, Lane.REPLY, 5)])
    assert [grant.at for grant in grants] == [20.0]


def test_edits_are_not_counted_by_a_groups_window() -> None:
    crowd = [Wish(0.0, Lane.DESK, -100, Charge.EDIT) for _ in range(30)]
    assert let_go([*crowd, Wish(2.0, Lane.DESK, -100)])[-1].at == 2.0


def test_an_edit_goes_while_the_groups_window_is_full() -> None:
    crowd = [Wish(0.0, Lane.DESK, -100) for _ in range(25)]
    grants = let_go([*crowd, Wish(5.0, Lane.DESK, -100, Charge.EDIT)])
    assert next(grant.at for grant in grants if grant.wish.charge is Charge.EDIT) == 5.0


def test_an_edit_goes_while_a_private_chat_has_had_its_burst() -> None:
    crowd = [Wish(0.0, Lane.REPLY, 1) for _ in range(5)]
    grants = let_go([*crowd, Wish(0.5, Lane.REPLY, 1, Charge.EDIT)])
    assert next(grant.at for grant in grants if grant.wish.charge is Charge.EDIT) == 0.5


def test_the_hotline_does_not_wait_for_a_chat_that_is_full_or_held() -> None:
    crowd = [Wish(0.0, Lane.REPLY, chat) for chat in (1, -100) for _ in range(30)]
    hotline = [Wish(5.0, Lane.HOTLINE, chat) for chat in (1, -100, -200)]
    grants = let_go([*crowd, Flood(0.0, -200, 60.0), *hotline])
    assert [grant.at for grant in grants if grant.wish.lane is Lane.HOTLINE] == [5.0] * 3


def test_a_channel_with_a_name_has_a_window_like_a_group() -> None:
    grants = let_go(Wish(0.0, Lane.BROADCAST, "@channel") for _ in range(30))
    assert sum(1 for grant in grants if grant.at < 60.0) == 19
    assert grants[18].at < 1.0


def test_a_chat_that_has_to_wait_holds_up_nobody_of_its_lane() -> None:
    crowd = [Wish(0.0, Lane.DESK, -100) for _ in range(25)]
    grants = let_go([*crowd, Wish(3.0, Lane.DESK, -200)])
    assert next(grant.at for grant in grants if grant.wish.chat_id == -200) == 3.0


def test_a_broadcast_runs_at_its_full_rate() -> None:
    grants = let_go(Wish(0.0, Lane.BROADCAST, chat) for chat in range(1, 251))
    assert 9.9 < grants[-1].at < 10.0


def test_late_wake_ups_do_not_slow_a_broadcast() -> None:
    pacing = Pacing(LIMITS)
    turns = Turns(pacing)
    for ticket in range(100):
        turns.join(ticket, Lane.BROADCAST, chat_id=ticket + 1, charge=Charge.MESSAGE)
    now = 0.0
    while (at := turns.next_at(now=now)) is not None:
        now = at + 0.003
        while turns.next_ticket(now=now) is not None:
            pass
    assert now < 4.0


def test_a_paid_broadcast_is_not_bound_by_the_free_limit() -> None:
    limits = Limits(broadcast_per_s=1000)
    grants = let_go((Wish(0.0, Lane.BROADCAST, chat) for chat in range(1, 1001)), limits=limits)
    assert grants[-1].at < 1.01


def test_a_storm_of_hotline_calls_holds_the_others_up_for_a_second_at_most() -> None:
    storm = [Wish(0.0, Lane.HOTLINE, chat) for chat in range(1, 500)]
    grants = let_go([*storm, Wish(0.0, Lane.REPLY, 1000)])
    assert next(grant.at for grant in grants if grant.wish.lane is Lane.REPLY) <= 1.0


def test_chats_long_silent_are_forgotten() -> None:
    pacing = Pacing(LIMITS)
    most = 0
    for number in range(20_000):
        chat_id = number + 1 if number % 10 else -number - 1
        pacing.charge(Lane.BROADCAST, chat_id, charge=Charge.MESSAGE, now=number / 25)
        most = max(most, len(pacing))
    assert most <= 1000


def test_forgetting_a_chat_forgets_no_limit() -> None:
    pacing = Pacing(LIMITS)
    for _ in range(43):
        pacing.charge(Lane.REPLY, 1, charge=Charge.MESSAGE, now=0.0)
    for _ in range(19):
        pacing.charge(Lane.DESK, -100, charge=Charge.MESSAGE, now=0.0)
    pacing.hold(-200, until=50.0)
    pacing.forget_idle(now=40.0)
    assert pacing.chat_ready_at(Lane.DESK, -100, charge=Charge.MESSAGE) == 60.0
    assert pacing.chat_ready_at(Lane.DESK, -200, charge=Charge.MESSAGE) == 50.0
    assert pacing.chat_ready_at(Lane.REPLY, 1, charge=Charge.MESSAGE) == 41.0
    pacing.forget_idle(now=60.0)
    assert len(pacing) == 0


def test_whoever_left_is_never_called_and_charges_nothing() -> None:
    pacing = Pacing(LIMITS)
    turns = Turns(pacing)
    for ticket in range(4):
        turns.join(ticket, Lane.REPLY, chat_id=-100, charge=Charge.MESSAGE)
    turns.leave(0)
    turns.leave(2)
    turns.leave(2)
    assert turns.next_ticket(now=0.0) == 1
    assert turns.next_ticket(now=1.0) == 3
    assert turns.next_ticket(now=2.0) is None
    assert len(turns) == 0
    assert turns.next_at(now=2.0) is None


def test_a_line_that_everybody_left_is_closed() -> None:
    turns = Turns(Pacing(LIMITS))
    turns.join(0, Lane.REPLY, chat_id=1, charge=Charge.MESSAGE)
    turns.leave(0)
    assert turns.next_at(now=0.0) is None
    assert turns.next_ticket(now=0.0) is None
    turns.join(1, Lane.REPLY, chat_id=1, charge=Charge.MESSAGE)
    assert turns.next_ticket(now=0.0) == 1


def test_every_method_has_its_price() -> None:
    assert {charge_of(method) for method in ("sendMessage", "sendContact", "copyMessage")} == {Charge.MESSAGE}
    assert {charge_of(method) for method in ("editMessageText", "deleteMessage")} == {Charge.EDIT}
    free = ("answerCallbackQuery", "getMe", "getUpdates", "setMyCommands", "getChat", "sendChatAction", "leaveChat")
    assert {charge_of(method) for method in free} == {Charge.FREE}


def test_no_lane_is_zero_because_the_library_would_lose_it() -> None:
    assert all(lane.value > 0 for lane in Lane)
