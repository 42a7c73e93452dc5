"""Which handler takes an update: patterns of presses, and filters that ask the situation where the speaker stands."""

from collections.abc import Callable, Collection, Coroutine

from telegram import Chat, Update
from telegram.ext import ChatMemberHandler
from telegram.ext.filters import UpdateFilter

from bot.context import Context, situation
from bot.logic.callbacks import Action, read_press
from bot.logic.dialogs import Step


def pressed(*actions: Action, words: Collection[str] | None = None) -> Callable[[object], bool]:
    """A pattern for CallbackQueryHandler: our own data only, with one of these actions (and words)."""

    def is_ours(data: object) -> bool:
        press = read_press(data) if isinstance(data, str) else None
        return press is not None and press.action in actions and (words is None or press.word in words)

    return is_ours


def pressed_in_dialog(*words: str, steps: Collection[Step] | None = None) -> Callable[[object], bool]:
    """A pattern for the buttons of a guided flow: those of the dialog that stands now, at one of these steps.

    A button of an older dialog, or of a step that was left, is for the fallback. An old button of a dialog that ended
    by itself still works: pressing it is going on with it.
    """

    def is_current(data: object) -> bool:
        press = read_press(data) if isinstance(data, str) else None
        dialog = situation.get().dialog
        if press is None or dialog is None or press.action is not Action.DIALOG or press.number != dialog.number:
            return False
        return press.word in words and (steps is None or (dialog.wanted is None and dialog.step in steps))

    return is_current


class MembershipHandler(ChatMemberHandler[Context, None]):
    """The bot itself was let in, thrown out, blocked or unblocked: in a private chat, or anywhere else."""

    def __init__(
        self, callback: Callable[[Update, Context], Coroutine[object, object, None]], *, private: bool
    ) -> None:
        super().__init__(callback, ChatMemberHandler.MY_CHAT_MEMBER)
        self._private = private

    def check_update(self, update: object) -> bool:
        if not isinstance(update, Update) or not super().check_update(update):
            return False
        chat = update.effective_chat
        return chat is not None and (chat.type == Chat.PRIVATE) == self._private


class InStep(UpdateFilter):
    """Whether the speaker stands at one of these steps of an open dialog, and is not being asked which of two."""

    def __init__(self, *steps: Step) -> None:
        super().__init__(name=f"InStep{[step.value for step in steps]}")
        self._steps = frozenset(steps)

    def filter(self, update: Update) -> bool:  # noqa: ARG002 - the situation says it, not the update
        dialog = situation.get().dialog
        return dialog is not None and not dialog.is_parked and dialog.wanted is None and dialog.step in self._steps


class InDialog(UpdateFilter):
    """Whether the speaker stands anywhere in an open dialog."""

    def filter(self, update: Update) -> bool:  # noqa: ARG002 - as above
        dialog = situation.get().dialog
        return dialog is not None and not dialog.is_parked


class QuotesArticle(UpdateFilter):
    """Whether the message is a reply to a message of ours that brought an article."""

    def filter(self, update: Update) -> bool:  # noqa: ARG002 - as above
        return situation.get().quoted_article is not None
