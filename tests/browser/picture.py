"""Makes the README's picture from the real page: `python -m tests.browser.picture docs/sandbox.png`.

A reader marks a misprint; at the desk a comment is decided and another reader's report waits.
"""

import struct
import sys
import tempfile
import zlib
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.browser.stage import ARGUMENTS, CHROMIUM, SCREEN, TIMEZONE, Stage, check_chromium, running_sandbox

MOST_BYTES = 300_000


def tell(stage: Stage) -> None:
    """Leaves the page as it is to be seen."""
    reader, desk = stage.reader, stage.desk
    stage.starts("kk")
    first = stage.page.get_by_test_id("reader-select").input_value()
    stage.new_reader()
    stage.starts("kk")
    second = stage.page.get_by_test_id("reader-select").input_value()

    stage.page.get_by_test_id("reader-select").select_option(first)
    article, misprint = stage.publish("kk")
    reader.presses(article, "💬")
    reader.sees("💬 Мақалаға пікір")
    reader.says("Біздің көшедегі өткелге де шам қойылса екен. Кешке балалар мектептен қайтады.")
    reader.presses(reader.sees("Пікірге қандай ат қоямыз?"), "Айгүл")
    reader.presses(reader.sees("Жібермес бұрын тексеріп шығыңыз"), "✅ Жіберу")
    comment = desk.sees("Пікір №1")
    stage.acts_as("Ерлан")
    desk.presses(comment, "✅ Қабылдау")
    expect(comment).to_contain_text("Ерлан Тоқтаров")
    reader.selects(article, misprint.wrong)
    stage.page.get_by_test_id("quote-button").click()
    reader.says(misprint.right)
    reader.presses(reader.sees("Редакцияға жіберейін бе?"), "✅ Жіберу")
    desk.sees("Қате №2")

    stage.page.get_by_test_id("reader-select").select_option(second)
    expect(reader.toast.or_(desk.toast).or_(stage.page.get_by_test_id("notice"))).to_have_count(0)
    stage.page.get_by_test_id("ui-en").click()  # the README is in English; what people write stays in their language
    reader.selects(reader.sees("Ымыртта"), misprint.wrong)
    expect(stage.page.get_by_test_id("quote-button")).to_be_visible()
    stage.page.mouse.move(0, 0)


def packed(png: bytes) -> bytes:
    """The same picture in fewer bytes: Chromium packs for speed."""
    head, body, tail = png[:8], b"", b""
    at = 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length
        if kind == b"IDAT":
            body += data
        elif kind == b"IEND":
            tail = _chunk(kind, data)
        else:
            head += _chunk(kind, data)
    return head + _chunk(b"IDAT", zlib.compress(zlib.decompress(body), 9)) + tail


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def make_picture(target: Path) -> None:
    """Writes the picture. Raises ChromiumMissingError, or ValueError when it became too heavy for a README."""
    check_chromium()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_sandbox(Path(folder) / "log") as url,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS) as browser,
        browser.new_context(viewport=SCREEN, timezone_id=TIMEZONE) as context,
    ):
        stage = Stage(context.new_page(), Path(folder))
        stage.open(url, language="kk")
        tell(stage)
        target.write_bytes(packed(stage.page.screenshot()))
    if target.stat().st_size > MOST_BYTES:
        raise ValueError(f"{target} has {target.stat().st_size} bytes; {MOST_BYTES} are the most")


if __name__ == "__main__":
    make_picture(Path(sys.argv[1]))
