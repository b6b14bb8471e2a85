"""Escalation: duty rosters with overrides, policies, and how far each alert has come in its own."""

import sqlalchemy as sa
from alembic import op

from safety_service.store.columns import BigInt, Json, UtcTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_rosters()
    op.create_table(
        "escalation_policy",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("title", Json, nullable=False),
        sa.Column("min_severity", sa.String(), nullable=False),
        sa.Column("steps", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_escalation_policy"),
    )
    op.create_table(
        "escalation",
        sa.Column("alert_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("steps", Json, nullable=False),
        sa.Column("run", BigInt, nullable=False),
        sa.Column("counts_from", UtcTime(), nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.Column("next_due_at", UtcTime(), nullable=True),
        sa.Column("held_at", UtcTime(), nullable=True),
        sa.Column("hurried_by", sa.String(), nullable=True),
        sa.CheckConstraint("next_due_at IS NULL OR held_at IS NULL", name="ck_escalation_held"),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alert.id"], name="fk_escalation_alert_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("alert_id", name="pk_escalation"),
    )
    for name, column in (("ix_escalation_due", "next_due_at"), ("ix_escalation_held", "held_at")):
        some = sa.text(f"{column} IS NOT NULL")
        op.create_index(name, "escalation", [column], sqlite_where=some, postgresql_where=some)


def downgrade() -> None:
    for table in ("escalation", "escalation_policy", "roster_override", "roster"):
        op.drop_table(table)


def _create_rosters() -> None:
    op.create_table(
        "roster",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("title", Json, nullable=False),
        sa.Column("schools", Json, nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("members", Json, nullable=False),
        sa.Column("shifts", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_roster"),
    )
    op.create_table(
        "roster_override",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("roster", sa.String(), nullable=False),
        sa.Column("start_at", UtcTime(), nullable=False),
        sa.Column("end_at", UtcTime(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.CheckConstraint("end_at > start_at", name="ck_roster_override_lasts"),
        sa.ForeignKeyConstraint(
            ["roster"], ["roster.id"], name="fk_roster_override_roster", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_roster_override"),
    )
    op.create_index("ix_roster_override_roster", "roster_override", ["roster", "end_at"])
