"""The words of one language: messages by gettext, dates as its people write them.

Reads the catalogs under locales/ once, at start, straight from their .po files: there is nothing to build and
nothing that can be stale. Which language a reader has, and when, is not decided here.
"""

import gettext
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

# English as it is written in Kazakhstan: the day before the month, 24 hours.
_DATES_LIKE = {"en": "en_GB"}


def gettext_noop(message: str) -> str:
    """`message` itself, marked for the catalogs and translated where it is shown. Import it as `N_`."""
    return message


@dataclass(frozen=True, slots=True)
class Texts:
    """What the bot says in one language, with dates in the configured time zone.

    A message without a translation is said in English, the language of the msgids: better than silence, and the
    check of the catalogs finds it.
    """

    language: str
    timezone: ZoneInfo
    translations: gettext.NullTranslations

    def gettext(self, message: str) -> str:
        """`message` in this language, its `{placeholders}` untouched; `bot.logic.rich.fill` fills them."""
        return self.translations.gettext(message) if message else ""  # gettext keeps its header under ""

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """The form that goes with `n` in this language, its `{placeholders}` untouched."""
        return self.translations.ngettext(singular, plural, n)

    def format_date(self, moment: datetime) -> str:
        """The day of an aware `moment`: "2026 ж. 22 қараша", with no-break spaces where a line must not end."""
        written = format_date(self._local(moment), "long", locale=self._dates_like())
        return written.replace("\u202f", "\u00a0")  # the narrow space is an empty box on some old phones

    def format_time(self, moment: datetime) -> str:
        """The time of day of an aware `moment`: "18:05"."""
        return format_time(self._local(moment), "short", locale=self._dates_like())

    def format_datetime(self, moment: datetime) -> str:
        """Day and time of an aware `moment`: "2026 ж. 22 қараша, 18:05"."""
        return f"{self.format_date(moment)}, {self.format_time(moment)}"

    def _local(self, moment: datetime) -> datetime:
        if moment.tzinfo is None:
            raise ValueError("a moment without its time zone has no local day")
        return moment.astimezone(self.timezone)

    def _dates_like(self) -> str:
        return _DATES_LIKE.get(self.language, self.language)


class Catalogs:
    """The words of every configured language; the first language is the default."""

    __slots__ = ("_texts", "default")

    def __init__(self, texts: Sequence[Texts]) -> None:
        self._texts = {each.language: each for each in texts}
        self.default = texts[0]

    @classmethod
    def load(
        cls, locales: Path, languages: Sequence[str], timezone: ZoneInfo, *, overrides: Path | None = None
    ) -> Self:
        """Reads `locales/<language>/LC_MESSAGES/messages.po` for each of `languages`, of which there is at least one.

        A catalog at the same place under `overrides` replaces single messages; it may be missing. Raises
        FileNotFoundError when a language has no catalog.
        """
        return cls([Texts(each, timezone, _translations(locales, each, overrides)) for each in languages])

    def __getitem__(self, language: str | None) -> Texts:
        """The words of `language`, or of the default one for a language that is unknown or not chosen yet."""
        return self._texts.get(language or "", self.default)

    def __iter__(self) -> Iterator[Texts]:
        """Every language's words, the default's first."""
        return iter(self._texts.values())


def catalog_path(locales: Path, language: str) -> Path:
    return locales / language / "LC_MESSAGES" / "messages.po"


def _translations(locales: Path, language: str, overrides: Path | None) -> gettext.NullTranslations:
    shipped = read_translations(catalog_path(locales, language), language)
    if overrides is None or not catalog_path(overrides, language).exists():
        return shipped
    replaced = read_translations(catalog_path(overrides, language), language)
    replaced.add_fallback(shipped)
    return replaced


def read_translations(path: Path, language: str) -> gettext.GNUTranslations:
    """The catalog at `path`, without its fuzzy and empty messages; its plural rule is the one its header names."""
    with path.open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
