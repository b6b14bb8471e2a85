"""The first schema: registry, people, inbox, events, alerts with their history, outbox, cafeterias."""

import sqlalchemy as sa
from alembic import op

from safety_service.store import guards
from safety_service.store.columns import BigInt, Json, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("audit_entry", "alert_transition", "inspection")

# In the order of their foreign keys.
TABLES = (
    "county",
    "township",
    "school",
    "device",
    "zone",
    "api_key",
    "audit_entry",
    "idempotency_record",
    "user_account",
    "api_key_school",
    "user_school",
    "counter",
    "message",
    "message_rejected",
    "partition",
    "event",
    "rollup_alert_hour",
    "rollup_hour",
    "rule_set",
    "rule_state",
    "alert",
    "channel",
    "alert_transition",
    "notification",
    "cafeteria",
    "inspection",
)


def upgrade() -> None:
    _registry()
    _people()
    _inbox()
    _events()
    _alerts()
    _cafeterias()
    for statement in guards.create_statements(op.get_bind().dialect.name, APPEND_ONLY):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    for statement in guards.drop_statements(op.get_bind().dialect.name, APPEND_ONLY):
        op.get_bind().exec_driver_sql(statement)
    for table in reversed(TABLES):
        op.drop_table(table)


def _registry() -> None:
    """County, townships, schools, zones, devices."""
    op.create_table(
        "county",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_county"),
    )
    op.create_table(
        "township",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_township"),
        sa.ForeignKeyConstraint(["county"], ["county.code"], name="fk_township_county"),
    )
    op.create_table(
        "school",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("township", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("pupils", sa.Integer(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=True),
        sa.Column("strict", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_school"),
        sa.ForeignKeyConstraint(["township"], ["township.code"], name="fk_school_township"),
    )
    op.create_index("ix_school_township", "school", ["township"])
    op.create_table(
        "device",
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=True),
        sa.Column("zone_type", sa.String(), nullable=True),
        sa.Column("format", sa.String(), nullable=True),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("first_seen_at", UtcTime(), nullable=True),
        sa.Column("last_seen_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("school", "device", name="pk_device"),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_device_school"),
    )
    op.create_index("ix_device_last_seen_at", "device", ["last_seen_at"])
    op.create_table(
        "zone",
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("school", "code", name="pk_zone"),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_zone_school"),
    )


def _people() -> None:
    """Users, keys, audit trail, answers already given."""
    op.create_table(
        "api_key",
        sa.Column("id", BigInt, nullable=False, autoincrement=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("every_school", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=True),
        sa.Column("revoked_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        sa.UniqueConstraint("key_hash", name="uq_api_key_key_hash"),
        sa.UniqueConstraint("name", name="uq_api_key_name"),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", BigInt, nullable=False, autoincrement=True),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("object_type", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("school", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("detail", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
    )
    op.create_index("ix_audit_entry_actor", "audit_entry", ["actor", "id"])
    op.create_index("ix_audit_entry_object", "audit_entry", ["object_type", "object_id", "id"])
    op.create_index("ix_audit_entry_school", "audit_entry", ["school", "id"])
    op.create_table(
        "idempotency_record",
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", Json, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name="pk_idempotency_record"),
    )
    op.create_index("ix_idempotency_record_created_at", "idempotency_record", ["created_at"])
    op.create_table(
        "user_account",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("every_school", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("token_version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_user_account"),
    )
    op.create_table(
        "api_key_school",
        sa.Column("key_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", "school", name="pk_api_key_school"),
        sa.ForeignKeyConstraint(
            ["key_id"], ["api_key.id"], name="fk_api_key_school_key_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_api_key_school_school"),
    )
    op.create_index("ix_api_key_school_school", "api_key_school", ["school"])
    op.create_table(
        "user_school",
        sa.Column("user_name", sa.String(), nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("user_name", "school", name="pk_user_school"),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_user_school_school"),
        sa.ForeignKeyConstraint(
            ["user_name"], ["user_account.name"], name="fk_user_school_user_name", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_user_school_school", "user_school", ["school"])


def _inbox() -> None:
    """The message log, its partitions and what could not be read."""
    op.create_table(
        "counter",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counter"),
    )
    op.create_table(
        "message",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("position", BigInt, nullable=False, autoincrement=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("qos", sa.Integer(), nullable=False),
        sa.Column("retained", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "position", name="pk_message"),
    )
    op.create_table(
        "message_rejected",
        sa.Column("id", BigInt, nullable=False, autoincrement=True),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("position", BigInt, nullable=False),
        sa.Column("school", sa.String(), nullable=True),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.Column("replayed_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_message_rejected"),
    )
    op.create_index("ix_message_rejected_position", "message_rejected", ["partition", "position"])
    op.create_index("ix_message_rejected_school", "message_rejected", ["school", "id"])
    op.create_table(
        "partition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("filters", Json, nullable=False),
        sa.Column("cursor", BigInt, nullable=False),
        sa.Column("event_position", BigInt, nullable=False),
        sa.Column("advanced_at", UtcTime(), nullable=True),
        sa.Column("deaf", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_partition"),
        sa.UniqueConstraint("name", name="uq_partition_name"),
    )


def _events() -> None:
    """The event log, its hourly counts, and what the rules remember."""
    op.create_table(
        "event",
        sa.Column("id", BigInt, nullable=False, autoincrement=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("occurred_at", UtcTime(), nullable=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("dedup_key", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("severity_hint", sa.String(), nullable=True),
        sa.Column("zone", sa.String(), nullable=True),
        sa.Column("snapshot_url", sa.String(), nullable=True),
        sa.Column("attributes", Json, nullable=True),
        sa.Column("retained", sa.Boolean(), nullable=False),
        sa.Column("clock_suspect", sa.Boolean(), nullable=False),
        sa.Column("source_time", sa.String(), nullable=True),
        sa.Column("sequence", BigInt, nullable=True),
        sa.Column("gateway", sa.String(), nullable=True),
        sa.Column("position", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.UniqueConstraint("school", "device", "dedup_key", name="uq_event_news"),
    )
    op.create_index("ix_event_school_time", "event", ["school", "occurred_at", "id"])
    op.create_index("ix_event_time", "event", ["occurred_at", "id"])
    op.create_table(
        "rollup_alert_hour",
        sa.Column("hour", UtcTime(), nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("raised", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("hour", "school", "kind", "severity", name="pk_rollup_alert_hour"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rollup_hour",
        sa.Column("hour", UtcTime(), nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("events", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("hour", "school", "kind", name="pk_rollup_hour"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rule_set",
        sa.Column("version", BigInt, nullable=False, autoincrement=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_rule_set"),
    )
    op.create_table(
        "rule_state",
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("rule", "key", name="pk_rule_state"),
    )


def _alerts() -> None:
    """Alerts, their history and the outbox."""
    op.create_table(
        "alert",
        sa.Column("id", BigInt, nullable=False, autoincrement=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("rule_version", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", Json, nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("raised_at", UtcTime(), nullable=False),
        sa.Column("last_seen_at", UtcTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(), nullable=True),
        sa.Column("zone", sa.String(), nullable=True),
        sa.Column("resolved_at", UtcTime(), nullable=True),
        sa.Column("acknowledged_at", UtcTime(), nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=True),
        sa.Column("assignee", sa.String(), nullable=True),
        sa.Column("closed_at", UtcTime(), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("disposition", sa.String(), nullable=True),
        sa.Column("suppressed_by", sa.String(), nullable=True),
        sa.Column("snapshot_url", sa.String(), nullable=True),
        sa.Column("detail", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="ck_alert_closed"),
        sa.CheckConstraint("closed_at IS NULL OR condition = 'resolved'", name="ck_alert_closed_ended"),
        sa.CheckConstraint("condition IN ('firing', 'resolved')", name="ck_alert_condition"),
        sa.CheckConstraint("(condition = 'resolved') = (resolved_at IS NOT NULL)", name="ck_alert_resolved"),
    )
    op.create_index("ix_alert_closed", "alert", ["closed_at"])
    op.create_index(
        "ix_alert_open",
        "alert",
        ["school", "id"],
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("ix_alert_raised", "alert", ["raised_at"])
    op.create_index("ix_alert_rule_key", "alert", ["rule", "key", "id"])
    op.create_index("ix_alert_school", "alert", ["school", "id"])
    op.create_index(
        "uq_alert_firing",
        "alert",
        ["rule", "key"],
        unique=True,
        sqlite_where=sa.text("condition = 'firing'"),
        postgresql_where=sa.text("condition = 'firing'"),
    )
    op.create_table(
        "channel",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("config", Json, nullable=False),
        sa.Column("schools", Json, nullable=False),
        sa.Column("min_severity", sa.String(), nullable=False),
        sa.Column("send_resolved", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_channel"),
    )
    op.create_table(
        "alert_transition",
        sa.Column("number", BigInt, nullable=False, autoincrement=False),
        sa.Column("alert_id", BigInt, nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("change", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("detail", Json, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_alert_transition"),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_alert_transition_alert_id"),
    )
    op.create_index("ix_alert_transition_alert", "alert_transition", ["alert_id", "number"])
    op.create_index("ix_alert_transition_at", "alert_transition", ["at"])
    op.create_table(
        "notification",
        sa.Column("id", BigInt, nullable=False, autoincrement=True),
        sa.Column("alert_id", BigInt, nullable=False),
        sa.Column("transition", BigInt, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("next_attempt_at", UtcTime(), nullable=False),
        sa.Column("delivered_at", UtcTime(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notification"),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_notification_alert_id"),
        sa.ForeignKeyConstraint(
            ["transition"], ["alert_transition.number"], name="fk_notification_transition"
        ),
        sa.UniqueConstraint("alert_id", "transition", "channel", "recipient", name="uq_notification"),
    )
    op.create_index(
        "ix_notification_due",
        "notification",
        ["next_attempt_at"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )


def _cafeterias() -> None:
    """Cafeterias and their inspections."""
    op.create_table(
        "cafeteria",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("licence_issued", sa.Date(), nullable=True),
        sa.Column("accident", sa.Date(), nullable=True),
        sa.Column("penalty_beyond_warning", sa.Date(), nullable=True),
        sa.Column("diners", sa.Integer(), nullable=True),
        sa.Column("inspection", BigInt, nullable=True),
        sa.Column("visited_on", sa.Date(), nullable=True),
        sa.Column("scheme", sa.String(), nullable=True),
        sa.Column("score", sa.String(), nullable=True),
        sa.Column("grade", sa.String(), nullable=True),
        sa.Column("icon", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_cafeteria"),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_cafeteria_school"),
    )
    op.create_index("ix_cafeteria_school", "cafeteria", ["school", "id"])
    op.create_table(
        "inspection",
        sa.Column("id", BigInt, nullable=False, autoincrement=True),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("cafeteria", sa.String(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("scheme_version", sa.String(), nullable=False),
        sa.Column("visited_on", sa.Date(), nullable=False),
        sa.Column("submitted_at", UtcTime(), nullable=False),
        sa.Column("submitted_by", sa.String(), nullable=False),
        sa.Column("inspector", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("score", sa.String(), nullable=True),
        sa.Column("grade", sa.String(), nullable=True),
        sa.Column("icon", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("result", Json, nullable=False),
        sa.Column("previous", BigInt, nullable=True),
        sa.Column("comparison", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_inspection"),
        sa.ForeignKeyConstraint(["cafeteria"], ["cafeteria.id"], name="fk_inspection_cafeteria"),
        sa.ForeignKeyConstraint(["school"], ["school.code"], name="fk_inspection_school"),
        sa.UniqueConstraint("school", "source_key", name="uq_inspection_source"),
    )
    op.create_index("ix_inspection_cafeteria", "inspection", ["cafeteria", "visited_on", "id"])
