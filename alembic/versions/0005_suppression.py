"""Silences and maintenance windows, and what is held back found without looking at every alert."""

import sqlalchemy as sa
from alembic import op

from safety_service.store.columns import BigInt, Json, UtcTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quiet_time",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("school", sa.String(), nullable=True),
        sa.Column("match", Json, nullable=False),
        sa.Column("starts_at", UtcTime(), nullable=False),
        sa.Column("ends_at", UtcTime(), nullable=False),
        sa.Column("recurrence", sa.String(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_quiet_time"),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_quiet_time_school"),
    )
    standing = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_quiet_time_standing",
        "quiet_time",
        ["ends_at"],
        sqlite_where=standing,
        postgresql_where=standing,
    )
    op.create_index("ix_quiet_time_school", "quiet_time", ["school", "id"])
    held_back = sa.text("condition = 'firing' AND suppressed_by IS NOT NULL")
    op.create_index(
        "ix_alert_suppressed", "alert", ["id"], sqlite_where=held_back, postgresql_where=held_back
    )


def downgrade() -> None:
    op.drop_index("ix_alert_suppressed", "alert")
    op.drop_table("quiet_time")
