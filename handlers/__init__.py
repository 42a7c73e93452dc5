"""What a person can do, one file for each feature; `register` sets the order in which they are asked.

The first handler that takes an update is the only one; the hotline needs none (`bot.intake.hotline`). Features do not
import each other: what they share is in `bot`.
"""

from bot.context import DauysApplication
from handlers import (
    article,
    cancel,
    comment,
    desk,
    drafts,
    errors,
    fallback,
    groups,
    help,  # noqa: A004 - named for the command that it answers
    language,
    privacy,
    resume,
    start,
    subscription,
    typo,
)


def register(application: DauysApplication) -> None:
    """Adds every feature. The order is the rule of precedence: the fallback after everything."""
    for feature in (
        desk,
        groups,
        subscription,
        resume,
        start,
        language,
        help,
        privacy,
        cancel,
        drafts,
        article,
        typo,
        comment,
        fallback,
    ):
        application.add_handlers(feature.handlers())
    application.add_error_handler(errors.note_failure)
