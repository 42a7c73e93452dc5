"""The stand-in as the tests' Telegram: a clock that stands still, and PTB's way in without a network."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from telegram._utils.defaultvalue import DefaultValue
from telegram._utils.types import ODVInput
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

from sandbox.arguments import Upload
from sandbox.telegram import Telegram

START = 1_790_000_000.0  # 2026-09-21, some Monday


@dataclass(slots=True)
class Clock:
    """Unix seconds that pass only when a test says so."""

    now: float = START

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class InProcessRequest(BaseRequest):
    """PTB's door to the network, leading straight into the stand-in.

    Use one for `request` and one for `get_updates_request`. A reset becomes NetworkError and a silence TimedOut after
    `read_timeout` seconds of the event loop's time, as PTB's own request does.
    """

    def __init__(self, telegram: Telegram, *, read_timeout: float | None = 5.0) -> None:
        self._telegram = telegram
        self._read_timeout = read_timeout

    @property
    def read_timeout(self) -> float | None:
        return self._read_timeout

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(
        self,
        url: str,
        method: str,  # noqa: ARG002 - the port's signature; every request is a POST
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        write_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,  # noqa: ARG002 - as above
        connect_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,  # noqa: ARG002 - as above
        pool_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,  # noqa: ARG002 - as above
    ) -> tuple[int, bytes]:
        token, _, api_method = url.rpartition("/bot")[2].partition("/")
        patience = DefaultValue.get_value(read_timeout) if read_timeout is not self.DEFAULT_NONE else self._read_timeout
        try:
            async with asyncio.timeout(patience):
                answer = await self._telegram.call(token, api_method, parameters(request_data))
        except TimeoutError as error:
            raise TimedOut from error
        except ConnectionResetError as error:
            raise NetworkError(f"ConnectionResetError: {error}") from error
        return answer.status, answer.payload


def parameters(request_data: RequestData | None) -> Mapping[str, object]:
    """A request's parameters with its files put in their place."""
    if request_data is None:
        return {}
    given: dict[str, object] = dict(request_data.parameters)
    for name, (file_name, content, _mime_type) in (request_data.multipart_data or {}).items():
        given[name] = Upload(file_name, len(content) if isinstance(content, bytes) else 0)
    return given
