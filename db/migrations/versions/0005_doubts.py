"""What may not have arrived is asked about at the desk; and one process at a time makes a topic."""

import sqlalchemy as sa
from alembic import op

from db.columns import BIG_ID, Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "doubts",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("article_id", BIG_ID, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_doubts_article_id_articles")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doubts")),
    )
    condition = sa.text("state = 'open'")
    op.create_index(
        "uq_doubts_open", "doubts", ["article_id"], unique=True, sqlite_where=condition, postgresql_where=condition
    )
    with op.batch_alter_table("desk_topics") as batch:
        batch.alter_column("thread_id", existing_type=sa.BigInteger(), nullable=True)
        batch.add_column(sa.Column("making_since", Moment(), nullable=True))
