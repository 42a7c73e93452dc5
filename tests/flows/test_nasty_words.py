"""Whatever a reader writes is shown as written, and can do nothing but be text."""

import pytest

from bot.logic.cutting import clean_words
from tests.support.story import Person, Story, article

NASTY = (
    "<b>қалың</b> <a href='https://example.org'>мұнда</a> &lt;script&gt; &amp;",
    "*қалың* _көлбеу_ [мұнда](https://example.org) `код` ||жасырын|| ~жоқ~ > # + - = | { } . !",
    "\\*\\_\\[ {number} {name} {0} %s %(name)s ${x}",
    "бір \u202eірек\u202c екі \u2066үш\u2069",
    "ну\u200bле\u200dвая \ufeffширина\u2060 слова",
    "👨‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇰🇿 👍🏽 ❤️ 1️⃣",
    "a\u0301\u0302\u0303\u0304\u0305\u0306 z\u0337a\u0337l\u0337g\u0337o",
    "бірінші жол\r\n\r\n\r\n\r\nекінші жол\tсоңы",
    "мынау /start емес @dauys_bot https://example.org +77010000000 #тег $USD a@example.org",
    "'; DROP TABLE readers; -- \" \\x1b[31mқызыл",
    "𝕯𝖆𝖚𝖞𝖘 𐰴𐰀𐰔𐰴",
    "   шетінде бос орын   ",
)


async def test_the_longest_comment_of_astral_letters_is_shown_whole(story: Story, aidana: Person) -> None:
    await comment_is_shown(story, aidana, "𐰴" * 1000)


@pytest.mark.parametrize("words", NASTY)
async def test_a_comment_is_shown_as_written(story: Story, aidana: Person, words: str) -> None:
    await comment_is_shown(story, aidana, words)


async def comment_is_shown(story: Story, aidana: Person, words: str) -> None:
    """In the preview, on the card, and in the verdict as far as it goes; each time as plain quoted text."""
    shown = clean_words(words)
    reader, news = await story.reader_of(article(language="en"))
    await reader.says(words, reply_to=news.message_id)
    reader.sees("")
    await reader.presses(reader.words("Anonymously"))
    (preview,) = reader.sees(f"\n\n{shown}\n\n{reader.words('Signature: none, anonymous')}")
    entities = story.telegram.world.message(preview.chat_id, preview.message_id).entities
    assert {span["type"] for span in entities} == {"bold", "blockquote", "italic"}
    await reader.presses("✅")
    reader.sees("№1")

    (card,) = aidana.sees(f"\n\n{shown}")
    assert card.text.endswith(f"\n\n{shown}")
    await aidana.presses("✅")
    aidana.sees(f"\n\n{shown}\n\n{aidana.words('✅ Approved')}")
    (verdict,) = reader.sees("№1")
    assert shown[:100] in verdict.text


@pytest.mark.parametrize("words", NASTY)
async def test_a_name_is_shown_as_written(story: Story, aidana: Person, words: str) -> None:
    name = " ".join(clean_words(words).split())[:30].strip()
    reader, news = await story.reader_of(article())
    await reader.says("Жақсы жаңалық", reply_to=news.message_id)
    reader.sees("")
    await reader.presses(reader.words("Another name"))
    reader.sees("")
    await reader.says(name)
    reader.sees(reader.words("Signature: {name}", name=name))
    await reader.presses("✅")
    reader.sees("№1")
    aidana.sees(aidana.words("signed “{name}”", name=name))


@pytest.mark.parametrize("words", NASTY)
async def test_the_name_that_somebody_has_in_telegram_is_shown_as_it_is(
    story: Story, aidana: Person, words: str
) -> None:
    name = " ".join(clean_words(words).split())[:64]
    reader, news = await story.reader_of(article(), first_name=words[:64])
    await reader.says("Жақсы жаңалық", reply_to=news.message_id)
    (signing,) = reader.sees("")
    assert signing.labels[0].startswith(f"✍️ {name[:20]}")
    await reader.presses("✍️")
    reader.sees(name[:20])
    await reader.presses("✅")
    reader.sees("№1")
    aidana.sees(name[:20])


@pytest.mark.parametrize("words", NASTY)
async def test_a_report_is_shown_as_written(story: Story, aidana: Person, words: str) -> None:
    """The fragment as the article has it, marked; the correction as the reader typed it."""
    text = clean_words(words).replace("\n", " ")
    reader, news = await story.reader_of(article(text=f"Басы. {text} Соңы."))
    await reader.quotes(news, text, "опечатка")
    (asked,) = reader.sees(text)
    underlined = [
        span
        for span in story.telegram.world.message(asked.chat_id, asked.message_id).entities
        if span["type"] == "underline"
    ]
    assert [span["length"] for span in underlined] == [len(text.encode("utf-16-le")) // 2]
    await reader.says(words)
    reader.sees(clean_words(words))
    await reader.presses("✅")
    reader.sees("№1")
    aidana.sees(clean_words(words))
    await aidana.presses("✅")
    aidana.sees(text)
    reader.sees(text)


@pytest.mark.parametrize("name", [*NASTY, "\u3164", "А" * 64])
async def test_an_editors_name_is_shown_as_it_is(story: Story, aidana: Person, name: str) -> None:
    reader, news = await story.reader_of(article())
    editor = story.telegram.add_person(name[:64])
    story.telegram.person_joins(editor.user_id, aidana.chat_id)
    await reader.says("Жақсы жаңалық", reply_to=news.message_id)
    reader.sees("")
    await reader.presses("Айгүл")
    reader.sees("")
    await reader.presses("✅")
    reader.sees("")
    (card,) = aidana.sees("")

    await Person(story, editor.user_id, aidana.chat_id).presses("✅", on=card)

    shown = " ".join(clean_words(name[:64]).split())[:60]
    aidana.sees(shown)
    reader.sees("№1")
