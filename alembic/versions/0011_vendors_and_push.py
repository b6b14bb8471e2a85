"""HTTP push: digests of device keys, registered GA/T 1400 devices; codes that no vendor profile knows."""

import sqlalchemy as sa
from alembic import op

from safety_service.store.columns import BigInt, UtcTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_key_digest",
        sa.Column("key_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("ha1", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["key_id"], ["api_key.id"], name="fk_api_key_digest_key_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key_id", name="pk_api_key_digest"),
    )
    op.create_table(
        "viid_registration",
        sa.Column("viid_id", sa.String(), nullable=False),
        sa.Column("key_id", BigInt, nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("registered_at", UtcTime(), nullable=False),
        sa.Column("heard_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["key_id"], ["api_key.id"], name="fk_viid_registration_key_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_viid_registration_school"),
        sa.PrimaryKeyConstraint("viid_id", name="pk_viid_registration"),
    )
    op.create_index("ix_viid_registration_school", "viid_registration", ["school"])
    op.create_table(
        "unmapped_code",
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("vendor", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("count", BigInt, nullable=False),
        sa.Column("first_seen_at", UtcTime(), nullable=False),
        sa.Column("last_seen_at", UtcTime(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_unmapped_code_school"),
        sa.PrimaryKeyConstraint("school", "vendor", "code", name="pk_unmapped_code"),
    )


def downgrade() -> None:
    for table in ("unmapped_code", "viid_registration", "api_key_digest"):
        op.drop_table(table)
