"""The page itself: on a phone, after a reload, when the server is away, and what it does with hostile names."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenStage
from tests.browser.stage import PHONE

UNTRANSLATED = "() => [...document.querySelectorAll('[data-word]')].filter(e => !e.textContent.trim()).length"
OVERFLOW = "() => document.documentElement.scrollWidth - innerWidth"


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
    assert page.evaluate(OVERFLOW) == 0
    for name in ("publish-kk", "publish-ru", "correct-title", "new-reader"):
        expect(page.get_by_test_id(name)).to_be_visible()

    page.get_by_test_id("tab-desk").click()
    expect(stage.desk.root).to_be_visible()
    expect(stage.reader.root).to_be_hidden()
    stage.picture("desk")
    assert page.evaluate(OVERFLOW) == 0
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
