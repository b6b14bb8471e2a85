"""Hand-over notes, the bureau's own map, and where a device's picture can be watched."""

import sqlalchemy as sa
from alembic import op

from safety_service.store.columns import BigInt, Json, UtcTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "handover",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("school", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("open", Json, nullable=False),
        sa.Column("written_at", UtcTime(), nullable=False),
        sa.Column("written_by", sa.String(), nullable=False),
        sa.Column("taken_at", UtcTime(), nullable=True),
        sa.Column("taken_by", sa.String(), nullable=True),
        sa.CheckConstraint("(taken_at IS NULL) = (taken_by IS NULL)", name="ck_handover_taken"),
        sa.PrimaryKeyConstraint("id", name="pk_handover"),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_handover_school"),
    )
    waiting = sa.text("taken_at IS NULL")
    op.create_index("ix_handover_waiting", "handover", ["id"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_index("ix_handover_school", "handover", ["school", "id"])
    op.create_table(
        "boundary",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("areas", Json, nullable=False),
        sa.Column("approval", sa.String(), nullable=True),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("imported_at", UtcTime(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_boundary_one"),
        sa.PrimaryKeyConstraint("id", name="pk_boundary"),
    )
    op.add_column("device", sa.Column("live_url", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("device", "live_url")
    op.drop_table("boundary")
    op.drop_table("handover")
