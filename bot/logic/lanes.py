"""The lanes of sending: which words go first when Telegram takes fewer than we have.

Only the names and their order; who waits how long is `pacing` and `turns`.
"""

from enum import IntEnum


class Lane(IntEnum):
    """A priority of sending; the lower number goes first.

    No lane is 0: PTB drops a falsy `rate_limit_args` before the limiter sees it (`ExtBot._merge_api_rl_kwargs`).
    """

    HOTLINE = 1  # the number 110: never waits, not even for a flood wait
    REPLY = 2  # the answer to what a person just did
    DESK = 3  # cards and notices for the editors
    BROADCAST = 4  # articles and announcements: unasked, so they give way to everything else
