"""Decides when a source is asked again, and when without conditions. Clock and chance are arguments."""

import math
from datetime import datetime, timedelta

LONGEST_BACK_OFF_S = 3600.0
LONGEST_RETRY_AFTER_S = 24 * 3600.0
JITTER_SHARE = 0.1
FULL_FETCH_EVERY = timedelta(hours=6)


def next_poll_at(
    now: datetime,
    poll_every_s: float,
    *,
    consecutive_failures: int = 0,
    retry_after_s: float | None = None,
    jitter: float = 0.0,
) -> datetime:
    """When to ask a source next, after an answer that came at `now`.

    Doubles the interval for each failure in a row, up to an hour (or the interval itself, if that is longer). A
    server's Retry-After is obeyed up to a day and never shortens the wait. `jitter` in 0..1 adds up to a tenth, so
    that sources started together do not stay together.
    """
    longest = max(LONGEST_BACK_OFF_S, poll_every_s)
    # The exponent is bounded too: 2.0 ** 2000 raises OverflowError, and a source may be down for weeks.
    wait_s = min(poll_every_s * 2.0 ** min(max(consecutive_failures, 0), 32), longest)
    wait_s += wait_s * JITTER_SHARE * min(max(jitter, 0.0), 1.0)
    if retry_after_s is not None and math.isfinite(retry_after_s):
        wait_s = max(wait_s, min(retry_after_s, LONGEST_RETRY_AFTER_S))
    return now + timedelta(seconds=wait_s)


def should_skip_validators(
    now: datetime, last_full_at: datetime | None, *, every: timedelta = FULL_FETCH_EVERY
) -> bool:
    """Whether the next fetch must be unconditional.

    WordPress answers 304 after an older post is unpublished or a backdated one appears (its ETag knows only the newest
    change), so a source is read in full every six hours. A `last_full_at` in the future means the clock was set back.
    """
    return last_full_at is None or not timedelta(0) <= now - last_full_at < every
