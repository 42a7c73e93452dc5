"""What must never be read by anybody: tokens and passwords, wherever they turn up in a text that leaves the process.

Knows nothing of logging or settings; both use it.
"""

import json
import re
from collections.abc import Collection, Iterator
from urllib.parse import quote

HIDDEN = "[hidden]"

# No word boundary in front: requests put the token right after "/bot", where there is none.
_TOKEN = re.compile(r"(?<!\d)\d{5,}:[A-Za-z0-9_-]{30,}")
_PASSWORD_IN_URL = re.compile(r"(?<=://)([^\s/?#:@\"'\\]*):[^\s/?#\"'\\]+(?=@)")
_PASSWORD_IN_OPTION = re.compile(r"(?i)(\bpassword\s*=\s*)('[^']*'|[^\s&'\"\\]+)")
_SHORTEST_SECRET = 4


class Redactor:
    """Replaces every bot token, every password of a URL or a libpq option, and the given secrets as they are.

    A given secret shorter than four characters is ignored: hiding "a" everywhere would only hide the log.
    """

    __slots__ = ("_literal",)

    def __init__(self, secrets: Collection[str] = ()) -> None:
        worth_hiding = {
            spelling for secret in secrets if len(secret) >= _SHORTEST_SECRET for spelling in _spellings(secret)
        }
        # The longest first, or a secret that begins with another one would leave its tail behind.
        ordered = sorted(worth_hiding, key=len, reverse=True)
        self._literal = re.compile("|".join(re.escape(secret) for secret in ordered)) if ordered else None

    def redact(self, text: str) -> str:
        if self._literal is not None:
            text = self._literal.sub(HIDDEN, text)
        text = _TOKEN.sub(HIDDEN, text)
        text = _PASSWORD_IN_URL.sub(rf"\1:{HIDDEN}", text)
        return _PASSWORD_IN_OPTION.sub(rf"\1{HIDDEN}", text)


def _spellings(secret: str) -> Iterator[str]:
    """`secret` as it is, as Python shows it, as JSON has it, and as an address has it."""
    yield secret
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield quote(secret, safe="")
