"""Asks each source again and again, by itself: one that fails or hangs never delays another."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

import structlog

from bot.logic.polling import next_poll_at, should_skip_validators
from bot.services.articles import Articles
from bot.services.desk import Desk
from bot.sources.port import ArticleSource, Faulty, Fetched, Unchanged, Validators
from db.database import DatabaseError
from db.sources import SourceState

TOLD_AFTER_FAILURES = 3
"""The desk hears of a source that failed so often in a row: a single hiccup is no news."""
DATABASE_AWAY_S = 5.0
BROKEN_AGAIN_S = 60.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Chance:
    """Clock and chance, as `main` brings them. `jitter` gives 0…1."""

    now: Callable[[], datetime]
    jitter: Callable[[], float]


class SourcePoller:
    def __init__(
        self, source: ArticleSource, *, poll_every_s: float, articles: Articles, desk: Desk, chance: Chance
    ) -> None:
        self._source = source
        self._poll_every_s = poll_every_s
        self._articles = articles
        self._desk = desk
        self._chance = chance

    async def run(self) -> None:
        """Until it is cancelled. A source in trouble is not asked sooner because the process was started again."""
        while True:
            try:
                state = await self._articles.source_state(self._source.name)
                if state.failures and state.next_poll_at is not None:
                    await asyncio.sleep(self._seconds_until(state.next_poll_at))
                while True:
                    state = await self.poll(state)
                    await asyncio.sleep(self._seconds_until(state.next_poll_at))
            except DatabaseError as error:
                _log.error("source_waits_for_database", source=self._source.name, error=type(error).__name__)
                await asyncio.sleep(DATABASE_AWAY_S)
            except Exception:  # noqa: BLE001 - the outermost of one source: the others go on
                _log.exception("source_broke", source=self._source.name)
                await asyncio.sleep(BROKEN_AGAIN_S)

    def _seconds_until(self, at: datetime | None) -> float:
        return 0.0 if at is None else max((at - self._chance.now()).total_seconds(), 0.0)

    async def poll(self, state: SourceState) -> SourceState:
        """One fetch and all that follows from it; returns the state that is stored now."""
        is_full = state.first_fetched_at is None or should_skip_validators(self._chance.now(), state.last_full_at)
        validators = None if is_full else Validators(state.etag, state.last_modified)
        answer = await self._source.fetch(validators)
        now = self._chance.now()
        match answer:
            case Fetched():
                return await self._take(state, answer, now=now)
            case Unchanged():
                quiet = self._well(state, now=now)
                await self._articles.save_source_state(quiet)
                await self._tell_recovery(state, now=now)
                return quiet
            case Faulty():
                return await self._note_fault(state, answer, now=now)
            case _:
                assert_never(answer)

    def _well(self, state: SourceState, *, now: datetime) -> SourceState:
        next_at = next_poll_at(now, self._poll_every_s, jitter=self._chance.jitter())
        return replace(state, last_ok_at=now, next_poll_at=next_at, failures=0, fault=None, detail=None)

    async def _take(self, state: SourceState, fetched: Fetched, *, now: datetime) -> SourceState:
        read = replace(
            self._well(state, now=now),
            etag=fetched.validators.etag,
            last_modified=fetched.validators.last_modified,
            # Every answer with a body is the whole feed, whether it was asked for conditionally or not.
            last_full_at=now,
            fault=None if fetched.warning is None else fetched.warning.value,
        )
        taken = await self._articles.take(read, fetched.articles, now=now)
        _log.info(
            "source_read",
            source=state.name,
            new=taken.new,
            corrected=taken.corrected,
            fate=taken.fate.value,
            warning=read.fault,
        )
        await self._tell_recovery(state, now=now)
        return replace(read, first_fetched_at=read.first_fetched_at or now)

    async def _note_fault(self, state: SourceState, faulty: Faulty, *, now: datetime) -> SourceState:
        failures = state.failures + 1
        failed = replace(
            state,
            failures=failures,
            fault=faulty.fault.value,
            detail=faulty.detail,
            next_poll_at=next_poll_at(
                now,
                self._poll_every_s,
                consecutive_failures=failures,
                retry_after_s=faulty.retry_after_s,
                jitter=self._chance.jitter(),
            ),
        )
        _log.warning("source_fault", source=state.name, fault=failed.fault, detail=faulty.detail, failures=failures)
        # Before the count is saved: a crash in between tells it twice, the other way round it would never be told.
        if failures == TOLD_AFTER_FAILURES:
            facts = {"kind": "source_fault", "source": state.name, "error": f"{failed.fault}, {faulty.detail}"}
            await self._desk.tell(f"source_fault:{state.name}", facts=facts, now=now)
        await self._articles.save_source_state(failed)
        return failed

    async def _tell_recovery(self, before: SourceState, *, now: datetime) -> None:
        if before.failures >= TOLD_AFTER_FAILURES:
            facts = {"kind": "source_well", "source": before.name}
            await self._desk.tell(f"source_well:{before.name}", facts=facts, now=now)
