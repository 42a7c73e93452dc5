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


def judge_source(name: str, *, items: int, newest: str | None = None) -> Finding:
    """A source that could be read: whether it has something to send."""
    subject = f"source {name}"
    if items:
        return good(subject, f"{items} articles" + (f", newest “{newest}”" if newest else ""))
    return doubtful(subject, "the feed is empty", "look at its address in a browser; it may be another category's")
