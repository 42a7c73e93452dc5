"""Many who ask the same of the database at about the same time are answered together, by one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

_Key = TypeVar("_Key")
_Answer = TypeVar("_Answer")

AT_MOST = 500


class Gathering(Generic[_Key, _Answer]):
    """Whatever is asked while one round is under way is the next round: nobody waits for company."""

    def __init__(self, act: Callable[[Sequence[_Key]], Awaitable[Mapping[_Key, _Answer]]]) -> None:
        """`act` answers one round, each key once; what it raises, everybody of the round gets."""
        self._act = act
        self._waiting: list[tuple[_Key, asyncio.Future[_Answer]]] = []
        self._rounds: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        return self._rounds is None

    def ask(self, key: _Key) -> "asyncio.Future[_Answer]":
        """The answer to come; whoever does not need it need not wait for it."""
        answer: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, answer))
        if self._rounds is None:
            self._rounds = asyncio.create_task(self._go_round(), name="gathered work")
        return answer

    async def drain(self) -> None:
        """Returns when everybody who has asked is answered."""
        if self._rounds is not None:
            await asyncio.wait([self._rounds])

    async def close(self) -> None:
        """Nobody is answered any more; calling it again is harmless."""
        rounds = self._rounds
        if rounds is not None:
            rounds.cancel()
            await asyncio.gather(rounds, return_exceptions=True)

    async def _go_round(self) -> None:
        asked: list[tuple[_Key, asyncio.Future[_Answer]]] = []
        try:
            while self._waiting:
                asked, self._waiting = self._waiting[:AT_MOST], self._waiting[AT_MOST:]
                await self._answer(asked)
        finally:
            for _, answer in (*asked, *self._waiting):
                answer.cancel()
            self._waiting.clear()
            self._rounds = None

    async def _answer(self, asked: Sequence[tuple[_Key, "asyncio.Future[_Answer]"]]) -> None:
        try:
            answers = await self._act(list(dict.fromkeys(key for key, _ in asked)))
        except Exception as error:  # noqa: BLE001 - it is theirs who asked
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(error)
            return
        for key, answer in asked:
            if not answer.done():
                answer.set_result(answers[key])
