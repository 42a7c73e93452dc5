"""The queue of jobs, on PostgreSQL: procrastinate's tables, as its package brings them."""

from importlib.resources import files

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    # Read, not imported: the package takes 0.7 s. A percent sign would be taken for the place of a parameter.
    schema = files("procrastinate").joinpath("sql", "schema.sql").read_text("utf-8").replace("%", "%%")
    connection.exec_driver_sql(schema)
    # A person's next job is looked for at every fetch, among all that wait; the package's own index begins with the id.
    op.create_index(
        "ix_procrastinate_jobs_lock",
        "procrastinate_jobs",
        ["lock"],
        postgresql_where=sa.text("lock IS NOT NULL AND status IN ('todo', 'doing')"),
    )
