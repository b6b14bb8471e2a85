"""Rectifications with their history, appeals against inspections, penalties and their repair."""

import sqlalchemy as sa
from alembic import op

from safety_service.store import guards
from safety_service.store.columns import BigInt, Json, UtcTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

APPEND_ONLY = ("rectification_step",)


def upgrade() -> None:
    _create_rectifications()
    _create_steps()
    _create_appeals()
    _create_penalties()
    for statement in guards.create_statements(op.get_bind().dialect.name, APPEND_ONLY):
        op.execute(statement)


def downgrade() -> None:
    # The triggers go with their table; the function behind them is still needed by those of others.
    for table in ("credit_repair", "penalty", "appeal", "rectification_step", "rectification"):
        op.drop_table(table)


def _some(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    some = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=some, postgresql_where=some)


def _create_rectifications() -> None:
    op.create_table(
        "rectification",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("cafeteria", sa.String(), nullable=True),
        sa.Column("zone", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("inspection", BigInt, nullable=True),
        sa.Column("scheme", sa.String(), nullable=True),
        sa.Column("item", sa.String(), nullable=True),
        sa.Column("title", Json, nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("key", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("photos_before", Json, nullable=False),
        sa.Column("photos_after", Json, nullable=False),
        sa.Column("opened_at", UtcTime(), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("done_at", UtcTime(), nullable=True),
        sa.Column("done_by", sa.String(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        *_rectification_checks(),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_rectification_school"),
        sa.ForeignKeyConstraint(["cafeteria"], ["cafeteria.id"], name="fk_rectification_cafeteria"),
        sa.ForeignKeyConstraint(["inspection"], ["inspection.id"], name="fk_rectification_inspection"),
        sa.PrimaryKeyConstraint("id", name="pk_rectification"),
        sa.UniqueConstraint("inspection", "item", name="uq_rectification_origin"),
    )
    _some(
        "uq_rectification_item",
        "rectification",
        ["cafeteria", "scheme", "item"],
        "ended_at IS NULL AND item IS NOT NULL",
        unique=True,
    )
    _some("ix_rectification_open", "rectification", ["id"], "ended_at IS NULL")
    _some("ix_rectification_due", "rectification", ["due_at"], "done_at IS NULL AND ended_at IS NULL")
    op.create_index("ix_rectification_school", "rectification", ["school", "id"])
    op.create_index("ix_rectification_cafeteria", "rectification", ["cafeteria", "id"])


def _rectification_checks() -> list[sa.CheckConstraint]:
    checks = {
        "status": "status IN ('open', 'returned', 'done', 'accepted', 'cancelled')",
        "ended": "(status IN ('accepted', 'cancelled')) = (ended_at IS NOT NULL)",
        "owed": "status NOT IN ('open', 'returned') OR done_at IS NULL",
        "done": "status NOT IN ('done', 'accepted') OR done_at IS NOT NULL",
        "accepted": "status <> 'accepted' OR ended_by <> done_by",
    }
    return [sa.CheckConstraint(rule, name=f"ck_rectification_{name}") for name, rule in checks.items()]


def _create_steps() -> None:
    op.create_table(
        "rectification_step",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("rectification", BigInt, nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("inspection", BigInt, nullable=True),
        sa.Column("detail", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["rectification"], ["rectification.id"], name="fk_rectification_step_rectification"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rectification_step"),
    )
    op.create_index("ix_rectification_step_of", "rectification_step", ["rectification", "id"])
    _some(
        "uq_rectification_step_visit",
        "rectification_step",
        ["inspection", "rectification"],
        "inspection IS NOT NULL",
        unique=True,
    )


def _create_appeals() -> None:
    op.create_table(
        "appeal",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("cafeteria", sa.String(), nullable=False),
        sa.Column("inspection", BigInt, nullable=False),
        sa.Column("items", Json, nullable=False),
        sa.Column("grounds", sa.String(), nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("filed_at", UtcTime(), nullable=False),
        sa.Column("filed_by", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("revision", BigInt, nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'upheld', 'dismissed', 'changed', 'withdrawn')", name="ck_appeal_status"
        ),
        sa.CheckConstraint("(status = 'pending') = (ended_at IS NULL)", name="ck_appeal_ended"),
        sa.CheckConstraint("(status = 'changed') = (revision IS NOT NULL)", name="ck_appeal_changed"),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_appeal_school"),
        sa.ForeignKeyConstraint(["cafeteria"], ["cafeteria.id"], name="fk_appeal_cafeteria"),
        sa.ForeignKeyConstraint(["inspection"], ["inspection.id"], name="fk_appeal_inspection"),
        sa.ForeignKeyConstraint(["revision"], ["inspection.id"], name="fk_appeal_revision"),
        sa.PrimaryKeyConstraint("id", name="pk_appeal"),
    )
    _some("uq_appeal_pending", "appeal", ["inspection"], "status = 'pending'", unique=True)
    _some("ix_appeal_due", "appeal", ["due_at"], "status = 'pending'")
    op.create_index("ix_appeal_school", "appeal", ["school", "id"])
    op.create_index("ix_appeal_inspection", "appeal", ["inspection", "id"])


def _create_penalties() -> None:
    op.create_table(
        "penalty",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("cafeteria", sa.String(), nullable=False),
        sa.Column("operator", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("amount", sa.String(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("repaired_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_penalty_school"),
        sa.ForeignKeyConstraint(["cafeteria"], ["cafeteria.id"], name="fk_penalty_cafeteria"),
        sa.PrimaryKeyConstraint("id", name="pk_penalty"),
        sa.UniqueConstraint("cafeteria", "reference", name="uq_penalty_reference"),
    )
    op.create_index("ix_penalty_school", "penalty", ["school", "id"])
    op.create_index("ix_penalty_cafeteria", "penalty", ["cafeteria", "id"])
    op.create_table(
        "credit_repair",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("penalty", BigInt, nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("repair_class", sa.String(), nullable=False),
        sa.Column("repairable_on", sa.Date(), nullable=False),
        sa.Column("conditions", Json, nullable=False),
        sa.Column("statement", sa.String(), nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("applied_at", UtcTime(), nullable=False),
        sa.Column("applied_by", sa.String(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.CheckConstraint("status IN ('pending', 'granted', 'refused')", name="ck_credit_repair_status"),
        sa.CheckConstraint("(status = 'pending') = (ended_at IS NULL)", name="ck_credit_repair_ended"),
        sa.ForeignKeyConstraint(["penalty"], ["penalty.id"], name="fk_credit_repair_penalty"),
        sa.PrimaryKeyConstraint("id", name="pk_credit_repair"),
    )
    _some("uq_credit_repair_pending", "credit_repair", ["penalty"], "status = 'pending'", unique=True)
    op.create_index("ix_credit_repair_penalty", "credit_repair", ["penalty", "id"])
