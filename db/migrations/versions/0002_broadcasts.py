"""A broadcast is a row of its own, and its deliveries are written page by page; lighter indexes."""

import sqlalchemy as sa
from alembic import op

from db.columns import BIG_ID, Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OLD_INDEXES = (
    "ix_deliveries_state_lane_id",
    "ix_deliveries_state_lane_due_at",
    "ix_deliveries_chat_id_state",
    "ix_deliveries_chat_id_message_id",
    "ix_deliveries_article_id_kind",
    "ix_deliveries_submission_id",
)


def upgrade() -> None:
    op.create_table(
        "broadcasts",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("article_id", BIG_ID, nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=True),
        sa.Column("is_done", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_broadcasts_article_id_articles")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
        sa.UniqueConstraint("key", name=op.f("uq_broadcasts_key")),
    )
    op.create_index("ix_broadcasts_article_id", "broadcasts", ["article_id"])
    op.drop_index("ix_subscriptions_language", table_name="subscriptions")
    op.create_index("ix_subscriptions_language", "subscriptions", ["language", "reader_id"])
    for name in _OLD_INDEXES:
        op.drop_index(name, table_name="deliveries")
    with op.batch_alter_table("deliveries") as batch:
        batch.add_column(sa.Column("broadcast_id", BIG_ID, nullable=True))
        batch.create_foreign_key(op.f("fk_deliveries_broadcast_id_broadcasts"), "broadcasts", ["broadcast_id"], ["id"])
        batch.alter_column("dedupe_key", existing_type=sa.Text(), nullable=True)
        batch.drop_constraint(op.f("uq_deliveries_dedupe_key"), type_="unique")
    _carry_over()
    _index("ix_deliveries_pending", "lane", "id", where="state = 'pending'")
    _index("ix_deliveries_open", "chat_id", "lane", "id", where="state IN ('pending', 'sending')")
    _index("ix_deliveries_sending", "lane", "id", where="state = 'sending'")
    _index("ix_deliveries_uncertain", "article_id", where="state = 'uncertain'")
    _index("uq_deliveries_broadcast", "broadcast_id", "chat_id", where="broadcast_id IS NOT NULL", unique=True)
    _index("uq_deliveries_dedupe", "dedupe_key", where="dedupe_key IS NOT NULL", unique=True)
    _index("ix_deliveries_message", "chat_id", "message_id", where="message_id IS NOT NULL")
    _index("ix_deliveries_reader", "reader_id", where="reader_id IS NOT NULL")
    _index("ix_deliveries_submission", "submission_id", where="submission_id IS NOT NULL")


def _index(name: str, *columns: str, where: str, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(
        name, "deliveries", list(columns), unique=unique, sqlite_where=condition, postgresql_where=condition
    )


def _carry_over() -> None:
    """Articles that were owed before have been broadcasts all along; corrections under way, which keep their own keys,
    go where single messages go."""
    op.execute(
        "INSERT INTO broadcasts (kind, article_id, language, key, is_done, created_at) "
        "SELECT 'article', articles.id, articles.language, 'article:' || articles.id, true, articles.first_seen_at "
        "FROM articles WHERE articles.state = 'published'"
    )
    op.execute(
        "UPDATE deliveries SET dedupe_key = NULL, broadcast_id = "
        "(SELECT broadcasts.id FROM broadcasts WHERE broadcasts.article_id = deliveries.article_id) "
        "WHERE kind = 'article'"
    )
    op.execute("UPDATE deliveries SET lane = 2 WHERE kind = 'correction' AND state IN ('pending', 'sending')")
