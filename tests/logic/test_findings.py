"""The report of `check`: one line for each finding, and an exit code that a script can trust."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.logic.findings import (
    DeskFacts,
    ProcessFacts,
    WebhookFacts,
    bad,
    doubtful,
    exit_code,
    good,
    judge_clock,
    judge_database,
    judge_desk,
    judge_processes,
    judge_source,
    judge_webhook,
    judge_webhook_while_polling,
    render,
)

DESK = DeskFacts(
    title="Desk", kind="supergroup", is_forum=True, status="administrator", can_send=True, can_manage_topics=True
)


def test_the_report_has_one_line_for_each_finding_and_a_sum() -> None:
    findings = [
        good("token", "@dauys_bot"),
        doubtful("clock", "90 s behind", "set it"),
        bad("desk", "not\nfound", "add"),
    ]
    assert render(findings).splitlines() == [
        "ok   token  @dauys_bot",
        "WARN clock  90 s behind. Fix: set it",
        "FAIL desk   not found. Fix: add",
        "1 to mend, 1 to look at.",
    ]
    assert render([good("token", "@dauys_bot")]).endswith("\nReady to run.")


def test_only_what_must_be_mended_fails_the_check() -> None:
    assert exit_code([good("a", "b"), doubtful("a", "b", "c")]) == 0
    assert exit_code([good("a", "b"), bad("a", "b", "c")]) == 1


@pytest.mark.parametrize(
    ("desk", "severity", "word"),
    [
        (DESK, "good", "with topics"),
        (replace(DESK, is_forum=False, can_manage_topics=False), "good", "supergroup"),
        (replace(DESK, kind="private"), "bad", "not a group"),
        (replace(DESK, kind="channel"), "bad", "not a group"),
        (replace(DESK, status="left"), "bad", "not in"),
        (replace(DESK, status="kicked"), "bad", "not in"),
        (replace(DESK, can_send=False), "bad", "may not write"),
        (replace(DESK, can_manage_topics=False), "doubtful", "topics"),
    ],
)
def test_a_desk_is_judged_by_what_editors_need(desk: DeskFacts, severity: str, word: str) -> None:
    finding = judge_desk(desk)
    assert finding.severity == severity
    assert word in finding.said
    assert bool(finding.fix) == (severity != "good")


@pytest.mark.parametrize(("seconds", "severity"), [(0, "good"), (30, "good"), (-30, "good"), (31, "doubtful")])
def test_a_clock_may_differ_by_half_a_minute(seconds: int, severity: str) -> None:
    there = datetime(2026, 11, 22, tzinfo=UTC)
    assert judge_clock(there + timedelta(seconds=seconds), there).severity == severity


def test_a_wrong_clock_says_which_way() -> None:
    there = datetime(2026, 11, 22, tzinfo=UTC)
    assert judge_clock(there + timedelta(hours=1), there).said == "3600 s ahead of the server's"
    assert judge_clock(there - timedelta(hours=1), there).said == "3600 s behind the server's"


def test_an_empty_feed_is_something_to_look_at() -> None:
    assert judge_source("Жаңалықтар", items=3, newest="Су").said == "3 articles, newest “Су”"
    assert judge_source("Жаңалықтар", items=0).severity == "doubtful"


ERROR_AT = datetime(2026, 11, 22, tzinfo=UTC)
HOOK = WebhookFacts(told_host="bot.example.org", is_ours=True, waiting=3, error_at=ERROR_AT)


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        ("Wrong response from the webhook: 403 Forbidden", "another token"),
        ("Wrong response from the webhook: 404 Not Found", "path of telegram.webhook_url"),
        ("Wrong response from the webhook: 413 Request Entity Too Large", "client_max_body_size 1m"),
        ("Wrong response from the webhook: 503 Service Unavailable", "could not store"),
        ("Wrong response from the webhook: 302 Found", "not one that redirects"),
        ("Wrong response from the webhook: 502 Bad Gateway", "reverse proxy passes requests"),
        ("Connection refused", "reverse proxy passes requests"),
        ("SSL error {error:0A000086:SSL routines::certificate verify failed}", "its whole chain"),
        ("Failed to resolve host: Name or service not known", "DNS name"),
    ],
)
def test_what_telegram_says_of_a_webhook_has_its_fix(error: str, fix: str) -> None:
    finding = judge_webhook(replace(HOOK, error=error), now=ERROR_AT + timedelta(minutes=5))
    assert finding.severity == "bad"
    assert finding.said == f"bot.example.org, 3 waiting, 5 min ago: {error}"
    assert fix in finding.fix


def test_an_old_error_of_a_webhook_whose_updates_all_came_is_no_trouble() -> None:
    assert judge_webhook(replace(HOOK, waiting=0, error="Connection refused"), now=ERROR_AT).severity == "good"


def test_polling_has_nothing_to_say_of_a_webhook_that_is_not_there() -> None:
    assert judge_webhook_while_polling(None) is None


TWO_AND_THREE = ProcessFacts(bots=2, is_led=True, workers=3)


@pytest.mark.parametrize(
    ("found", "severity", "words"),
    [
        (TWO_AND_THREE, "good", "2 bots, 3 workers"),
        (replace(TWO_AND_THREE, bots=1, workers=1), "good", "1 bot, 1 worker"),
        (replace(TWO_AND_THREE, bots=0, is_led=False), "bad", "0 bots, 3 workers: nobody takes updates"),
        (replace(TWO_AND_THREE, workers=0), "bad", "2 bots, 0 workers: nobody sends"),
        (replace(TWO_AND_THREE, is_led=False), "doubtful", "none of the bots leads"),
        (ProcessFacts(bots=0, is_led=False, workers=0), "good", "none runs"),
    ],
)
def test_each_kind_of_work_wants_somebody_who_does_it(found: ProcessFacts, severity: str, words: str) -> None:
    (finding,) = judge_processes(found)
    assert finding.severity == severity
    assert words in finding.said
    assert bool(finding.fix) == (severity != "good")


@pytest.mark.parametrize(
    "waiting",
    [
        lambda seconds: replace(TWO_AND_THREE, updates_wait_s=seconds),
        lambda seconds: replace(TWO_AND_THREE, people_wait_s=seconds),
        lambda seconds: replace(TWO_AND_THREE, broadcasts_wait_s=seconds),
    ],
)
def test_what_waits_longer_than_a_minute_is_told(waiting: Callable[[float], ProcessFacts]) -> None:
    assert len(judge_processes(waiting(60.0))) == 1
    first, second = judge_processes(waiting(150.0))
    assert (first.severity, second.severity, second.subject) == ("good", "bad", "waiting")
    assert second.said.endswith("have been waiting for 2 min")
    assert "start more" in second.fix
    _, alone = judge_processes(ProcessFacts(bots=0, is_led=False, workers=0, updates_wait_s=150.0))
    assert alone.fix.startswith("start them")


@pytest.mark.parametrize(
    ("revision", "processes", "severity", "words"),
    [
        (None, 0, "good", "empty, made at the first start"),
        ("0004", 3, "good", "tables at 0004"),
        ("0003", 0, "good", "tables at 0003, migrated to 0004 at the next start"),
        ("0003", 3, "doubtful", "tables at 0003, not 0004, and older processes run"),
        ("0005", 0, "bad", "tables at 0005, known here up to 0004"),
    ],
)
def test_tables_and_program_have_to_fit(revision: str | None, processes: int, severity: str, words: str) -> None:
    finding = judge_database("postgresql 17", revision=revision, head="0004", processes=processes)
    assert (finding.severity, finding.said) == (severity, f"postgresql 17, {words}")
    assert bool(finding.fix) == (severity != "good")
