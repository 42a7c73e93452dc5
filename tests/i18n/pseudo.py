"""A language that nobody speaks: every sentence that passed through the catalogs wears marks on its letters.

Whatever a person is then shown in plain letters has escaped translation, unless it is known to come from outside.
"""

import gettext
import re
import string
from collections.abc import Collection
from zoneinfo import ZoneInfo

from bot.i18n import Texts

_MARKED = str.maketrans(
    string.ascii_letters,
    "àƀćďēƒĝĥīĵķĺɱńōƥɋŕśţūvŵχŷżÀƁĆĎĒƑĜĤĪĴĶĹƜŃŌƤɊŔŚŢŪVŴΧŶŻ".replace("v", "ʋ").replace("V", "Ʋ"),
)
_PLACEHOLDER = re.compile(r"(\{[^{}]*\})")
_PLAIN_WORDS = re.compile(r"[A-Za-z\u0400-\u04ff]+(?:[ ,'’-]+[A-Za-z\u0400-\u04ff]+)*")


def pseudo(text: str) -> str:
    """`text` in marked letters, a third longer, between ⟦ and ⟧; its `{placeholders}` as they were."""
    parts = _PLACEHOLDER.split(text)
    marked = "".join(part if index % 2 else part.translate(_MARKED) for index, part in enumerate(parts))
    return f"⟦{marked}{'·' * (len(text) // 3)}⟧"


class PseudoTranslations(gettext.NullTranslations):
    """Every message in marked letters."""

    def gettext(self, message: str) -> str:
        return pseudo(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return pseudo(msgid1 if n == 1 else msgid2)


def pseudo_texts(timezone: ZoneInfo, language: str = "en") -> Texts:
    """Texts that say everything in marked letters; dates stay those of `language`."""
    return Texts(language, timezone, PseudoTranslations())


def escaped(shown: str, *, known: Collection[str] = ()) -> list[str]:
    """The plain words in `shown` that are not among the `known` ones: names, articles, dates, addresses."""
    for words in sorted(known, key=len, reverse=True):
        shown = shown.replace(words, "¤")
    return _PLAIN_WORDS.findall(shown)
