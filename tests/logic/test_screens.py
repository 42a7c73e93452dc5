"""No screen breaks Telegram's limits, however long and strange what it shows is."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.app import LOCALES
from bot.i18n import Catalogs, Texts
from bot.logic.dialogs import Dialog, Draft, Step
from bot.logic.rich import Rich, bold
from bot.logic.screen import Button, Screen
from bot.logic.screens import articles as article_screens
from bot.logic.screens import desk as desk_screens
from bot.logic.screens import dialogs as dialog_screens
from bot.logic.views import ArticleView, DoubtView, HoldView, SubmissionView, SubmissionWord

CATALOGS = Catalogs.load(LOCALES, ("kk", "ru", "en"), ZoneInfo("Asia/Almaty"))
TEXTS = st.sampled_from(list(CATALOGS))
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BIGGEST = 10**18 - 1
HOTLINE = Button("☎️ 110", data="hotline")
STATES: tuple[SubmissionWord, ...] = ("pending", "approved", "rejected", "fixed", "not_error")


def words(limit: int, *, least: int = 0) -> st.SearchStrategy[str]:
    """Up to `limit` UTF-16 units, likely close to it."""
    return st.builds(
        lambda unit, count: (unit * count).encode("utf-16-le")[: limit * 2].decode("utf-16-le", "ignore"),
        st.sampled_from(["а", "word ", "🌊", "Сөйлем. ", "е́", "\n\n1"]),
        st.integers(min_value=least, max_value=limit),
    )


ARTICLES = st.builds(
    lambda title, lead, body: ArticleView(
        BIGGEST, "Жаңалықтар", "https://site.kz/" + "a" * 500, title, Rich(lead), tuple(body), "kk", NOON, "hash"
    ),
    words(5000, least=1),
    words(5000),
    st.lists(st.one_of(words(6000).map(Rich), words(6000).map(bold)), max_size=5),
)
DRAFTS = st.builds(
    lambda text, name, fragment: Draft(BIGGEST, text, name, True, fragment, f"Сөйлем {fragment}.", 7),  # noqa: FBT003 - as in the record's order
    words(2000, least=1),
    st.none() | words(64, least=1),
    words(255, least=2),
)


def check(screen: Screen) -> None:
    assert 0 < len(screen.body) <= 4096
    assert len(screen.body.entities) <= 100
    for entity in screen.body.entities:
        assert 0 <= entity.offset < entity.offset + entity.length <= len(screen.body)
    for row in screen.keyboard:
        for button in row:
            assert len(button.label) > 0
            assert button.data is None or 0 < len(button.data.encode()) <= 64
            assert [button.data, button.url, button.copy].count(None) == 2


@given(TEXTS, ARTICLES)
def test_an_article_fits(texts: Texts, article: ArticleView) -> None:
    check(article_screens.article_message(texts, article, hotline=HOTLINE))
    for piece in article_screens.full_text(texts, article):
        check(piece)


@settings(deadline=None)
@given(TEXTS, st.sampled_from(Step), DRAFTS, st.none() | ARTICLES, st.booleans())
def test_every_step_of_every_dialog_fits(
    texts: Texts,
    step: Step,
    draft: Draft,
    article: ArticleView | None,
    asks: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    wanted = Dialog(BIGGEST, step, draft) if asks else None
    dialog = Dialog(BIGGEST, step, draft, wanted=wanted)
    screen = dialog_screens.step_screen(texts, dialog, article, own_name="Ә" * 64)
    check(screen)
    check(dialog_screens.press_a_button(texts, screen))


@settings(deadline=None)
@given(TEXTS, DRAFTS, ARTICLES, st.sampled_from(STATES), st.booleans(), st.booleans())
def test_every_card_and_verdict_fits(
    texts: Texts,
    draft: Draft,
    article: ArticleView,
    state: SubmissionWord,
    is_typo: bool,  # noqa: FBT001 - hypothesis gives it
    is_repeat: bool,  # noqa: FBT001 - as above
) -> None:
    submission = SubmissionView(
        id=BIGGEST,
        is_typo=is_typo,
        state=state,
        words=draft.text or "",
        signature=draft.signature,
        fragment=draft.fragment,
        sentence=draft.sentence,
        fragment_at=draft.fragment_at,
        reader_code="ABCDE",
        reader_language="kk",
        article=article,
        decided_by="Ә" * 64,
        decided_at=NOON,
    )
    check(desk_screens.card(texts, submission, is_repeat=is_repeat))
    check(desk_screens.verdict(texts, submission))


HOLDS = st.builds(
    lambda source, titles, is_released: HoldView(BIGGEST, source, 10**6, tuple(titles), is_released, "Ә" * 64, NOON),
    words(64, least=1),
    st.lists(words(2000), max_size=15),
    st.sampled_from([None, True, False]),
)


@given(TEXTS, HOLDS)
def test_the_question_of_a_hold_fits(texts: Texts, hold: HoldView) -> None:
    check(desk_screens.hold_question(texts, hold))


DOUBTS = st.builds(
    lambda article, count, is_decided: DoubtView(
        BIGGEST, article, count, "Ә" * 64 if is_decided else None, NOON if is_decided else None
    ),
    ARTICLES,
    st.integers(0, 10**7),
    st.booleans(),
)


@given(TEXTS, DOUBTS)
def test_the_question_of_a_doubt_fits(texts: Texts, doubt: DoubtView) -> None:
    check(desk_screens.doubt_question(texts, doubt))
    assert len(desk_screens.sent_again(texts, doubt.count)) <= 200
    assert len(desk_screens.already_sent_again(texts, who="Ә" * 64)) <= 200
