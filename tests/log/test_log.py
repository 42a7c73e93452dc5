"""Log lines: their form, and that no secret is in them, whichever way it came."""

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.log import configure_logging, log_uncaught
from bot.redaction import HIDDEN, Redactor

CANARY = "1234567890:CANARYcanaryCANARYcanaryCANARYcanary"
SHORT = "110:sandbox"
PASSWORD = 'pa"ss\\wörd'


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """A stream for the log lines; logging is afterwards as it was."""
    root, hooks = logging.getLogger(), (sys.excepthook, sys.unraisablehook, threading.excepthook)
    level, before = root.level, root.handlers[:]
    yield io.StringIO()
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)
    sys.excepthook, sys.unraisablehook, threading.excepthook = hooks


def lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_elsewhere_than_on_a_terminal_a_line_is_one_json_object(out: io.StringIO) -> None:
    configure_logging("INFO", stream=out)
    structlog.get_logger("bot.sources").info("source_failed", source="Жаңалықтар", status=500)
    logging.getLogger("somebody").warning("%d apples", 3, extra={"basket": "red"})
    ours, theirs = lines(out)
    assert {"event": "source_failed", "source": "Жаңалықтар", "status": 500, "level": "info"}.items() <= ours.items()
    assert ours["logger"] == "bot.sources"
    assert {"event": "3 apples", "basket": "red", "level": "warning", "logger": "somebody"}.items() <= theirs.items()
    assert "Жаңалықтар" in out.getvalue()


def test_on_a_terminal_a_line_is_for_people(out: io.StringIO) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    configure_logging("INFO", stream=terminal)
    structlog.get_logger("bot").info("started")
    assert "started" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")
    assert out.getvalue() == ""


def test_lines_below_the_level_are_not_written(out: io.StringIO) -> None:
    configure_logging("WARNING", stream=out)
    structlog.get_logger("bot").info("quiet")
    logging.getLogger("x").info("quiet")
    structlog.get_logger("bot").warning("loud")
    assert [line["event"] for line in lines(out)] == ["loud"]


@pytest.mark.parametrize(
    ("name", "lowest"),
    [("httpx", "WARNING"), ("httpcore.http11", "WARNING"), ("aiohttp.access", "WARNING"), ("telegram.Bot", "INFO")],
)
def test_talkative_libraries_stay_quiet_at_debug(out: io.StringIO, name: str, lowest: str) -> None:
    configure_logging("DEBUG", stream=out)
    for level in ("DEBUG", "INFO", "WARNING"):
        logging.getLogger(name).log(getattr(logging, level), "said")
    expected = ["debug", "info", "warning"]
    assert [line["level"] for line in lines(out)] == expected[expected.index(lowest.lower()) :]


def test_configuring_again_replaces_what_was_there(out: io.StringIO) -> None:
    configure_logging("INFO", stream=io.StringIO())
    configure_logging("INFO", stream=out)
    structlog.get_logger("bot").info("once")
    assert len(lines(out)) == 1


def fail_with(secret: str) -> None:
    """Every way a secret was ever seen to reach a log."""
    log = structlog.get_logger("bot.x")
    log.info("called", url=f"https://api.telegram.org/bot{secret}/getMe")
    log.debug("nested", field={"list": [secret, {"deep": secret}]}, key=f"<Bot token={secret}>")
    log.bind(bound=secret).error(secret)
    logging.getLogger("lib").info("%s and %r", secret, [secret])
    logging.getLogger("lib").warning("with", extra={"extra": secret})
    try:
        try:
            int(secret)
        except ValueError as first:
            first.add_note(secret)
            raise RuntimeError(f"the second {secret}") from first
    except RuntimeError:
        log.exception("failed")
        logging.getLogger("lib").exception("failed")
        logging.getLogger("lib").info("stack", stack_info=True)
    warnings.warn(f"careful: {secret}", UserWarning, stacklevel=1)
    logging.getLogger("lib").info("%d", secret)  # a line that cannot be made


@pytest.mark.filterwarnings("default:careful")
@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize(
    "secret", [CANARY, SHORT, PASSWORD, f"postgresql://u:{CANARY[11:]}@host/d"], ids=["token", "short", "odd", "url"]
)
def test_no_failure_path_writes_a_secret(
    out: io.StringIO, log_format: str, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", out)
    known = [] if secret.startswith(("123", "postgres")) else [secret]
    configure_logging("DEBUG", "json" if log_format == "json" else "console", secrets=known, stream=out)
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", root.handlers[-1:])  # pytest's own raise at a line that cannot be made
    fail_with(secret)
    written = out.getvalue()
    assert written.count(HIDDEN) >= 12
    spellings = {secret, secret[11:40], repr(secret)[1:-1], json.dumps(secret)[1:-1]}
    for spelling in spellings - {""}:
        assert spelling not in written
    assert "CANARYcanary" not in written
    if log_format == "json":
        assert all(line.startswith("{") for line in written.splitlines() if "could not be written" not in line)
        assert len([json.loads(line) for line in written.splitlines() if line.startswith("{")]) == 9


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_does_not_show_what_people_wrote(out: io.StringIO, log_format: str) -> None:
    def handle(words: str) -> int:
        return len(words) // 0

    configure_logging("INFO", "json" if log_format == "json" else "console", stream=out)
    try:
        handle("dear " + "editor")
    except ZeroDivisionError:
        structlog.get_logger("bot").exception("handler_failed")
    assert "ZeroDivisionError" in out.getvalue()
    assert "dear editor" not in out.getvalue()


def test_an_error_that_nobody_caught_is_a_redacted_line(out: io.StringIO) -> None:
    configure_logging("INFO", stream=out)
    log_uncaught()
    sys.excepthook(RuntimeError, RuntimeError(CANARY), None)
    thread = threading.Thread(target=lambda: int(CANARY))
    thread.start()
    thread.join()
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert [line["event"] for line in lines(out)] == ["uncaught", "uncaught"]
    assert "CANARYcanary" not in out.getvalue()
    assert "RuntimeError" in out.getvalue()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"/bot{CANARY}/getMe", "/bot[hidden]/getMe"),
        ("postgresql://dauys:pw@host:5432/d", "postgresql://dauys:[hidden]@host:5432/d"),
        ("redis://:pw@host", "redis://:[hidden]@host"),
        ("host=h password=secret user=u", "host=h password=[hidden] user=u"),
        ("postgresql:///d?password=pw&host=h", "postgresql:///d?password=[hidden]&host=h"),
        ("https://example.org:8080/a@b", "https://example.org:8080/a@b"),
        ('{"a":"http://x:1","b":"c@d"}', '{"a":"http://x:1","b":"c@d"}'),
        ("12:30, 1234567:short, 22:10", "12:30, 1234567:short, 22:10"),
    ],
)
def test_secrets_are_hidden_and_nothing_else(text: str, expected: str) -> None:
    assert Redactor().redact(text) == expected


def test_of_two_secrets_the_longer_is_hidden_whole() -> None:
    assert Redactor(["110:sand", "110:sandbox"]).redact("110:sandbox 110:sand") == "[hidden] [hidden]"


@given(st.text(), st.from_regex(r"[0-9]{8,10}:[A-Za-z0-9_-]{35}", fullmatch=True), st.text())
def test_a_token_is_hidden_between_any_two_texts(before: str, token: str, after: str) -> None:
    assert token not in Redactor().redact(f"{before.rstrip('0123456789')}{token}{after}")


@given(st.recursive(st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner, max_size=3)))
def test_redacted_json_is_still_json(value: object) -> None:
    json.loads(Redactor(["abcd"]).redact(json.dumps({"x": value, "u": "s://a:b", "y": "password=c d@e"})))
