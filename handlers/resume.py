"""After a crash: an update whose effect is committed gets only the answer that it may not have got."""

from telegram import Update
from telegram.ext import TypeHandler

from bot.context import AnyHandler, Context, situation
from bot.logic.screens import dialogs as dialog_screens


async def answer_again(update: Update, context: Context) -> None:
    await context.toast(update)
    submission = await context.services.submissions.find_made_by(update.update_id)
    if submission is not None:
        screen = dialog_screens.sent(context.texts(update), is_comment=submission.is_comment, number=submission.id)
        await context.answer(update, screen)
    elif context.dialog is not None and not context.dialog.is_parked:
        await context.show_step(update, context.dialog)
    elif context.dialog is None and context.situation.reader is not None:
        await context.answer(update, dialog_screens.cancelled(context.texts(update)))
    # Else it was a decision of the desk, whose card is edited by the outbox.


class ReplayHandler(TypeHandler[Update, Context, None]):
    def check_update(self, update: object) -> bool:
        return situation.get().is_replay and super().check_update(update)


def handlers() -> list[AnyHandler]:
    return [ReplayHandler(Update, answer_again)]
