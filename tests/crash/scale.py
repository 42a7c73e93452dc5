"""How big and how fast the crash tests are: small enough for CI, or long by hand (`make soak`). No town, no bot."""

import os

from bot.delivery.courier import slots_for
from bot.logic.lanes import Lane

SOAK_VARIABLE = "DAUYS_SOAK"
RATE_VARIABLE = "DAUYS_TEST_RATE"
IS_SOAK = bool(os.environ.get(SOAK_VARIABLE))

RATE_PER_S = int(os.environ.get(RATE_VARIABLE, "200"))
"""Of a broadcast. Above 200 the stand-in, which shares two cores with the bot, would be what is measured."""

WAY_S = (0.02, 0.06)
"""There and back again: 40 to 120 ms for an answer, as from a server on another continent."""


def sized(at_ci: int, *, by_hand: int) -> int:
    return by_hand if IS_SOAK else at_ci


def on_their_way(lane: Lane) -> int:
    """How many messages of the lane a bot has on their way at most: what a crash can double."""
    return slots_for(RATE_PER_S)[lane]
