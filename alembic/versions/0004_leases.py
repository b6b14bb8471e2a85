"""Leases with fencing numbers; partitions that name their schools and know up to where devices were heard."""

import sqlalchemy as sa
from alembic import op

from safety_service.store.columns import BigInt, Json, UtcTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lease",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("fence", BigInt, nullable=False),
        sa.Column("beat", BigInt, nullable=False),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("taken_at", UtcTime(), nullable=True),
        sa.Column("renewed_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
    op.execute("INSERT INTO lease (name, fence, beat) SELECT name, 0, 0 FROM partition")
    # The defaults are for the rows that are there already; the program always says what it means.
    with op.batch_alter_table("partition") as partition:
        partition.add_column(sa.Column("schools", Json, nullable=False, server_default="[]"))
        partition.add_column(sa.Column("seen_cursor", BigInt, nullable=False, server_default="0"))
    op.execute("UPDATE partition SET seen_cursor = cursor")
    with op.batch_alter_table("partition") as partition:
        partition.alter_column("schools", server_default=None)
        partition.alter_column("seen_cursor", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("partition") as partition:
        partition.drop_column("seen_cursor")
        partition.drop_column("schools")
    op.drop_table("lease")
