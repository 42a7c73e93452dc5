"""What WordPress and its themes put into every feed item that nobody wrote: footers, "read more", password notices.

Told by their form and place (the last thing in the text), so that the same words in an article stay.
"""

import re
from typing import Final

from bot.logic.cutting import slice_utf16, strip
from bot.logic.rich import Rich

_PASSWORD_FORM = "post-password-form"  # noqa: S105  # a class name in WordPress's HTML, not a password
_PASSWORD_EXCERPT: Final = re.compile(
    r"(?:цитаты|отрывка) нет, потому что запись защищена|нет отрывка, потому что (?:эта )?запись защищена"
    r"|there is no excerpt because this is a protected post|бұл құпиясөзбен қорғалған жазба",
    re.IGNORECASE,
)
_FOOTER: Final = re.compile(
    r"The post .{1,400} (?:appeared first|first appeared) on .{1,200}"
    r"|(?:Сообщение|Запись) .{1,400} (?:появил(?:ись|ось|ась) сначала|впервые появил(?:ась|ось|ись)) .{1,200}"
    r"|.{1,400} (?:жазбасы|хабарламасы) алғаш(?:қыда|ында)? .{1,200}",
    re.DOTALL,
)
_MORE: Final = re.compile(
    r"[\s(\[]*(?:Читать (?:далее|дальше|полностью)|Далее|Подробнее|Продолжить чтение|Continue reading|Read more|More"
    r"|Толығырақ(?: оқу)?|Толық оқу|Әрі қарай оқу|Жалғасын оқу)\b[^.!?\n]{0,300}[\s.…»→>\])]*",
    re.IGNORECASE,
)
_BARE_MORE: Final = re.compile(
    r"[\s(\[]*(?:Читать (?:далее|дальше|полностью)|Подробнее|Continue reading|Read more|Толығырақ(?: оқу)?|Толық оқу)"
    r"[\s.…»→>\])]*",
    re.IGNORECASE,
)
_CUT_MARK: Final = re.compile(r"\s*\[\s*(?:…|\.\.\.)\s*\]\s*\Z")


def is_protected(summary: str, content: str) -> bool:
    """Whether an item is a notice that its text is behind a password."""
    return _PASSWORD_FORM in content or _PASSWORD_FORM in summary or bool(_PASSWORD_EXCERPT.search(summary[:1000]))


def strip_marks(paragraphs: tuple[Rich, ...]) -> tuple[Rich, ...]:
    """The paragraphs without the footer and the "read more" at their end; "[…]" becomes "…"."""
    kept = list(paragraphs)
    while kept:
        last = _without_more(kept[-1])
        if not last or _FOOTER.fullmatch(last.text):
            kept.pop()
            continue
        kept[-1] = _without_cut_mark(last)
        return tuple(kept)
    return ()


def _without_more(paragraph: Rich) -> Rich:
    if _BARE_MORE.fullmatch(paragraph.text):
        return Rich()
    links = [entity for entity in paragraph.entities if entity.kind == "text_link"]
    if not links:
        return paragraph
    tail = slice_utf16(paragraph, links[-1].offset, len(paragraph)).text
    return strip(slice_utf16(paragraph, 0, links[-1].offset)) if _MORE.fullmatch(tail) else paragraph


def _without_cut_mark(paragraph: Rich) -> Rich:
    found = _CUT_MARK.search(paragraph.text[-40:])
    if found is None:
        return paragraph
    kept = paragraph.text[: len(paragraph.text) - len(found.group())]
    return slice_utf16(paragraph, 0, len(Rich(kept))) + "…"
