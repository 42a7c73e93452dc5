"""The guided flows as their reader sees them: one screen for each step, drawn from the dialog alone.

The same function draws a step the first time, after a restart and when a draft is taken up again.
"""

from dataclasses import replace
from typing import assert_never

from bot.i18n import Texts
from bot.logic.callbacks import Action, Press
from bot.logic.cutting import cut_at_sentence, slice_utf16
from bot.logic.dialogs import Dialog, Draft, Step
from bot.logic.rich import Rich, bold, fill, italic, join, quoted, styled, utf16_length
from bot.logic.screen import Button, ButtonStyle, Keyboard, Screen
from bot.logic.views import ArticleView

COMMENT_LENGTH = range(3, 2001)
"""In UTF-16 code units, as Telegram counts."""
NAME_LENGTH = range(1, 65)


def step_screen(  # noqa: PLR0911 - one return for each step
    texts: Texts, dialog: Dialog, article: ArticleView | None, *, own_name: str
) -> Screen:
    """What the reader sees at this step. `own_name` is the name they have in Telegram."""
    if dialog.wanted is not None:
        return _which_of_two(texts, dialog, article)
    match dialog.step:
        case Step.COMMENT_TEXT:
            return _comment_text(texts, dialog, article)
        case Step.COMMENT_SIGN:
            return _comment_sign(texts, dialog, own_name)
        case Step.COMMENT_NAME:
            body = texts.gettext("What name shall we sign it with? Write it, up to 64 letters.")
            return Screen(Rich(body), (_cancel_row(texts, dialog),))
        case Step.COMMENT_PREVIEW:
            return _comment_preview(texts, dialog, article)
        case Step.TYPO_FRAGMENT:
            return _typo_fragment(texts, dialog, article)
        case Step.TYPO_CORRECTION:
            return _typo_correction(texts, dialog)
        case Step.TYPO_CONFIRM:
            return _typo_confirm(texts, dialog)
        case Step.CHOICE:
            return _choice(texts, dialog)
        case _:
            assert_never(dialog.step)


def _button(dialog: Dialog, label: str, word: str, style: ButtonStyle | None = None) -> Button:
    return Button(label, data=Press(Action.DIALOG, word, dialog.number).pack(), style=style)


def _cancel_row(texts: Texts, dialog: Dialog) -> tuple[Button, ...]:
    return (_button(dialog, texts.gettext("✖️ Cancel"), "cancel"),)


def _about(article: ArticleView | None) -> Rich:
    return bold(cut_at_sentence(Rich(article.title), 120)) if article is not None else Rich()


def _comment_text(texts: Texts, dialog: Dialog, article: ArticleView | None) -> Screen:
    parts: list[Rich | str] = [
        join([texts.gettext("💬 A comment on the article"), _about(article)]),
        texts.gettext("Write it in one message, from 3 to 2,000 characters."),
    ]
    if dialog.draft.text:
        parts += [texts.gettext("So far you have written:"), quoted(dialog.draft.text)]
    return Screen(join(parts, "\n\n"), (_cancel_row(texts, dialog),))


def _comment_sign(texts: Texts, dialog: Dialog, own_name: str) -> Screen:
    keyboard: Keyboard = (
        (_button(dialog, f"✍️ {own_name}", "sign_own"),),
        (_button(dialog, texts.gettext("Another name"), "sign_other"),),
        (_button(dialog, texts.gettext("Anonymously"), "sign_none"),),
        _cancel_row(texts, dialog),
    )
    return Screen(Rich(texts.gettext("How shall we sign the comment?")), keyboard)


def _comment_preview(texts: Texts, dialog: Dialog, article: ArticleView | None) -> Screen:
    signature = dialog.draft.signature
    signed = (
        Rich(texts.gettext("Signature: none, anonymous"))
        if signature is None
        else fill(texts.gettext("Signature: {name}"), name=signature)
    )
    body = join(
        [
            join([texts.gettext("Please check before sending. Your comment on the article"), _about(article)]),
            quoted(dialog.draft.text or ""),
            italic(signed),
        ],
        "\n\n",
    )
    keyboard: Keyboard = (
        (_button(dialog, texts.gettext("✅ Send"), "send", "success"),),
        (
            _button(dialog, texts.gettext("✏️ Edit"), "edit"),
            _button(dialog, texts.gettext("✍️ Signature"), "resign"),
        ),
        _cancel_row(texts, dialog),
    )
    return Screen(body, keyboard)


def _typo_fragment(texts: Texts, dialog: Dialog, article: ArticleView | None) -> Screen:
    wrong, right = texts.gettext("wether"), texts.gettext("weather")
    example = fill(texts.gettext("…the {word} will be cold tomorrow…"), word=bold(wrong))
    body = join(
        [
            join([texts.gettext("✏️ A misprint in the article"), _about(article)]),
            texts.gettext(
                "The easiest way: hold the wrong word in the article, tap “Quote” and write how it should be:"
            ),
            join([quoted(join([example, f"     ☝️ → ❝ {wrong} ❞"])), f"✍️ {right}"]),
            texts.gettext("Or copy the words with the misprint and send them here, from 2 to 255 characters."),
        ],
        "\n\n",
    )
    return Screen(body, (_cancel_row(texts, dialog),))


def _typo_correction(texts: Texts, dialog: Dialog) -> Screen:
    body = join(
        [
            texts.gettext("✏️ The misprint:"),
            quoted(marked_fragment(dialog.draft)),
            texts.gettext("How should it be? Write only the right words, or skip this."),
        ],
        "\n\n",
    )
    return Screen(body, ((_button(dialog, texts.gettext("⏭ Skip"), "skip"),), _cancel_row(texts, dialog)))


def _typo_confirm(texts: Texts, dialog: Dialog) -> Screen:
    body = join(
        [
            texts.gettext("Shall I send it to the editors?"),
            before_after(texts, dialog.draft),
        ],
        "\n\n",
    )
    keyboard: Keyboard = (
        (_button(dialog, texts.gettext("✅ Send"), "send", "success"),),
        (_button(dialog, texts.gettext("✏️ Edit"), "edit"), *_cancel_row(texts, dialog)),
    )
    return Screen(body, keyboard)


def before_after(texts: Texts, draft: Draft) -> Rich:
    """The fragment within its sentence, and what should stand there."""
    before = join([bold(texts.gettext("Now:")), quoted(marked_fragment(draft))])
    if not draft.text:
        return before
    return join([before, join([bold(texts.gettext("Should be:")), quoted(draft.text)])], "\n\n")


def marked_fragment(draft: Draft) -> Rich:
    """The sentence with the fragment bold and underlined; the fragment alone where its place is not known."""
    fragment, sentence, at = draft.fragment or "", draft.sentence, draft.fragment_at
    strong = bold(styled(fragment, "underline"))
    if sentence is None or at is None:
        return strong
    whole = Rich(sentence)
    end = at + utf16_length(fragment)
    return slice_utf16(whole, 0, at) + strong + slice_utf16(whole, end, len(whole))


def _choice(texts: Texts, dialog: Dialog) -> Screen:
    body = join(
        [
            texts.gettext("You have quoted:"),
            quoted(dialog.draft.fragment or ""),
            texts.gettext("and written:"),
            # What was typed may be as long as a message; with the question it must still fit one.
            quoted(cut_at_sentence(Rich(dialog.draft.text or ""), 300)),
            texts.gettext("What is it?"),
        ],
        "\n",
    )
    keyboard: Keyboard = (
        (_button(dialog, texts.gettext("✏️ How it should be"), "as_typo"),),
        (_button(dialog, texts.gettext("💬 A comment"), "as_comment"),),
        _cancel_row(texts, dialog),
    )
    return Screen(body, keyboard)


def _which_of_two(texts: Texts, dialog: Dialog, article: ArticleView | None) -> Screen:
    kept = dialog.draft.text or dialog.draft.fragment or ""
    about = (
        texts.gettext("You have an unfinished comment:")
        if dialog.flow == "comment"
        else texts.gettext("You have an unfinished misprint report:")
    )
    body = join(
        [
            join([about, _about(article)]),
            quoted(cut_at_sentence(Rich(kept), 300)),
            texts.gettext("Go on with it, or drop it and begin the new one?"),
        ],
        "\n\n",
    )
    keyboard: Keyboard = (
        (_button(dialog, texts.gettext("▶️ Go on"), "go_on"),),
        (_button(dialog, texts.gettext("🆕 Begin the new one"), "begin_new"),),
    )
    return Screen(body, keyboard)


def draft_kept(texts: Texts, *, is_comment: bool, number: int) -> Screen:
    """Said once when a dialog ended by itself; silent, it is no news."""
    body = (
        texts.gettext("Your unfinished comment is kept until tomorrow.")
        if is_comment
        else texts.gettext("Your unfinished misprint report is kept until tomorrow.")
    )
    go_on = Button(texts.gettext("▶️ Go on"), data=Press(Action.DIALOG, "go_on", number).pack())
    return Screen(Rich(body), ((go_on,),), silent=True)


def sent(texts: Texts, *, is_comment: bool, number: int) -> Screen:
    """Thanks, and what happens next."""
    thanks = (
        texts.gettext("Thank you! Your comment №{number} is with the editors. I will tell you here what they decide.")
        if is_comment
        else texts.gettext(
            "Thank you! Your report №{number} is with the editors. I will tell you here when they have looked."
        )
    )
    return Screen(fill(thanks, number=number))


def cancelled(texts: Texts) -> Screen:
    return Screen(Rich(texts.gettext("All right, nothing was sent.")))


def nothing_to_cancel(texts: Texts) -> Screen:
    return Screen(Rich(texts.gettext("There is nothing to cancel: nothing has been begun.")))


def words_needed(texts: Texts) -> Screen:
    """To a photo or a voice in the middle of a flow."""
    return Screen(
        Rich(texts.gettext("For now I can only take words. What you have written is safe; please go on with text."))
    )


def press_a_button(texts: Texts, step: Screen) -> Screen:
    """To words where a press is awaited: the step once more, under a hint."""
    hint = texts.gettext("Please choose with a button; what you have written is safe.")
    return replace(step, body=join([hint, step.body], "\n\n"))


def comment_length(texts: Texts, length: int) -> Screen:
    template = texts.gettext("A comment has from 3 to 2,000 characters; yours has {length}. Please send it once more.")
    return Screen(fill(template, length=length))


def fragment_length(texts: Texts, length: int) -> Screen:
    template = texts.gettext(
        "Please mark from 2 to 255 characters; here are {length}. A word or two around the misprint is enough."
    )
    return Screen(fill(template, length=length))


def correction_length(texts: Texts) -> Screen:
    return Screen(
        Rich(texts.gettext("That is too long for a correction. Please write only the words that should stand there."))
    )


def name_length(texts: Texts) -> Screen:
    return Screen(Rich(texts.gettext("Please write a name of 1 to 64 letters.")))


def edits_unseen(texts: Texts) -> Screen:
    """To an edited message: what was sent is with us in its first wording."""
    return Screen(Rich(texts.gettext("I do not take over edits. If it matters, please send the words once more.")))


def quote_an_article(texts: Texts) -> Screen:
    """To a quote or a reply to something that is no article of ours."""
    return Screen(
        Rich(
            texts.gettext(
                "I can only take comments and misprints on articles that I sent you here. Please reply to one of them."
            )
        )
    )


def choose_article(texts: Texts, articles: list[ArticleView]) -> Screen:
    """To /typo: the way by quoting, and the last articles to choose from."""
    body = join(
        [
            bold(texts.gettext("✏️ A misprint")),
            texts.gettext("Hold the wrong word in any article here, tap “Quote” and write how it should be."),
            texts.gettext("Or choose the article:") if articles else "",
        ],
        "\n\n",
    )
    keyboard = tuple(
        (Button(cut_at_sentence(Rich(each.title), 60).text, data=Press(Action.TYPO, number=each.id).pack()),)
        for each in articles
    )
    return Screen(body, keyboard)
