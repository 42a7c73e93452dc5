from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.logic.polling import next_poll_at, should_skip_validators

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def wait_s(poll_every_s: float, **situation: float) -> float:
    failures = int(situation.pop("failures", 0))
    retry_after_s = situation.pop("retry_after_s", None)
    jitter = situation.pop("jitter", 0.0)
    at = next_poll_at(NOW, poll_every_s, consecutive_failures=failures, retry_after_s=retry_after_s, jitter=jitter)
    return (at - NOW).total_seconds()


@pytest.mark.parametrize(("failures", "expected"), [(0, 300), (1, 600), (2, 1200), (3, 2400), (4, 3600), (99999, 3600)])
def test_a_failing_source_is_asked_ever_more_rarely_up_to_an_hour(failures: int, expected: float) -> None:
    assert wait_s(300, failures=failures) == expected


def test_a_slow_source_is_never_asked_sooner_than_it_is_set() -> None:
    assert wait_s(7200, failures=3) == 7200


@pytest.mark.parametrize(("asked", "expected"), [(10, 300), (900, 900), (10**9, 86400), (float("inf"), 300), (-5, 300)])
def test_retry_after_is_obeyed_up_to_a_day_and_never_shortens_the_wait(asked: float, expected: float) -> None:
    assert wait_s(300, retry_after_s=asked) == expected


@settings(deadline=None)  # a busy machine is no fault
@given(st.floats(1, 86400), st.integers(0, 10**6), st.floats(allow_nan=False))
def test_the_wait_is_bounded_on_both_ends(poll_every_s: float, failures: int, jitter: float) -> None:
    wait = wait_s(poll_every_s, failures=failures, jitter=jitter)
    assert poll_every_s - 1e-3 <= wait <= max(3600, poll_every_s) * 1.1 + 1e-3


def test_two_sources_with_different_chance_part() -> None:
    assert wait_s(300, jitter=0.5) == 315


@pytest.mark.parametrize(
    ("last_full", "expected"),
    [
        (None, True),
        (NOW, False),
        (NOW - timedelta(hours=5, minutes=59), False),
        (NOW - timedelta(hours=6), True),
        (NOW + timedelta(minutes=1), True),
    ],
)
def test_a_source_is_read_in_full_now_and_then(last_full: datetime | None, *, expected: bool) -> None:
    assert should_skip_validators(NOW, last_full) is expected
