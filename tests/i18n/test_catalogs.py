"""The catalogs' own check: the real ones are right, and each thing that can be wrong is found."""

import re
from pathlib import Path

import pytest

from bot.settings import KNOWN_LANGUAGES
from locales.catalogs import LANGUAGES, check, extract, main, update

CODE = """
def show(texts, N_, n):
    # Translators: the first words
    texts.gettext("Hello, {name}!")
    texts.ngettext("{n} article", "{n} articles", n)
    return N_("Write to the editors now")
"""
SAID = {
    "kk": {
        "Hello, {name}!": "Сәлем, {name}!",
        "{n} article": ("{n} мақала", "{n} мақала"),
        "Write to the editors now": "Редакцияға қазір жазыңыз",
    },
    "ru": {
        "Hello, {name}!": "Здравствуйте, {name}!",
        "{n} article": ("{n} статья", "{n} статьи", "{n} статей"),
        "Write to the editors now": "Напишите в редакцию сейчас",
    },
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A small project whose catalogs are complete."""
    for folder in ("bot", "handlers"):
        (tmp_path / folder).mkdir()
    (tmp_path / "handlers" / "start.py").write_text(CODE, encoding="utf-8")
    update(tmp_path)
    for language, sentences in SAID.items():
        for msgid, said in sentences.items():
            for index, form in enumerate([said] if isinstance(said, str) else said):
                keyword = "msgstr" if isinstance(said, str) else f"msgstr[{index}]"
                change(
                    tmp_path, language, rf'(msgid "{re.escape(msgid)}"[^#]*?{re.escape(keyword)}) ""', rf'\1 "{form}"'
                )
    return tmp_path


def po(house: Path, language: str) -> Path:
    return house / "locales" / language / "LC_MESSAGES" / "messages.po"


def change(house: Path, language: str, pattern: str, replacement: str) -> None:
    path = po(house, language)
    text, count = re.subn(pattern, replacement, path.read_text(encoding="utf-8"))
    assert count, f"{pattern} is not in {path}"
    path.write_text(text, encoding="utf-8")


def faults(house: Path) -> list[str]:
    return [fault.replace("/LC_MESSAGES/messages", "") for fault in check(house)]


def test_the_catalogs_of_this_project_are_complete() -> None:
    assert list(check(Path())) == []


def test_there_is_a_catalog_for_each_language_of_the_settings() -> None:
    assert set(LANGUAGES) == set(KNOWN_LANGUAGES)


def test_complete_catalogs_have_no_fault(house: Path) -> None:
    assert faults(house) == []
    assert main(["check"], house) == 0


def test_every_marked_sentence_is_found_with_its_hint(house: Path) -> None:
    (house / "main.py").write_text('print(_.gettext("From the top"))', encoding="utf-8")
    (house / "bot" / "deep").mkdir()
    (house / "bot" / "deep" / "x.py").write_text('gettext_noop("From the deep")', encoding="utf-8")
    found = extract(house)
    hello = found.get("Hello, {name}!")
    assert hello is not None
    assert hello.auto_comments == ["Translators: the first words"]
    assert "From the top" in found
    assert "From the deep" in found


def test_updating_twice_changes_nothing(house: Path) -> None:
    before = {path: path.read_bytes() for path in house.rglob("messages.po*")}
    update(house)
    assert {path: path.read_bytes() for path in house.rglob("messages.po*")} == before
    assert len(before) == 4


def test_the_catalogs_are_in_the_order_of_the_alphabet_and_name_no_places(house: Path) -> None:
    for path in house.rglob("messages.po*"):
        text = path.read_text(encoding="utf-8")
        assert re.findall(r'^msgid "(.+)"', text, re.MULTILINE) == sorted(SAID["ru"])
        assert "start.py" not in text
        assert "Date:" not in text


def test_a_sentence_that_became_plural_is_translated_anew(house: Path) -> None:
    code = house / "handlers" / "start.py"
    code.write_text(
        CODE.replace(
            'N_("Write to the editors now")', 'ngettext("Write to the editors now", "Write to {n} editors", n)'
        ),
        encoding="utf-8",
    )
    update(house)
    assert 'locales/kk.po: "Write to the editors now": not translated (form 0)' in faults(house)
    assert "Редакцияға" not in po(house, "kk").read_text(encoding="utf-8")


def test_a_new_sentence_costs_its_own_lines_only(house: Path) -> None:
    before = po(house, "ru").read_text(encoding="utf-8").splitlines()
    code = house / "handlers" / "start.py"
    code.write_text('x.gettext("Also new")\n' + code.read_text(encoding="utf-8"), encoding="utf-8")
    update(house)
    after = po(house, "ru").read_text(encoding="utf-8").splitlines()
    assert [line for line in after if line not in before] == ['msgid "Also new"']
    assert [line for line in before if line not in after] == []
    assert faults(house) == ['locales/ru.po: "Also new": not translated', 'locales/kk.po: "Also new": not translated']


def test_a_changed_sentence_is_a_new_one_and_never_fuzzy(house: Path) -> None:
    code = house / "handlers" / "start.py"
    code.write_text(CODE.replace("Hello,", "Hallo,"), encoding="utf-8")
    assert "locales/messages.pot: not in step with the code. Fix: make catalogs" in faults(house)
    update(house)
    text = po(house, "ru").read_text(encoding="utf-8")
    assert "Здравствуйте" not in text
    assert "fuzzy" not in text
    assert 'locales/ru.po: "Hallo, {name}!": not translated' in faults(house)


@pytest.mark.parametrize(
    ("language", "pattern", "replacement", "fault"),
    [
        ("ru", "Здравствуйте, {name}!", "", '"Hello, {name}!": not translated'),
        ("ru", "Здравствуйте, {name}!", "Привет!", '"Hello, {name}!": placeholders none, wanted {name}'),
        ("ru", '{name}!"\n\n', '{name} {name}!"\n\n', '"Hello, {name}!": placeholders {name} {name}, wanted {name}'),
        ("ru", "Здравствуйте, {name}", "Привет, {имя}", '"Hello, {name}!": placeholders {имя}, wanted {name}'),
        ("kk", "Сәлем, {name}", "Сәлем, {name", '"Hello, {name}!": braces that are not {placeholders}'),
        ("kk", "Сәлем, {name}", "Сәлем, {name!r}", '"Hello, {name}!": braces that are not {placeholders}'),
        ("kk", "Сәлем, {name}", "Сәлем, {}", '"Hello, {name}!": braces that are not {placeholders}'),
        ("ru", "{n} статья", "одна статья", '"{n} article": placeholders none, wanted {n}'),
        ("ru", r"msgstr\[2\].*\n", "", '"{n} article": not translated (form 2)'),
        ("ru", "nplurals=3", "nplurals=4", "4 plural forms in the header, ru has 3. Fix: make catalogs"),
        ("kk", "Сәлем", "Salem", '"Hello, {name}!": no Cyrillic letter in it'),
        ("kk", "Сәлем, {name}!", "Hello, {name}!", '"Hello, {name}!": still English'),
        ("kk", "қазір", "қaзір", '"Write to the editors now": Latin and Cyrillic letters in one word: қaзір'),
        (
            "kk",
            "Редакцияға қазір жазыңыз",
            "Напишите в редакцию сейчас",
            '"Write to the editors now": the same words as in Russian',
        ),
        (
            "ru",
            "сейчас",
            r"сейчас\\n",
            '"Write to the editors now": begins or ends with other spaces or line ends than the English',
        ),
        (
            "kk",
            r'(msgid "Write)',
            r"#, fuzzy\n\1",
            '"Write to the editors now": fuzzy. Fix: look at it, then take the word fuzzy away',
        ),
        ("en", r"\Z", '\n#~ msgid "Old"\n#~ msgstr "Old"\n', "1 obsolete messages. Fix: make catalogs"),
        ("ru", r"\Z", '\nmsgid "Gone"\nmsgstr "Ушло"\n', '"Gone": not in the code any more. Fix: make catalogs'),
        ("en", r'msgid "Write.*\nmsgstr .*\n', "", '"Write to the editors now": missing. Fix: make catalogs'),
        ("ru", r"\Z", '\nmsgid "a\n', "cannot be read"),
    ],
)
def test_each_fault_of_a_catalog_is_found(
    house: Path, language: str, pattern: str, replacement: str, fault: str
) -> None:
    change(house, language, pattern, replacement)
    found = faults(house)
    assert any(line.startswith(f"locales/{language}.po: {fault}") for line in found), found
    assert main(["check"], house) == 1


def test_one_may_be_said_without_its_number_where_the_form_means_one(house: Path) -> None:
    code = house / "handlers" / "start.py"
    code.write_text(CODE.replace('"{n} article"', '"One article"'), encoding="utf-8")
    update(house)
    for language, forms in {
        "kk": ("Бір мақала", "{n} мақала"),
        "ru": ("{n} статья", "{n} статьи", "{n} статей"),
    }.items():
        for index, form in enumerate(forms):
            change(house, language, rf'msgstr\[{index}\] ""', f'msgstr[{index}] "{form}"')
    assert faults(house) == []
    change(house, "ru", "{n} статья", "Одна статья")  # this form is also said of 21
    assert faults(house) == ['locales/ru.po: "One article": placeholders none, wanted {n}']


def test_an_unknown_command_shows_how_it_is_used(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile"], house) == 2
    assert "python -m locales.catalogs update" in capsys.readouterr().err
