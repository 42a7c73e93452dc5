"""The pace that several processes keep together."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from db.columns import Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def upgrade() -> None:
    pace = op.create_table(
        "pace",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("overall_at", Moment(), nullable=False),
        sa.Column("broadcast_at", Moment(), nullable=False),
        sa.Column("held_until", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pace")),
    )
    # Its only row.
    first = {"name": "bot", "overall_at": LONG_AGO, "broadcast_at": LONG_AGO, "held_until": LONG_AGO}
    op.bulk_insert(pace, [first])
