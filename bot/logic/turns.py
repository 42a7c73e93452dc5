"""Whose turn it is: everybody who waits to send, the higher lane first, in each lane the one who came first.

Pure: `now` comes from outside, and who waits is known by a ticket only. The limits are `pacing`'s.
"""

import heapq
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from itertools import count

from bot.logic.lanes import Lane
from bot.logic.pacing import Charge, ChatId, Pacing

Ticket = int


@dataclass(slots=True)
class _Line:
    """Those who wait for one chat in one lane for one kind of charge; only its first can be next."""

    lane: Lane
    chat_id: ChatId | None
    charge: Charge
    # Not a dict: its first key is found by walking over every one deleted before it.
    tickets: OrderedDict[Ticket, None] = field(default_factory=OrderedDict)


_Key = tuple[Lane, ChatId | None, Charge]


class Turns:
    """The queue. `join` and `leave`, then `next_ticket` until it returns None, then wait until `next_at`.

    A chat that has to wait holds up nobody else: its line stands aside until its moment. Every operation costs
    about the logarithm of the number of chats waited for, however long their lines are.
    """

    def __init__(self, pacing: Pacing) -> None:
        self._pacing = pacing
        self._lines: dict[_Key, _Line] = {}
        self._waiting: dict[Ticket, _Line] = {}
        self._ready: dict[Lane, deque[_Line]] = {lane: deque() for lane in Lane}
        self._aside: list[tuple[float, Lane, int, _Line]] = []  # a heap by the moment its chat is ready
        self._order = count()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def join(self, ticket: Ticket, lane: Lane, *, chat_id: ChatId | None, charge: Charge) -> None:
        """Gets in line; a ticket is used once."""
        key = (lane, chat_id, charge)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = _Line(lane, chat_id, charge)
            self._ready[lane].append(line)
        line.tickets[ticket] = None
        self._waiting[ticket] = line

    def leave(self, ticket: Ticket) -> None:
        """Nobody waits for it any more; nothing is charged. A ticket whose turn has come is ignored."""
        line = self._waiting.pop(ticket, None)
        if line is not None:
            del line.tickets[ticket]  # an empty line keeps its place until it is next

    def next_ticket(self, *, now: float) -> Ticket | None:
        """The one who goes now, charged and out of the queue; None when nobody may."""
        self._bring_back(now)
        for lane in Lane:
            if self._pacing.lane_ready_at(lane) > now:
                continue
            line = self._next_line(lane, now=now)
            if line is not None:
                return self._take(line, now=now)
        return None

    def next_at(self, *, now: float) -> float | None:
        """When to ask again, if nothing changes before; None when nobody waits. For use after `next_ticket` said
        None: may be too early by the lines whose people have left, never too late."""
        moments = [self._aside[0][0]] if self._aside else []
        moments += [self._pacing.lane_ready_at(lane) for lane, lines in self._ready.items() if lines]
        return max(now, min(moments)) if moments and self._waiting else None

    def _bring_back(self, now: float) -> None:
        while self._aside and self._aside[0][0] <= now:
            *_, line = heapq.heappop(self._aside)
            self._ready[line.lane].append(line)

    def _next_line(self, lane: Lane, *, now: float) -> _Line | None:
        """The first line of the lane whose chat is ready; those that are not stand aside."""
        ready = self._ready[lane]
        while ready:
            line = ready.popleft()
            if self._close_if_empty(line):
                continue
            chat_at = self._pacing.chat_ready_at(lane, line.chat_id, charge=line.charge)
            if chat_at <= now:
                return line
            heapq.heappush(self._aside, (chat_at, lane, next(self._order), line))
        return None

    def _close_if_empty(self, line: _Line) -> bool:
        if not line.tickets:
            del self._lines[line.lane, line.chat_id, line.charge]
        return not line.tickets

    def _take(self, line: _Line, *, now: float) -> Ticket:
        ticket, _ = line.tickets.popitem(last=False)
        del self._waiting[ticket]
        self._pacing.charge(line.lane, line.chat_id, charge=line.charge, now=now)
        if not self._close_if_empty(line):
            self._ready[line.lane].append(line)
        return ticket
