"""Every table. Statements stand in one file for each noun beside this one; history in `migrations`."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.sql.elements import TextClause

from db.columns import BIG_ID, DOCUMENT, Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

readers = Table(
    "readers",
    metadata,
    # Telegram's user id, which is also the id of the private chat with that person.
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    # What the desk sees instead of a name.
    Column("code", String(8), nullable=False, unique=True),
    Column("language", String(8)),
    Column("is_subscribed", Boolean, nullable=False, server_default=false()),
    Column("blocked_at", Moment),
    Column("created_at", Moment, nullable=False),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("reader_id", ForeignKey("readers.id", ondelete="CASCADE"), primary_key=True),
    Column("language", String(8), primary_key=True),
    Index("ix_subscriptions_language", "language", "reader_id"),
)

sources = Table(
    "sources",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("first_fetched_at", Moment),
    Column("last_full_at", Moment),
    Column("last_ok_at", Moment),
    Column("next_poll_at", Moment),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("fault", String(32)),
    Column("detail", Text),
)

holds = Table(
    "holds",
    metadata,
    Column("id", BIG_ID, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("decided_by", Text),
    Column("decided_at", Moment),
    Column("created_at", Moment, nullable=False),
)

articles = Table(
    "articles",
    metadata,
    Column("id", BIG_ID, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("external_id", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("lead", DOCUMENT, nullable=False),
    Column("body", DOCUMENT, nullable=False),
    Column("language", String(8), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("hold_id", ForeignKey("holds.id")),
    Column("published_at", Moment),
    Column("first_seen_at", Moment, nullable=False),
    UniqueConstraint("source", "external_id"),
    Index("ix_articles_hold_id", "hold_id"),
)

submissions = Table(
    "submissions",
    metadata,
    Column("id", BIG_ID, primary_key=True),
    Column("kind", String(16), nullable=False),
    # Empty once the reader has deleted everything about them.
    Column("reader_id", ForeignKey("readers.id", ondelete="SET NULL")),
    Column("article_id", ForeignKey("articles.id")),
    # The update that made it: the same update handled twice makes one submission.
    Column("update_id", BigInteger, nullable=False, unique=True),
    Column("language", String(8), nullable=False),
    Column("signature", Text),
    Column("words", Text, nullable=False),
    Column("fragment", Text),
    Column("sentence", Text),
    Column("fragment_at", Integer),
    Column("state", String(16), nullable=False),
    Column("decided_by", Text),
    Column("decided_by_id", BigInteger),
    Column("decided_at", Moment),
    Column("erased_at", Moment),
    Column("created_at", Moment, nullable=False),
    Index("ix_submissions_reader_id", "reader_id"),
)

broadcasts = Table(
    "broadcasts",
    metadata,
    Column("id", BIG_ID, primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("article_id", ForeignKey("articles.id"), nullable=False),
    Column("language", String(8), nullable=False),
    # What makes two rows the same broadcast: an article is published once, however often its cause is handled.
    Column("key", Text, nullable=False, unique=True),
    # Every chat up to this one is owed its delivery; empty at first, and when it is done.
    Column("cursor", BigInteger),
    Column("is_done", Boolean, nullable=False, server_default=false()),
    Column("created_at", Moment, nullable=False),
    Index("ix_broadcasts_article_id", "article_id"),
)


def _only(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of the rows that `where` names: small, and cheap for all the others. Its words have to stand in a
    statement as they stand here, or SQLite does not use it."""
    condition: TextClause = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BIG_ID, primary_key=True),
    Column("lane", SmallInteger, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("chat_id", BigInteger, nullable=False),
    # The desk's topic it belongs to, by name; empty in private chats.
    Column("topic", String(16)),
    Column("reader_id", ForeignKey("readers.id")),
    Column("article_id", ForeignKey("articles.id")),
    Column("submission_id", ForeignKey("submissions.id")),
    # What makes two rows the same message: the cause may be handled twice, its message is owed once. In a broadcast
    # that is the chat; anywhere else `dedupe_key`.
    Column("broadcast_id", ForeignKey("broadcasts.id")),
    Column("dedupe_key", Text),
    Column("payload", DOCUMENT),
    Column("state", String(16), nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("repeats", Integer, nullable=False, server_default="0"),
    Column("claimed_at", Moment),
    Column("sent_at", Moment),
    Column("message_id", BigInteger),
    Column("error", Text),
    Column("created_at", Moment, nullable=False),
    # A million rows are written for one article, so an index holds only the rows that are looked for by it.
    _only("ix_deliveries_pending", "lane", "id", where="state = 'pending'"),
    _only("ix_deliveries_open", "chat_id", "lane", "id", where="state IN ('pending', 'sending')"),
    _only("ix_deliveries_sending", "lane", "id", where="state = 'sending'"),
    _only("ix_deliveries_uncertain", "article_id", where="state = 'uncertain'"),
    _only("uq_deliveries_broadcast", "broadcast_id", "chat_id", where="broadcast_id IS NOT NULL", unique=True),
    _only("uq_deliveries_dedupe", "dedupe_key", where="dedupe_key IS NOT NULL", unique=True),
    _only("ix_deliveries_message", "chat_id", "message_id", where="message_id IS NOT NULL"),
    _only("ix_deliveries_reader", "reader_id", where="reader_id IS NOT NULL"),
    _only("ix_deliveries_submission", "submission_id", where="submission_id IS NOT NULL"),
)

doubts = Table(
    "doubts",
    metadata,
    Column("id", BIG_ID, primary_key=True),
    Column("article_id", ForeignKey("articles.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("count", Integer, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", Moment),
    Column("created_at", Moment, nullable=False),
    _only("uq_doubts_open", "article_id", where="state = 'open'", unique=True),
)

updates = Table(
    "updates",
    metadata,
    Column("update_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", BigInteger, nullable=False),
    # Emptied when the update is done: what people write is kept where it belongs, not twice.
    Column("payload", DOCUMENT),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    Column("received_at", Moment, nullable=False),
    Column("done_at", Moment),
    Index("ix_updates_state", "state"),
    Index("ix_updates_person_id", "person_id"),
)

dialogs = Table(
    "dialogs",
    metadata,
    Column("reader_id", ForeignKey("readers.id", ondelete="CASCADE"), primary_key=True),
    Column("flow", String(16), nullable=False),
    Column("step", String(24), nullable=False),
    Column("data", DOCUMENT, nullable=False),
    Column("is_parked", Boolean, nullable=False, server_default=false()),
    Column("updated_at", Moment, nullable=False),
    Index("ix_dialogs_updated_at", "updated_at"),
)

desk_topics = Table(
    "desk_topics",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String(16), primary_key=True),
    # Empty while a process is making it.
    Column("thread_id", BigInteger),
    Column("making_since", Moment),
)

chat_moves = Table(
    "chat_moves",
    metadata,
    Column("old_chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("new_chat_id", BigInteger, nullable=False),
    Column("moved_at", Moment, nullable=False),
)

# One row, on PostgreSQL: what all processes together have let go, in moments of the server's own clock.
pace = Table(
    "pace",
    metadata,
    Column("name", String(16), primary_key=True),
    # The next place in line for any call, and for one of a broadcast.
    Column("overall_at", Moment, nullable=False),
    Column("broadcast_at", Moment, nullable=False),
    # A flood wait: nothing of a broadcast goes before.
    Column("held_until", Moment, nullable=False),
)
