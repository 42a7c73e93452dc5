"""What happens when a handler raises: the intake is told and decides; nothing is answered here."""

from bot.context import Context


async def note_failure(update: object, context: Context) -> None:  # noqa: ARG001 - PTB's signature
    context.situation.failure = context.error
