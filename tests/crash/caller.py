"""Somebody who needs the hotline, whatever has happened to the bot."""

from tests.crash.town import Town

ANSWERED_WITHIN_S = 10.0


class Caller:
    def __init__(self, town: Town) -> None:
        self._town = town
        self.id = town.telegram.add_person("Оқырман").user_id

    def says(self, words: str) -> None:
        self._town.telegram.person_says(self.id, self.id, words)

    async def hears_of_the_hotline(self, *, within_s: float = ANSWERED_WITHIN_S) -> None:
        """Asks for it and waits for the card. Raises TimeoutError."""
        before = self._town.telegram.counts["sendContact"]
        self.says("110")
        await self._town.until(lambda: self._town.telegram.counts["sendContact"] > before, within_s=within_s)

    async def is_asked_for_a_language(self) -> None:
        await self._town.until(
            lambda: any("Қазақша" in str(message.get("reply_markup")) for message in self._messages()), within_s=30
        )

    def _messages(self) -> list[dict[str, object]]:
        return self._town.telegram.messages(self.id)
