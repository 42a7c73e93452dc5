"""What `check` found out, one line each: what was looked at, how it is, and how to mend it.

Judges facts that others gathered; asks nothing itself. Spoken to the operator, so in English and without secrets.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Severity = Literal["good", "doubtful", "bad"]

_MARKS: dict[Severity, str] = {"good": "ok   ", "doubtful": "WARN ", "bad": "FAIL "}
_CLOCK_MAY_DIFFER = timedelta(seconds=30)
_MAY_WAIT_S = 60.0
_START_BOT = "python main.py run --role bot"
_START_WORKER = "python main.py run --role worker"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `fix` is empty when there is nothing to mend."""

    subject: str
    severity: Severity
    said: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class DeskFacts:
    """What getChat and getChatMember say of the desk and of the bot in it."""

    title: str
    kind: str  # Chat.type
    is_forum: bool
    status: str  # ChatMember.status of the bot
    can_send: bool
    can_manage_topics: bool


@dataclass(frozen=True, slots=True)
class WebhookFacts:
    """What getWebhookInfo says. Of the address only the host is shown: its path may be a secret."""

    told_host: str | None
    is_ours: bool
    waiting: int
    error: str = ""
    error_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """Who is at work on a shared PostgreSQL, and for how many seconds something has been waiting for them."""

    bots: int
    is_led: bool
    """Whether one of the bots leads: polls, reads the sources and keeps house."""
    workers: int
    updates_wait_s: float = 0.0
    people_wait_s: float = 0.0
    """Verdicts and the desk's cards."""
    broadcasts_wait_s: float = 0.0
    """0 as long as any part of a broadcast is being sent: the others wait for their turn."""


# By a part of the Bot API server's sentence; the first that fits.
_WEBHOOK_FIX = "see that the bot runs and that the reverse proxy passes requests to telegram.webhook_listen"
_WEBHOOK_FIXES = (
    ("403", "a receiver runs with another token, or the proxy refuses: give all of them the same one and restart them"),
    ("404", "let the reverse proxy pass the path of telegram.webhook_url on as it is"),
    ("413", "let the reverse proxy take bodies of 1 MB: client_max_body_size 1m"),
    ("503", "the bot could not store updates: look at its log and at the database"),
    ("webhook: 3", "telegram.webhook_url must be the last address, not one that redirects"),
    ("SSL", "mend the certificate; the server must send its whole chain"),
    ("certificate", "mend the certificate; the server must send its whole chain"),
    ("resolve", "mend the DNS name in telegram.webhook_url"),
)


def good(subject: str, said: str) -> Finding:
    return Finding(subject, "good", said)


def doubtful(subject: str, said: str, fix: str) -> Finding:
    return Finding(subject, "doubtful", said, fix)


def bad(subject: str, said: str, fix: str) -> Finding:
    return Finding(subject, "bad", said, fix)


def render(findings: Sequence[Finding]) -> str:
    """The report: a line for each finding, subjects in one column, and a last line that sums up."""
    width = max((len(finding.subject) for finding in findings), default=0)
    lines = [_line(finding, width) for finding in findings]
    faults = sum(finding.severity == "bad" for finding in findings)
    doubts = sum(finding.severity == "doubtful" for finding in findings)
    summary = f"{faults} to mend" if faults else "Ready to run"
    return "\n".join([*lines, summary + (f", {doubts} to look at" if doubts else "") + "."])


def exit_code(findings: Iterable[Finding]) -> int:
    """1 when something must be mended before the bot can work, else 0."""
    return 1 if any(finding.severity == "bad" for finding in findings) else 0


def _line(finding: Finding, width: int) -> str:
    # What was found may hold a foreign server's words: one finding stays one line whatever they are.
    said = " ".join(finding.said.split())
    fix = f". Fix: {finding.fix}" if finding.fix else ""
    return f"{_MARKS[finding.severity]}{finding.subject:<{width}}  {said}{fix}"


def judge_desk(desk: DeskFacts) -> Finding:
    """Whether editors can work there: a group, the bot in it, with the rights it needs."""
    match desk:
        case DeskFacts(kind=kind) if kind not in ("group", "supergroup"):
            fix = "set desk.chat_id to the id of a private group"
            return bad("desk", f"“{desk.title}” is a {kind}, not a group", fix)
        case DeskFacts(status="left" | "kicked"):
            return bad("desk", f"the bot is not in “{desk.title}”", "add it to the group")
        case DeskFacts(can_send=False):
            return bad("desk", f"the bot may not write in “{desk.title}”", "let it send messages, or make it an admin")
        case DeskFacts(is_forum=True, can_manage_topics=False):
            fix = "make the bot an admin with the right to manage topics"
            return doubtful("desk", f"“{desk.title}” has topics and the bot may not create them", fix)
    return good("desk", f"“{desk.title}”, {desk.kind}{' with topics' if desk.is_forum else ''}")


def judge_clock(here: datetime, there: datetime) -> Finding:
    """Whether this machine's clock agrees with a server's Date header."""
    seconds = round(abs(here - there).total_seconds())
    if abs(here - there) <= _CLOCK_MAY_DIFFER:
        return good("clock", f"{seconds} s from the server's")
    direction = "ahead of" if here > there else "behind"
    return doubtful(
        "clock", f"{seconds} s {direction} the server's", "turn on time synchronisation: timedatectl set-ntp true"
    )


def judge_processes(found: ProcessFacts) -> list[Finding]:
    """Whether every kind of work has somebody who does it, and is done; processes that were never started are no
    fault."""
    who = f"{_count(found.bots, 'bot')}, {_count(found.workers, 'worker')}"
    if not found.bots and not found.workers:
        return [
            good("processes", "none runs"),
            *_judge_waiting(found, fix=f"start them: {_START_BOT}, {_START_WORKER}"),
        ]
    findings = []
    if not found.bots:
        findings.append(bad("processes", f"{who}: nobody takes updates or reads sources", f"start one: {_START_BOT}"))
    elif not found.workers:
        findings.append(bad("processes", f"{who}: nobody sends what is owed", f"start one: {_START_WORKER}"))
    elif not found.is_led:
        fix = "ask again in 10 s; if it stays so, look at the bots' logs"
        findings.append(doubtful("processes", f"{who}: none of the bots leads", fix))
    else:
        findings.append(good("processes", who))
    return findings + _judge_waiting(found, fix="look at the log of those who do it; if they are only slow, start more")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _judge_waiting(found: ProcessFacts, *, fix: str) -> list[Finding]:
    waiting = {
        "updates": found.updates_wait_s,
        "verdicts and cards": found.people_wait_s,
        "broadcasts": found.broadcasts_wait_s,
    }
    return [
        bad("waiting", f"{what} have been waiting for {round(seconds / 60)} min", fix)
        for what, seconds in waiting.items()
        if seconds > _MAY_WAIT_S
    ]


def judge_database(where: str, *, revision: str | None, head: str, processes: int) -> Finding:
    """A database that answers: whether this program and its tables fit. `where` says which one it is."""
    match revision:
        case None:
            return good("database", f"{where}, empty, made at the first start")
        case newer if newer > head:
            return bad("database", f"{where}, tables at {newer}, known here up to {head}", "update this program")
        case older if older < head and processes:
            fix = "restart all of them with this version; the first one migrates"
            return doubtful("database", f"{where}, tables at {older}, not {head}, and older processes run", fix)
        case older if older < head:
            return good("database", f"{where}, tables at {older}, migrated to {head} at the next start")
    return good("database", f"{where}, tables at {revision}")


def judge_webhook(hook: WebhookFacts, *, now: datetime) -> Finding:
    """Whether Telegram posts to the address of the settings, and is taken there."""
    again = "start the bot, which tells Telegram the address"
    match hook.told_host:
        case None:
            return doubtful("webhook", "Telegram posts to no address", again)
        case elsewhere if not hook.is_ours:
            fix = f"{again}; if it goes back, another program uses this token"
            return doubtful("webhook", f"Telegram posts to another address, of {elsewhere}", fix)
    waiting = f"{hook.waiting} waiting"
    if hook.error_at is None:
        return good("webhook", f"{hook.told_host}, {waiting}")
    minutes = max(0, round((now - hook.error_at).total_seconds() / 60))
    said = f"{hook.told_host}, {waiting}, {minutes} min ago: {hook.error}"
    if not hook.waiting:
        return good("webhook", said)  # it was taken since
    return bad("webhook", said, next((fix for mark, fix in _WEBHOOK_FIXES if mark in hook.error), _WEBHOOK_FIX))


def judge_webhook_while_polling(told_host: str | None) -> Finding | None:
    """What there is to say when updates are polled for; nothing, as long as nobody set a webhook."""
    if told_host is None:
        return None
    fix = 'nothing, if it was you: the bot takes it away when it starts; else write mode = "webhook"'
    return doubtful("webhook", f"one is set, to an address of {told_host}, and polling ends it", fix)


def judge_source(name: str, *, items: int, newest: str | None = None) -> Finding:
    """A source that could be read: whether it has something to send."""
    subject = f"source {name}"
    if items:
        return good(subject, f"{items} articles" + (f", newest “{newest}”" if newest else ""))
    return doubtful(subject, "the feed is empty", "look at its address in a browser; it may be another category's")
