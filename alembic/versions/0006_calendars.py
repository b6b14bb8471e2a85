"""Calendars of the county: terms, holidays and exams, which rules name."""

import sqlalchemy as sa
from alembic import op

from safety_service.store.columns import Json, UtcTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("definition", Json, nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_calendar"),
    )


def downgrade() -> None:
    op.drop_table("calendar")
