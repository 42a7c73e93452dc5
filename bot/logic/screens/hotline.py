"""The hotline: a text card with a copy button, and the contact cards behind it."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.i18n import Texts
from bot.logic.callbacks import Action, Press
from bot.logic.rich import bold, fill, join
from bot.logic.screen import Button, Screen
from bot.settings.sections import HotlineNumber


@dataclass(frozen=True, slots=True)
class Contact:
    """What sendContact takes: a card that a phone can call and save."""

    phone_number: str
    first_name: str


def hotline_card(texts: Texts, numbers: Sequence[HotlineNumber]) -> Screen:
    parts = [
        join(
            [
                fill("☎️ {number} · {title}", number=bold(each.number), title=each.title.in_language(texts.language)),
                each.note.in_language(texts.language),
            ]
        )
        for each in numbers
    ]
    copy = tuple(
        (Button(texts.gettext("📋 Copy {number}").format(number=each.number), copy=each.number),) for each in numbers
    )
    return Screen(join(parts, "\n\n"), copy)


def hotline_contacts(texts: Texts, numbers: Sequence[HotlineNumber]) -> list[Contact]:
    return [Contact(each.number, each.title.in_language(texts.language) or each.number) for each in numbers]


def hotline_button(numbers: Sequence[HotlineNumber]) -> Button:
    """The same in every language: the number itself."""
    return Button(f"☎️ {numbers[0].number}", data=Press(Action.HOTLINE).pack())
