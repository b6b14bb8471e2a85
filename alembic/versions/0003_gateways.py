"""Gateways: up to where the messages of each are committed, and what is missing below."""

import sqlalchemy as sa
from alembic import op

from safety_service.store.columns import BigInt, Json, UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gateway",
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("covered", BigInt, nullable=False),
        sa.Column("beyond", Json, nullable=False),
        sa.Column("first_at", UtcTime(), nullable=True),
        sa.Column("gap_since", UtcTime(), nullable=True),
        sa.Column("heard_seconds", sa.Float(), nullable=False),
        sa.Column("gap_told", Json, nullable=True),
        sa.Column("heard_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("school", "gateway", name="pk_gateway"),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_gateway_school"),
    )


def downgrade() -> None:
    op.drop_table("gateway")
