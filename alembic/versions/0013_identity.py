"""Other names of devices, what their clocks and sensors are known for, and when alerts ended."""

import sqlalchemy as sa
from alembic import op

from safety_service.store.columns import BigInt

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device_identity",
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_device_identity_school"),
        sa.PrimaryKeyConstraint("school", "identity", name="pk_device_identity"),
    )
    op.create_table(
        "sensor_state",
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("position", BigInt, nullable=False),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_sensor_state_school"),
        sa.PrimaryKeyConstraint("school", "device", "kind", "code", name="pk_sensor_state"),
    )
    op.add_column("device", sa.Column("gateway", sa.String(), nullable=True))
    op.add_column("device", sa.Column("clock_offset_seconds", sa.Float(), nullable=True))
    op.add_column(
        "device", sa.Column("clock_suspect", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    ended = sa.text("resolved_at IS NOT NULL")
    op.create_index(
        "ix_alert_ended", "alert", ["rule", "resolved_at"], sqlite_where=ended, postgresql_where=ended
    )


def downgrade() -> None:
    op.drop_index("ix_alert_ended", "alert")
    for column in ("clock_suspect", "clock_offset_seconds", "gateway"):
        op.drop_column("device", column)
    op.drop_table("sensor_state")
    op.drop_table("device_identity")
