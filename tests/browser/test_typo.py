"""A misprint, from the mouse that marks it to the thanks."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenStage
from tests.browser.words import KAZAKH, RUSSIAN, Words


@pytest.mark.parametrize("words", [KAZAKH, RUSSIAN], ids=lambda words: words.language)
def test_a_misprint_marked_with_the_mouse_is_mended_and_its_reader_thanked(open_stage: OpenStage, words: Words) -> None:
    stage = open_stage(words.language)
    reader, desk = stage.reader, stage.desk
    stage.new_reader()
    stage.picture("start")
    expect(stage.starts(words.language)).to_contain_text(words.welcome)
    stage.picture("welcome")
    article, misprint = stage.publish(words.language)
    expect(article.locator(".preview img")).to_be_visible()
    stage.picture("article")

    reader.selects(article, misprint.wrong)
    quote = stage.page.get_by_test_id("quote-button")
    expect(quote).to_be_visible()
    stage.picture("selected")
    quote.click()
    expect(stage.page.get_by_test_id("quote-bar")).to_contain_text(misprint.wrong)
    reader.says(misprint.right)
    confirm = reader.sees(words.confirm, misprint.wrong, misprint.right)
    stage.picture("confirm")
    reader.presses(confirm, words.send)
    reader.sees(words.thanks_for_report)

    card = desk.sees("№1", misprint.wrong, misprint.right)
    desk.opens_topic("Қателер")
    expect(card).to_be_visible()
    stage.picture("card")
    stage.acts_as("Ерлан")
    desk.presses(card, "✅ Түзетілді")

    expect(card).to_contain_text("Ерлан Тоқтаров")
    expect(card.get_by_test_id("inline-button")).to_have_count(0)
    expect(desk.toast).to_have_text("Дайын, оқырманға хабарланды")
    reader.sees(words.fixed, misprint.wrong)
    stage.picture("thanks")
