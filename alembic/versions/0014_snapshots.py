"""Images of events in files: which school they are of, and those that are still to be fetched."""

import sqlalchemy as sa
from alembic import op

from safety_service.store.columns import BigInt, UtcTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_WAITING = sa.text("state = 'waiting'")
_SHOWN = sa.text("snapshot_url IS NOT NULL")


def upgrade() -> None:
    _create_snapshots()
    _create_fetches()
    # By hash, because an address may be longer than what PostgreSQL takes into a tree.
    op.create_index(
        "ix_alert_snapshot",
        "alert",
        ["snapshot_url"],
        sqlite_where=_SHOWN,
        postgresql_where=_SHOWN,
        postgresql_using="hash",
    )


def downgrade() -> None:
    op.drop_index("ix_alert_snapshot", "alert")
    op.drop_table("snapshot_fetch")
    op.drop_table("snapshot")


def _create_snapshots() -> None:
    op.create_table(
        "snapshot",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("stored_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_snapshot_school"),
        sa.PrimaryKeyConstraint("sha256", "school", name="pk_snapshot"),
    )
    op.create_index("ix_snapshot_stored", "snapshot", ["stored_at"])


def _create_fetches() -> None:
    op.create_table(
        "snapshot_fetch",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("occurred_at", UtcTime(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("next_attempt_at", UtcTime(), nullable=False),
        sa.Column("answer", sa.String(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'failed')", name="ck_snapshot_fetch_state"),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_snapshot_fetch_school"),
        sa.PrimaryKeyConstraint("id", name="pk_snapshot_fetch"),
    )
    op.create_index(
        "uq_snapshot_fetch",
        "snapshot_fetch",
        ["school", "link"],
        unique=True,
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_index(
        "ix_snapshot_fetch_due",
        "snapshot_fetch",
        ["next_attempt_at"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_index("ix_snapshot_fetch_created", "snapshot_fetch", ["created_at"])
