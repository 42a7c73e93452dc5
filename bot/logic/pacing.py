"""When the next message may go, by Telegram's limits: decides from `now` alone, keeps no clock and no queue.

Whose turn it is among those who may go is `turns`. All times are monotonic seconds of the caller's clock.
Facts: core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this, and what was measured beyond it.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from bot.logic.lanes import Lane

ChatId = int | str


class Charge(Enum):
    """What a call to the Bot API costs."""

    FREE = "free"  # answers to presses, questions about chats, settings of the bot
    EDIT = "edit"  # counts against the whole bot only: Telegram charges no chat for an edit
    MESSAGE = "message"  # counts against the whole bot and the chat


_WRITTEN_WITHIN_S = 5.0
"""From a message's leaving to its mark in the ledger."""
_CLOCKS_DIFFER_S = 0.5


@dataclass(frozen=True, slots=True)
class Limits:
    """What Telegram takes (free of charge), and how carefully we come back after a flood wait."""

    broadcast_per_s: float = 25.0
    overall_per_s: float = 30.0
    beside_broadcast_per_s: float = 5.0  # a paid broadcast raises the whole bot's rate to its own and this much more
    chat_interval_s: float = 1.0
    chat_burst: int = 3
    group_window_s: float = 60.0
    group_messages: int = 19  # Telegram's window holds 20; one is left for the time a message is on its way
    slack_s: float = 0.05  # a late wake-up is made good within this; in 1 s at most (1 + slack) * rate + 1 go out
    restart_s: float = 5.0  # for so long after a flood wait, half the rate
    hotline_debt_s: float = 1.0  # the hotline goes past the limits; others make up for at most this much of it

    @property
    def whole_bot_per_s(self) -> float:
        """The rate of all lanes together."""
        return max(self.overall_per_s, self.broadcast_per_s + self.beside_broadcast_per_s)


def is_group(chat_id: ChatId) -> bool:
    """Groups and channels have negative ids or @names; both are counted by the window."""
    return isinstance(chat_id, str) or chat_id < 0


class Spacing:
    """A steady rate without a store of tokens: what was not used is lost, so nothing can burst after a pause."""

    __slots__ = ("_due_at", "_interval_s", "_slack_s")

    def __init__(self, per_s: float, *, slack_s: float) -> None:
        self._interval_s = 1.0 / per_s
        self._slack_s = slack_s
        self._due_at = float("-inf")

    def ready_at(self) -> float:
        return self._due_at - self._slack_s

    def charge(self, now: float, *, factor: float = 1.0, debt_s: float = float("inf")) -> None:
        """Takes one place, even when none is free: then the next ones wait for it, but not longer than `debt_s`."""
        interval = self._interval_s * factor
        self._due_at = max(self._due_at, min(max(self._due_at, now) + interval, now + debt_s))

    def start_again_at(self, moment: float) -> None:
        """The first place after a pause is at `moment`, without slack."""
        self._due_at = max(self._due_at, moment + self._slack_s)


class ChatPace:
    """One private chat: a message a second, with a short burst."""

    __slots__ = ("_burst_s", "_due_at", "_interval_s")

    def __init__(self, limits: Limits) -> None:
        self._interval_s = limits.chat_interval_s
        self._burst_s = (limits.chat_burst - 1) * limits.chat_interval_s
        self._due_at = float("-inf")

    def ready_at(self) -> float:
        return self._due_at - self._burst_s

    def charge(self, now: float) -> None:
        self._due_at = max(self._due_at, now) + self._interval_s

    def idle_at(self) -> float:
        """From then on, a new record would say the same."""
        return self._due_at


class GroupPace:
    """One group or channel: so many messages in a sliding window, for all its topics together."""

    __slots__ = ("_held_until", "_limit", "_sent", "_window_s")

    def __init__(self, limits: Limits) -> None:
        self._window_s = limits.group_window_s
        self._limit = limits.group_messages
        self._sent: deque[float] = deque(maxlen=limits.group_messages)
        self._held_until = float("-inf")

    def ready_at(self) -> float:
        return self._sent[0] + self._window_s if len(self._sent) == self._limit else float("-inf")

    def held_until(self) -> float:
        return self._held_until

    def charge(self, now: float) -> None:
        self._sent.append(now)

    def remember(self, moments: Iterable[float]) -> None:
        """Counts these, too; a moment that a charge we know of explains is not counted twice."""
        unexplained = sorted(self._sent)
        others = []
        for moment in sorted(moments):
            # We charge when a message leaves; it is written down a little later, by a clock that is not ours.
            known = next((at for at in unexplained if -_CLOCKS_DIFFER_S <= moment - at <= _WRITTEN_WITHIN_S), None)
            if known is None:
                others.append(moment)
            else:
                unexplained.remove(known)
        self._sent = deque(sorted([*self._sent, *others]), maxlen=self._limit)

    def hold(self, until: float) -> None:
        self._held_until = max(self._held_until, until)

    def idle_at(self) -> float:
        newest = self._sent[-1] + self._window_s if self._sent else float("-inf")
        return max(newest, self._held_until)


class Pacing:
    """All limits together: ask `ready_at`, and `charge` when the message goes; `hold` after a 429.

    The hotline is always ready and still charged. Chats that have been idle long enough are forgotten.
    """

    _FORGET_FROM = 256

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._overall = Spacing(limits.whole_bot_per_s, slack_s=limits.slack_s)
        self._broadcast = Spacing(limits.broadcast_per_s, slack_s=limits.slack_s)
        self._chats: dict[ChatId, ChatPace] = {}
        self._groups: dict[ChatId, GroupPace] = {}
        self._held_until = float("-inf")
        self._forget_above = self._FORGET_FROM

    def __len__(self) -> int:
        """How many chats are remembered."""
        return len(self._chats) + len(self._groups)

    def lane_ready_at(self, lane: Lane) -> float:
        """From when the limits of the whole bot let this lane go; not after `now` means at once."""
        match lane:
            case Lane.HOTLINE:
                return float("-inf")
            case Lane.REPLY | Lane.DESK:
                return max(self._overall.ready_at(), self._held_until)
            case Lane.BROADCAST:
                return max(self._overall.ready_at(), self._broadcast.ready_at(), self._held_until)

    def chat_ready_at(self, lane: Lane, chat_id: ChatId | None, *, charge: Charge) -> float:
        """From when the limits of this one chat let it go."""
        if lane is Lane.HOTLINE or chat_id is None:
            return float("-inf")
        if is_group(chat_id):
            group = self._groups.get(chat_id)
            if group is None:
                return float("-inf")
            return max(group.held_until(), group.ready_at()) if charge is Charge.MESSAGE else group.held_until()
        chat = self._chats.get(chat_id)
        return float("-inf") if chat is None or charge is not Charge.MESSAGE else chat.ready_at()

    def charge(self, lane: Lane, chat_id: ChatId | None, *, charge: Charge, now: float) -> None:
        """One call goes out now. The caller has asked before; what goes all the same is charged all the same."""
        if charge is Charge.FREE:
            return
        factor = 2.0 if now < self._held_until + self._limits.restart_s else 1.0
        debt_s = self._limits.hotline_debt_s if lane is Lane.HOTLINE else float("inf")
        self._overall.charge(now, factor=factor, debt_s=debt_s)
        if lane is Lane.BROADCAST:
            self._broadcast.charge(now, factor=factor)
        if charge is Charge.MESSAGE and chat_id is not None:
            self._chat(chat_id, now=now).charge(now)

    def remember(self, chat_id: ChatId, moments: Iterable[float], *, now: float) -> None:
        """Charges a group with messages that were sent by another process, or before this one began; the order of the
        calls does not matter. Private chats need no memory: theirs is a few seconds long."""
        pace = self._chat(chat_id, now=now)
        if isinstance(pace, GroupPace):
            pace.remember(moments)

    def hold(self, chat_id: ChatId | None, *, until: float) -> None:
        """A flood wait. A group's holds that group; any other may be the whole bot's, so it holds every lane but
        the hotline. A shorter one never shortens a longer one."""
        if chat_id is not None and is_group(chat_id):
            self._group(chat_id).hold(until)
            return
        self._held_until = max(self._held_until, until)
        self._overall.start_again_at(self._held_until)
        self._broadcast.start_again_at(self._held_until)

    def forget_idle(self, *, now: float) -> None:
        """Drops what says nothing any more."""
        self._chats = {chat_id: pace for chat_id, pace in self._chats.items() if pace.idle_at() > now}
        self._groups = {chat_id: pace for chat_id, pace in self._groups.items() if pace.idle_at() > now}

    def _chat(self, chat_id: ChatId, *, now: float) -> ChatPace | GroupPace:
        if len(self) >= self._forget_above:
            self.forget_idle(now=now)
            # Twice what is alive: looking through all of them costs a constant for each message.
            self._forget_above = max(self._FORGET_FROM, 2 * len(self))
        if is_group(chat_id):
            return self._group(chat_id)
        return self._chats.setdefault(chat_id, ChatPace(self._limits))

    def _group(self, chat_id: ChatId) -> GroupPace:
        return self._groups.setdefault(chat_id, GroupPace(self._limits))


_FREE = frozenset({"sendChatAction"})
_MESSAGE = ("send", "copy", "forward")
_EDIT = ("edit", "delete", "stop")


def charge_of(method: str) -> Charge:
    """What a method of the Bot API costs, by its name (either way of writing PTB and we use)."""
    if method in _FREE:
        return Charge.FREE
    if method.startswith(_MESSAGE):
        return Charge.MESSAGE
    return Charge.EDIT if method.startswith(_EDIT) else Charge.FREE
