"""What the desk sees, in the desk's language: cards, questions, service lines; and the verdicts their readers hear."""

from collections.abc import Mapping

from bot.i18n import Texts
from bot.logic.callbacks import Action, Press
from bot.logic.cutting import cut_at_sentence
from bot.logic.dialogs import Draft
from bot.logic.rich import Rich, bold, fill, italic, join, link, quoted
from bot.logic.screen import Button, Keyboard, Screen
from bot.logic.screens.dialogs import before_after, marked_fragment
from bot.logic.screens.readers import native_name
from bot.logic.views import DoubtView, HoldView, SubmissionView


def card(texts: Texts, submission: SubmissionView, *, is_repeat: bool) -> Screen:
    """A submission with its buttons, or with its decision once there is one.

    `is_repeat`: a copy of this card may stand in the group already; the decision is one all the same.
    """
    if submission.is_erased:
        gone = Rich(texts.gettext("🗑 The reader has deleted these words."))
        title = join([_title(texts, submission, is_repeat=False), _about(submission)])
        return Screen(join([title, gone, _decision(texts, submission)], "\n\n"))
    parts = [
        join([_title(texts, submission, is_repeat=is_repeat), _about(submission), _who(texts, submission)]),
        _typo(texts, submission) if submission.is_typo else Rich(submission.words),
        _decision(texts, submission),
    ]
    return Screen(join(parts, "\n\n"), _buttons(texts, submission))


def _title(texts: Texts, submission: SubmissionView, *, is_repeat: bool) -> Rich:
    name = texts.gettext("✏️ Misprint №{number}") if submission.is_typo else texts.gettext("💬 Comment №{number}")
    title = bold(fill(name, number=submission.id))
    return fill("🔁 {title} · {repeat}", title=title, repeat=texts.gettext("repeat")) if is_repeat else title


def _about(submission: SubmissionView) -> Rich:
    article = submission.article
    return Rich() if article is None else link(cut_at_sentence(Rich(article.title), 200), article.url)


def _who(texts: Texts, submission: SubmissionView) -> Rich:
    reader = fill(texts.gettext("Reader {code}"), code=submission.reader_code)
    language = native_name(submission.reader_language)
    if submission.is_typo:
        return italic(join([reader, language], " · "))
    signed = (
        Rich(texts.gettext("anonymous"))
        if submission.signature is None
        else fill(texts.gettext("signed “{name}”"), name=submission.signature)
    )
    return italic(join([reader, signed, language], " · "))


def _draft(submission: SubmissionView) -> Draft:
    return Draft(
        text=submission.words,
        fragment=submission.fragment,
        sentence=submission.sentence,
        fragment_at=submission.fragment_at,
    )


def _typo(texts: Texts, submission: SubmissionView) -> Rich:
    return before_after(texts, _draft(submission))


def _decision(texts: Texts, submission: SubmissionView) -> Rich:
    if submission.state == "pending" or submission.decided_at is None:
        return Rich()
    verdict = {
        "approved": texts.gettext("✅ Approved"),
        "rejected": texts.gettext("❌ Rejected"),
        "fixed": texts.gettext("✅ Fixed"),
        "not_error": texts.gettext("👌 Not an error"),
        "withdrawn": "",
    }[submission.state]
    when = texts.format_datetime(submission.decided_at)
    return fill("{verdict} · {who} · {when}", verdict=bold(verdict), who=submission.decided_by or "", when=when)


def _buttons(texts: Texts, submission: SubmissionView) -> Keyboard:
    if submission.state != "pending":
        return ()

    def button(label: str, word: str) -> Button:
        return Button(label, data=Press(Action.DECIDE, word, submission.id).pack())

    if submission.is_typo:
        return ((button(texts.gettext("✅ Fixed"), "fixed"), button(texts.gettext("👌 Not an error"), "not_error")),)
    return ((button(texts.gettext("✅ Approve"), "approve"), button(texts.gettext("❌ Reject"), "reject")),)


def verdict(texts: Texts, submission: SubmissionView) -> Screen:
    """What the reader hears about their submission, in their language."""
    said = {
        "approved": texts.gettext("✅ The editors have accepted your comment №{number}. Thank you for your voice!"),
        "rejected": texts.gettext(
            "Your comment №{number} was read, but the editors have not accepted it. You are welcome to write again."
        ),
        "fixed": texts.gettext(
            "✅ The misprint from your report №{number} is corrected. Thank you for your sharp eye!"
        ),
        "not_error": texts.gettext(
            "The editors have looked at your report №{number}: it is right as it stands. Thank you for your attention!"
        ),
        "pending": texts.gettext("Your message №{number} is with the editors."),
        "withdrawn": texts.gettext("Your message №{number} is with the editors."),
    }[submission.state]
    words = marked_fragment(_draft(submission)) if submission.is_typo else cut_at_sentence(Rich(submission.words), 300)
    return Screen(join([fill(said, number=submission.id), join([_about(submission), quoted(words)])], "\n\n"))


def hold_question(texts: Texts, hold: HoldView) -> Screen:
    """Whether many new articles are to go out; after the decision, what it was."""
    asked = texts.ngettext(
        "⚠️ {source}: {count} new article at once. Send it to the readers?",
        "⚠️ {source}: {count} new articles at once. Send them to the readers?",
        hold.count,
    )
    titles = join([f"• {cut_at_sentence(Rich(title), 100).text}" for title in hold.titles])
    body = join([fill(asked, source=bold(hold.source), count=hold.count), titles, _hold_decision(texts, hold)], "\n\n")
    if hold.is_released is not None:
        return Screen(body)
    return Screen(
        body,
        (
            (
                Button(texts.gettext("📨 Send"), data=Press(Action.HOLD, "release", hold.id).pack()),
                Button(texts.gettext("🚫 Do not send"), data=Press(Action.HOLD, "drop", hold.id).pack()),
            ),
        ),
    )


def _hold_decision(texts: Texts, hold: HoldView) -> Rich:
    if hold.is_released is None or hold.decided_at is None:
        return Rich()
    said = texts.gettext("📨 Sent to the readers") if hold.is_released else texts.gettext("🚫 Not sent")
    when = texts.format_datetime(hold.decided_at)
    return fill("{said} · {who} · {when}", said=bold(said), who=hold.decided_by or "", when=when)


def service_line(texts: Texts, facts: Mapping[str, str]) -> Screen:
    """One line for the operator; never a reader's words or name."""
    match facts.get("kind", ""):
        case "handler_error":
            said = fill(
                texts.gettext("⚠️ An update could not be handled ({error}). It is kept aside; the log says more."),
                error=facts.get("error", ""),
            )
        case "refused":
            said = fill(
                texts.gettext("⚠️ Telegram refused a message ({kind}): {error}"),
                kind=facts.get("delivery", ""),
                error=facts.get("error", ""),
            )
        case "source_fault":
            said = fill(
                texts.gettext("⚠️ The source {source} cannot be read: {error}. It is asked again by itself."),
                source=bold(facts.get("source", "")),
                error=facts.get("error", ""),
            )
        case _:
            said = fill(
                texts.gettext("✅ The source {source} can be read again."), source=bold(facts.get("source", ""))
            )
    return Screen(said, silent=True)


def doubt_question(texts: Texts, doubt: DoubtView) -> Screen:
    """Whether what may not have arrived is to go out again; after the decision, who made it."""
    title = link(cut_at_sentence(Rich(doubt.article.title), 200), doubt.article.url)
    if doubt.decided_by is not None and doubt.decided_at is not None:
        when = texts.format_datetime(doubt.decided_at)
        said = bold(_sent_again(texts, doubt.count))
        return Screen(
            join([title, fill("{said} · {who} · {when}", said=said, who=doubt.decided_by, when=when)], "\n\n")
        )
    asked = texts.ngettext(
        "⚠️ {count} message with this article may not have reached its reader. It may have arrived all the same: "
        "sent again, it may come twice.",
        "⚠️ {count} messages with this article may not have reached their readers. They may have arrived all the same: "
        "sent again, some may come twice.",
        doubt.count,
    )
    button = Button(texts.gettext("🔁 Send again"), data=Press(Action.RESEND, number=doubt.id).pack())
    return Screen(join([title, fill(asked, count=doubt.count)], "\n\n"), ((button,),))


def _sent_again(texts: Texts, count: int) -> Rich:
    return fill(texts.ngettext("🔁 {count} message sent again", "🔁 {count} messages sent again", count), count=count)


def sent_again(texts: Texts, count: int) -> str:
    """To the editor who pressed."""
    return _sent_again(texts, count).text


def already_sent_again(texts: Texts, *, who: str | None) -> str:
    return texts.gettext("{who} has had them sent again already").format(who=who or "")


def already_decided(texts: Texts, *, who: str | None) -> str:
    """Nobody decided about what its reader took back."""
    if who is None:
        return texts.gettext("🗑 The reader has deleted these words.")
    return texts.gettext("Already decided by {who}").format(who=who)


def decided_by_you(texts: Texts) -> str:
    return texts.gettext("Done, the reader is told")


def not_the_desk(texts: Texts) -> str:
    """To a desk's button pressed somewhere else."""
    return texts.gettext("This works only in the editors’ group")


def leaving(texts: Texts) -> Screen:
    """To a group that is not the desk's."""
    return Screen(
        Rich(texts.gettext("I work in private chats and in my editors’ group only, so I am leaving. Goodbye!"))
    )
