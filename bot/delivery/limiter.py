"""PTB's `BaseRateLimiter` port with lanes: makes callers wait until `turns` says that it is theirs.

One timer of the event loop for everybody who waits; no task of its own, no polling. What the limits are is
`bot.logic.pacing`.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from itertools import count
from typing import TypeVar

from telegram.error import RetryAfter
from telegram.ext import BaseRateLimiter

from bot.delivery.gate import Gate, OpenGate
from bot.delivery.outcomes import retry_after_s
from bot.delivery.request import NotSent
from bot.logic.lanes import Lane
from bot.logic.pacing import Charge, ChatId, Limits, Pacing, charge_of, is_group
from bot.logic.turns import Ticket, Turns

_Answer = TypeVar("_Answer")


class LaneLimiter(BaseRateLimiter[Lane]):
    """Lets calls go in the order of their lanes, within Telegram's limits.

    Give it to the application (`ApplicationBuilder.rate_limiter`) and pass a lane as `rate_limit_args`; without one a
    call is a reply. Those who call the Bot API past PTB's `Bot` use `acquire` and `hold`. All calls come from one
    event loop.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        give_up_after_s: float = 300.0,
        not_sent_tries: int = 4,
        gate: Gate | None = None,
    ) -> None:
        """`gate` is the pace that several processes keep together; without one this process paces alone."""
        self._gate = gate or OpenGate()
        self._pacing = Pacing(limits or Limits())
        self._turns = Turns(self._pacing)
        self._give_up_after_s = give_up_after_s
        self._not_sent_tries = not_sent_tries
        self._tickets = count()
        self._waiting: dict[Ticket, asyncio.Future[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._open = True

    async def initialize(self) -> None:
        self._open = True

    async def shutdown(self) -> None:
        """Whoever waits gets `NotSent`: the message is still owed, and nothing has left."""
        self._open = False
        self._stop_timer()
        for ticket, turn in self._waiting.items():
            self._turns.leave(ticket)
            if not turn.done():
                turn.set_exception(NotSent("Not sent: shutting down"))
        self._waiting.clear()

    async def acquire(self, lane: Lane, chat_id: object, *, method: str = "sendMessage") -> None:
        """Returns when one call of `method` may go out, and has charged it; the hotline returns at once.

        Raises NotSent when the limiter is shut down meanwhile. Cancelling it while it waits charges nothing.
        """
        charge = charge_of(method)
        chat = _chat(chat_id)
        loop = asyncio.get_running_loop()
        if charge is Charge.FREE:
            return
        if lane is Lane.BROADCAST:
            await self._gate.acquire()
        else:
            self._gate.debit()
        if lane is Lane.HOTLINE:
            self._pacing.charge(lane, chat, charge=charge, now=loop.time())
            return
        if not self._open:
            raise NotSent("Not sent: shut down")
        if not self._waiting and self._may_go(lane, chat, charge, now=loop.time()):
            self._pacing.charge(lane, chat, charge=charge, now=loop.time())
            return
        ticket = next(self._tickets)
        turn = self._waiting[ticket] = loop.create_future()
        self._turns.join(ticket, lane, chat_id=chat, charge=charge)
        self._serve()
        try:
            await turn
        finally:
            # Cancelled before its turn: nobody stays in the queue. After its turn both are no-ops.
            self._waiting.pop(ticket, None)
            self._turns.leave(ticket)

    def _may_go(self, lane: Lane, chat: ChatId | None, charge: Charge, *, now: float) -> bool:
        ready_at = max(self._pacing.lane_ready_at(lane), self._pacing.chat_ready_at(lane, chat, charge=charge))
        return ready_at <= now

    def hold(self, chat_id: object, seconds: float) -> None:
        """After a 429 to this chat: a group waits alone; anything else holds every lane but the hotline."""
        chat = _chat(chat_id)
        self._pacing.hold(chat, until=asyncio.get_running_loop().time() + seconds)
        if chat is None or not is_group(chat):
            self._gate.hold(seconds)

    def remember(self, chat_id: int, sent_ago_s: Iterable[float]) -> None:
        """Charges a group with what the ledger says was sent to it so many seconds ago, by another process or by this
        one before a restart; to be told before sending. Told again, nothing counts twice."""
        now = asyncio.get_running_loop().time()
        self._pacing.remember(chat_id, [now - ago_s for ago_s in sent_ago_s], now=now)

    async def process_request(
        self,
        callback: Callable[..., Coroutine[object, object, _Answer]],
        args: tuple[object, ...],
        kwargs: dict[str, object],
        endpoint: str,
        data: dict[str, object],
        rate_limit_args: Lane | None,
    ) -> _Answer:
        """See `BaseRateLimiter.process_request`.

        The same call is made again after a flood wait, in its own lane, as long as that ends within `give_up_after_s`
        of the start, and a few times when nothing left this machine; then the error is raised. PTB's port forbids
        handling anything else, and an unknown outcome must not be doubled.
        """
        lane = Lane.REPLY if rate_limit_args is None else rate_limit_args
        chat_id = data.get("chat_id")
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._give_up_after_s
        not_sent = 0
        while True:
            await self.acquire(lane, chat_id, method=endpoint)
            try:
                return await callback(*args, **kwargs)
            except RetryAfter as error:
                after_s = retry_after_s(error)
                if loop.time() + after_s > give_up_at:
                    raise
                await self._wait_out(after_s, lane, chat_id, method=endpoint)
            except NotSent:
                not_sent += 1
                if not self._open or not_sent == self._not_sent_tries:
                    raise
                await asyncio.sleep(0.25 * 2**not_sent)

    async def _wait_out(self, after_s: float, lane: Lane, chat_id: object, *, method: str) -> None:
        """The flood wait of one call. Calls that are not paced (setMyDescription: floods of hours) hold nobody else."""
        if charge_of(method) is not Charge.FREE:
            self.hold(chat_id, after_s)
        if lane is Lane.HOTLINE or charge_of(method) is Charge.FREE:
            await asyncio.sleep(after_s)  # these do not queue, and Telegram's wait binds them too

    def _serve(self) -> None:
        """Lets everybody go whose turn it is, then sets the timer for the next."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        while (ticket := self._turns.next_ticket(now=now)) is not None:
            turn = self._waiting.pop(ticket)
            if not turn.done():
                turn.set_result(None)
        self._stop_timer()
        next_at = self._turns.next_at(now=now)
        if next_at is not None:
            self._timer = loop.call_at(next_at, self._serve)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _chat(chat_id: object) -> ChatId | None:
    """PTB takes a chat's id as a string too."""
    match chat_id:
        case int():
            return chat_id
        case str():
            return int(chat_id) if chat_id.removeprefix("-").isdecimal() else chat_id
        case _:
            return None
