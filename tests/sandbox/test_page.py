"""The chat page as files: what is served, and that its words are whole in the three languages."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser
from starlette.applications import Starlette

from sandbox.page import ASSETS, page_routes

SCRIPTS = sorted(ASSETS.glob("*.js"))
LANGUAGES = ("kk", "ru", "en")


@pytest.fixture
async def web() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=Starlette(routes=page_routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


def words(language: str) -> dict[str, str]:
    """The page's own words in a language, as words.js has them."""
    source = (ASSETS / "words.js").read_text("utf-8")
    block = re.search(rf"^  {language}: \{{\n(.*?)^  \}},$", source, re.MULTILINE | re.DOTALL)
    assert block is not None
    return dict(re.findall(r'^    (\w+): "(.*)",$', block[1], re.MULTILINE))


def index() -> LexborHTMLParser:
    return LexborHTMLParser((ASSETS / "index.html").read_text("utf-8"))


async def test_everything_the_page_asks_for_is_served(web: httpx.AsyncClient) -> None:
    page = await web.get("/")

    assert page.headers["content-type"].startswith("text/html")
    asked = [node.attributes.get("src") or node.attributes["href"] for node in index().css("script, link, img")]
    imported = [f"/page/{name}" for script in SCRIPTS for name in re.findall(r'from "\./(.+?)"', script.read_text())]
    assert len(asked) >= 4
    for path in {*asked, *imported}:
        assert path is not None
        assert path.startswith("/page/")
        assert (await web.get(path)).status_code == 200, path


async def test_nothing_foreign_may_run_in_the_page(web: httpx.AsyncClient) -> None:
    for path in ("/", "/page/page.js"):
        policy = (await web.get(path)).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/page/..%2F__init__.py", "/page/__init__.py", "/page/", "/page/nothing.js"])
async def test_only_the_pages_own_files_are_served(web: httpx.AsyncClient, path: str) -> None:
    assert (await web.get(path)).status_code == 404


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_never_takes_data_for_markup(script: Path) -> None:
    source = script.read_text("utf-8")

    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc"):
        assert way not in source, way


@pytest.mark.parametrize("asset", sorted(ASSETS.iterdir()), ids=lambda asset: asset.name)
def test_no_file_of_the_page_needs_the_network(asset: Path) -> None:
    source = asset.read_text("utf-8")

    allowed = ("http://www.w3.org/2000/svg", "https://core.telegram.org/bots/api#")
    outside = [url for url in re.findall(r"https?://[\w.]+[^\s\"'`]*", source) if not url.startswith(allowed)]
    assert outside == []


def test_every_word_stands_in_all_three_languages() -> None:
    kazakh, russian, english = (words(language) for language in LANGUAGES)

    assert len(kazakh) > 50
    assert kazakh.keys() == russian.keys() == english.keys()
    for key in kazakh:
        slots = {language: set(re.findall(r"\{\w+\}", words(language)[key])) for language in LANGUAGES}
        assert slots["kk"] == slots["ru"] == slots["en"], key
        assert all(words(language)[key].strip() for language in LANGUAGES), key


def test_every_word_the_page_uses_is_in_the_dictionary() -> None:
    known = words("kk").keys()
    used = {
        value
        for node in index().css("[data-word], [data-label]")
        for value in (node.attributes.get("data-word"), node.attributes.get("data-label"))
        if value
    }
    for script in SCRIPTS:
        source = script.read_text("utf-8")
        used |= set(re.findall(r'\bword\("(\w+)"', source))
        for condition in re.findall(r'\bword\([^"()]*\? "(\w+)" : "(\w+)"\)', source):
            used |= set(condition)

    assert len(used) > 40
    assert used - known == set()


def test_the_page_itself_says_nothing_in_one_language_only() -> None:
    tree = index()
    spoken = [node.text(deep=False).strip() for node in tree.css("body *:not(script):not(noscript)")]

    assert {text for text in spoken if text} <= {"Dauys", "Қаз", "Рус", "Eng", "↗"}
