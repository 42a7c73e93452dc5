"""How big and how fast the crash tests are: small enough for CI, or long by hand (`make soak`). No town, no bot."""

import os

from bot.delivery.courier import slots_for
from bot.logic.lanes import Lane

SOAK_VARIABLE = "DAUYS_SOAK"
RATE_VARIABLE = "DAUYS_TEST_RATE"
IS_SOAK = bool(os.environ.get(SOAK_VARIABLE))

RATE_PER_S = int(os.environ.get(RATE_VARIABLE, "200"))
"""Of a broadcast. Above 200 the stand-in, which shares two cores with the bot, would be what is measured."""

SLOW_PER_S = min(RATE_PER_S, 50)
"""Slow enough for a burst to show: at full speed a small crowd would be through before it is one."""

WAY_S = (0.02, 0.06)
"""There and back again: 40 to 120 ms for an answer, as from a server on another continent."""


def sized(at_ci: int, *, by_hand: int) -> int:
    return by_hand if IS_SOAK else at_ci


def on_their_way(lane: Lane, *, per_s: int = RATE_PER_S) -> int:
    """How many messages of the lane a bot has on their way at most: what a crash can double."""
    return slots_for(per_s)[lane]
