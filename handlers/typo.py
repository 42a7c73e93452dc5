"""A typo report: a native quote on an article is the main road, the button ✏️ and /typo are the others.

quote + words ──► CONFIRM ──► sent            the words look like the correction
              ├─► CORRECTION ──► CONFIRM      they only point ("a misprint here")
              └─► CHOICE ──► CONFIRM | comment's SIGN
✏️, /typo ──► FRAGMENT ──► CORRECTION
"""

import re
from dataclasses import replace

from telegram import Message, Update
from telegram.ext import CallbackQueryHandler, CommandHandler, MessageHandler
from telegram.ext.filters import COMMAND, TEXT, ChatType, UpdateFilter

from bot.context import AnyHandler, Context, press_of
from bot.filters import InStep, QuotesArticle, pressed, pressed_in_dialog
from bot.logic.callbacks import Action
from bot.logic.cutting import clean_words
from bot.logic.dialogs import Dialog, Draft, Step
from bot.logic.rich import utf16_length
from bot.logic.screens import dialogs as dialog_screens
from bot.logic.screens import readers as reader_screens
from bot.logic.typos import CORRECTION_LIMIT, FRAGMENT_LENGTH, Meaning, find_place, guess_meaning, place_at
from bot.logic.views import ArticleView

LATEST_SHOWN = 5
_COMMAND = re.compile(r"^/typo(@\w+)?\s*", re.IGNORECASE)


class HasQuote(UpdateFilter):
    """Whether the message quotes a part of the one it replies to (Message.quote in the Bot API)."""

    def filter(self, update: Update) -> bool:
        return update.message is not None and update.message.quote is not None


async def take_quote(update: Update, context: Context) -> None:
    """The fragment and its place come with the update; what the typed words are is guessed, or asked."""
    message, article = update.message, context.situation.quoted_article
    if message is None or message.quote is None or article is None:
        return
    # "/typo" written with the quote only points at it; what stands behind the command is the rest.
    fragment, typed = message.quote.text, clean_words(_COMMAND.sub("", message.text or ""))
    if not await _has_length(update, context, fragment):
        return
    draft = Draft(article_id=article.id, fragment=fragment)
    if isinstance(message.reply_to_message, Message) and message.reply_to_message.text:
        place = place_at(message.reply_to_message.text, message.quote.position, fragment)
        draft = replace(draft, sentence=place.sentence, fragment_at=place.at)
    guess = guess_meaning(fragment, typed)
    match guess.meaning:
        case Meaning.CORRECTION if utf16_length(guess.correction) <= CORRECTION_LIMIT:
            step, draft = Step.TYPO_CONFIRM, replace(draft, text=guess.correction)
        case Meaning.POINTER:
            step = Step.TYPO_CORRECTION
        case _:
            step, draft = Step.CHOICE, replace(draft, text=typed)
    await context.begin(update, Dialog(update.update_id, step, draft))


async def choose(update: Update, context: Context) -> None:
    """The reader said which of the two their words are."""
    dialog = context.dialog
    if dialog is None:
        return
    draft = dialog.draft
    if press_of(update).word == "as_typo":
        is_short = utf16_length(draft.text or "") <= CORRECTION_LIMIT
        await context.toast(update)
        await context.advance(
            update,
            dialog.at(Step.TYPO_CONFIRM) if is_short else dialog.at(Step.TYPO_CORRECTION, replace(draft, text=None)),
            in_place=True,
        )
        return
    length = utf16_length(draft.text or "")
    await context.toast(update)
    if length in dialog_screens.COMMENT_LENGTH:
        comment = Draft(article_id=draft.article_id, text=draft.text)
        await context.advance(update, dialog.at(Step.COMMENT_SIGN, comment), in_place=True)
    else:
        comment = Draft(article_id=draft.article_id)
        await context.advance(update, dialog.at(Step.COMMENT_TEXT, comment), in_place=True)
        await context.answer(update, dialog_screens.comment_length(context.texts(update), length))


async def begin_by_button(update: Update, context: Context) -> None:
    article = await context.services.articles.find(press_of(update).number)
    if article is None:
        await context.toast(update, reader_screens.article_gone(context.texts(update)), alert=True)
        return
    await context.toast(update)
    await context.begin(update, Dialog(update.update_id, Step.TYPO_FRAGMENT, Draft(article_id=article.id)))


async def begin_by_command(update: Update, context: Context) -> None:
    """/typo with a quote is that quote, as a reply to an article its button; alone it shows the way."""
    if update.message is not None and update.message.quote is not None and context.situation.quoted_article is not None:
        await take_quote(update, context)
        return
    quoted = context.situation.quoted_article
    if quoted is not None:
        await context.begin(update, Dialog(update.update_id, Step.TYPO_FRAGMENT, Draft(article_id=quoted.id)))
        return
    subscription = await context.services.readers.subscription(context.reader.id)
    languages = subscription.languages or context.services.offered_languages
    latest = await context.services.articles.latest(languages, limit=LATEST_SHOWN)
    await context.answer(update, dialog_screens.choose_article(context.texts(update), latest))


async def take_fragment(update: Update, context: Context) -> None:
    """Pasted words; a quote from elsewhere (a channel, a forwarded copy) counts as pasted."""
    dialog, message = context.dialog, update.message
    if dialog is None or message is None:
        return
    fragment = message.quote.text if message.quote is not None else clean_words(message.text or "")
    if not await _has_length(update, context, fragment):
        return
    article = await context.services.articles.find(dialog.draft.article_id)
    place = find_place(fragment, _texts_of(article)) if article is not None else None
    draft = (
        replace(dialog.draft, fragment=fragment, sentence=None, fragment_at=None)
        if place is None
        else replace(dialog.draft, fragment=place.fragment, sentence=place.sentence, fragment_at=place.at)
    )
    await context.advance(update, dialog.at(Step.TYPO_CORRECTION, draft))


def _texts_of(article: ArticleView) -> list[str]:
    return [article.title, article.lead.text, *(paragraph.text for paragraph in article.body)]


async def _has_length(update: Update, context: Context, fragment: str) -> bool:
    length = utf16_length(fragment)
    if length in FRAGMENT_LENGTH:
        return True
    await context.answer(update, dialog_screens.fragment_length(context.texts(update), length))
    return False


async def take_correction(update: Update, context: Context) -> None:
    dialog = context.dialog
    text = clean_words(update.message.text or "") if update.message is not None else ""
    if dialog is None:
        return
    if not 0 < utf16_length(text) <= CORRECTION_LIMIT:
        await context.answer(update, dialog_screens.correction_length(context.texts(update)))
        return
    await context.advance(update, dialog.at(Step.TYPO_CONFIRM, replace(dialog.draft, text=text)))


async def skip_correction(update: Update, context: Context) -> None:
    if context.dialog is not None:
        without = replace(context.dialog.draft, text=None)
        await context.toast(update)
        await context.advance(update, context.dialog.at(Step.TYPO_CONFIRM, without), in_place=True)


async def edit_correction(update: Update, context: Context) -> None:
    if context.dialog is not None:
        await context.toast(update)
        await context.advance(update, context.dialog.at(Step.TYPO_CORRECTION), in_place=True)


async def send(update: Update, context: Context) -> None:
    if context.dialog is None:
        return
    texts = context.texts(update)
    number = await context.services.submissions.submit(
        context.reader.id, context.dialog, language=texts.language, update_id=update.update_id, now=context.now
    )
    await context.toast(update)
    await context.replace(update, dialog_screens.sent(texts, is_comment=False, number=number))


def handlers() -> list[AnyHandler]:
    words = ChatType.PRIVATE & TEXT & ~COMMAND
    return [
        CommandHandler("typo", begin_by_command, filters=ChatType.PRIVATE),
        CallbackQueryHandler(begin_by_button, pattern=pressed(Action.TYPO)),
        CallbackQueryHandler(choose, pattern=pressed_in_dialog("as_typo", "as_comment", steps={Step.CHOICE})),
        CallbackQueryHandler(skip_correction, pattern=pressed_in_dialog("skip", steps={Step.TYPO_CORRECTION})),
        CallbackQueryHandler(edit_correction, pattern=pressed_in_dialog("edit", steps={Step.TYPO_CONFIRM})),
        CallbackQueryHandler(send, pattern=pressed_in_dialog("send", steps={Step.TYPO_CONFIRM})),
        MessageHandler(words & QuotesArticle() & HasQuote(), take_quote),
        MessageHandler(words & ~QuotesArticle() & InStep(Step.TYPO_FRAGMENT), take_fragment),
        MessageHandler(words & ~QuotesArticle() & InStep(Step.TYPO_CORRECTION), take_correction),
    ]
