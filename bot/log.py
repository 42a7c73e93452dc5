"""What the process says about itself: structlog over the standard library, one handler, one redactor.

Events are short nouns and verbs with fields ("source_failed", source="…"). A person's words, names and ids are never
fields.
"""

import logging
import sys
import threading
from collections.abc import Collection
from typing import Literal, TextIO

import structlog

from bot.redaction import Redactor

LogFormat = Literal["auto", "json", "console"]

# httpx prints whole addresses, with the token, at INFO; telegram prints the Bot, with the token, at DEBUG.
# The redactor would catch them; these lines only repeat what Dauys logs itself.
_NOT_BELOW = {
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "aiohttp.access": logging.WARNING,
    "aiosqlite": logging.INFO,
    "telegram": logging.INFO,
    # A line of its own holds a job's lock and arguments, which are numbers of people; db.workers says what matters.
    "procrastinate": logging.CRITICAL,
}


class _RedactingFormatter(logging.Formatter):
    """Formats by structlog, then hides every secret: whatever a line was made of, it passes here as text."""

    def __init__(self, inner: logging.Formatter, redactor: Redactor) -> None:
        super().__init__()
        self._inner = inner
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return self._redactor.redact(self._inner.format(record))


class _QuietHandler(logging.StreamHandler[TextIO]):
    """Reports its own failure in one line: the standard report prints the record's arguments, secrets included."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is the standard library's
        fault = sys.exc_info()[0]
        # Nowhere left to report that stderr is gone.
        if fault is None or issubclass(fault, OSError | ValueError):
            return
        self.stream.write(f"a log line of {record.name} could not be written: {fault.__name__}{self.terminator}")


def configure_logging(
    level: str, log_format: LogFormat = "auto", *, secrets: Collection[str] = (), stream: TextIO | None = None
) -> None:
    """Sends every log line of the process to `stream` (stderr), from `level` on, without `secrets` and tokens.

    "auto" writes JSON, one object a line, unless the stream is a terminal. Warnings of Python
    come the same way. Calling it again replaces what was configured before.
    """
    out = stream if stream is not None else sys.stderr
    redactor = Redactor(secrets)
    as_json = log_format == "json" or (log_format == "auto" and not out.isatty())
    handler = _QuietHandler(out)
    handler.setFormatter(_RedactingFormatter(_formatter(as_json=as_json, colors=out.isatty()), redactor))
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old, _QuietHandler):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name, lowest in _NOT_BELOW.items():
        logging.getLogger(name).setLevel(max(lowest, root.level))
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # loggers made at import must follow a later configuration
    )


_SHARED: list[structlog.types.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def _formatter(*, as_json: bool, colors: bool) -> logging.Formatter:
    renderer: list[structlog.types.Processor]
    if as_json:
        renderer = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        # Plain tracebacks: the rich ones print the values of local variables, which are people's words.
        console = structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)
        renderer = [console]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_SHARED, structlog.stdlib.ExtraAdder()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
    )


def log_uncaught() -> None:
    """From now on an error that nobody caught, in any thread, is a log line, redacted like the rest."""
    sys.excepthook = lambda kind, error, _traceback: _log_last_words(kind, error)
    sys.unraisablehook = lambda unraisable: _log_last_words(unraisable.exc_type, unraisable.exc_value)
    threading.excepthook = lambda args: _log_last_words(args.exc_type, args.exc_value)


def _log_last_words(kind: type[BaseException], error: BaseException | None) -> None:
    if not issubclass(kind, KeyboardInterrupt | SystemExit):
        logging.getLogger("dauys").critical("uncaught", exc_info=error or kind())
