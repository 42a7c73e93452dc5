"""One language's words: messages, plural forms, dates, and what is said when a translation is missing."""

import string
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.i18n import Catalogs, Texts, catalog_path
from bot.logic.rich import fill
from bot.settings import KNOWN_LANGUAGES
from tests.i18n.pseudo import escaped, pseudo, pseudo_texts

ALMATY = ZoneInfo("Asia/Almaty")
PLURALS = {
    "kk": "nplurals=2; plural=(n != 1);",
    "ru": "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);",
    "en": "nplurals=2; plural=(n != 1);",
}
NEWS = {
    "kk": ("Жаңалықтар", ["{n} мақала", "{n} мақала"]),
    "ru": ("Новости", ["{n} статья", "{n} статьи", "{n} статей"]),
    "en": ("News", ["{n} article", "{n} articles"]),
}


def write_catalog(folder: Path, language: str, body: str) -> None:
    path = catalog_path(folder, language)
    path.parent.mkdir(parents=True, exist_ok=True)
    header = f'"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: {PLURALS[language]}\\n"\n'
    path.write_text(f'msgid ""\nmsgstr ""\n{header}\n{body}', encoding="utf-8")


def message(said: str, said_of: str) -> str:
    return f'msgid "{said_of}"\nmsgstr "{said}"\n\n'


@pytest.fixture
def locales(tmp_path: Path) -> Path:
    for language, (news, articles) in NEWS.items():
        forms = "".join(f'msgstr[{index}] "{form}"\n' for index, form in enumerate(articles))
        plural = f'msgid "{{n}} article"\nmsgid_plural "{{n}} articles"\n{forms}\n'
        doubtful = f"#, fuzzy\n{message('Мүмкін', 'Doubtful')}" if language == "kk" else ""
        write_catalog(tmp_path, language, message(news, "News") + plural + doubtful)
    return tmp_path


@pytest.fixture
def catalogs(locales: Path) -> Catalogs:
    return Catalogs.load(locales, ["kk", "ru", "en"], ALMATY)


def test_each_language_says_it_in_its_words(catalogs: Catalogs) -> None:
    assert [texts.gettext("News") for texts in catalogs] == ["Жаңалықтар", "Новости", "News"]
    assert [texts.language for texts in catalogs] == ["kk", "ru", "en"]


def test_an_unknown_language_or_none_gets_the_default(catalogs: Catalogs) -> None:
    assert catalogs["ru"].language == "ru"
    assert catalogs["uz"] is catalogs[None] is catalogs[""] is catalogs.default is catalogs["kk"]


def test_without_a_translation_it_is_said_in_english(catalogs: Catalogs) -> None:
    assert catalogs["kk"].gettext("Nobody translated {this}") == "Nobody translated {this}"
    assert catalogs["ru"].ngettext("one thing", "many things", 21) == "many things"
    assert catalogs["kk"].gettext("Doubtful") == "Doubtful"  # fuzzy


def test_nothing_to_say_stays_nothing(catalogs: Catalogs) -> None:
    assert catalogs["kk"].gettext("") == ""


@pytest.mark.parametrize(
    ("n", "russian"), [(0, "статей"), (1, "статья"), (2, "статьи"), (5, "статей"), (11, "статей"), (21, "статья")]
)
def test_the_number_chooses_the_form(catalogs: Catalogs, n: int, russian: str) -> None:
    said = catalogs["ru"].ngettext("{n} article", "{n} articles", n)
    assert fill(said, n=n).text == f"{n} {russian}"
    assert fill(catalogs["kk"].ngettext("{n} article", "{n} articles", n), n=n).text == f"{n} мақала"


def test_dates_are_written_as_people_write_them_in_their_own_time_zone(catalogs: Catalogs) -> None:
    late = datetime(2026, 11, 22, 19, 5, tzinfo=UTC)  # already the next day in Almaty, which is five hours ahead
    assert catalogs["kk"].format_date(late) == "2026\u00a0ж. 23 қараша"
    assert catalogs["ru"].format_date(late) == "23 ноября 2026\u00a0г."
    assert catalogs["en"].format_date(late) == "23 November 2026"
    assert catalogs["kk"].format_datetime(late) == "2026\u00a0ж. 23 қараша, 00:05"
    assert catalogs["en"].format_time(late + timedelta(hours=13)) == "13:05"


def test_a_moment_without_a_zone_is_refused(catalogs: Catalogs) -> None:
    with pytest.raises(ValueError, match="time zone"):
        catalogs["kk"].format_date(datetime(2026, 11, 22, 19, 5))  # noqa: DTZ001 - the mistake that is refused


def test_a_newsroom_rewords_single_messages(locales: Path, tmp_path: Path) -> None:
    overrides = tmp_path / "own"
    write_catalog(overrides, "kk", message("Хабарлар", "News"))
    catalogs = Catalogs.load(locales, ["kk", "ru"], ALMATY, overrides=overrides)
    assert catalogs["kk"].gettext("News") == "Хабарлар"
    assert catalogs["kk"].ngettext("{n} article", "{n} articles", 2) == "{n} мақала"
    assert catalogs["ru"].gettext("News") == "Новости"


def test_a_language_without_a_catalog_is_an_error(locales: Path) -> None:
    catalog_path(locales, "ru").unlink()
    with pytest.raises(FileNotFoundError):
        Catalogs.load(locales, ["kk", "ru"], ALMATY)


def test_the_catalogs_of_every_known_language_load() -> None:
    catalogs = Catalogs.load(Path("locales"), KNOWN_LANGUAGES, ALMATY)
    assert [texts.language for texts in catalogs] == list(KNOWN_LANGUAGES)


def test_the_pseudo_language_finds_what_escaped_translation() -> None:
    texts: Texts = pseudo_texts(ALMATY)
    shown = fill(texts.gettext("Thank you, {name}!"), name="Айдана").text + "\n" + "Hello there" + " 110"
    assert escaped(shown, known=["Айдана"]) == ["Hello there"]
    assert escaped(texts.ngettext("{n} day", "{n} days", 2).format(n=2)) == []
    assert escaped("Салем, әлем", known=["әлем"]) == ["Салем"]


@given(st.text(alphabet=string.printable.replace("{", "").replace("}", "")))
def test_no_marked_sentence_looks_plain_and_placeholders_survive(text: str) -> None:
    marked = pseudo(f"{text}{{name}}{text}")
    assert "{name}" in marked
    assert escaped(marked, known=["{name}"]) == []
