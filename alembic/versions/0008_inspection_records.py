"""Inspection records: revisions, people, place and times, attachments, drafts, plans, and the hash chain."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from safety_service.domain.chain import CHAINED, GENESIS, chain_hash
from safety_service.store import guards
from safety_service.store.columns import BigInt, Json, UtcTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_AT_ONCE = 500
_TYPES: dict[str, Any] = {
    "id": BigInt,
    "visited_on": sa.Date(),
    "submitted_at": UtcTime(),
    "result": Json,
    "comparison": Json,
    "previous": BigInt,
    "visit": BigInt,
    "chain_number": BigInt,
    "revision": sa.Integer(),
    "inspectors": Json,
    "attachments": Json,
    "follow_ups": Json,
    "corrects": BigInt,
    "latitude": sa.Float(),
    "longitude": sa.Float(),
    "accuracy_m": sa.Float(),
    "started_at": UtcTime(),
    "finished_at": UtcTime(),
}
_ADDED = (
    "visit", "revision", "corrects", "inspectors", "latitude", "longitude", "accuracy_m", "started_at",
    "finished_at", "attachments", "follow_ups", "chain_number", "chain_hash",
)  # fmt: skip
_NEEDED = ("visit", "revision", "inspectors", "attachments", "follow_ups", "chain_number", "chain_hash")
_INSPECTION = sa.table(
    "inspection",
    *(sa.column(name, _TYPES.get(name, sa.String())) for name in (*CHAINED, "chain_hash")),
)


def upgrade() -> None:
    with op.batch_alter_table("cafeteria") as cafeteria:
        cafeteria.add_column(sa.Column("risk_level", sa.String(), nullable=True))
    _unguard_inspections()
    with op.batch_alter_table("inspection") as inspection:
        for name in _ADDED:
            inspection.add_column(sa.Column(name, _TYPES.get(name, sa.String()), nullable=True))
    _chain_what_is_there()
    with op.batch_alter_table("inspection") as inspection:
        for name in _NEEDED:
            inspection.alter_column(name, existing_type=_TYPES.get(name, sa.String()), nullable=False)
        inspection.create_foreign_key("fk_inspection_corrects", "inspection", ["corrects"], ["id"])
        inspection.create_unique_constraint("uq_inspection_corrects", ["corrects"])
        inspection.create_unique_constraint("uq_inspection_chain_number", ["chain_number"])
    op.drop_index("ix_inspection_cafeteria", "inspection")
    op.create_index("ix_inspection_cafeteria", "inspection", ["cafeteria", "visited_on", "visit"])
    op.create_index("ix_inspection_visit", "inspection", ["visit", "revision"])
    _create_tables()
    _guard("inspection", "attachment")


def downgrade() -> None:
    for table in ("planned_visit", "inspection_draft", "attachment"):
        op.drop_table(table)
    _unguard_inspections()
    op.drop_index("ix_inspection_visit", "inspection")
    op.drop_index("ix_inspection_cafeteria", "inspection")
    with op.batch_alter_table("inspection") as inspection:
        inspection.drop_constraint("uq_inspection_chain_number", type_="unique")
        inspection.drop_constraint("uq_inspection_corrects", type_="unique")
        inspection.drop_constraint("fk_inspection_corrects", type_="foreignkey")
        for name in _ADDED:
            inspection.drop_column(name)
    op.create_index("ix_inspection_cafeteria", "inspection", ["cafeteria", "visited_on", "id"])
    op.execute("DELETE FROM counter WHERE name = 'inspection'")
    # In place: other tables point here, and SQLite would lose what they point to while it copies.
    with op.batch_alter_table("cafeteria", recreate="never") as cafeteria:
        cafeteria.drop_column("risk_level")
    _guard("inspection")


def _guard(*tables: str) -> None:
    for statement in guards.create_statements(op.get_bind().dialect.name, tables):
        op.execute(statement)


def _unguard_inspections() -> None:
    """The rows get their place in the chain once; the function behind the triggers serves others too."""
    for statement in guards.drop_statements(op.get_bind().dialect.name, ("inspection",)):
        if not statement.startswith("DROP FUNCTION"):
            op.execute(statement)


def _chain_what_is_there() -> None:
    """Every record so far, in the order of its number: each is the only row of its visit."""
    connection, previous, number, after = op.get_bind(), GENESIS, 0, 0
    names = [name for name in CHAINED if name not in _ADDED]
    read = sa.select(*(_INSPECTION.c[name] for name in names)).order_by(_INSPECTION.c.id).limit(_AT_ONCE)
    change = (
        sa.update(_INSPECTION)
        .where(_INSPECTION.c.id == sa.bindparam("row"))
        .values({name: sa.bindparam(name, type_=_INSPECTION.c[name].type) for name in _NEEDED})
    )
    while rows := connection.execute(read.where(_INSPECTION.c.id > after)).mappings().all():
        changes = []
        for row in rows:
            number += 1
            people = [row["inspector"]] if row["inspector"] else []
            added = {
                "visit": number,
                "revision": 0,
                "chain_number": number,
                "inspectors": people,
                "attachments": [],
                "follow_ups": {},
            }
            previous = chain_hash(previous, {**row, **added})
            changes.append({"row": row["id"], **added, "chain_hash": previous})
        connection.execute(change, changes)
        after = rows[-1]["id"]
    if number:
        counter = sa.table("counter", sa.column("name", sa.String()), sa.column("value", BigInt))
        connection.execute(sa.insert(counter).values(name="inspection", value=number))


def _create_tables() -> None:
    op.create_table(
        "attachment",
        sa.Column("cafeteria", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("stored_at", UtcTime(), nullable=False),
        sa.Column("stored_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("cafeteria", "sha256", name="pk_attachment"),
        sa.ForeignKeyConstraint(["cafeteria"], ["cafeteria.id"], name="fk_attachment_cafeteria"),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_attachment_school"),
    )
    op.create_table(
        "inspection_draft",
        sa.Column("cafeteria", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("problems", Json, nullable=False),
        sa.Column("submitted_at", UtcTime(), nullable=False),
        sa.Column("submitted_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("cafeteria", "id", name="pk_inspection_draft"),
        sa.ForeignKeyConstraint(["cafeteria"], ["cafeteria.id"], name="fk_inspection_draft_cafeteria"),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_inspection_draft_school"),
    )
    op.create_index("ix_inspection_draft_age", "inspection_draft", ["cafeteria", "submitted_at"])
    op.create_table(
        "planned_visit",
        sa.Column("cafeteria", sa.String(), nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("assignee", sa.String(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("planned_at", UtcTime(), nullable=False),
        sa.Column("planned_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("cafeteria", name="pk_planned_visit"),
        sa.ForeignKeyConstraint(["cafeteria"], ["cafeteria.id"], name="fk_planned_visit_cafeteria"),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_planned_visit_school"),
    )
    op.create_index("ix_planned_visit_day", "planned_visit", ["assignee", "planned_on"])
