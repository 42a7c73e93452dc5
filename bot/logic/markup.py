"""Foreign HTML to paragraphs of text with entities: an allow-list by nh3, then a walk over what is left.

What the list does not name loses its tag and keeps its text; what can run or ask (scripts, forms, frames) goes whole.
Entities come out properly nested, and `code` and `pre` lie in nothing but a quotation, as the Bot API has it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin, urlsplit

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from bot.logic.cutting import strip
from bot.logic.rich import Entity, EntityKind, Rich, utf16_length

LONGEST_HTML: Final = 300_000


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_STYLES: Final[dict[str, EntityKind]] = {
    **dict.fromkeys(("b", "strong", "h1", "h2", "h3", "h4", "h5", "h6", "th", "dt", "summary"), "bold"),
    **dict.fromkeys(("i", "em", "cite", "dfn", "figcaption", "caption"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "del", "strike"), "strikethrough"),
    **dict.fromkeys(("code", "kbd", "samp", "tt"), "code"),
    "pre": "pre",
    "blockquote": "blockquote",
}
_BLOCKS: Final = _names(
    "p div blockquote pre figure figcaption section article aside header footer main nav address details summary dl dt"
    " dd hr center caption h1 h2 h3 h4 h5 h6 ul ol table"
)
_OTHERS: Final = _names("a br img li tr td th thead tbody tfoot")
_DROPPED: Final = _names(
    "script style form iframe noscript template object svg math select textarea button audio video canvas title noembed"
    " noframes"
)
_ATTRIBUTES: Final = {"a": {"href"}, "img": {"alt", "class"}, "ol": {"start"}, "p": {"class"}}

# From the outside in: every paragraph's entities nest in this order, so two of them never cross.
_ORDER: Final[tuple[EntityKind, ...]] = (
    "blockquote",
    "text_link",
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "code",
    "pre",
)
_DEEPEST: Final = 200
_DEEPEST_FORMATTING: Final = 24
_FORMATTING: Final = _names("a b big code em font i nobr s small strike strong tt u")
# They need no end tag or have no content, so leaving them open makes nothing deeper.
_FLAT: Final = _names(
    "p li dt dd tr td th thead tbody tfoot option br img hr input meta link col wbr source track area base embed param"
)

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^>]*+>?")
_SPACES = re.compile("[ \t\n\r\f\v\u2028\u2029]+")
# Nothing a reader sees: controls, soft hyphens, zero-width spaces, order marks, forced directions. A quoted word with
# one of them inside would not be found in the text.
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u200b\u202d\u202e\u2060\ufeff]")
_BULLET, _CELL_BORDER, _INDENT = "• ", " | ", "  "

_Style = tuple[EntityKind, str | None]
_Run = tuple[str, tuple[_Style, ...]]


def html_to_paragraphs(html: str, *, base_url: str = "") -> tuple[Rich, ...]:
    """The paragraphs of `html`, none of them empty; a list or a table is one paragraph of several lines.

    Links keep only http and https, relative ones are resolved against `base_url` or lose their link. WordPress's
    pictures of emoji become the emoji, other pictures go. Of more than LONGEST_HTML characters the rest is left out.
    """
    clean = nh3.clean(
        _flatten(html[:LONGEST_HTML].encode("utf-8", "ignore").decode("utf-8")),  # lone surrogates are not for nh3
        tags={*_BLOCKS, *_STYLES, *_OTHERS},
        clean_content_tags=set(_DROPPED),
        attributes=_ATTRIBUTES,
        link_rel=None,
    )
    body = LexborHTMLParser(clean).body
    if body is None:
        return ()
    writer = _Writer(base_url)
    _walk(body, writer)
    return writer.finish()


def html_to_text(html: str) -> str:
    """The words of `html` alone, a blank line between paragraphs."""
    return "\n\n".join(paragraph.text for paragraph in html_to_paragraphs(html))


def _flatten(html: str) -> str:
    """`html` as it is, or with nothing but paragraphs where it nests deeper than any article.

    Parsers take quadratic time and memory for tags nested by the ten thousand; words must survive, structure need not.
    """
    depths = {True: 0, False: 0}
    for found in _TAG.finditer(html):
        name = found[2].lower()
        if name not in _FLAT:
            kind = name in _FORMATTING
            depths[kind] = max(depths[kind] + (-1 if found[1] else 1), 0)
            if depths[kind] > (_DEEPEST_FORMATTING if kind else _DEEPEST):
                return _TAG.sub(_only_flat, html)
    return html


def _only_flat(found: re.Match[str]) -> str:
    name = found[2].lower()
    if name in _DROPPED:
        return found[0]
    return "" if name in _FORMATTING or name in ("span", "img") else "<p>"


def _walk(root: LexborNode, writer: "_Writer") -> None:
    """Depth first without recursion: a document's depth must not become Python's."""
    node = root.child
    while node is not None:
        if node.is_text_node:
            writer.write(node.text_content or "")
        else:
            writer.enter(node)
        node = node.child or _leave(node, root, writer)


def _leave(node: LexborNode, root: LexborNode, writer: "_Writer") -> LexborNode | None:
    """Climbs out of what ends with `node`; the next node to enter, None at the end of `root`."""
    current: LexborNode | None = node
    while current is not None and current.mem_id != root.mem_id:
        if not current.is_text_node:
            writer.leave(current)
        if current.next is not None:
            return current.next
        current = current.parent
    return None


@dataclass(slots=True)
class _List:
    """A list that is being written; `number` is the next item's, None for bullets."""

    number: int | None


@dataclass(slots=True)
class _Writer:
    """Collects runs of equally styled text and makes a paragraph of them at each border of a block."""

    base_url: str
    _paragraphs: list[Rich] = field(default_factory=list)
    _runs: list[_Run] = field(default_factory=list)
    _styles: list[tuple[int, _Style]] = field(default_factory=list)
    _lists: list[_List] = field(default_factory=list)
    _tables: int = 0
    _at_line_start: bool = True
    _bullet: int | None = None

    def enter(self, node: LexborNode) -> None:
        tag = node.tag or ""
        self._break_before(tag)
        match tag:
            case "br":
                self._break_line()
            case "img":
                self._write_emoji(node)
            case "ul" | "ol":
                self._lists.append(_List(_start_of(node) if tag == "ol" else None))
            case "table":
                self._tables += 1
            case "li":
                self._write_bullet()
            case "td" | "th":
                self._write_cell_border()
            case _:
                pass
        if (style := self._style_of(node, tag)) is not None:
            self._styles.append((node.mem_id, style))

    def leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if self._styles and self._styles[-1][0] == node.mem_id:
            self._styles.pop()
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag == "table":
            self._tables -= 1
        if tag == "li":
            self._drop_empty_bullet()
        if tag in _BLOCKS:
            self._break_block()

    def write(self, text: str) -> None:
        visible = _INVISIBLE.sub("", text)
        if self._in_pre():
            self._put(visible)
            return
        folded = _SPACES.sub(" ", visible)
        if self._at_line_start or self._ends_with_space():
            folded = folded.lstrip(" ")
        if folded:
            self._put(folded)

    def finish(self) -> tuple[Rich, ...]:
        self._flush()
        return tuple(self._paragraphs)

    def _put(self, text: str) -> None:
        if not text:
            return
        if text == "\n":
            self._trim_line()
        self._runs.append((text, self._current_styles()))
        self._at_line_start = text.endswith("\n")
        self._bullet = None

    def _trim_line(self) -> None:
        """Spaces before a line break are not shown, but they would count."""
        while self._runs and self._runs[-1][0] != "\n" and not self._in_pre():
            text, styles = self._runs.pop()
            if kept := text.rstrip(" "):
                self._runs.append((kept, styles))
                return

    def _in_pre(self) -> bool:
        return any(kind == "pre" for _, (kind, _) in self._styles)

    def _ends_with_space(self) -> bool:
        return bool(self._runs) and self._runs[-1][0].endswith((" ", "\n"))

    def _current_styles(self) -> tuple[_Style, ...]:
        """What applies now, from the outside in, each kind once; of links the innermost; code admits a quote."""
        active = dict(style for _, style in self._styles)
        plain = next((kind for kind in ("pre", "code") if kind in active), None)
        kinds = [kind for kind in _ORDER if kind in active and (plain is None or kind in (plain, "blockquote"))]
        return tuple((kind, active[kind]) for kind in kinds)

    def _style_of(self, node: LexborNode, tag: str) -> _Style | None:
        if tag == "a":
            url = _absolute(node.attributes.get("href") or "", self.base_url)
            return ("text_link", url) if url else None
        if tag == "p" and "wp-caption-text" in (node.attributes.get("class") or ""):
            return ("italic", None)
        kind = _STYLES.get(tag)
        return None if kind is None else (kind, None)

    def _write_emoji(self, node: LexborNode) -> None:
        classes = (node.attributes.get("class") or "").split()
        if "wp-smiley" in classes or "emoji" in classes:
            self.write(node.attributes.get("alt") or "")

    def _write_cell_border(self) -> None:
        if not self._at_line_start:
            self._put(_CELL_BORDER)

    def _write_bullet(self) -> None:
        current = self._lists[-1] if self._lists else _List(None)
        indent = _INDENT * (len(self._lists) - 1)
        bullet = _BULLET if current.number is None else f"{current.number}. "
        if current.number is not None:
            current.number += 1
        self._put(indent + bullet)
        self._at_line_start = True
        self._bullet = len(self._runs) - 1

    def _drop_empty_bullet(self) -> None:
        if self._bullet is not None:
            del self._runs[self._bullet :]
            self._bullet = None
            self._at_line_start = not self._runs or self._runs[-1][0].endswith("\n")

    def _break_before(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._break_block()
        elif tag in ("li", "tr"):
            self._break_softly()

    def _break_line(self) -> None:
        """A second break in a row is how old editors end a paragraph."""
        if self._in_lines():
            self._break_softly()
        elif self._at_line_start and not self._in_pre():
            self._flush()
        else:
            self._put("\n")

    def _break_block(self) -> None:
        if self._in_lines():
            self._break_softly()
        else:
            self._flush()

    def _break_softly(self) -> None:
        if self._runs and not self._at_line_start:
            self._put("\n")

    def _in_lines(self) -> bool:
        return bool(self._lists) or self._tables > 0

    def _flush(self) -> None:
        paragraph = _weave(self._runs)
        if paragraph:
            self._paragraphs.append(paragraph)
        self._runs = []
        self._at_line_start = True
        self._bullet = None


def _start_of(node: LexborNode) -> int:
    start = node.attributes.get("start") or ""
    return int(start) if re.fullmatch(r"[0-9]{1,6}", start) else 1


def _absolute(href: str, base_url: str) -> str:
    """An http or https address with a host, or nothing."""
    if not href.strip():
        return ""
    try:
        url = urljoin(base_url, href.strip())
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.hostname else ""


def _weave(runs: Sequence[_Run]) -> Rich:
    """One paragraph of the runs; an entity opens and closes where its style does, and none holds only white space."""
    entities: list[tuple[int, int, Entity]] = []
    opened: list[tuple[_Style, int, int]] = []
    text = "".join(words for words, _ in runs)
    index = units = 0
    for words, styles in (*runs, ("", ())):
        same = _common_length([style for style, _, _ in opened], styles)
        for depth in range(len(opened) - 1, same - 1, -1):
            (kind, url), start, offset = opened.pop()
            if text[start:index].strip():
                entities.append((offset, depth, Entity(kind, offset, units - offset, url)))
        opened.extend((style, index, units) for style in styles[same:])
        index, units = index + len(words), units + utf16_length(words)
    return strip(Rich(text, tuple(entity for _, _, entity in sorted(entities, key=lambda item: item[:2]))))


def _common_length(one: Sequence[_Style], other: Sequence[_Style]) -> int:
    return next(
        (place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
        min(len(one), len(other)),
    )
