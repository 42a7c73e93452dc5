"""One long story in a language that nobody speaks: whatever is shown in plain letters has escaped translation."""

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from bot.app import LOCALES
from bot.i18n import catalog_path
from bot.logic.screens.readers import NATIVE_NAMES
from sandbox.faults import Fault
from tests.i18n.pseudo import escaped, pseudo
from tests.support.story import NEWS, Person, Seen, Story, article, buttons_of, settings_for, telling

OUTSIDE = (
    # What comes from people, articles and settings.
    "Қала жаңарды",
    "Бүгін ауданда жаңа саябақ ашылды.",
    "Оған жүз ағаш отырғызылды.",
    "ауданда",
    "аудандa",
    "Жақсы жаңалық",
    "Айгүл",
    "Айдана Серік",
    NEWS,
    "Редакция",
    "The newsroom",
    "Сенім телефоны",
    "Хабарласу үшін 110 нөмірін теріңіз.",
    "TypeError",
    *NATIVE_NAMES.values(),
    # A day, as Kazakh has it.
    "ж",
    "қыркүйек",
)
SPOKEN = frozenset({"sendMessage", "editMessageText", "answerCallbackQuery", "setMyCommands", "createForumTopic"})
DESCRIBED = ("description", "short_description", "text", "name")


@pytest.fixture
def pseudo_locales(tmp_path: Path) -> Path:
    """Catalogs that say everything in marked letters."""
    for language in ("kk", "ru", "en"):
        with (LOCALES / "messages.pot").open("rb") as file:
            known = read_po(file)
        marked = Catalog(locale=language)
        for message in known:
            if isinstance(message.id, tuple):
                one, many = (pseudo(each) for each in message.id)
                marked.add(message.id, (one, *([many] * (marked.num_plurals - 1))))
            elif message.id:
                marked.add(message.id, pseudo(str(message.id)))
        path = catalog_path(tmp_path / "locales", language)
        path.parent.mkdir(parents=True)
        with path.open("wb") as file:
            write_po(file, marked)
    return tmp_path / "locales"


@pytest.fixture
async def marked(story_url: str, pseudo_locales: Path) -> AsyncIterator[tuple[Story, Person]]:
    """A story in marked letters, told at a desk with topics; and an editor."""
    async with telling(settings_for(story_url), forum=True, locales=pseudo_locales) as told:
        yield told[0], told[1]


def shown_in(params: Mapping[str, object]) -> Iterator[str]:
    """Every text, label, note and command of a request."""
    for name in DESCRIBED:
        if isinstance(text := params.get(name), str):
            yield text
    for button in buttons_of(params.get("reply_markup")):
        yield button["text"]
    commands = params.get("commands")
    for command in commands if isinstance(commands, list) else ():
        yield str(command["description"])


async def reads(story: Story) -> tuple[Person, Seen]:
    """The first screens, and the first article."""
    await story.publish()
    reader = story.person()
    await reader.starts("kk")
    for said in ("/help", "/privacy", "/language", "/stop", "/cancel", "/typo", "110", "?", "/start"):
        await reader.says(said)
        story.take_unseen(reader.chat_id)
    await reader.sends("photo")
    reader.sees("")
    await reader.edits(reader.say_without_waiting("…"), "?")
    story.take_unseen(reader.chat_id)
    await story.publish(article(title="Қала жаңарды"))
    (news,) = reader.sees("")
    await reader.presses("☎️", on=news)
    reader.sees("", "")
    await reader.presses("📖", on=news)
    reader.sees("")
    return reader, news


async def says_all(reader: Person, *words: str) -> None:
    """Each is answered; what is said is another story's matter."""
    for said in words:
        await reader.says(said)
        reader.story.take_unseen(reader.chat_id)


async def presses_all(reader: Person, *labels: str) -> None:
    for label in labels:
        standing = reader.story.telegram.messages(reader.chat_id)
        last = next(each for each in reversed(standing) if label in str(each.get("reply_markup")))
        message_id = int(str(last["message_id"]))
        await reader.presses(label, on=Seen(reader.chat_id, message_id, "", is_edit=False, labels=(), method=""))
        reader.story.take_unseen(reader.chat_id)


async def comments(reader: Person, news: Seen, desk: Person) -> Seen:
    """Returns the card."""
    await presses_all(reader, "💬")
    await says_all(reader, "ок", "Жақсы жаңалық", "?")
    await reader.sends("voice")
    reader.sees("")
    await presses_all(reader, pseudo("Another name"))
    await says_all(reader, "Б" * 65, "Айгүл")
    await presses_all(reader, pseudo("✏️ Edit"))
    await says_all(reader, "Жақсы жаңалық")
    await reader.quotes(news, "ауданда", "аудандa")
    reader.sees("")
    await presses_all(reader, "▶️", pseudo("✍️ Signature"), pseudo("Anonymously"))
    await reader.story.later(timedelta(minutes=61))
    reader.sees("")
    await presses_all(reader, "▶️", "✅")
    (card,) = desk.sees("")
    return card


async def reports(reader: Person, news: Seen, desk: Person) -> Seen:
    """Returns the card."""
    await presses_all(reader, pseudo("✏️ Misprint"))
    await says_all(reader, "а", "аудандa", "в" * 501)
    await presses_all(reader, "⏭")
    await reader.story.later(timedelta(minutes=61))
    reader.sees("")
    await says_all(reader, "/cancel")
    await reader.quotes(news, "ауданда", "Жақсы жаңалық")
    reader.sees("")
    await presses_all(reader, pseudo("✏️ How it should be"), "✅")
    (card,) = desk.sees("")
    await reader.forges("dialog:send:1")
    await reader.forges("decide:approve:1")
    await reader.forges("comment::4711")
    return card


async def decide(story: Story, aidana: Person, reader: Person, *, comment: Seen, report: Seen) -> None:
    for label, card in (("❌", comment), ("👌", report)):
        await aidana.presses(label, on=card)
        aidana.sees("")
        reader.sees("")
    await aidana.forges("decide:approve:1", message_id=comment.message_id)
    await story.publish(*(article(number, title="Қала жаңарды") for number in range(2, 14)))
    (question,) = aidana.sees("")
    await aidana.presses("🚫", on=question)
    aidana.sees("")


async def test_nothing_escapes_translation(marked: tuple[Story, Person]) -> None:
    story, aidana = marked
    story.expected_refusals.add("refused on demand")
    reader, news = await reads(story)
    comment = await comments(reader, news, aidana)
    report = await reports(reader, news, aidana)
    await decide(story, aidana, reader, comment=comment, report=report)
    story.telegram.add_fault(Fault("refused", method="sendMessage", description="Bad Request: refused on demand"))
    await reader.says("/help")
    reader.sees(
        pseudo("Something went wrong on our side; we know about it already. Please try once more a little later.")
    )
    aidana.sees("BadRequest")

    known = await story.dauys.services.readers.find(reader.user_id)
    assert known is not None
    said = {text for call in story.telegram.log for text in shown_in(call.params)}
    found = {text: escaped(text, known=(*OUTSIDE, "BadRequest", known.code)) for text in said}

    assert {text: words for text, words in found.items() if words} == {}
    assert len(said) > 80
    assert {call.method for call in story.telegram.log} >= SPOKEN
