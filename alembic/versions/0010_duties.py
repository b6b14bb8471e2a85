"""What is owed: obligations, duties with their occurrences and records, health certificates."""

import sqlalchemy as sa
from alembic import op

from safety_service.store.columns import BigInt, Json, UtcTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_obligations()
    op.create_table(
        "duty",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("definition", Json, nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_duty"),
    )
    _create_occurrences()
    _create_records()
    op.create_table(
        "health_certificate",
        sa.Column("cafeteria", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["cafeteria"], ["cafeteria.id"], name="fk_health_certificate_cafeteria"),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_health_certificate_school"),
        sa.PrimaryKeyConstraint("cafeteria", "reference", name="pk_health_certificate"),
    )
    op.create_index(
        "ix_health_certificate_school", "health_certificate", ["school", "cafeteria", "reference"]
    )


def downgrade() -> None:
    for table in ("health_certificate", "duty_record", "duty_occurrence", "duty", "obligation"):
        op.drop_table(table)


def _create_obligations() -> None:
    op.create_table(
        "obligation",
        sa.Column("of", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("change", BigInt, nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("title", Json, nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("severity", sa.String(), nullable=True),
        sa.Column("done_at", UtcTime(), nullable=True),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_obligation_school"),
        sa.PrimaryKeyConstraint("of", "id", name="pk_obligation"),
    )
    is_open = sa.text("done_at IS NULL AND NOT cancelled")
    op.create_index("ix_obligation_change", "obligation", ["change"])
    op.create_index(
        "ix_obligation_open", "obligation", ["due_at"], sqlite_where=is_open, postgresql_where=is_open
    )


def _create_occurrences() -> None:
    op.create_table(
        "duty_occurrence",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("duty", sa.String(), nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("opens_at", UtcTime(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("lapses_at", UtcTime(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("record", BigInt, nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'done', 'missed', 'cancelled')", name="ck_duty_occurrence_state"
        ),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_duty_occurrence_school"),
        sa.PrimaryKeyConstraint("id", name="pk_duty_occurrence"),
    )
    waiting = sa.text("state = 'open'")
    op.create_index("ix_duty_occurrence_school", "duty_occurrence", ["school", "due_at", "id"])
    op.create_index("ix_duty_occurrence_due", "duty_occurrence", ["due_at", "id"])
    for name, columns in (
        ("ix_duty_occurrence_waiting", ["duty", "school", "due_at"]),
        ("ix_duty_occurrence_lapsing", ["lapses_at"]),
    ):
        op.create_index(name, "duty_occurrence", columns, sqlite_where=waiting, postgresql_where=waiting)


def _create_records() -> None:
    op.create_table(
        "duty_record",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("duty", sa.String(), nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("occurrence", sa.String(), nullable=True),
        sa.Column("done_at", UtcTime(), nullable=False),
        sa.Column("done_by", sa.String(), nullable=False),
        sa.Column("found", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("breaches", Json, nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_duty_record_school"),
        sa.PrimaryKeyConstraint("id", name="pk_duty_record"),
    )
    op.create_index("ix_duty_record_school", "duty_record", ["school", "id"])
    op.create_index("ix_duty_record_duty", "duty_record", ["duty", "id"])
