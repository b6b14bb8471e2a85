"""Credit indexes of each day; what lists and annual grades read of a hundred thousand visits is indexed."""

import sqlalchemy as sa
from alembic import op

from safety_service.store.columns import Json, UtcTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INSPECTION_INDEXES = {
    "ix_inspection_scored": ["cafeteria", "scheme", "visited_on", "score"],
    "ix_inspection_newest": ["cafeteria", "chain_number"],
    "ix_inspection_day": ["visited_on", "id"],
}


def upgrade() -> None:
    op.create_table(
        "credit_index",
        sa.Column("cafeteria", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=True),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("parts", Json, nullable=False),
        sa.Column("reckoned_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("cafeteria", "day", name="pk_credit_index"),
        sa.ForeignKeyConstraint(["cafeteria"], ["cafeteria.id"], name="fk_credit_index_cafeteria"),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_credit_index_school"),
    )
    op.create_index("ix_credit_index_day", "credit_index", ["day", "cafeteria"])
    for name, columns in INSPECTION_INDEXES.items():
        op.create_index(name, "inspection", columns)


def downgrade() -> None:
    for name in INSPECTION_INDEXES:
        op.drop_index(name, "inspection")
    op.drop_table("credit_index")
