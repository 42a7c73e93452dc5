"""The desk: one press, one decision, whoever presses; from anywhere else, nothing."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.story import Person, Story, article

NOT_THE_DESK = "This works only in the editors’ group"
TOO_LATE = "This button no longer works"
DONE = "Done, the reader is told"


async def comments(story: Story, words: str = "Жақсы жаңалық", *, language: str = "kk") -> Person:
    """A reader whose anonymous comment is at the desk, unseen yet."""
    reader, news = await story.reader_of(article(language=language))
    await reader.comments(news, words)
    return reader


async def test_two_editors_pressing_at_once_make_one_decision_and_both_see_whose(
    story: Story, aidana: Person, yerlan: Person
) -> None:
    reader = await comments(story)
    (card,) = aidana.sees("Жақсы жаңалық")

    aidana.press_without_waiting("✅", on=card)
    yerlan.press_without_waiting("❌", on=card)
    await story.settle()

    (decided,) = aidana.sees("")
    by_aidana = "Айдана Серік" in decided.text
    winner, said = ("Айдана Серік", "✅ Approved") if by_aidana else ("Ерлан", "❌ Rejected")
    assert f"{aidana.words(said)} · {winner}" in decided.text
    assert decided.labels == ()
    reader.sees("№1")
    assert sorted(story.toasts()[-2:]) == sorted(
        [aidana.words(DONE), aidana.words("Already decided by {who}", who=winner)]
    )


async def test_a_second_press_on_the_card_changes_nothing(story: Story, aidana: Person) -> None:
    reader = await comments(story)
    (card,) = aidana.sees("")

    aidana.press_without_waiting("✅", on=card)
    aidana.press_without_waiting("❌", on=card)
    await story.settle()

    aidana.sees(aidana.words("✅ Approved"))
    reader.sees("№1")


async def test_the_verdict_is_told_in_the_language_that_the_reader_speaks_by_then(story: Story, aidana: Person) -> None:
    reader = await comments(story, language="kk")
    aidana.sees("")
    await reader.says("/language")
    reader.sees("")
    await reader.presses("English")
    reader.sees("")

    await aidana.presses("✅")
    aidana.sees("")
    reader.sees(
        story.words("en", "✅ The editors have accepted your comment №{number}. Thank you for your voice!", number=1)
    )


async def test_a_desks_button_pressed_in_a_private_chat_does_nothing_but_say_so(
    story: Story, aidana: Person, language: str
) -> None:
    reader = await comments(story, language=language)
    aidana.sees("")

    for data in ("decide:approve:1", "decide:reject:1", "hold:release:1"):
        await reader.forges(data)

    assert story.toasts()[-3:] == [reader.words(NOT_THE_DESK)] * 3
    await aidana.presses("❌")
    aidana.sees(aidana.words("❌ Rejected"))
    reader.sees("№1")


async def test_an_editor_has_no_authority_outside_of_the_desk(story: Story, aidana: Person) -> None:
    await comments(story)
    (card,) = aidana.sees("")

    await aidana.forges("decide:approve:1", message_id=card.message_id, chat_id=aidana.user_id)

    assert story.toasts()[-1] == aidana.words(NOT_THE_DESK)


@pytest.mark.parametrize(
    "data", ["decide:fixed:1", "decide:approve:4711", "decide:whatever:1", "hold:release:4711", "hold:whatever:1"]
)
async def test_a_press_that_the_desk_made_up_decides_nothing(story: Story, aidana: Person, data: str) -> None:
    reader = await comments(story)
    (card,) = aidana.sees("")

    await aidana.forges(data, message_id=card.message_id)
    assert story.toasts()[-1] == aidana.words(TOO_LATE)

    await aidana.presses("✅", on=card)
    aidana.sees(aidana.words("✅ Approved"))
    reader.sees("№1")


@pytest.mark.parametrize(
    "data",
    [
        "comment::1",
        "typo::1",
        "full::1",
        "language:ru",
        "news:kk",
        "menu:language",
        "menu:help",
        "menu:resume",
        "dialog:send:1",
        "dialog:cancel:1",
        "dialog:go_on:1",
        "nonsense",
    ],
)
async def test_a_readers_button_forged_at_the_desk_does_nothing_but_say_so(
    story: Story, aidana: Person, data: str
) -> None:
    await comments(story)
    (card,) = aidana.sees("")

    await aidana.forges(data, message_id=card.message_id)

    assert story.toasts()[-1] == aidana.words(TOO_LATE)


FORGED = st.one_of(
    st.binary(min_size=1, max_size=64).map(lambda raw: raw.decode("latin-1")),
    st.from_regex(r"[a-z]{1,8}(:[a-z_]{0,12}(:-?[0-9]{0,19})?)?", fullmatch=True),
    st.builds(
        "{}:{}:{}".format,
        st.sampled_from(["comment", "typo", "full", "language", "news", "menu", "dialog", "decide", "hold"]),
        st.sampled_from(["", "send", "kk", "approve", "release", "language", "edit", "skip", "cancel", "off_kk"]),
        st.integers(-1, 10**18),
    ),
).filter(lambda data: 0 < len(data.encode()) <= 64)


@given(data=st.lists(FORGED, min_size=1, max_size=8), at_desk=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_a_custom_client_presses_is_answered_and_breaks_nothing(
    story: Story,
    aidana: Person,
    data: list[str],
    at_desk: bool,  # noqa: FBT001 - hypothesis draws it
) -> None:
    who = aidana if at_desk else story.person()

    for each in data:
        story.telegram.person_presses(who.user_id, who.chat_id, 1, each, force=True)
    await story.settle()

    trouble = story.words(
        "kk", "Something went wrong on our side; we know about it already. Please try once more a little later."
    )
    assert not [seen for seen in story.take_unseen(who.chat_id) if "⚠️" in seen.text or seen.text == trouble]
    story.expect_nothing_unseen()
    story.expect_presses_answered()
    story.expect_nothing_refused()


async def many_at_once(story: Story) -> Person:
    await story.publish()
    reader = story.person()
    await reader.starts("kk")
    await story.publish(*(article(number, title=f"№{number}.") for number in range(1, 13)))
    return reader


async def test_many_articles_at_once_wait_for_the_desk_and_go_out_with_its_yes(story: Story, aidana: Person) -> None:
    reader = await many_at_once(story)

    (question,) = aidana.sees("12")
    assert question.labels == (aidana.words("📨 Send"), aidana.words("🚫 Do not send"))
    await aidana.presses("📨")

    (decided,) = aidana.sees(f"{aidana.words('📨 Sent to the readers')} · Айдана Серік")
    assert decided.labels == ()
    reader.sees(*(f"№{number}." for number in range(1, 13)))


async def test_many_articles_at_once_stay_where_they_are_with_the_desks_no(
    story: Story, aidana: Person, yerlan: Person
) -> None:
    await many_at_once(story)
    (question,) = aidana.sees("12")

    aidana.press_without_waiting("🚫", on=question)
    yerlan.press_without_waiting("🚫", on=question)
    await story.settle()

    aidana.sees(aidana.words("🚫 Not sent"))
    (late,) = set(story.toasts()[-2:]) - {aidana.words("Saved")}
    assert late in {aidana.words("Already decided by {who}", who=who) for who in ("Айдана Серік", "Ерлан")}
    story.expect_nothing_unseen()


async def test_a_corrected_title_edits_what_was_sent_and_sends_nothing(story: Story) -> None:
    reader, news = await story.reader_of(article(1, title="Жана саябақ"))

    await story.publish(article(1, title="Жаңа саябақ"))

    (edited,) = reader.sees("Жаңа саябақ")
    assert edited.is_edit
    assert edited.message_id == news.message_id
