from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.logic.article import SourceArticle
from bot.logic.rich import Rich, bold
from bot.sources.feed import MOST_ITEMS, read_feed
from bot.sources.fetching import Page
from bot.sources.port import Faulty, Fetched, SourceFault, SourceWarning, Validators
from tests.sources.feeds import atom, item, rss

VALIDATORS = Validators('"abc"', "Sun, 01 Mar 2026 10:00:00 GMT")
BILLION_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
    "<rss><channel><title>&c;</title></channel></rss>"
)
HTML = '<!DOCTYPE html><html><head><link rel="alternate" type="application/rss+xml"></head><body>Бет</body></html>'


def read(feed: str | bytes, *, language: str = "kk") -> Fetched | Faulty:
    body = feed if isinstance(feed, bytes) else feed.encode()
    page = Page(body, "application/rss+xml; charset=UTF-8", "https://site.kz/kaz/feed/", VALIDATORS)
    return read_feed(page, language=language, languages=("kk", "ru", "en"))


def read_articles(feed: str | bytes, *, language: str = "kk") -> tuple[SourceArticle, ...]:
    fetched = read(feed, language=language)
    assert isinstance(fetched, Fetched), fetched
    return fetched.articles


def read_one(**parts: str) -> SourceArticle:
    (article,) = read_articles(rss(item(1, **parts)))
    return article


def test_an_item_becomes_an_article() -> None:
    feed = rss(item(7, title="Жол &amp; көпір", content="<h2>Бөлім</h2><p>Мәтін.</p>", description="Қысқаша."))
    assert read(feed) == Fetched(
        articles=(
            SourceArticle(
                external_id="https://site.kz/?p=7",
                url="https://site.kz/2026/7/",
                title="Жол & көпір",
                lead=Rich("Қысқаша."),
                body=(bold("Бөлім"), Rich("Мәтін.")),
                language="kk",
                published_at=datetime(2026, 3, 1, 10, 7, tzinfo=UTC),
            ),
        ),
        validators=VALIDATORS,
        title="Сынақ сайты",
    )


def test_atom_is_read_too() -> None:
    second, first = read_articles(atom("Б", "А &amp;amp; В"))
    assert (second.title, first.title) == ("Б", "А & В")
    assert (first.external_id, first.url) == ("tag:1", "https://site.kz/1")
    assert (first.lead, first.body) == (Rich("Қысқаша."), (Rich("Толық 1"),))
    assert first.published_at == datetime(2026, 3, 1, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", SourceFault.EMPTY),
        (b" \r\n ", SourceFault.EMPTY),
        (rss(), SourceFault.EMPTY),
        (HTML, SourceFault.NOT_A_FEED),
        ('<?xml version="1.0"?>\n<!-- c -->\n' + HTML, SourceFault.NOT_A_FEED),
        ("<html><body>404</body></html>", SourceFault.NOT_A_FEED),
        ('{"items": []}', SourceFault.NOT_A_FEED),
        ("<sitemap></sitemap>", SourceFault.NOT_A_FEED),
        ("just words about <rss> feeds", SourceFault.NOT_A_FEED),
        (BILLION_LAUGHS, SourceFault.FORBIDDEN_MARKUP),
        (BILLION_LAUGHS.encode("utf-16"), SourceFault.FORBIDDEN_MARKUP),
        (BILLION_LAUGHS.encode("utf-16-be"), SourceFault.FORBIDDEN_MARKUP),
        (BILLION_LAUGHS.encode("utf-8-sig"), SourceFault.FORBIDDEN_MARKUP),
        ("\n\n" + BILLION_LAUGHS.lower(), SourceFault.FORBIDDEN_MARKUP),
        (rss(item(1)).replace("<channel>", "<channel><!ENTITY a 'b'>"), SourceFault.FORBIDDEN_MARKUP),
        (rss(item(1))[:-150], SourceFault.TRUNCATED),
        (rss(item(1))[:150], SourceFault.TRUNCATED),
        ("<?xml version='1.0'?><rss", SourceFault.TRUNCATED),
        (rss(item(1)).replace("<rss ", '<rss xmlns:x="a\u00a0b" x:y="1" '), SourceFault.NOT_A_FEED),
        (b"<rss>" + b"\x81\x8d\x98" * 3000, SourceFault.GARBLED),
    ],
)
def test_what_is_no_feed_has_a_name(body: str | bytes, fault: SourceFault) -> None:
    answer = read(body)
    assert isinstance(answer, Faulty)
    assert (answer.fault, bool(answer.detail)) == (fault, True)


def test_a_feed_that_breaks_off_gives_its_whole_items_and_asks_in_full_next_time() -> None:
    whole = rss(item(3), item(2), item(1))
    for end in range(whole.index("</item>") + 7, len(whole) - len("</rss>")):
        answer = read(whole[:end])
        assert isinstance(answer, Fetched)
        assert (answer.warning, answer.validators) == (SourceWarning.TRUNCATED, Validators())
        assert len(answer.articles) == whole[:end].count("</item>")
        assert all(article.lead.text.startswith("Қысқаша мазмұны") for article in answer.articles)


def test_an_atom_feed_that_breaks_off_gives_its_whole_entries() -> None:
    answer = read(atom("Б", "А")[:-40])
    assert isinstance(answer, Fetched)
    assert ([article.title for article in answer.articles], answer.warning) == (["Б"], SourceWarning.TRUNCATED)


def test_a_feed_cut_within_a_letter_still_gives_what_came() -> None:
    body = rss(item(2), item(1)).encode()
    answer = read(body[: body.index("мазмұны 1".encode()) + 1])
    assert isinstance(answer, Fetched)
    assert [article.title for article in answer.articles] == ["Жаңалық 2"]


def test_words_after_the_end_of_a_feed_do_not_make_it_broken() -> None:
    answer = read(rss(item(1)) + "\n<!-- Dynamic page generated in 0.123 seconds. -->\n")
    assert isinstance(answer, Fetched)
    assert answer.warning is None


@pytest.mark.parametrize("junk", ["\n\n", "\ufeff\n", "<br />\n<b>Warning</b>: Undefined variable in x.php\n"])
def test_what_php_prints_before_a_feed_is_passed_over(junk: str) -> None:
    assert len(read_articles(junk + rss(item(1)))) == 1


def test_characters_xml_forbids_do_not_cost_the_feed() -> None:
    (article,) = read_articles(rss(item(1, title="Жол\x0b ашық", description="Бір\x1f екі")))
    assert (article.title, article.lead.text) == ("Жол ашық", "Бір екі")


def test_an_undeclared_html_entity_does_not_cost_the_feed() -> None:
    (article,) = read_articles(rss("<item><title>Жол&nbsp;&mdash; ашық</title><guid>1</guid></item>"))
    assert article.title == "Жол — ашық"


def test_a_doctype_quoted_in_an_article_is_only_words() -> None:
    quoted = "<![CDATA[<pre>&lt;!DOCTYPE x> <!DOCTYPE y></item></rss>]]>"
    feed = rss(f"<item><guid>1</guid><title>HTML</title><description>{quoted}</description></item>", item(2))
    assert len(read_articles(feed)) == 2
    assert len(read_articles(feed[:-10])) == 2


@pytest.mark.parametrize(
    "parts",
    [
        {"content": '<p>Parol</p><form class="post-password-form"><input></form>'},
        {"description": "Цитаты нет, потому что запись защищена."},
        {"description": "There is no excerpt because this is a protected post."},
    ],
)
def test_an_article_behind_a_password_is_left_out(parts: dict[str, str]) -> None:
    answer = read(rss(item(2), item(1, **parts)))
    assert isinstance(answer, Fetched)
    assert [article.title for article in answer.articles] == ["Жаңалық 2"]


def test_a_feed_of_nothing_but_passwords_is_not_a_fault() -> None:
    assert read_articles(rss(item(1, content='<form class="post-password-form"></form>'))) == ()


def test_an_article_without_an_id_is_known_by_its_address() -> None:
    article = read_one(guid="", link="https://site.kz/a/?utm_source=rss")
    assert (article.external_id, article.url) == ("https://site.kz/a", "https://site.kz/a/?utm_source=rss")


def test_an_article_without_a_link_leads_to_its_id_or_the_site() -> None:
    assert read_one(link="").url == "https://site.kz/?p=1"
    article = read_one(link="", guid="abc")
    assert (article.external_id, article.url) == ("abc", "https://site.kz/")


def test_an_article_without_both_is_left_out() -> None:
    assert read_articles(rss(item(2, link="", guid=""), item(1)))[0].title == "Жаңалық 1"


@pytest.mark.parametrize("link", ["javascript:alert(1)", "tg://x", "http://["])
def test_a_link_that_is_no_web_page_is_not_shown(link: str) -> None:
    assert read_one(link=link).url == "https://site.kz/?p=1"


def test_a_relative_link_is_made_whole() -> None:
    article = read_one(link="/a/1/", content='<p><a href="../2/">екі</a></p>')
    assert article.url == "https://site.kz/a/1/"
    assert article.body[0].entities[0].url == "https://site.kz/a/2/"


@pytest.mark.parametrize(
    ("given_title", "title"),
    [
        ("А &#038; Б &#8211; В", "А & Б – В"),
        ("А &amp;lt; Б", "А &lt; Б"),
        ("<em>Жаңа</em>\n  жол", "Жаңа жол"),
        ("5 < 6", "5 < 6"),
        ("Жол \u202eашық\u200b", "Жол ашық"),
        ("", "Қысқаша мазмұны 1."),
    ],
)
def test_a_title_is_one_plain_line(given_title: str, title: str) -> None:
    assert read_one(title=given_title).title == title


@pytest.mark.parametrize(
    ("description", "lead"),
    [
        ("Бір екі [&#8230;]", "Бір екі…"),
        ("Бір екі […]", "Бір екі…"),
        ("<p>Бір.</p><p>The post <a href='#'>X</a> appeared first on <a href='#'>Y</a>.</p>", "Бір."),
        ("<p>Раз.</p>\n<p>Сообщение <a href='#'>X</a> появились сначала на <a href='#'>Y</a>.</p>", "Раз."),
        ("<p>Раз.</p><p>Запись X впервые появилась Y.</p>", "Раз."),
        ("Раз два&hellip; <a href='/x'>Читать далее<span> «X»</span> &rarr;</a>", "Раз два…"),
        ("<p>Бір.</p><p><a href='/x'>Толығырақ »</a></p>", "Бір."),
        ("<p>One.</p><p>Continue reading</p>", "One."),
        ("<p>Подробнее о правилах — на сайте школы.</p>", "Подробнее о правилах — на сайте школы."),
        ("<p>Раз <a href='/x'>два</a></p>", "Раз два"),
    ],
)
def test_what_nobody_wrote_is_taken_off_the_lead(description: str, lead: str) -> None:
    assert read_one(description=description).lead.text == lead


def test_the_footer_goes_from_the_full_text_too() -> None:
    content = "<p>Мәтін бар.</p><p>The post <a href='#'>X</a> first appeared on <a href='#'>Y</a>.</p>"
    assert read_one(content=content).body == (Rich("Мәтін бар."),)


def test_a_lead_made_by_wordpress_gives_way_to_the_texts_own_beginning() -> None:
    first = "Қабылдау бөлмесінің жұмыс уақыты дүйсенбіден бастап өзгерді, жаңа кесте төменде берілген."
    content = f"<h2>Кесте</h2><p>{first}</p><ul><li>бір</li><li>екі</li></ul><p>{'Соңы. ' * 100}</p>"
    article = read_one(content=content, description=f"Кесте {first} бір екі Соңы. […]")
    assert article.lead == bold("Кесте") + f"\n\n{first}"


def test_a_lead_written_by_an_editor_stays() -> None:
    assert read_one(content="<p>Толық мәтін.</p>", description="Редактордың сөзі.").lead == Rich("Редактордың сөзі.")


def test_without_a_description_the_text_leads() -> None:
    assert read_one(content="<p>Толық <b>мәтін</b>.</p>", description="").lead.text == "Толық мәтін."


def test_a_whole_article_in_the_description_is_its_full_text() -> None:
    article = read_one(description="<p>Бір.</p><p>Екі.</p>")
    assert (article.lead.text, article.body) == ("Бір.\n\nЕкі.", (Rich("Бір."), Rich("Екі.")))


def test_an_excerpt_alone_is_no_full_text() -> None:
    assert read_one().body == ()


def test_wordpress_emoji_are_letters_again() -> None:
    picture = '<img src="https://s.w.org/1f6b8.png" alt="🚸" class="wp-smiley" style="height: 1em;" />'
    assert read_one(content=f"<p>Абайлаңыз {picture}</p>").body == (Rich("Абайлаңыз 🚸"),)


@pytest.mark.parametrize("date", ["", "кеше", "Sun, 99 Mar 2026 10:00:00 +0000", "0000-00-00"])
def test_a_date_that_is_none_is_none(date: str) -> None:
    assert read_one(pubDate=date).published_at is None


def test_an_endless_feed_is_read_to_its_two_hundredth_item() -> None:
    assert len(read_articles(rss(*(item(number) for number in range(MOST_ITEMS + 50))))) == MOST_ITEMS


def test_auto_tells_the_language_of_each_article() -> None:
    feed = rss(
        item(1, title="Қыста жұқа мұзға шықпаңыз", description="Абай болыңыз."),
        item(2, title="Зимой не выходите на тонкий лёд", description="Будьте осторожны."),
        item(3, title="Stay off thin ice in winter", description="Please be careful."),
    )
    assert [article.language for article in read_articles(feed, language="auto")] == ["kk", "ru", "en"]


@settings(deadline=None)  # a busy machine is no fault
@given(st.text(max_size=200), st.integers(0, 400))
def test_nothing_in_a_feed_raises(junk: str, place: int) -> None:
    feed = rss(item(1), item(2, content="<p>Толық</p>"))
    read((feed[:place] + junk + feed[place:]).encode("utf-8", "replace"))


@pytest.mark.parametrize(
    "bomb", ["<![CDATA[" * 100_000, "<item>" * 50_000, "<a " * 100_000, "<!--" * 100_000, "</rss><!--" * 30_000]
)
def test_a_feed_made_to_be_slow_is_read_in_time(bomb: str) -> None:
    read(rss(item(1)).replace("</channel>", bomb + "</channel>"))


def test_more_tags_than_any_feed_has_are_refused() -> None:
    answer = read(rss(item(1)).replace("</channel>", "<b>" * 100_000 + "</channel>"))
    assert isinstance(answer, Faulty)
    assert answer.fault is SourceFault.TOO_LARGE


def test_a_feed_of_many_thousand_items_gives_the_newest() -> None:
    assert len(read_articles(rss(*(item(number) for number in range(12_000))))) == MOST_ITEMS
