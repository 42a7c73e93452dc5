"""A comment on an article, by its button or by a plain reply to it.

💬 ──► TEXT ──► SIGN ──► PREVIEW ──► sent
reply ──────────► │  ▲      │ edit, signature
                  ▼  │      ▼
                 NAME ┘   TEXT, SIGN
"""

from dataclasses import replace

from telegram import Update
from telegram.ext import CallbackQueryHandler, MessageHandler
from telegram.ext.filters import COMMAND, TEXT, ChatType

from bot.context import AnyHandler, Context, press_of
from bot.filters import InStep, QuotesArticle, pressed, pressed_in_dialog
from bot.logic.callbacks import Action
from bot.logic.cutting import clean_words, one_line
from bot.logic.dialogs import Dialog, Draft, Step
from bot.logic.rich import utf16_length
from bot.logic.screens import dialogs as dialog_screens
from bot.logic.screens import readers as reader_screens


async def begin_by_button(update: Update, context: Context) -> None:
    article_id = press_of(update).number
    article = await context.services.articles.find(article_id)
    if article is None:
        await context.toast(update, reader_screens.article_gone(context.texts(update)), alert=True)
        return
    await context.toast(update)
    await context.begin(update, Dialog(update.update_id, Step.COMMENT_TEXT, Draft(article_id=article.id)))


async def begin_by_reply(update: Update, context: Context) -> None:
    """The words of a plain reply are the comment."""
    article = context.situation.quoted_article
    text = _words(update)
    if article is None or not await _has_length(update, context, text):
        return
    wanted = Dialog(update.update_id, Step.COMMENT_SIGN, Draft(article_id=article.id, text=text))
    await context.begin(update, wanted)


async def take_text(update: Update, context: Context) -> None:
    dialog, text = context.dialog, _words(update)
    if dialog is None or not await _has_length(update, context, text):
        return
    # A comment that was signed already comes back to the preview with its signature.
    step = Step.COMMENT_PREVIEW if dialog.draft.is_signed else Step.COMMENT_SIGN
    await context.advance(update, dialog.at(step, replace(dialog.draft, text=text)))


async def _has_length(update: Update, context: Context, text: str) -> bool:
    length = utf16_length(text)
    if length in dialog_screens.COMMENT_LENGTH:
        return True
    await context.answer(update, dialog_screens.comment_length(context.texts(update), length))
    return False


async def sign(update: Update, context: Context) -> None:
    dialog, word = context.dialog, press_of(update).word
    if dialog is None:
        return
    await context.toast(update)
    if word == "sign_other":
        await context.advance(update, dialog.at(Step.COMMENT_NAME), in_place=True)
        return
    name = context.own_name(update) if word == "sign_own" else None
    signed = replace(dialog.draft, signature=name, is_signed=True)
    await context.advance(update, dialog.at(Step.COMMENT_PREVIEW, signed), in_place=True)


async def take_name(update: Update, context: Context) -> None:
    dialog, name = context.dialog, one_line(_words(update), dialog_screens.NAME_LENGTH.stop)
    if dialog is None:
        return
    if utf16_length(name) not in dialog_screens.NAME_LENGTH:
        await context.answer(update, dialog_screens.name_length(context.texts(update)))
        return
    signed = replace(dialog.draft, signature=name, is_signed=True)
    await context.advance(update, dialog.at(Step.COMMENT_PREVIEW, signed))


async def edit(update: Update, context: Context) -> None:
    dialog = context.dialog
    if dialog is None:
        return
    await context.toast(update)
    step = Step.COMMENT_TEXT if press_of(update).word == "edit" else Step.COMMENT_SIGN
    await context.advance(update, dialog.at(step), in_place=True)


async def send(update: Update, context: Context) -> None:
    dialog = context.dialog
    if dialog is None:
        return
    texts = context.texts(update)
    number = await context.services.submissions.submit(
        context.reader.id, dialog, language=texts.language, update_id=update.update_id, now=context.now
    )
    await context.toast(update)
    await context.replace(update, dialog_screens.sent(texts, is_comment=True, number=number))


def _words(update: Update) -> str:
    return clean_words(update.message.text or "") if update.message is not None else ""


def handlers() -> list[AnyHandler]:
    words = ChatType.PRIVATE & TEXT & ~COMMAND
    return [
        CallbackQueryHandler(begin_by_button, pattern=pressed(Action.COMMENT)),
        CallbackQueryHandler(
            sign, pattern=pressed_in_dialog("sign_own", "sign_other", "sign_none", steps={Step.COMMENT_SIGN})
        ),
        CallbackQueryHandler(edit, pattern=pressed_in_dialog("edit", "resign", steps={Step.COMMENT_PREVIEW})),
        CallbackQueryHandler(send, pattern=pressed_in_dialog("send", steps={Step.COMMENT_PREVIEW})),
        MessageHandler(words & QuotesArticle(), begin_by_reply),
        MessageHandler(words & InStep(Step.COMMENT_TEXT), take_text),
        MessageHandler(words & InStep(Step.COMMENT_NAME), take_name),
    ]
