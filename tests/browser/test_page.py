"""The page itself: on a phone, after a reload, when its server is away, with two editors at once."""

from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenStage
from tests.browser.stage import ARRIVES_WITHIN_MS, PHONE, Stage, running_sandbox

UNTRANSLATED = "() => [...document.querySelectorAll('[data-word]')].filter(e => !e.textContent.trim()).length"
# What a person cannot reach: it stands beyond the screen's edge, and nothing around it can be scrolled sideways.
BEYOND_THE_EDGE = """() => {
    const scrolls = (element) => ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
    const isReachable = (element) => {
        for (let around = element; around; around = around.parentElement) {
            if (around.matches(".publish, .controls, .topics") && scrolls(around)) return true;
        }
        return false;
    };
    return [...document.body.querySelectorAll("*")]
        .filter((element) => element.checkVisibility({ visibilityProperty: true }))
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && !isReachable(element))
        .map((element) => `${element.tagName} ${element.className}`);
}"""


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_a_phone_shows_one_chat_at_a_time_and_nothing_sticks_out(open_stage: OpenStage, language: str) -> None:
    stage = open_stage(language)
    page = stage.page
    page.set_viewport_size(PHONE)
    expect(stage.desk.root).to_be_hidden()
    stage.starts(language)
    stage.publish("ru" if language == "ru" else "kk")
    stage.reader.says("/hotline")
    stage.reader.sees("110", "📋")
    stage.picture("reader")
    assert page.evaluate(BEYOND_THE_EDGE) == []
    for name in ("publish-kk", "publish-ru", "correct-title", "new-reader"):
        expect(page.get_by_test_id(name)).to_be_visible()

    page.get_by_test_id("tab-desk").click()
    expect(stage.desk.root).to_be_visible()
    expect(stage.reader.root).to_be_hidden()
    stage.picture("desk")
    assert page.evaluate(BEYOND_THE_EDGE) == []
    assert page.evaluate(UNTRANSLATED) == 0


def test_after_a_reload_everything_stands_where_it_stood(open_stage: OpenStage) -> None:
    stage = open_stage("ru")
    stage.starts("ru")
    article, misprint = stage.publish("ru")
    stage.reader.says("110")
    stage.reader.sees("110", "📋")
    before = stage.reader.root.get_by_test_id("message").all_inner_texts()

    stage.page.reload()
    expect(stage.page.locator("html")).to_have_attribute("lang", "ru")
    expect(article).to_be_visible()
    assert stage.reader.root.get_by_test_id("message").all_inner_texts() == before
    stage.reader.selects(article, misprint.wrong)
    stage.page.get_by_test_id("quote-button").click()
    stage.reader.says(misprint.right)
    stage.reader.sees(misprint.wrong, misprint.right, "Отправить в редакцию?")


def test_a_corrected_title_changes_the_message_and_sends_no_other(open_stage: OpenStage) -> None:
    stage = open_stage("kk")
    stage.starts("kk")
    article, _ = stage.publish("kk")
    title = article.locator(".text strong").inner_text()
    count = stage.reader.root.get_by_test_id("message").count()

    stage.page.get_by_test_id("correct-title").click()
    edited = stage.reader.root.get_by_test_id("message").filter(has=stage.page.get_by_test_id("edited")).last
    expect(edited).not_to_contain_text(title, timeout=15_000)
    expect(stage.reader.root.get_by_test_id("message")).to_have_count(count)


def test_a_reader_who_blocks_the_bot_gets_nothing_until_they_come_back(open_stage: OpenStage) -> None:
    stage = open_stage("kk")
    stage.starts("kk")
    stage.page.get_by_test_id("block-toggle").click()
    expect(stage.page.get_by_test_id("reader-start")).to_be_visible()
    stage.picture("blocked")
    stage.page.get_by_test_id("reader-start").click()
    expect(stage.page.get_by_test_id("reader-input")).to_be_visible()
    stage.publish("kk")


def test_a_photo_gets_a_friendly_sentence(open_stage: OpenStage) -> None:
    stage = open_stage("en")
    stage.page.emulate_media(color_scheme="dark")
    stage.starts("en")
    stage.page.get_by_test_id("reader-attach").click()
    stage.page.get_by_test_id("reader-menu").get_by_role("button").first.click()
    stage.reader.sees("For now I can only take words")
    stage.reader.says("/help")
    stage.reader.sees("What I can do")
    stage.picture("help")


def test_of_two_editors_pressing_at_once_one_decides_and_the_other_sees_who(open_stage: OpenStage) -> None:
    stage = open_stage("kk")
    page = stage.page
    stage.starts("kk")
    article, misprint = stage.publish("kk")
    stage.reader.selects(article, misprint.wrong)
    page.get_by_test_id("quote-button").click()
    stage.reader.says(misprint.right)
    stage.reader.presses(stage.reader.sees("Редакцияға жіберейін бе?"), "✅ Жіберу")
    card = stage.desk.sees("№1", misprint.wrong)

    # The first edit of the card fails and is made a second later: till then the buttons stand for both.
    fault = {"kind": "server_error", "method": "editMessageText"}
    assert page.request.post(urljoin(page.url, "/sandbox/faults"), data=fault).ok
    # Both presses leave within one turn of the page's loop, before either could be answered.
    stage.desk.button(card, "✅ Түзетілді").evaluate(
        """fixed => {
            const notAnError = [...fixed.closest(".keyboard").querySelectorAll("button")].at(-1);
            fixed.click();
            [...document.querySelectorAll("[data-testid=editor]")].at(-1).click();
            notAnError.click();
        }"""
    )
    expect(page.get_by_test_id("alert")).to_contain_text("Шешім қабылданып қойған: Айдана Серікова")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("alert")).to_be_hidden()
    expect(card.get_by_test_id("inline-button")).to_have_count(0)
    expect(card).to_contain_text("✅ Түзетілді · Айдана Серікова")
    expect(card).not_to_contain_text("Ерлан")
    stage.reader.sees("хабарламаңыздағы қате түзетілді")


def test_a_page_whose_server_was_away_says_so_and_comes_back_by_itself(page: Page, tmp_path: Path) -> None:
    with running_sandbox(tmp_path / "first.log") as url:
        stage = Stage(page, tmp_path)
        stage.open(url, language="ru")
        stage.starts("ru")
    expect(page.get_by_test_id("away")).to_be_visible()
    with running_sandbox(tmp_path / "second.log", port=urlsplit(url).port or 0):
        expect(page.get_by_test_id("away")).to_be_hidden(timeout=ARRIVES_WITHIN_MS)
        # Nothing of the first sandbox was kept: the new one begins with a new reader.
        expect(page.get_by_test_id("reader-start")).to_be_visible()
        stage.starts("ru")
