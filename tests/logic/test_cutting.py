import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.logic.cutting import (
    clean_words,
    cut_at_sentence,
    one_line,
    sentence_around,
    slice_utf16,
    split_paragraphs,
    strip,
)
from bot.logic.rich import Entity, Rich, bold, italic, join, utf16_length

FAMILY = "👨‍👩‍👧"
FLAG = "🇰🇿"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"

LETTERS = st.sampled_from([*"аәбвқ XyZ.!?…»,\n\u00a0", ". ", "т.б. ", "🚸", FAMILY, FLAG, "e\u0301", "👍🏽", "❤️"])
TEXTS = st.lists(LETTERS, max_size=60).map("".join)


@st.composite
def riches(draw: st.DrawFn) -> Rich:
    text = draw(TEXTS)
    length = utf16_length(text)
    if not length:
        return Rich()
    starts = sorted(draw(st.lists(st.integers(0, length - 1), max_size=8)))
    return Rich(text, tuple(Entity("bold", start, draw(st.integers(1, length - start))) for start in starts))


def inked(words: str) -> str:
    return "".join(words.split())


def assert_entities_lie_inside(rich: Rich) -> None:
    for entity in rich.entities:
        assert entity.length > 0
        assert entity.offset >= 0
        assert entity.offset + entity.length <= len(rich)


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(riches(), max_size=6), st.integers(2, 40), st.integers(2, 40), st.integers(1, 5))
@example([Rich("🚸" * 5)], 3, 3, 1)
def test_splitting_loses_no_letter_and_keeps_every_limit(
    paragraphs: list[Rich], limit: int, first_limit: int, most_entities: int
) -> None:
    pieces = split_paragraphs(paragraphs, limit, first_limit=first_limit, most_entities=most_entities)
    assert inked("".join(piece.text for piece in pieces)) == inked("".join(each.text for each in paragraphs))
    for place, piece in enumerate(pieces):
        assert 0 < len(piece) <= (limit if place else first_limit)
        assert piece.text == piece.text.strip()
        assert len(piece.entities) <= most_entities
        assert_entities_lie_inside(piece)
        piece.text.encode()  # a torn surrogate pair could not be encoded


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(st.sampled_from(["а", "🚸", FAMILY, FLAG, "e\u0301", "👍🏽", ENGLAND, "1️⃣"]), min_size=1, max_size=40))
def test_a_cut_never_tears_a_visible_character(characters: list[str]) -> None:
    whole = "".join(characters)
    borders = {0}
    for character in characters:
        borders.add(max(borders) + len(character))
    position = 0
    for piece in split_paragraphs([Rich(whole)], 24):
        position += len(piece.text)
        assert position in borders


def test_pieces_are_cut_between_paragraphs_when_they_can_be() -> None:
    pieces = split_paragraphs([Rich("Бір."), bold("Екі."), Rich("Үш.")], 12)
    assert pieces == [Rich("Бір.\n\nЕкі.", (Entity("bold", 6, 4),)), Rich("Үш.")]


def test_a_long_paragraph_is_cut_after_a_sentence_before_a_word() -> None:
    pieces = split_paragraphs([Rich("Первое предложение. Второе предложение длиннее.")], 30)
    assert [piece.text for piece in pieces] == ["Первое предложение.", "Второе предложение длиннее."]


def test_a_sentence_longer_than_a_piece_is_cut_between_words() -> None:
    pieces = split_paragraphs([Rich("один два три четыре пять")], 13)
    assert [piece.text for piece in pieces] == ["один два три", "четыре пять"]


def test_a_link_over_a_cut_goes_on_in_the_next_piece() -> None:
    pieces = split_paragraphs([Rich("один два", (Entity("text_link", 0, 8, "https://a.kz"),))], 5)
    assert [piece.entities for piece in pieces] == [
        (Entity("text_link", 0, 4, "https://a.kz"),),
        (Entity("text_link", 0, 3, "https://a.kz"),),
    ]


def test_a_paragraph_with_too_many_entities_becomes_several_pieces_and_keeps_them_all() -> None:
    many = join([bold("а") for _ in range(250)], " ")
    pieces = split_paragraphs([many])
    assert [len(piece.entities) for piece in pieces] == [100, 100, 50]


def test_a_megabyte_without_a_space_is_split_at_once() -> None:
    assert len(split_paragraphs([Rich("а" * 1_000_000 + "." * 100_000)])) >= 1_100_000 // 4096


def test_a_piece_without_room_for_one_character_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        split_paragraphs([Rich("🚸")], 1)


@settings(deadline=None)  # a busy machine is no fault
@given(riches(), st.integers(0, 60))
def test_cutting_at_a_sentence_keeps_the_limit_and_the_beginning(rich: Rich, limit: int) -> None:
    cut = cut_at_sentence(rich, limit)
    assert len(cut) <= limit
    assert rich.text.startswith(cut.text.removesuffix("…"))
    assert_entities_lie_inside(cut)
    if len(rich) <= limit:
        assert cut == rich


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("Қар жауды. Жол жабылды. Көлік жүрмейді.", 30, "Қар жауды. Жол жабылды."),
        ("Снег? Да! Много снега и ветра.", 12, "Снег? Да!"),
        ("Он сказал: «Стойте!» Потом ушёл домой.", 25, "Он сказал: «Стойте!»"),
        ("Жиналыс 2024 ж. Алматыда өтті деп хабарлады.", 25, "Жиналыс 2024 ж. Алматыда…"),
        ("Школа на ул. Абая закрыта до понедельника.", 22, "Школа на ул. Абая…"),
        ("Бұл кітапты А. Құнанбаев жазған деп айтады.", 28, "Бұл кітапты А. Құнанбаев…"),
        ("Ол «Жол жабық!» деп айтты да кетіп қалды.", 20, "Ол «Жол жабық!» деп…"),
        ("Билет стоит 10\u00a0000 тенге в одну сторону.", 18, "Билет стоит…"),
        ("Нан, сүт т.б. Азық-түлік арзандады деп айтты.", 26, "Нан, сүт т.б. Азық-түлік…"),
        ("Длина трассы 3.5 км вдоль реки и леса.", 16, "Длина трассы…"),
        ("Толщина льда 10 см. Выходить можно.", 25, "Толщина льда 10 см."),
        ("слово, другое слово", 8, "слово…"),
        ("электрификация", 5, "элек…"),
        ("а. б", 0, ""),
        ("Ой. " + "очень длинное предложение без конца и края", 30, "Ой. очень длинное предложение…"),
    ],
)
def test_a_lead_ends_where_a_reader_would_end_it(text: str, limit: int, expected: str) -> None:
    assert cut_at_sentence(Rich(text), limit).text == expected


@settings(deadline=None)  # a busy machine is no fault
@given(TEXTS, st.integers(-3, 80), st.integers(0, 30))
def test_the_sentence_around_a_fragment_holds_it(text: str, position: int, length: int) -> None:
    start, end = sentence_around(text, position, length)
    size = utf16_length(text)
    assert 0 <= start <= end <= size
    assert start <= min(max(position, 0), size)
    assert end >= min(max(position + length, 0), size)


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("жауды", "Бүгін қар жауды 🚸."),
        ("Абая", "На ул. Абая гололёд!"),
        ("жауды 🚸. На", "Бүгін қар жауды 🚸. На ул. Абая гололёд!"),
        ("Жаңа", "Жаңа жол"),
    ],
)
def test_a_typo_is_shown_within_its_sentence(fragment: str, expected: str) -> None:
    text = "Кеше. Бүгін қар жауды 🚸. На ул. Абая гололёд!\nЖаңа жол"
    position = utf16_length(text[: text.index(fragment)])
    start, end = sentence_around(text, position, utf16_length(fragment))
    assert slice_utf16(Rich(text), start, end).text == expected


@settings(deadline=None)  # a busy machine is no fault
@given(riches(), st.integers(-5, 100), st.integers(-5, 100))
def test_a_slice_is_within_the_text_and_so_are_its_entities(rich: Rich, start: int, end: int) -> None:
    part = slice_utf16(rich, start, end)
    assert part.text in rich.text
    part.text.encode()
    assert_entities_lie_inside(part)


def test_a_slice_within_a_surrogate_pair_leaves_it_out() -> None:
    assert slice_utf16(Rich("а🚸б"), 2, 4).text == "б"
    assert slice_utf16(Rich("а🚸б"), 0, 2).text == "а"


def test_stripping_moves_the_entities() -> None:
    assert strip(Rich("  да ", (Entity("bold", 0, 5),))) == Rich("да", (Entity("bold", 0, 2),))


@settings(deadline=None)  # a busy machine is no fault
@given(st.text(max_size=80))
@example("ಕ್ೕ")
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean_words(clean_words(text)) == clean_words(text)


@settings(deadline=None)  # a busy machine is no fault
@given(st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=60))
def test_cleaning_keeps_what_people_write(text: str) -> None:
    kept = [
        character
        for character in unicodedata.normalize("NFC", text).strip()
        if character not in "\u115f\u1160\u3164\uffa0"
    ]
    assert inked(clean_words(text)) == inked("".join(kept))


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("  сәлем \r\n\r\n\n\n әлем  ", "сәлем\n\n әлем"),
        ("и\u0306", "й"),
        ("\u202eабв\u2066", "абв"),
        ("а\u200bб\ufeffв\u00adг", "абвг"),
        ("а\x00б\x1bв\tг", "абв г"),
        ("z" + "\u0335" * 40, "z" + "\u0335" * 3),
        (FAMILY + FLAG + ENGLAND + "❤️🏳️‍🌈1️⃣👍🏽", FAMILY + FLAG + ENGLAND + "❤️🏳️‍🌈1️⃣👍🏽"),
        ("а\u200dб", "аб"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\u3164\u2800\u115f", ""),
        ("\ud800да", "да"),
        ("бір\u2028екі", "бір\nекі"),
    ],
)
def test_typed_words_lose_only_what_nobody_sees(typed: str, clean: str) -> None:
    assert clean_words(typed) == clean


@settings(deadline=None)  # a busy machine is no fault
@given(st.text(max_size=60), st.integers(0, 40))
def test_one_line_is_one_line_within_its_limit(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert "\n" not in line
    assert utf16_length(line) <= limit


def test_one_line_ends_a_cut_in_an_ellipsis() -> None:
    assert one_line("много слов\nтут, и ещё", 16) == "много слов тут…"


def test_formatting_survives_a_cut_at_a_sentence() -> None:
    cut = cut_at_sentence(Rich("Да. ") + italic("Нет. Может быть, потом."), 10)
    assert cut == Rich("Да. Нет.", (Entity("italic", 4, 4),))
