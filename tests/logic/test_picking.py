from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.logic.article import SourceArticle, canonical_url
from bot.logic.picking import Fate, KnownArticle, Picked, pick
from bot.logic.rich import Rich, bold

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def article(number: int, **differences: str) -> SourceArticle:
    plain = SourceArticle(
        external_id=f"https://site.kz/?p={number}",
        url=f"https://site.kz/{number}/",
        title=f"Жаңалық {number}",
        lead=Rich("Қысқаша."),
        body=(Rich("Бір."), bold("Екі.")),
        language="kk",
        published_at=NOON + timedelta(minutes=number),
    )
    return replace(
        plain,
        external_id=differences.get("external_id", plain.external_id),
        url=differences.get("url", plain.url),
        title=differences.get("title", plain.title),
    )


def known(*articles: SourceArticle) -> list[KnownArticle]:
    return [KnownArticle(each.external_id, each.url, each.content_hash()) for each in articles]


def pick_later(before: list[KnownArticle], fetched: list[SourceArticle]) -> Picked:
    return pick(before, fetched, is_first_fetch=False)


def test_new_articles_come_oldest_first() -> None:
    picked = pick_later(known(article(1)), [article(3), article(2), article(1)])
    assert picked == Picked(new=(article(2), article(3)), corrected=(), fate=Fate.PUBLISH)


def test_without_dates_the_feeds_order_is_turned() -> None:
    undated = [replace(article(number), published_at=None) for number in (3, 2, 1)]
    assert [each.title for each in pick_later([], undated).new] == ["Жаңалық 1", "Жаңалық 2", "Жаңалық 3"]


def test_the_first_fetch_publishes_nothing_however_much_there_is() -> None:
    fetched = [article(number) for number in range(30)]
    picked = pick([], fetched, is_first_fetch=True)
    assert (len(picked.new), picked.fate) == (30, Fate.SEEN)


@pytest.mark.parametrize(("count", "fate"), [(0, Fate.PUBLISH), (10, Fate.PUBLISH), (11, Fate.HOLD)])
def test_more_than_ten_at_once_wait_for_the_desk(count: int, fate: Fate) -> None:
    assert pick_later([], [article(number) for number in range(count)]).fate is fate


def test_a_corrected_title_is_a_correction_and_nothing_new() -> None:
    corrected = article(1, title="Түзетілген тақырып")
    picked = pick_later(known(article(1)), [corrected])
    assert picked.new == ()
    assert picked.corrected == ((known(article(1))[0], corrected),)


def test_another_date_alone_is_no_correction() -> None:
    assert pick_later(known(article(1)), [replace(article(1), published_at=None)]).corrected == ()


def test_a_restored_site_with_other_ids_has_nothing_new() -> None:
    restored = [article(number, external_id=f"https://site.kz/?p={number + 500}") for number in (2, 1)]
    assert pick_later(known(article(1), article(2)), restored) == Picked((), (), Fate.PUBLISH)


def test_the_id_decides_where_the_address_moved() -> None:
    moved = article(1, url="https://site.kz/moved/")
    picked = pick_later(known(article(1), article(2)), [moved])
    assert (picked.new, [after.url for _, after in picked.corrected]) == ((), ["https://site.kz/moved/"])


@pytest.mark.parametrize(
    "other",
    [
        {"external_id": "other"},
        {"url": "https://site.kz/other/"},
        {"external_id": "other", "url": "http://SITE.kz/1?utm_source=rss#c"},
    ],
)
def test_doubles_within_one_feed_collapse_to_the_first(other: dict[str, str]) -> None:
    assert pick_later([], [article(1), article(1, **other)]).new == (article(1),)


def test_items_that_all_link_to_the_front_page_stay_apart() -> None:
    fetched = [article(number, url="https://site.kz/") for number in (2, 1)]
    assert len(pick_later(known(article(0, url="https://site.kz")), fetched).new) == 2


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(st.integers(0, 20), max_size=20), st.lists(st.integers(0, 20), max_size=20))
def test_what_was_picked_once_is_never_new_again(first: list[int], second: list[int]) -> None:
    once = pick_later([], [article(number) for number in first])
    again = pick_later(known(*once.new), [article(number) for number in first + second])
    assert {each.external_id for each in again.new}.isdisjoint(each.external_id for each in once.new)


@pytest.mark.parametrize(
    "same",
    [
        "http://site.kz/a",
        "https://Site.KZ/a/",
        "https://site.kz:443/a?utm_source=x&utm_medium=rss",
        "https://site.kz/a/#comments",
        " https://site.kz/a?fbclid=1 ",
    ],
)
def test_an_address_is_the_same_without_what_does_not_change_the_page(same: str) -> None:
    assert canonical_url(same) == "https://site.kz/a"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://site.kz/?p=1", "https://site.kz/?p=2"),
        ("https://site.kz/a", "https://site.kz/b"),
        ("https://site.kz/a", "https://site.kz:8443/a"),
        ("https://site.kz/a", "https://www.site.kz/a"),
    ],
)
def test_different_pages_stay_different(one: str, other: str) -> None:
    assert canonical_url(one) != canonical_url(other)


def test_cyrillic_in_an_address_is_the_same_however_it_is_written() -> None:
    ways = {"https://site.kz/жол", "https://site.kz/%d0%b6%d0%be%d0%bb/", "https://site.kz/%D0%B6%D0%BE%D0%BB"}
    assert len({canonical_url(way) for way in ways}) == 1


@settings(deadline=None)  # a busy machine is no fault
@given(st.text(max_size=50))
def test_any_text_has_a_canonical_form_that_stays(text: str) -> None:
    assert canonical_url(canonical_url("http://a.kz/" + text)) == canonical_url("http://a.kz/" + text)


@pytest.mark.parametrize(
    "changed",
    [
        replace(article(1), title="Басқа"),
        replace(article(1), lead=bold("Қысқаша.")),
        replace(article(1), body=(Rich("Бір.Екі."),)),
        replace(article(1), url="https://site.kz/other/"),
    ],
)
def test_the_hash_changes_with_what_a_reader_sees(changed: SourceArticle) -> None:
    assert changed.content_hash() != article(1).content_hash()


def test_the_hash_stays_with_what_a_reader_does_not_see() -> None:
    quiet = replace(article(1), published_at=None, external_id="x", url="http://site.kz/1?utm_source=a", language="ru")
    assert quiet.content_hash() == article(1).content_hash()


def test_the_hash_is_the_same_tomorrow() -> None:
    known_forever = "5c2bfd639a69c6236fdc1b76832b86cf3a349606b79b131271066098bc0641d3"
    assert article(1).content_hash() == known_forever, "every stored article would look corrected"
