"""How fast a bot may speak: about 30 messages a second in all, one a second to a person, 20 a minute to a group.

From the Bot API's FAQ (core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this). Edits and answers
to presses are not charged. A refusal is binding: until its `retry_after` has passed everything it concerns is refused.
"""

import math
from collections import deque
from dataclasses import dataclass, field

from sandbox.errors import too_many_requests


@dataclass(frozen=True, slots=True)
class Limits:
    """What is allowed; `math.inf` switches a limit off."""

    bot_per_s: float = 30.0
    bot_burst: float = 30.0
    person_per_s: float = 1.0
    person_burst: float = 5.0
    group_per_minute: float = 20.0
    callback_answer_s: float = 15.0  # clients stop waiting for an answer to a press after about this long
    delete_own_s: float = 48 * 3600.0

    @staticmethod
    def off() -> "Limits":
        """No limit on speed, and presses that can be answered for ever."""
        return Limits(
            bot_per_s=math.inf,
            bot_burst=math.inf,
            person_per_s=math.inf,
            person_burst=math.inf,
            group_per_minute=math.inf,
            callback_answer_s=math.inf,
        )


@dataclass(slots=True)
class _Bucket:
    """A burst that refills at a steady rate; `held_until` is the end of a flood wait."""

    per_s: float
    burst: float
    level: float
    filled_at: float
    held_until: float = -math.inf

    def wait(self, now: float) -> float:
        """Seconds until one more is allowed, 0 for at once."""
        if now < self.held_until:
            return self.held_until - now
        self.level = min(self.burst, self.level + (now - self.filled_at) * self.per_s)
        self.filled_at = now
        return 0.0 if self.level >= 1.0 else (1.0 - self.level) / self.per_s

    def spend(self) -> None:
        self.level -= 1.0


@dataclass(slots=True)
class _Window:
    """At most so many in any 60 seconds."""

    per_minute: float
    sent_at: deque[float] = field(default_factory=deque)
    held_until: float = -math.inf

    def wait(self, now: float) -> float:
        if now < self.held_until:
            return self.held_until - now
        while self.sent_at and now - self.sent_at[0] >= 60.0:  # noqa: PLR2004 - a minute
            self.sent_at.popleft()
        return 0.0 if len(self.sent_at) < self.per_minute else self.sent_at[0] + 60.0 - now

    def spend(self, now: float) -> None:
        self.sent_at.append(now)


class Pace:
    """What a bot has sent lately, held against the limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._bot: _Bucket | None = None
        self._people: dict[int, _Bucket] = {}
        self._groups: dict[int, _Window] = {}

    def charge(self, chat_id: int, now: float) -> None:
        """Count one message to the chat. Raises RefusalError (429) when it comes too early; then nothing is counted."""
        if self.limits.bot_per_s < math.inf:
            if self._bot is None:
                self._bot = _Bucket(self.limits.bot_per_s, self.limits.bot_burst, self.limits.bot_burst, now)
            _refuse_early(self._bot, now)
        if chat_id < 0:
            self._charge_group(chat_id, now)
        else:
            self._charge_person(chat_id, now)
        if self._bot is not None:
            self._bot.spend()

    def _charge_group(self, chat_id: int, now: float) -> None:
        if self.limits.group_per_minute == math.inf:
            return
        window = self._groups.setdefault(chat_id, _Window(self.limits.group_per_minute))
        _refuse_early(window, now)
        window.spend(now)

    def _charge_person(self, chat_id: int, now: float) -> None:
        if self.limits.person_per_s == math.inf:
            return
        bucket = self._people.get(chat_id)
        if bucket is None:
            bucket = _Bucket(self.limits.person_per_s, self.limits.person_burst, self.limits.person_burst, now)
            self._people[chat_id] = bucket
        _refuse_early(bucket, now)
        bucket.spend()


def _refuse_early(gate: _Bucket | _Window, now: float) -> None:
    wait = gate.wait(now)
    if wait > 1e-9:  # noqa: PLR2004 - less than a rounding error of unix seconds is no wait
        retry_after = max(1, math.ceil(wait))
        if now >= gate.held_until:  # asking again during a wait does not prolong it
            gate.held_until = now + retry_after
        raise too_many_requests(retry_after)
