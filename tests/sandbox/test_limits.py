"""How fast the stand-in lets a bot speak."""

import pytest

from sandbox.errors import RefusalError
from sandbox.limits import Limits, Pace

NOW = 1000.0


def allowed(pace: Pace, chat_ids: list[int], now: float) -> int:
    count = 0
    for chat_id in chat_ids:
        try:
            pace.charge(chat_id, now)
        except RefusalError:
            continue
        count += 1
    return count


def retry_after(pace: Pace, chat_id: int, now: float) -> int | None:
    with pytest.raises(RefusalError) as refused:
        pace.charge(chat_id, now)
    assert refused.value.description == f"Too Many Requests: retry after {refused.value.retry_after}"
    return refused.value.retry_after


def test_thirty_a_second_to_everybody_together() -> None:
    pace = Pace(Limits())
    assert allowed(pace, list(range(1, 100)), NOW) == 30


def test_twenty_five_a_second_pass_for_ever() -> None:
    pace = Pace(Limits())
    assert sum(allowed(pace, [chat_id], NOW + chat_id / 25) for chat_id in range(1, 2000)) == 1999


def test_a_person_gets_a_burst_then_one_a_second() -> None:
    pace = Pace(Limits())
    assert allowed(pace, [7] * 5, NOW) == 5
    assert retry_after(pace, 7, NOW) == 1
    assert allowed(pace, [8], NOW) == 1
    assert allowed(pace, [7, 7], NOW + 1) == 1


def test_a_group_gets_twenty_in_any_minute() -> None:
    pace = Pace(Limits())
    assert [allowed(pace, [-5], NOW + second) for second in range(20)] == [1] * 20
    assert retry_after(pace, -5, NOW + 20) == 40
    assert allowed(pace, [-5], NOW + 59.9) == 0
    assert allowed(pace, [-5], NOW + 60) == 1
    assert allowed(pace, [-5], NOW + 60) == 0


def test_a_flood_wait_is_binding_though_room_came_back() -> None:
    pace = Pace(Limits(person_per_s=4, person_burst=1))
    assert allowed(pace, [7], NOW) == 1
    assert retry_after(pace, 7, NOW) == 1
    assert allowed(pace, [7], NOW + 0.5) == 0
    assert allowed(pace, [7], NOW + 1) == 1


def test_switched_off_everything_passes() -> None:
    pace = Pace(Limits.off())
    assert allowed(pace, [7, -5] * 500, NOW) == 1000
