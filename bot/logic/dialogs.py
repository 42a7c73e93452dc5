"""Where a reader stands in a guided flow, and the draft: records and the way they are stored. Pure.

    comment:  TEXT ──► SIGN ──► PREVIEW ──► (sent)
               ▲         └► NAME ──┘ │
               └───────── edit ──────┘
    typo:     FRAGMENT ──► CORRECTION ──► CONFIRM ──► (sent)
                                ▲──── edit ───┘
    either:   CHOICE ──► typo at CONFIRM, or comment at SIGN

A dialog whose reader asks for something else keeps it in `wanted` until they say which of the two they want.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from enum import StrEnum

IDLE = timedelta(hours=1)
"""After this long without a word a dialog ends by itself."""
DRAFT_KEPT = timedelta(days=1)
"""For this long its draft can be taken up again."""


class Step(StrEnum):
    COMMENT_TEXT = "comment_text"
    COMMENT_SIGN = "comment_sign"
    COMMENT_NAME = "comment_name"
    COMMENT_PREVIEW = "comment_preview"
    TYPO_FRAGMENT = "typo_fragment"
    TYPO_CORRECTION = "typo_correction"
    TYPO_CONFIRM = "typo_confirm"
    CHOICE = "choice"


COMMENT_STEPS = frozenset({Step.COMMENT_TEXT, Step.COMMENT_SIGN, Step.COMMENT_NAME, Step.COMMENT_PREVIEW})


@dataclass(frozen=True, slots=True)
class Draft:
    """What the reader gave so far. `text` is the comment or the correction; `fragment_at` counts UTF-16 code units.

    `is_signed`: the reader decided about the signature; None is then their wish to stay anonymous.
    """

    article_id: int | None = None
    text: str | None = None
    signature: str | None = None
    is_signed: bool = False
    fragment: str | None = None
    sentence: str | None = None
    fragment_at: int | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.text or self.fragment)


@dataclass(frozen=True, slots=True)
class Dialog:
    """`number` is the update that began it: a button of an older dialog is told apart by it."""

    number: int
    step: Step
    draft: Draft
    is_parked: bool = False
    wanted: "Dialog | None" = None

    def at(self, step: Step, draft: Draft | None = None) -> "Dialog":
        """The same dialog at another step, with this draft from now on."""
        return replace(self, step=step, draft=draft or self.draft, is_parked=False, wanted=None)

    @property
    def flow(self) -> str:
        return "comment" if self.step in COMMENT_STEPS else "typo"


def as_document(dialog: Dialog) -> dict[str, object]:
    """What of a dialog is stored as JSON: all but the step and whether it is parked, which are columns."""
    wanted = dialog.wanted
    return {
        "number": dialog.number,
        "draft": {name: value for name, value in asdict(dialog.draft).items() if value is not None},
        "wanted": None if wanted is None else {"step": wanted.step.value, **as_document(wanted)},
    }


def read_dialog(step: str, document: Mapping[str, object], *, is_parked: bool) -> Dialog | None:
    """The inverse of `as_document`; None for what an older version stored and nobody can read any more."""
    try:
        known_step = Step(step)
    except ValueError:
        return None
    number, draft, wanted = document.get("number"), document.get("draft"), document.get("wanted")
    if not isinstance(number, int) or not isinstance(draft, dict):
        return None
    inner = read_dialog(str(wanted.get("step")), wanted, is_parked=False) if isinstance(wanted, dict) else None
    return Dialog(number, known_step, _read_draft(draft), is_parked, inner)


def _read_draft(document: Mapping[str, object]) -> Draft:
    def text(name: str) -> str | None:
        value = document.get(name)
        return value if isinstance(value, str) else None

    def number(name: str) -> int | None:
        value = document.get(name)
        return value if isinstance(value, int) else None

    return Draft(
        article_id=number("article_id"),
        text=text("text"),
        signature=text("signature"),
        is_signed=document.get("is_signed") is True,
        fragment=text("fragment"),
        sentence=text("sentence"),
        fragment_at=number("fragment_at"),
    )


@dataclass(frozen=True, slots=True)
class Opened:
    """The dialog that stands now, and whether the reader has to choose between it and `wanted` first."""

    dialog: Dialog
    asks: bool


def open_dialog(current: Dialog | None, wanted: Dialog) -> Opened:
    """Begins `wanted`, unless that would lose a draft about something else: then the reader is asked.

    Pressing the same button again comes back to the same draft.
    """
    if current is None or current.draft.is_empty:
        return Opened(wanted, asks=False)
    same_subject = current.flow == wanted.flow and current.draft.article_id == wanted.draft.article_id
    if same_subject and wanted.draft.is_empty and not current.is_parked:
        return Opened(replace(current, wanted=None), asks=False)
    return Opened(replace(current, wanted=replace(wanted, wanted=None)), asks=True)
