import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.logic.cutting import slice_utf16
from bot.logic.markup import html_to_paragraphs, html_to_text
from bot.logic.rich import Rich

TAG_NAMES = "p div h2 ul ol li blockquote pre code b i u s a br table tr td th figure figcaption span script nonsense"
TAGS = TAG_NAMES.split()
BITS = st.one_of(
    st.sampled_from([f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS]),
    st.sampled_from(["<a href='https://a.kz/'>", "<img class=wp-smiley alt=🚸>", "&nbsp;", "&amp;lt;", "<!--more-->"]),
    st.text("аб 🚸\n\t<>&\"'", max_size=6),
)


def marks(rich: Rich) -> list[tuple[str, str]]:
    return [
        (entity.kind, slice_utf16(rich, entity.offset, entity.offset + entity.length).text) for entity in rich.entities
    ]


@pytest.mark.parametrize(
    ("html", "paragraphs"),
    [
        ("<p>Бір</p><p>Екі</p>", ["Бір", "Екі"]),
        ("жай мәтін", ["жай мәтін"]),
        ("<p>a\n  b\t c</p>", ["a b c"]),
        ("<p>a<br />\nb</p>", ["a\nb"]),
        ("a <br><br> b", ["a", "b"]),
        ("<ul><li>бір</li><li>екі</li></ul>", ["• бір\n• екі"]),
        ("<ul><li><p>бір</p></li><li></li><li>екі</li></ul>", ["• бір\n• екі"]),
        ("<ul><li>бір<ul><li>ішкі</li></ul></li></ul>", ["• бір\n  • ішкі"]),
        ('<ol start="3"><li>үш<li>төрт</ol>', ["3. үш\n4. төрт"]),
        (
            "<table><tr><th>Дс</th><td>9:00</td></tr><tr><td>Сб</td><td>10:00</td></tr></table>",
            ["Дс | 9:00\nСб | 10:00"],
        ),
        ("<pre>a  b\n  c</pre>", ["a  b\n  c"]),
        ("a<script>alert(1)</script><style>p{}</style><form>x<input></form><iframe>y</iframe>b", ["ab"]),
        ("<p>&amp;lt;b&amp;gt; &lt;i&gt; &#038; &quot;</p>", ['&lt;b&gt; <i> & "']),
        ('<p>жол <img src="x.png" alt="🚸" class="wp-smiley"/>!</p><img src="y.jpg" alt="сурет">', ["жол 🚸!"]),
        ('<p>a<span id="more-38"></span></p><p><!--nextpage--></p><!--more--><p>b</p>', ["a", "b"]),
        ("<p>&nbsp;</p><p> </p><div></div>", []),
        ("<div>a<div>b</div>c</div>", ["a", "b", "c"]),
        ("со\u00adеди\u200bнить\x07", ["соединить"]),
        ("\ud800a", ["a"]),
        ("<p>5 < 6 и 7 > 2", ["5 < 6 и 7 > 2"]),
    ],
)
def test_html_reads_as_a_browser_shows_it(html: str, paragraphs: list[str]) -> None:
    assert [paragraph.text for paragraph in html_to_paragraphs(html)] == paragraphs


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h2>Тақырып</h2>", [("bold", "Тақырып")]),
        ("<b>а <i>б</i></b> в", [("bold", "а б"), ("italic", "б")]),
        ("<i><b>а</b> б</i>", [("bold", "а"), ("italic", "а"), ("italic", " б")]),
        ("<blockquote><p>сөз</p></blockquote>", [("blockquote", "сөз")]),
        ("<u>a</u><ins>b</ins><s>c</s><del>d</del>", [("underline", "ab"), ("strikethrough", "cd")]),
        ("<pre><code>x <b>y</b></code></pre>", [("pre", "x y")]),
        ("<a href='https://a.kz'><code>x</code></a>", [("code", "x")]),
        ("<figure><img><figcaption>сурет</figcaption></figure>", [("italic", "сурет")]),
        ("<p class='wp-caption-text'>сурет</p>", [("italic", "сурет")]),
        ("а<b> </b>б<i></i>", []),
        ("<p>🚸 <b>жол</b> </p>", [("bold", "жол")]),
    ],
)
def test_formatting_becomes_entities(html: str, expected: list[tuple[str, str]]) -> None:
    (paragraph,) = html_to_paragraphs(html)
    assert marks(paragraph) == expected


def test_bold_over_two_paragraphs_is_bold_in_both() -> None:
    assert [marks(each) for each in html_to_paragraphs("<b>а<p>б</p></b>")] == [[("bold", "а")], [("bold", "б")]]


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("https://a.kz/x?a=1&amp;b=2", "https://a.kz/x?a=1&b=2"),
        ("/жол", "https://site.kz/жол"),
        ("javascript:alert(1)", None),
        ("tg://resolve?domain=x", None),
        ("mailto:a@b.kz", None),
        ("data:text/html,x", None),
        ("http://", None),
        ("http://[", None),
        ("", None),
        (" \thttps://a.kz ", "https://a.kz"),
    ],
)
def test_only_links_to_web_pages_stay_links(href: str, url: str | None) -> None:
    (paragraph,) = html_to_paragraphs(f'<a href="{href}">сілтеме</a>', base_url="https://site.kz/a/")
    assert paragraph.text == "сілтеме"
    assert [entity.url for entity in paragraph.entities] == ([] if url is None else [url])


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(BITS, max_size=40).map("".join))
def test_no_html_makes_an_entity_telegram_refuses(html: str) -> None:
    for paragraph in html_to_paragraphs(html, base_url="https://site.kz/"):
        assert paragraph.text == paragraph.text.strip() != ""
        paragraph.text.encode()
        spans = [(entity.offset, entity.offset + entity.length) for entity in paragraph.entities]
        assert spans == sorted(spans, key=lambda span: (span[0], -span[1]))
        for place, (start, end) in enumerate(spans):
            assert 0 <= start < end <= len(paragraph)
            assert slice_utf16(paragraph, start, end).text.strip()
            assert all(other >= end or stop <= end for other, stop in spans[place + 1 :]), "entities cross"


@settings(deadline=None)  # a busy machine is no fault
@given(
    st.text("абвәқ 🚸", min_size=1, max_size=40),
    st.sampled_from(["b", "p", "li", "td", "div", "nonsense", "h1", "pre"]),
)
def test_words_survive_any_tag(words: str, tag: str) -> None:
    assert html_to_text(f"<{tag}>{words}</{tag}>").removeprefix("• ").split() == words.split()


@pytest.mark.parametrize(
    "bomb",
    [
        "<div>" * 20_000,
        "<blockquote>" * 15_000,
        "<ul><li>" * 20_000,
        "<b>" * 50_000,
        "<nonsense>" * 15_000,
        "".join(f"<b class={number}>" for number in range(5_000)) + "<p>x" * 20_000,
        "<table><tr><td>" * 10_000,
    ],
)
def test_the_words_in_a_bomb_of_tags_survive_it(bomb: str) -> None:
    assert html_to_text(bomb + "сөз").endswith("сөз")


def test_an_article_of_200_kilobytes_is_whole() -> None:
    article = "<p>Сөз <b>қалың</b> және <a href='https://a.kz/'>сілтеме</a>.</p>" * 3000
    assert len(html_to_paragraphs(article)) == 3000
