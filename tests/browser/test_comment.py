"""A comment under a name of its own, with the hotline in between, to the verdict."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenStage
from tests.browser.words import KAZAKH, RUSSIAN, Words

COMMENTS = {
    "kk": ("Біздің көшеде де жарық жоқ, <b>ескеріңіздерші</b> & рақмет!", "Көрші апай"),
    "ru": ("На нашей улице тоже темно, <b>обратите внимание</b> & спасибо!", "Соседка"),
}


@pytest.mark.parametrize("words", [KAZAKH, RUSSIAN], ids=lambda words: words.language)
def test_a_comment_signed_with_another_name_is_rejected_by_the_second_editor(
    open_stage: OpenStage, words: Words
) -> None:
    stage = open_stage(words.language)
    reader, desk = stage.reader, stage.desk
    text, name = COMMENTS[words.language]
    stage.new_reader()
    stage.starts(words.language)
    article, _ = stage.publish(words.language)

    reader.presses(article, words.comment)
    reader.sees(words.write_comment)
    stage.picture("write")
    reader.says(text)
    signing = reader.sees(words.signing)
    stage.picture("sign")
    reader.presses(signing, words.another_name)
    reader.sees(words.which_name)
    reader.says(name)
    preview = reader.sees(words.preview, text, name)
    stage.picture("preview")
    reader.presses(preview, words.send)
    reader.sees(words.thanks_for_comment)

    card = desk.sees("№1", text, name)
    expect(desk.root.get_by_test_id("message").filter(has_text=text)).to_have_count(1)
    stage.picture("card")
    stage.acts_as("Ерлан")
    desk.presses(card, "❌ Қабылдамау")
    expect(card).to_contain_text("❌ Қабылданбады · Ерлан Тоқтаров")
    expect(card.get_by_test_id("inline-button")).to_have_count(0)
    reader.sees(words.rejected, text)
    stage.picture("verdict")


@pytest.mark.parametrize("words", [KAZAKH, RUSSIAN], ids=lambda words: words.language)
def test_the_hotline_answers_in_the_middle_of_a_comment_and_the_comment_goes_on(
    open_stage: OpenStage, words: Words
) -> None:
    stage = open_stage(words.language)
    stage.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    reader = stage.reader
    stage.new_reader()
    stage.starts(words.language)
    article, _ = stage.publish(words.language)
    reader.presses(article, words.comment)
    reader.sees(words.write_comment)

    reader.presses(article, "110")
    card = reader.sees("110", words.hotline, "📋")
    expect(reader.root.locator(".contact a")).to_have_attribute("href", "tel:110")
    stage.picture("hotline")
    reader.presses(card, "📋")
    expect(reader.toast).to_have_text(words.copied)
    assert stage.page.evaluate("navigator.clipboard.readText()") == "110"

    reader.says(COMMENTS[words.language][0])
    reader.sees(words.signing)
