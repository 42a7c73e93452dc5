"""The catalogs beside this file and the sentences in the code: `update` brings them together, `check` says what is off.

    python -m locales.catalogs update    rewrites messages.pot and every messages.po; translations stay
    python -m locales.catalogs check     one line for each fault, exit code 1 when there is one

Nothing is matched fuzzily: a changed sentence is a new sentence, and its old translation is in the history.
"""

import io
import re
import string
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.plurals import get_plural
from babel.messages.pofile import PoFileError, read_po, write_po

LANGUAGES = ("kk", "ru", "en")
SOURCE_LANGUAGE = "en"  # its msgids are its sentences

# Names that are the same in every language.
SAME_EVERYWHERE = frozenset({"Dauys", "RSS", "Telegram"})

_FOLDERS = ("bot", "handlers")
_KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "gettext": None,
    "ngettext": (1, 2),
    "N_": None,
    "gettext_noop": None,
}
# Headers that change with every run and say what the history says better.
_RESTLESS = re.compile(
    r'^"(?:POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By|Project-Id-Version'
    r'|Report-Msgid-Bugs-To):.*"\n',
    re.MULTILINE,
)
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_MIXED_WORD = re.compile(r"[^\W\d_]*(?:[A-Za-z][\u0400-\u04ff]|[\u0400-\u04ff][A-Za-z])[^\W\d_]*")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_WORDS_OF_A_SENTENCE = 4
_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Sentence:
    """One message of a catalog: what the code says, and what is said in one language."""

    singular: str
    plural: str | None
    said: tuple[str, ...]  # one for each plural form, or one

    @classmethod
    def of(cls, message: Message) -> "Sentence":
        ids = _as_tuple(message.id)
        said = tuple(text or "" for text in _as_tuple(message.string))
        return cls(ids[0], ids[1] if len(ids) > 1 else None, said)


def extract(root: Path) -> Catalog:
    """Every sentence that the code under `root` marks for translation, in the order of the alphabet."""
    found = Catalog(fuzzy=False)
    for folder in _FOLDERS:
        for name, _line, ids, comments, _context in extract_from_dir(
            root / folder, [("**.py", "python")], keywords=_KEYWORDS, comment_tags=("Translators:",)
        ):
            del name
            found.add(ids, auto_comments=comments)
    main = root / "main.py"
    if main.exists():
        for _line, ids, comments, _context in extract_from_file(
            "python", main, keywords=_KEYWORDS, comment_tags=("Translators:",)
        ):
            found.add(ids, auto_comments=comments)
    return found


def update(root: Path) -> None:
    """Rewrites the catalogs under `root`/locales: new sentences in, vanished ones out, translations kept."""
    template = extract(root)
    _write(_template_path(root), _rendered(template))
    for language in LANGUAGES:
        path = _catalog_path(root, language)
        old = _read(path, language) if path.exists() else Catalog(language)
        _write(path, _rendered(_merged(template, old, language)))


def check(root: Path) -> Iterator[str]:
    """One line for each fault of the catalogs under `root`/locales."""
    template = extract(root)
    pot = _template_path(root)
    if not pot.exists() or pot.read_text(encoding="utf-8") != _rendered(template):
        yield f"{pot.relative_to(root)}: not in step with the code. Fix: make catalogs"
    wanted = {_as_tuple(message.id) for message in template if message.id}
    russian: dict[str, str] = {}
    for language in sorted(LANGUAGES, key="ru kk en".index):  # Kazakh is compared with Russian
        path = _catalog_path(root, language)
        place = str(path.relative_to(root))
        try:
            catalog = _read(path, language)
        except (OSError, PoFileError, ValueError) as error:
            yield f"{place}: cannot be read: {error}. Fix: make catalogs"
            continue
        yield from (f"{place}: {fault}" for fault in _check_catalog(catalog, language, wanted))
        for message in catalog:
            if message.id:
                sentence = Sentence.of(message)
                faults = _check_sentence(sentence, language, russian.get(sentence.singular))
                yield from (f"{place}: {_shown(sentence.singular)}: {fault}" for fault in faults)
                if language == "ru":
                    russian[sentence.singular] = sentence.said[0]


def _check_catalog(catalog: Catalog, language: str, wanted: set[tuple[str, ...]]) -> Iterator[str]:
    known = {_as_tuple(message.id) for message in catalog if message.id}
    for ids in sorted(wanted - known):
        yield f"{_shown(ids[0])}: missing. Fix: make catalogs, then translate it"
    for ids in sorted(known - wanted):
        yield f"{_shown(ids[0])}: not in the code any more. Fix: make catalogs"
    for message in catalog:
        if message.id and message.fuzzy:
            yield f"{_shown(_as_tuple(message.id)[0])}: fuzzy. Fix: look at it, then take the word fuzzy away"
    if catalog.obsolete:
        yield f"{len(catalog.obsolete)} obsolete messages. Fix: make catalogs"
    if catalog.num_plurals != get_plural(language).num_plurals:
        forms = get_plural(language).num_plurals
        yield f"{catalog.num_plurals} plural forms in the header, {language} has {forms}. Fix: make catalogs"


def _check_sentence(sentence: Sentence, language: str, russian: str | None) -> Iterator[str]:
    forms = get_plural(language).num_plurals if sentence.plural is not None else 1
    if len(sentence.said) != forms:
        yield f"{len(sentence.said)} forms, {language} needs {forms}"
    for index, said in enumerate(sentence.said):
        if not said:
            yield "not translated" + (f" (form {index})" if forms > 1 else "")
            continue
        yield from _check_placeholders(sentence, index, said, language)
        if _edges(said) != _edges(sentence.singular):
            yield "begins or ends with other spaces or line ends than the English"
        if language != SOURCE_LANGUAGE and _has_words(sentence.singular):
            yield from _check_letters(sentence, said)
    if language == "kk" and sentence.said[0] == russian and len(russian.split()) >= _WORDS_OF_A_SENTENCE:
        yield "the same words as in Russian"


def _check_placeholders(sentence: Sentence, index: int, said: str, language: str) -> Iterator[str]:
    wanted = [_placeholders(sentence.plural or sentence.singular)]
    if sentence.plural is not None and index == 0 and language != "ru":
        # Only where the first form means exactly one may it do without the number; in Russian it means 21 too.
        wanted.append(_placeholders(sentence.singular))
    found = _placeholders(said)
    if found is None or None in wanted:
        yield "braces that are not {placeholders}"
    elif found not in wanted:
        expected = " ".join(f"{{{name}}}" for name in sorted((wanted[0] or Counter()).elements())) or "none"
        actual = " ".join(f"{{{name}}}" for name in sorted(found.elements())) or "none"
        yield f"placeholders {actual}, wanted {expected}"


def _check_letters(sentence: Sentence, said: str) -> Iterator[str]:
    if said in (sentence.singular, sentence.plural):
        yield "still English"
    elif not _CYRILLIC.search(said):
        yield "no Cyrillic letter in it"
    for word in _MIXED_WORD.findall(_PLACEHOLDER.sub(" ", said)):
        yield f"Latin and Cyrillic letters in one word: {word}"


def _placeholders(text: str) -> Counter[str] | None:
    """The names in braces and how often each; None when there is more than names, which `fill` does not know."""
    names: Counter[str] = Counter()
    try:
        for _literal, name, spec, conversion in string.Formatter().parse(text):
            if name is not None:
                if spec or conversion or not name.isidentifier():
                    return None
                names[name] += 1
    except ValueError:
        return None
    return names


def _has_words(text: str) -> bool:
    bare = _PLACEHOLDER.sub("", text).strip()
    return bare not in SAME_EVERYWHERE and any(letter.isalpha() for letter in bare)


def _shown(text: str) -> str:
    first_line = text.strip().partition("\n")[0]
    return f'"{first_line if len(first_line) <= _LONGEST_SHOWN else first_line[:_LONGEST_SHOWN] + "…"}"'


def _edges(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def _as_tuple(text: str | Sequence[str] | None) -> tuple[str, ...]:
    return (text or "",) if isinstance(text, str | None) else tuple(text)


def _merged(template: Catalog, old: Catalog, language: str) -> Catalog:
    merged = Catalog(language, fuzzy=False)
    for message in template:
        if message.id:
            known = old.get(_as_tuple(message.id)[0])
            kept = known if known is not None and _as_tuple(known.id) == _as_tuple(message.id) else None
            merged.add(
                message.id,
                _translation(message, kept, language, merged.num_plurals),
                auto_comments=message.auto_comments,
                user_comments=kept.user_comments if kept is not None else (),
                flags=kept.flags if kept is not None else (),
            )
    return merged


def _translation(message: Message, kept: Message | None, language: str, forms: int) -> str | tuple[str, ...]:
    if kept is not None and any(_as_tuple(kept.string)):
        said = _as_tuple(kept.string)
        return said if len(said) > 1 else said[0]
    ids = _as_tuple(message.id)
    if language == SOURCE_LANGUAGE:
        return ids if len(ids) > 1 else ids[0]
    return ("",) * forms if len(ids) > 1 else ""


def _read(path: Path, language: str) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def _rendered(catalog: Catalog) -> str:
    """The catalog as a file whose lines change only when its sentences do: sorted, unwrapped, without places."""
    catalog.header_comment = ""
    out = io.BytesIO()
    write_po(out, catalog, width=0, sort_output=True)
    return _RESTLESS.sub("", out.getvalue().decode("utf-8")).strip("\n") + "\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _template_path(root: Path) -> Path:
    return root / "locales" / "messages.pot"


def _catalog_path(root: Path, language: str) -> Path:
    return root / "locales" / language / "LC_MESSAGES" / "messages.po"


def main(arguments: Sequence[str], root: Path) -> int:
    """The command line; returns the exit code."""
    match arguments:
        case ["update"]:
            update(root)
            return 0
        case ["check"]:
            faults = list(check(root))
            sys.stdout.writelines(f"{fault}\n" for fault in faults)
            return 1 if faults else 0
    sys.stderr.write(__doc__ or "")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).parent.parent))
