"""Turns claimed rows into calls of the Bot API, in the words of today: the reader's language, the article as it is.

An article is prepared once for each content and language, whoever gets it; only the chat differs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from telegram.error import TelegramError

from bot.delivery.adapters import edit_parameters, message_parameters
from bot.delivery.outcomes import outcome_of
from bot.delivery.topics import TopicInTheMakingError, Topics
from bot.i18n import Catalogs, Texts
from bot.logic.lanes import Lane
from bot.logic.outcome import Later, Outcome, Refused, Unknown
from bot.logic.screen import Button, Screen
from bot.logic.screens import articles as article_screens
from bot.logic.screens import desk as desk_screens
from bot.logic.screens import dialogs as dialog_screens
from bot.logic.views import ArticleView, DoubtView, HoldView, SubmissionView
from bot.services.articles import view_of
from db import articles as article_rows
from db import deliveries as delivery_rows
from db import doubts as doubt_rows
from db import readers as reader_rows
from db import submissions as submission_rows
from db.articles import HoldState
from db.database import Database, Transaction
from db.deliveries import Delivery, DeliveryKind, DeliveryState
from db.doubts import DoubtState
from db.submissions import SubmissionKind

TITLES_OF_A_HOLD = 15
PREPARED = 64
"""Articles, in each language, that are kept ready at a time."""
_ON_THEIR_WAY = frozenset({DeliveryState.PENDING, DeliveryState.SENDING})


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the Bot API, ready to go."""

    method: str
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Pointless:
    """Nothing is to be sent any more, and why."""

    reason: str


Composed = Call | Pointless | Outcome


class Composer:
    def __init__(
        self,
        database: Database,
        catalogs: Catalogs,
        topics: Topics,
        *,
        desk_language: str,
        hotline: Button,
        pays: bool = False,
    ) -> None:
        """`pays`: broadcasts go out past Telegram's free rate, for Stars."""
        self._database = database
        self._catalogs = catalogs
        self._topics = topics
        self._desk_texts = catalogs[desk_language]
        self._hotline = hotline
        self._pays = pays
        self._prepared: dict[tuple[int | None, str | None, str], Mapping[str, object]] = {}

    async def compose(self, batch: Sequence[Delivery]) -> list[tuple[Delivery, Composed]]:
        """Each row with its call, or with why there is none (yet)."""
        calls = [self._prepared_call(row) for row in batch]
        missing = [row for row, call in zip(batch, calls, strict=True) if call is None]
        if not missing:
            return [(row, call) for row, call in zip(batch, calls, strict=True) if call is not None]
        async with self._database.read() as connection:
            facts = _Facts(connection)
            screens = [(row, await self._screen(facts, row)) for row in missing]
        composed: dict[int, Composed] = {row.id: await self._call(row, screen) for row, screen in screens}
        return [(row, call or composed[row.id]) for row, call in zip(batch, calls, strict=True)]

    def _prepared_call(self, row: Delivery) -> Call | None:
        if row.kind is not DeliveryKind.ARTICLE:
            return None
        key = (row.article_id, row.content_hash, self._catalogs[row.language].language)
        prepared = self._prepared.get(key)
        return None if prepared is None else Call("sendMessage", {**prepared, "chat_id": row.chat_id})

    async def _screen(self, facts: "_Facts", row: Delivery) -> Screen | Pointless:  # noqa: PLR0911 - one return for each kind
        texts = self._catalogs[row.language]
        match row.kind:
            case DeliveryKind.ARTICLE | DeliveryKind.CORRECTION:
                return await self._article(facts, row, texts)
            case DeliveryKind.FULL_TEXT:
                return await self._full_text(facts, row, texts)
            case DeliveryKind.CARD | DeliveryKind.CARD_DECIDED:
                submission = await facts.submission(row.submission_id)
                if submission is None:
                    return Pointless("no such submission")
                return desk_screens.card(self._desk_texts, submission, is_repeat=row.repeats > 0)
            case DeliveryKind.VERDICT:
                submission = await facts.submission(row.submission_id)
                if submission is None:
                    return Pointless("no such submission")
                # Who never chose a language is answered in the one they wrote in.
                spoken = row.language or submission.reader_language
                return desk_screens.verdict(self._catalogs[spoken], submission)
            case DeliveryKind.DRAFT_KEPT:
                return _draft_kept(row, texts)
            case DeliveryKind.HOLD | DeliveryKind.HOLD_DECIDED | DeliveryKind.DOUBT | DeliveryKind.DOUBT_CHANGED:
                return await self._question(facts, row)
            case DeliveryKind.SERVICE:
                facts_told = {name: str(value) for name, value in (row.payload or {}).items()}
                return desk_screens.service_line(self._desk_texts, facts_told)

    async def _article(self, facts: "_Facts", row: Delivery, texts: Texts) -> Screen | Pointless:
        article = await facts.article(row.article_id)
        if article is None:
            return Pointless("no such article")
        screen = article_screens.article_message(texts, article, hotline=self._hotline)
        if row.kind is DeliveryKind.ARTICLE:
            # Under the content that was read, which may be newer than at the claim.
            self._prepared[article.id, article.content_hash, texts.language] = message_parameters(
                row.chat_id, screen, is_paid=self._pays
            )
            if len(self._prepared) > PREPARED:
                del self._prepared[next(iter(self._prepared))]
        return screen

    @staticmethod
    async def _full_text(facts: "_Facts", row: Delivery, texts: Texts) -> Screen | Pointless:
        article = await facts.article(row.article_id)
        pieces = article_screens.full_text(texts, article) if article is not None else []
        piece = _number(row, "piece")
        # A correction may have made the text shorter since the reader asked for it.
        return pieces[piece] if piece is not None and piece < len(pieces) else Pointless("no such piece")

    async def _question(self, facts: "_Facts", row: Delivery) -> Screen | Pointless:
        """What the desk is asked, or what it answered."""
        if row.kind in (DeliveryKind.HOLD, DeliveryKind.HOLD_DECIDED):
            hold = await facts.hold(_number(row, "hold_id"))
            return Pointless("no such hold") if hold is None else desk_screens.hold_question(self._desk_texts, hold)
        doubt = await facts.doubt(_number(row, "doubt_id"))
        return Pointless("no such doubt") if doubt is None else desk_screens.doubt_question(self._desk_texts, doubt)

    async def _call(self, row: Delivery, screen: Screen | Pointless) -> Composed:
        if not isinstance(screen, Screen):
            return screen
        if row.kind is DeliveryKind.CORRECTION or row.message_id is not None:
            return await self._edit(row, screen)
        try:
            thread_id = await self._topics.thread_of(row.chat_id, row.topic)
        except TopicInTheMakingError:
            return Later(1.0)
        except TelegramError as error:
            # Nothing was sent: whatever broke while asking for the topic, the card is owed as before.
            outcome = outcome_of(error, method="createForumTopic")
            return Later(5.0) if isinstance(outcome, Refused | Unknown) else outcome
        is_paid = self._pays and row.lane == Lane.BROADCAST
        return Call("sendMessage", message_parameters(row.chat_id, screen, thread_id=thread_id, is_paid=is_paid))

    async def _edit(self, row: Delivery, screen: Screen) -> Composed:
        """A correction may be owed while the article itself is still on its way: then it waits for the message."""
        message_id = row.message_id
        if message_id is None and row.article_id is not None:
            async with self._database.read() as connection:
                found = await delivery_rows.find_article_message(connection, row.chat_id, row.article_id)
            if found is None or (found[0] is None and found[1] not in _ON_THEIR_WAY):
                return Pointless("the article never arrived")
            message_id = found[0]
        if message_id is None:
            return Later(2.0)
        return Call("editMessageText", edit_parameters(row.chat_id, message_id, screen))


class _Facts:
    """What one batch needs to know, each thing read once."""

    def __init__(self, connection: Transaction) -> None:
        self._connection = connection
        self._articles: dict[int, ArticleView | None] = {}

    async def article(self, article_id: int | None) -> ArticleView | None:
        if article_id is None:
            return None
        if article_id not in self._articles:
            article = await article_rows.find_article(self._connection, article_id)
            self._articles[article_id] = None if article is None else view_of(article)
        return self._articles[article_id]

    async def submission(self, submission_id: int | None) -> SubmissionView | None:
        if submission_id is None:
            return None
        found = await submission_rows.find_submission(self._connection, submission_id)
        if found is None:
            return None
        reader = None if found.reader_id is None else await reader_rows.find_reader(self._connection, found.reader_id)
        return SubmissionView(
            id=found.id,
            is_typo=found.kind is SubmissionKind.TYPO,
            state=found.state.value,
            words=found.words,
            signature=found.signature,
            fragment=found.fragment,
            sentence=found.sentence,
            fragment_at=found.fragment_at,
            reader_code="" if reader is None else reader.code,
            reader_language=found.language,
            article=await self.article(found.article_id),
            decided_by=found.decided_by,
            decided_at=found.decided_at,
            is_erased=found.erased_at is not None,
        )

    async def hold(self, hold_id: int | None) -> HoldView | None:
        found = None if hold_id is None else await article_rows.find_hold(self._connection, hold_id)
        if found is None:
            return None
        titles = await article_rows.held_titles(self._connection, found.id, limit=TITLES_OF_A_HOLD)
        return HoldView(
            id=found.id,
            source=found.source,
            count=found.count,
            titles=tuple(titles),
            is_released=None if found.state is HoldState.WAITING else found.state is HoldState.RELEASED,
            decided_by=found.decided_by,
            decided_at=found.decided_at,
        )

    async def doubt(self, doubt_id: int | None) -> DoubtView | None:
        found = None if doubt_id is None else await doubt_rows.find_doubt(self._connection, doubt_id)
        article = None if found is None else await self.article(found.article_id)
        if found is None or article is None:
            return None
        count = found.count
        if found.state is DoubtState.OPEN:
            # As it is by now: the number that was told last may be older than this message.
            count = await delivery_rows.count_uncertain_of(self._connection, found.article_id)
        return DoubtView(found.id, article, count, found.decided_by, found.decided_at)


def _number(row: Delivery, name: str) -> int | None:
    value = (row.payload or {}).get(name)
    return value if isinstance(value, int) else None


def _draft_kept(row: Delivery, texts: Texts) -> Screen | Pointless:
    number = _number(row, "number")
    if number is None:
        return Pointless("no draft named")
    is_comment = (row.payload or {}).get("flow") == "comment"
    return dialog_screens.draft_kept(texts, is_comment=is_comment, number=number)
