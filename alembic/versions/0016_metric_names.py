"""What the numbers of Sparkplug metrics stand for, kept beyond a restart."""

import sqlalchemy as sa
from alembic import op

from safety_service.store.columns import BigInt, Json

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "metric_names",
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("names", Json, nullable=False),
        sa.Column("position", BigInt, nullable=False),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_metric_names_school"),
        sa.PrimaryKeyConstraint("school", "device", name="pk_metric_names"),
    )


def downgrade() -> None:
    op.drop_table("metric_names")
