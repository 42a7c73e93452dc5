"""Telegram as the bot and its tests meet it: requests in, answers out, a log of what was accepted.

The whole stand-in in one object, without a network; `sandbox.server` puts it on a port. A bot that dies does not
take it along: what it accepted stays in `log`, which is what crash tests compare with.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

import orjson

from sandbox.arguments import Json
from sandbox.errors import RefusalError, bad_request, forbidden, too_many_requests
from sandbox.faults import Fault, FaultKind, Faults
from sandbox.limits import Limits
from sandbox.methods import METHODS
from sandbox.people import People
from sandbox.spec import read_specification
from sandbox.world import Press, World

REAL_TOKEN = re.compile(r"(?<!\d)\d{5,}:[A-Za-z0-9_-]{30,}")
DEFAULT_TOKEN = "110:sandbox"  # noqa: S105 - opens nothing but the stand-in
# Known to the Bot API, but nothing here acts on them; silently dropping them would hide a bug.
_NOT_PLAYED = frozenset(
    {
        "business_connection_id",
        "certificate",
        "direct_messages_topic_id",
        "inline_message_id",
        "ip_address",
        "message_effect_id",
        "parse_mode",
        "rich_message",
        "suggested_post_parameters",
    }
)
INTERNAL_ERROR = 500
_SPECIFICATION = read_specification()
_BAD_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over the wire; `raw` instead of the body when a proxy and not Telegram answers."""

    status: int
    body: Json = field(default_factory=dict)
    raw: bytes | None = None

    @property
    def payload(self) -> bytes:
        return orjson.dumps(self.body) if self.raw is None else self.raw


class Cut(Enum):
    """Instead of an answer."""

    RESET = "the connection is closed"
    SILENCE = "nothing comes for ever"


_CUT_BEFORE: dict[FaultKind, Cut] = {"reset_before": Cut.RESET, "silence_before": Cut.SILENCE}
_CUT_AFTER: dict[FaultKind, Cut] = {"reset_after": Cut.RESET, "silence_after": Cut.SILENCE}


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request that was carried out (those that only ask are not kept)."""

    seq: int
    at: float
    method: str
    params: Mapping[str, object]
    result: object


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that was not."""

    seq: int
    at: float
    method: str
    params: Mapping[str, object]
    status: int
    description: str


class Telegram(People):
    """One bot and everybody it can meet."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        token: str = DEFAULT_TOKEN,
        limits: Limits | None = None,
        bot_name: str = "Dauys",
        bot_username: str = "dauys_bot",
    ) -> None:
        """`clock` gives unix seconds. Raises ValueError for a token that could be real."""
        if REAL_TOKEN.search(token):
            raise ValueError("the sandbox refuses tokens that could be real; use something like 110:sandbox")
        number = token.partition(":")[0]
        bot: Json = {
            "id": int(number) if number.isdigit() else 110,
            "is_bot": True,
            "first_name": bot_name,
            "username": bot_username,
            "token": token,
            "names": {},
            "descriptions": {},
            "short_descriptions": {},
        }
        super().__init__(World(clock=clock, limits=limits or Limits(), bot=bot))
        self.token = token
        self.faults = Faults()
        self.log: list[Accepted] = []
        self.refused: list[Refused] = []
        self.counts: Counter[str] = Counter()  # of accepted requests, by method

    @property
    def answers(self) -> list[Press]:
        """The presses that the bot has answered, with what it said."""
        return [press for press in self.world.presses.values() if press.answer is not None]

    def answer_to(self, query_id: str) -> Json | None:
        """What the bot said to a press, {"text", "show_alert", "url"}; None as long as it said nothing."""
        return self.world.presses[query_id].answer

    def messages(self, chat_id: int) -> list[Json]:
        """The chat as its members see it now, oldest first: the Bot API's Message plus `chat_id`."""
        return self.world.messages(chat_id)

    def add_fault(self, fault: Fault) -> None:
        self.faults.add(fault)

    async def wait_for(self, predicate: Callable[[], bool], timeout_s: float = 5.0) -> None:
        """Returns once the predicate holds, looking again at each change. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while not predicate():
                await self.world.changed()

    async def call(self, token: str, method: str, params: Mapping[str, object]) -> Answer:
        """One request without a network: a reset raises ConnectionResetError, silence never returns."""
        answer = await self.answer(token, method, params)
        match answer:
            case Cut.RESET:
                raise ConnectionResetError("the stand-in cut the connection on demand")
            case Cut.SILENCE:
                await asyncio.get_running_loop().create_future()
                raise AssertionError("unreachable: nobody sets this future")
            case Answer():
                return answer

    async def answer(self, token: str, method: str, params: Mapping[str, object]) -> Answer | Cut:
        """What a request gets, faults on demand included."""
        if token != self.token:
            return _unauthorized(token)
        try:
            name = _SPECIFICATION.name_of(method)
        except RefusalError as refusal:
            return self._refuse(method, params, refusal)
        chat_id = params.get("chat_id")
        fault = self.faults.take(name, chat_id if isinstance(chat_id, int) else None, now=self.world.clock())
        if fault is None:
            return await self._carry_out(name, params)
        return await self._meet(fault, name, params)

    async def _meet(self, fault: Fault, name: str, params: Mapping[str, object]) -> Answer | Cut:
        refusal = _refusal_of(fault)
        if refusal is not None:
            answer = self._refuse(name, params, refusal)
            return Answer(fault.status, raw=_BAD_GATEWAY) if refusal.status > INTERNAL_ERROR else answer
        if fault.kind in _CUT_BEFORE:
            return _CUT_BEFORE[fault.kind]
        if fault.kind == "delay":
            await asyncio.sleep(fault.delay_s)
        chat_id = params.get("chat_id")
        if fault.kind == "migrate" and isinstance(chat_id, int):
            self.migrate(chat_id)
        answer = await self._carry_out(name, params)
        if fault.kind == "server_error_after":
            return Answer(fault.status, raw=_BAD_GATEWAY)
        return _CUT_AFTER.get(fault.kind, answer)

    async def _carry_out(self, name: str, params: Mapping[str, object]) -> Answer:
        try:
            call = _SPECIFICATION.check(name, params)
            unplayed = sorted(_NOT_PLAYED & call.values.keys())
            if unplayed:
                raise bad_request(f'the sandbox does not play parameter "{unplayed[0]}" of {name}')
            if name == "getUpdates":
                return Answer(200, {"ok": True, "result": await self.world.updates.take(call)})
            result = METHODS[name](self.world, call)
        except RefusalError as refusal:
            return self._refuse(name, params, refusal)
        if not name.startswith("get"):
            self.counts[name] += 1
            self.log.append(Accepted(len(self.log) + 1, self.world.clock(), name, call.values, result))
            self.world.wake()
        return Answer(200, {"ok": True, "result": result})

    def _refuse(self, name: str, params: Mapping[str, object], refusal: RefusalError) -> Answer:
        self.refused.append(
            Refused(len(self.refused) + 1, self.world.clock(), name, dict(params), refusal.status, refusal.description)
        )
        self.world.wake()
        return Answer(refusal.status, refusal.envelope())


def _refusal_of(fault: Fault) -> RefusalError | None:
    match fault.kind:
        case "too_many" | "flood_wait":
            return too_many_requests(fault.retry_after)
        case "blocked":
            return forbidden("bot was blocked by the user")
        case "refused":
            return RefusalError(400, fault.description)
        case "server_error":
            return RefusalError(fault.status, "Internal Server Error")
        case _:
            return None


def _unauthorized(token: str) -> Answer:
    sentence = "Unauthorized"
    if REAL_TOKEN.search(token):
        sentence = "Unauthorized: this is a sandbox and refuses tokens that could be real"
    return Answer(401, RefusalError(401, sentence).envelope())
