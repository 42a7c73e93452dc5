import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources.language import detect_language

OURS = ("kk", "ru", "en")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Қыста жұқа мұзға шықпаңыз", "kk"),
        ("ҚАЗАҚСТАН РЕСПУБЛИКАСЫ", "kk"),
        ("Балалар алаңы ашылды", "kk"),
        ("Алматыда жаңа балабақша ашылды", "kk"),
        ("Зимой не выходите на тонкий лёд", "ru"),
        ("Поэт Абай Құнанбаев родился в Семипалатинской области в 1845 году", "ru"),
        ("Stay off thin ice in winter", "en"),
        ("", "kk"),
        ("112 — 14:30", "kk"),
    ],
)
def test_the_language_of_news_is_told(text: str, language: str) -> None:
    assert detect_language(text, OURS) == language


def test_only_configured_languages_are_told() -> None:
    assert detect_language("Қыста жұқа мұзға шықпаңыз, абай болыңыз", ("ru", "en")) in ("ru", "en")
    assert detect_language("Зимой не выходите на тонкий лёд", ("en", "ru")) == "ru"
    assert detect_language("Зимой не выходите на тонкий лёд", ("en",)) == "en"


def test_letters_shared_with_a_neighbour_language_do_not_decide() -> None:
    assert detect_language("Кыргызстанда бүгүн жаан жаайт, өзгөчө түштүктө", ("kk", "ky")) == "ky"


@settings(deadline=None)  # a busy machine is no fault
@given(st.text(max_size=300))
def test_any_text_has_one_of_our_languages(text: str) -> None:
    assert detect_language(text, OURS) in OURS


def test_detecting_says_nothing_and_touches_no_network() -> None:
    code = (
        "import logging, socket\n"
        "logging.basicConfig(level=logging.DEBUG)\n"
        "def refuse(*_, **__): raise AssertionError('network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from bot.sources.language import detect_language\n"
        "assert detect_language('Stay off thin ice ' * 300, ('kk', 'ru', 'en')) == 'en'\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)  # noqa: S603  # our own words
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
