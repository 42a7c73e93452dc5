"""The report of `check`: one line for each finding, and an exit code that a script can trust."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.logic.findings import (
    DeskFacts,
    WebhookFacts,
    bad,
    doubtful,
    exit_code,
    good,
    judge_clock,
    judge_desk,
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
