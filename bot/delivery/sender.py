"""One message on its way: wait for its turn, call the Bot API, say what became of it.

The road of the delivery engine, past PTB's `Bot` (which costs more than the call itself) but through the same limiter
and the same port for HTTP. Writes nothing down and tries nothing again: that is the engine's.
"""

from collections.abc import Mapping, Sequence

from telegram import Bot
from telegram.error import RetryAfter, TelegramError
from telegram.request import BaseRequest

from bot.delivery.limiter import LaneLimiter
from bot.delivery.outcomes import outcome_of, retry_after_s
from bot.delivery.request import request_data
from bot.logic.lanes import Lane
from bot.logic.outcome import Later, Outcome, Sent


class Sender:
    """Sends prepared parameters; `broadcast` is a connection pool of its own, so that a reply never waits for one."""

    def __init__(self, bot: Bot, limiter: LaneLimiter, *, replies: BaseRequest, broadcast: BaseRequest) -> None:
        self._bot = bot
        self._limiter = limiter
        self._replies = replies
        self._broadcast = broadcast

    def remember(self, chat_id: int, sent_ago_s: Sequence[float]) -> None:
        """See `LaneLimiter.remember`."""
        self._limiter.remember(chat_id, sent_ago_s)

    async def send(self, method: str, parameters: Mapping[str, object], *, lane: Lane) -> Outcome:
        """The outcome of exactly one attempt, made when the limiter lets it; Telegram's refusals are values.

        `parameters` are JSON-ready and only read. Cancelled before its turn, nothing was sent; cancelled later, it may
        have arrived. A flood wait holds the lanes it concerns before it is returned as `Later`.
        """
        chat_id = parameters.get("chat_id")
        request = self._broadcast if lane is Lane.BROADCAST else self._replies
        data = request_data(parameters)
        try:
            await self._limiter.acquire(lane, chat_id, method=method)
            result = await request.post(f"{self._bot.base_url}/{method}", data)
        except RetryAfter as error:
            after_s = retry_after_s(error)
            self._limiter.hold(chat_id, after_s)
            return Later(after_s)
        except TelegramError as error:
            return outcome_of(error, method=method)
        return Sent(_message_id(result))


def _message_id(result: object) -> int | None:
    """Most methods answer with the Message, some with True, some with a list of Messages."""
    match result:
        case {"message_id": int(message_id)}:
            return message_id
        case _:
            return None
