"""The sandbox as a person in front of the screen has it: a real process, a real page, a mouse.

Knows the page's test hooks and how long things take; what must be said in which language is the stories' matter.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, ViewportSize, expect

from sandbox.site.articles import Misprint, load_edition

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
# Root has no sandbox to start; the rest keeps Chromium from asking the Internet for anything.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-domain-reliability",
    "--font-render-hinting=none",
)
SCREEN: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
TIMEZONE = "Asia/Almaty"
ARRIVES_WITHIN_MS = 15_000
NATIVE_NAMES = {"kk": "Қазақша", "ru": "Русский", "en": "English"}

# Where the words stand on the screen: from the left edge of the first letter to the right edge of the last.
PLACE_OF_WORDS = """(text, words) => {
    const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const at = node.data.indexOf(words);
        if (at < 0) continue;
        const range = document.createRange();
        const edge = (start, end) => {
            range.setStart(node, start);
            range.setEnd(node, end);
            return range.getBoundingClientRect();
        };
        const first = edge(at, at + 1);
        const last = edge(at + words.length - 1, at + words.length);
        return [first.left, (first.top + first.bottom) / 2, last.right, (last.top + last.bottom) / 2];
    }
    return null;
}"""


class ChromiumMissingError(Exception):
    """There is no Chromium where Debian puts it."""


def check_chromium() -> None:
    """Raises ChromiumMissingError; a suite that cannot run has failed."""
    if not CHROMIUM.exists():
        raise ChromiumMissingError(f"no {CHROMIUM}: apt-get install chromium (Debian)")


@contextmanager
def running_sandbox(log: Path, *, port: int = 0) -> Iterator[str]:
    """`main.py sandbox` for the length of the `with`, as its page's address; what it says beside that is in `log`."""
    command = [sys.executable, "main.py", "sandbox", "--port", str(port), "--no-browser"]
    with (
        log.open("w", encoding="utf-8") as said,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=said, text=True) as process,  # noqa: S603 -- our own
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            address = re.search(r"http://127\.0\.0\.1:\d+", line)
            if address is None:
                raise ChildProcessError(line + log.read_text(encoding="utf-8"))
            yield address[0]
        finally:
            process.terminate()
            process.wait(timeout=20)


@dataclass(frozen=True, slots=True)
class Chat:
    """One of the two chats: the reader's phone or the desk."""

    page: Page
    name: str

    @property
    def root(self) -> Locator:
        return self.page.get_by_test_id(f"{self.name}-chat")

    @property
    def last(self) -> Locator:
        return self.root.get_by_test_id("message").last

    @property
    def toast(self) -> Locator:
        return self.root.get_by_test_id("toast")

    def message(self, *parts: str) -> Locator:
        """The last message that holds all of `parts`."""
        found = self.root.get_by_test_id("message")
        for part in parts:
            found = found.filter(has_text=part)
        return found.last

    def sees(self, *parts: str) -> Locator:
        """Waits for a message that holds all of `parts`; returns it for good, whatever comes or changes after it."""
        found = self.message(*parts)
        expect(found).to_be_visible(timeout=ARRIVES_WITHIN_MS)
        return self.root.locator(f'[data-message-id="{found.get_attribute("data-message-id")}"]')

    def button(self, message: Locator, label: str) -> Locator:
        return message.get_by_test_id("inline-button").filter(has_text=label)

    def presses(self, message: Locator, label: str) -> None:
        self.button(message, label).click()

    def says(self, text: str) -> None:
        """Types the words and presses the paper plane."""
        self.page.get_by_test_id(f"{self.name}-input").fill(text)
        self.page.get_by_test_id(f"{self.name}-send").click()

    def selects(self, message: Locator, words: str) -> None:
        """Drags the mouse over `words` in a message, as a hand does: down, along, up."""
        text = message.locator(".text")
        text.scroll_into_view_if_needed()
        place = text.evaluate(f"text => ({PLACE_OF_WORDS})(text, {words!r})")
        assert place is not None, f"no {words!r} in {text.text_content()!r}"
        left, top, right, bottom = place
        self.page.mouse.move(left + 0.5, top)
        self.page.mouse.down()
        self.page.mouse.move((left + right) / 2, (top + bottom) / 2, steps=4)
        expect(self.page.get_by_test_id("quote-button")).to_be_hidden()
        self.page.mouse.move(right - 0.5, bottom, steps=4)
        self.page.mouse.up()

    def opens_topic(self, name: str) -> None:
        self.root.get_by_test_id("topic").filter(has_text=name).click()


@dataclass  # without slots: playwright writes on whose method it calls
class Stage:
    """The page with its two chats. `pictures` is where it keeps what it looked like."""

    page: Page
    pictures: Path
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    _shown: int = 0

    @property
    def reader(self) -> Chat:
        return Chat(self.page, "reader")

    @property
    def desk(self) -> Chat:
        return Chat(self.page, "desk")

    def open(self, url: str, *, language: str) -> None:
        """Opens the page in one of its languages and waits until the bot has introduced itself."""
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._note)
        self.page.set_default_timeout(ARRIVES_WITHIN_MS)
        self.page.goto(url)
        self.page.get_by_test_id(f"ui-{language}").click()
        expect(self.page.locator("html")).to_have_attribute("lang", language)
        expect(self.reader.root.get_by_test_id("description")).to_contain_text("Telegram", timeout=ARRIVES_WITHIN_MS)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _note(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in ("127.0.0.1", None):
            self.asked.append(request.url)

    def starts(self, language: str) -> Locator:
        """The reader presses Start and chooses a language; the welcome is what they see then."""
        self.page.get_by_test_id("reader-start").click()
        question = self.reader.sees("Тілді таңдаңыз", "Выберите язык", "Choose your language")
        self.picture("question")
        self.reader.presses(question, NATIVE_NAMES[language])
        return self.reader.sees("👋")

    def new_reader(self) -> None:
        chosen = self.page.get_by_test_id("reader-select")
        before = chosen.input_value()
        self.page.get_by_test_id("new-reader").click()
        expect(chosen).not_to_have_value(before)
        expect(self.page.get_by_test_id("reader-start")).to_be_visible()

    def publish(self, language: str) -> tuple[Locator, Misprint]:
        """Publishes the site's next article by the page's button; returns it as it arrived, and its misprint."""
        self.page.get_by_test_id(f"publish-{language}").click()
        notice = self.page.get_by_test_id("notice")
        expect(notice).to_be_visible()
        said = notice.text_content() or ""
        draft = next(draft for draft in load_edition(language).drafts if draft.title in said)
        return self.reader.sees(draft.title), draft.misprint

    def acts_as(self, editor: str) -> None:
        self.page.get_by_test_id("editor").filter(has_text=editor).click()

    def picture(self, name: str) -> None:
        """Keeps what the page looks like now, for a person to look at."""
        expect(self.page.locator(".preview:not(:has(img, .no-picture))")).to_have_count(0)  # pictures come later
        self._shown += 1
        self.page.screenshot(path=self.pictures / f"{self._shown:02}-{name}.png")
