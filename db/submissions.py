"""Statements about submissions: comments and typo reports, and what the desk decided."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import submissions
from db.upserts import insert_into


class SubmissionKind(StrEnum):
    COMMENT = "comment"
    TYPO = "typo"


class SubmissionState(StrEnum):
    PENDING = "pending"
    """Waits for the desk."""
    APPROVED = "approved"
    """A comment the desk took."""
    REJECTED = "rejected"
    """A comment the desk did not take."""
    FIXED = "fixed"
    """A typo the desk corrected."""
    NOT_ERROR = "not_error"
    """A typo report about something that is right as it stands."""
    WITHDRAWN = "withdrawn"
    """Its reader deleted everything about them before the desk decided."""


@dataclass(frozen=True, slots=True)
class NewSubmission:
    """`signature` None: anonymous. `words`: the comment, or the correction ("" when none was given).

    `fragment_at` is the place of the fragment in `sentence`, in UTF-16 code units.
    """

    kind: SubmissionKind
    reader_id: int
    article_id: int | None
    update_id: int
    language: str
    words: str
    signature: str | None = None
    fragment: str | None = None
    sentence: str | None = None
    fragment_at: int | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """`reader_id` is None and the words are empty once the reader has deleted them (`erased_at`)."""

    id: int
    kind: SubmissionKind
    reader_id: int | None
    article_id: int | None
    language: str
    words: str
    signature: str | None
    fragment: str | None
    sentence: str | None
    fragment_at: int | None
    state: SubmissionState
    decided_by: str | None
    decided_at: datetime | None
    erased_at: datetime | None
    created_at: datetime


_COLUMNS = (
    submissions.c.id,
    submissions.c.kind,
    submissions.c.reader_id,
    submissions.c.article_id,
    submissions.c.language,
    submissions.c.words,
    submissions.c.signature,
    submissions.c.fragment,
    submissions.c.sentence,
    submissions.c.fragment_at,
    submissions.c.state,
    submissions.c.decided_by,
    submissions.c.decided_at,
    submissions.c.erased_at,
    submissions.c.created_at,
)


async def add_submission(connection: AsyncConnection, new: NewSubmission, *, now: datetime) -> int:
    """Returns its id; the same update gives the same submission, however often it is handled."""
    statement = (
        insert_into(connection, submissions)
        .values(
            kind=new.kind,
            reader_id=new.reader_id,
            article_id=new.article_id,
            update_id=new.update_id,
            language=new.language,
            words=new.words,
            signature=new.signature,
            fragment=new.fragment,
            sentence=new.sentence,
            fragment_at=new.fragment_at,
            state=SubmissionState.PENDING,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=[submissions.c.update_id])
        .returning(submissions.c.id)
    )
    made = (await connection.execute(statement)).scalar()
    if made is not None:
        return int(made)
    known = select(submissions.c.id).where(submissions.c.update_id == new.update_id)
    return int((await connection.execute(known)).scalar_one())


async def find_submission(connection: AsyncConnection, submission_id: int) -> Submission | None:
    row = (await connection.execute(select(*_COLUMNS).where(submissions.c.id == submission_id))).one_or_none()
    if row is None:
        return None
    values = row._asdict()
    return Submission(**{**values, "kind": SubmissionKind(values["kind"]), "state": SubmissionState(values["state"])})


async def decide(
    connection: AsyncConnection,
    submission_id: int,
    *,
    to: SubmissionState,
    by: str,
    by_id: int,
    now: datetime,
) -> bool:
    """One decision, whoever comes first; returns whether this was it."""
    result = await connection.execute(
        update(submissions)
        .where(submissions.c.id == submission_id, submissions.c.state == SubmissionState.PENDING)
        .values(state=to, decided_by=by, decided_by_id=by_id, decided_at=now)
    )
    return bool(result.rowcount)


async def find_by_update(connection: AsyncConnection, update_id: int) -> int | None:
    """The submission that this update made."""
    return (await connection.execute(select(submissions.c.id).where(submissions.c.update_id == update_id))).scalar()


async def erase_of_reader(connection: AsyncConnection, reader_id: int, *, now: datetime) -> list[int]:
    """Wipes what the reader wrote and takes back what waits; returns the ids. The desk's decisions stay, nameless."""
    await connection.execute(
        update(submissions)
        .where(submissions.c.reader_id == reader_id, submissions.c.state == SubmissionState.PENDING)
        .values(state=SubmissionState.WITHDRAWN)
    )
    wiped = (
        update(submissions)
        .where(submissions.c.reader_id == reader_id)
        .values(
            reader_id=None,
            words="",
            signature=None,
            fragment=None,
            sentence=None,
            fragment_at=None,
            erased_at=now,
        )
        .returning(submissions.c.id)
    )
    return sorted((await connection.execute(wiped)).scalars())
