"""Trouble on demand: what a network and a busy Telegram do to a request, asked for by tests and the page."""

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

FaultKind = Literal[
    "too_many",  # 429 with retry_after
    "flood_wait",  # 429 for everything that fits, from the first on until its retry_after has passed
    "blocked",  # 403, as if the person had blocked the bot
    "server_error",  # 500, or 502 to 504 with an HTML body as a proxy sends it
    "server_error_after",  # it was done, then a proxy answers as for server_error
    "reset_before",  # the connection is cut, nothing was done
    "reset_after",  # it was done, then the connection is cut
    "silence_before",  # no answer ever, nothing was done
    "silence_after",  # it was done, no answer ever
    "delay",  # the answer comes `delay_s` late
    "migrate",  # the group becomes a supergroup as the request arrives
    "refused",  # 400 with `description`
]
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)


@dataclass(frozen=True, slots=True)
class Fault:
    """Meets the next `times` requests that fit; without method and chat every request but getUpdates fits.

    A flood wait asks for no `times`: it meets all that fit, for `retry_after` seconds (`until`, once it has begun).
    """

    kind: FaultKind
    method: str | None = None
    chat_id: int | None = None
    times: int = 1
    retry_after: int = 3
    delay_s: float = 0.1
    status: int = 502
    description: str = "Bad Request: refused on demand"
    until: float | None = None

    def fits(self, method: str, chat_id: int | None) -> bool:
        if self.method is None and method == "getUpdates":
            return False
        by_method = self.method is None or self.method.lower() == method.lower()
        return by_method and (self.chat_id is None or self.chat_id == chat_id)


class Faults:
    """The faults still to come, oldest first."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        if fault.kind not in KINDS:
            raise ValueError(f"unknown kind of fault: {fault.kind}")
        self.waiting.append(fault)

    def clear(self) -> None:
        self.waiting.clear()

    def take(self, method: str, chat_id: int | None, *, now: float) -> Fault | None:
        """The fault that meets this request at `now` (unix seconds), used up by one."""
        self.waiting = [fault for fault in self.waiting if fault.until is None or fault.until > now]
        for place, fault in enumerate(self.waiting):
            if not fault.fits(method, chat_id):
                continue
            if fault.kind == "flood_wait":
                begun = self.waiting[place] = replace(fault, until=fault.until or now + fault.retry_after)
                return replace(begun, retry_after=math.ceil((begun.until or now) - now))
            if fault.times > 1:
                self.waiting[place] = replace(fault, times=fault.times - 1)
            else:
                del self.waiting[place]
            return fault
        return None
