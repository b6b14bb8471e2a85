"""Events and raw messages in pieces by time; what is news is decided by keys in the order of time told.

Rejected messages carry their own bytes from here on. Going back, events get a made-up `dedup_key`: the keys
are not kept in full, so what is sent again around that moment is stored again.
"""
# ruff: noqa: S608 - statements put together from names of this file

from collections.abc import Iterator
from datetime import date, tzinfo
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa
from alembic import op

from safety_service.domain.decoding.times import parse
from safety_service.store import pieces
from safety_service.store.columns import BigInt, Json, UtcTime
from safety_service.store.driver import microseconds

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

AT_ONCE = 5000
ZONE = "Asia/Shanghai"
"""For written times without a zone, of schools without one: the default of the settings."""
SHARED = (
    "occurred_at, id, received_at, position, sequence, value, retained, clock_suspect, school, device, kind,"
    " phase, format, event_id, unit, severity_hint, zone, snapshot_url, attributes, source_time, gateway"
)
MESSAGE = "partition, position, received_at, qos, retained, topic, payload, origin"
REJECTED = "id, partition, position, school, topic, reason, place, detail, received_at, replayed_at"


def upgrade() -> None:
    _make_room("event", "message")
    _create_event_key()
    _create_event()
    _create_message(
        ("partition", "position", "received_at"), {"postgresql_partition_by": "RANGE (received_at)"}
    )
    _make_pieces()
    op.execute(f"INSERT INTO event ({SHARED}) SELECT {SHARED} FROM old_event")
    op.execute(f"INSERT INTO message ({MESSAGE}) SELECT {MESSAGE} FROM old_message")
    _fill_keys()
    _rejected_with_bytes()
    _note_what_is_gone()
    op.drop_table("old_event")
    op.drop_table("old_message")


def downgrade() -> None:
    _make_room("event", "message")
    _create_old_event()
    _create_message(("partition", "position"), {})
    op.execute(f"INSERT INTO event ({SHARED}, dedup_key) SELECT {SHARED}, 'id:' || id FROM old_event")
    op.execute(f"INSERT INTO message ({MESSAGE}) SELECT {MESSAGE} FROM old_message")
    for table in ("old_event", "old_message", "event_key"):
        op.drop_table(table)
    _rejected_without_bytes()
    op.execute("DELETE FROM counter WHERE name LIKE 'message_removed:%'")


def _postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _make_room(*tables: str) -> None:
    """Renames the tables away; the names of their indexes and constraints become free."""
    for table in tables:
        op.rename_table(table, f"old_{table}")
        if _postgresql():
            op.execute(f"ALTER INDEX pk_{table} RENAME TO pk_old_{table}")
    for index in ("ix_event_school_time", "ix_event_time"):
        op.execute(f"DROP INDEX IF EXISTS {index}")


def _create_event_key() -> None:
    op.create_table(
        "event_key",
        sa.Column("told_at", BigInt, nullable=False, autoincrement=False),
        sa.Column("key", BigInt, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("told_at", "key", name="pk_event_key"),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (told_at)",
    )
    if _postgresql():
        op.execute(f"CREATE TABLE {pieces.UNTOLD} PARTITION OF event_key FOR VALUES FROM (MINVALUE) TO (1)")
        op.execute(f"CREATE TABLE {pieces.REST} PARTITION OF event_key DEFAULT")


def _create_event() -> None:
    op.create_table(
        "event",
        sa.Column("occurred_at", UtcTime(), nullable=False),
        sa.Column("id", BigInt, nullable=False, autoincrement=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.Column("position", BigInt, nullable=False),
        sa.Column("sequence", BigInt, nullable=True),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("retained", sa.Boolean(), nullable=False),
        sa.Column("clock_suspect", sa.Boolean(), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("school", "device", "kind", "phase", "format")
        ),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("event_id", "unit", "severity_hint")),
        sa.Column("zone", sa.String(), nullable=True),
        sa.Column("snapshot_url", sa.String(), nullable=True),
        sa.Column("attributes", Json, nullable=True),
        sa.Column("source_time", sa.String(), nullable=True),
        sa.Column("gateway", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("occurred_at", "id", name="pk_event"),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (occurred_at)",
    )
    op.create_index("ix_event_school_time", "event", ["school", "occurred_at", "id"])


def _create_message(key: tuple[str, ...], options: dict[str, Any]) -> None:
    columns: list[Any] = [
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("position", BigInt, nullable=False, autoincrement=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.Column("qos", sa.Integer(), nullable=False),
        sa.Column("retained", sa.Boolean(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
    ]
    if not options:
        # The order of the first schema.
        columns = [columns[i] for i in (0, 1, 5, 6, 3, 4, 7, 2)]
    op.create_table("message", *columns, sa.PrimaryKeyConstraint(*key, name="pk_message"), **options)


def _create_old_event() -> None:
    texts = ("school", "device", "kind", "phase")
    op.create_table(
        "event",
        sa.Column("id", BigInt, nullable=False, autoincrement=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in texts),
        sa.Column("occurred_at", UtcTime(), nullable=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("dedup_key", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.Column("value", sa.Float(), nullable=True),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("unit", "severity_hint", "zone")),
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


def _make_pieces() -> None:
    """A day for each on which something is stored; keys get the months of the events."""
    if not _postgresql():
        return
    wanted: dict[str, pieces.Piece] = {}
    for table, column in (("event", "occurred_at"), ("message", "received_at")):
        for of in _days(f"SELECT DISTINCT ({column} AT TIME ZONE 'UTC')::date FROM old_{table}"):
            for piece in (pieces.day(table, of), pieces.month(of)):
                wanted[piece.name] = piece
    for piece in wanted.values():
        for statement in pieces.make_statements(piece):
            op.execute(statement)


def _days(statement: str) -> list[date]:
    return list(op.get_bind().execute(sa.text(statement)).scalars())


def _fill_keys() -> None:
    connection = op.get_bind()
    statement = sa.text("INSERT INTO event_key (told_at, key) VALUES (:told_at, :key) ON CONFLICT DO NOTHING")
    for rows in _batches():
        connection.execute(statement, rows)


def _batches() -> Iterator[list[dict[str, Any]]]:
    """The keys of all stored events, as `event_log.key_of` makes them from those to come."""
    connection = op.get_bind()
    zones = {
        code: _zone(name) for code, name in connection.execute(sa.text("SELECT code, timezone FROM school"))
    }
    log = sa.table(
        "old_event",
        *map(sa.column, ("id", "school", "device", "dedup_key", "source_time", "event_id")),
        sa.column("received_at", UtcTime()),
    )
    last: int | None = None
    while True:
        statement = sa.select(log).order_by(log.c.id).limit(AT_ONCE)
        if last is not None:
            statement = statement.where(log.c.id > last)
        rows = connection.execute(statement).all()
        if not rows:
            return
        last = rows[-1].id
        yield [_key(row, zones.get(row.school) or ZoneInfo(ZONE)) for row in rows]


def _key(row: Any, zone: tzinfo) -> dict[str, Any]:
    names = f"{len(row.school)} {len(row.device)} {row.school}{row.device}{row.dedup_key}"
    digest = blake2b(names.encode(), digest_size=16).digest()
    told_at = _told_at(row, zone)
    if told_at is None:
        told_at = -1 - (int.from_bytes(digest[8:], "big") >> 1)
    return {"told_at": told_at, "key": int.from_bytes(digest[:8], "big", signed=True)}


def _told_at(row: Any, zone: tzinfo) -> int | None:
    if row.source_time is None:
        # A word like `online` brings neither id nor time; its key names the receipt.
        return None if row.event_id is not None else microseconds(row.received_at)
    try:
        return microseconds(parse(row.source_time, zone))
    except (ValueError, OverflowError, OSError):
        return None


def _zone(name: str | None) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _rejected_with_bytes() -> None:
    """Each rejected message gets its bytes, as far as they are still there, with its first refusal."""
    op.rename_table("message_rejected", "old_rejected")
    _drop_rejected_names()
    _create_rejected(with_bytes=True)
    first = (
        "NOT EXISTS (SELECT 1 FROM old_rejected AS e WHERE e.partition = r.partition"
        " AND e.position = r.position AND e.id < r.id)"
    )
    columns = ", ".join(f"r.{name}" for name in REJECTED.split(", "))
    op.execute(
        f"INSERT INTO message_rejected ({REJECTED}, qos, retained, origin, payload)"
        f" SELECT {columns}, coalesce(m.qos, 0), coalesce(m.retained, {'false' if _postgresql() else '0'}),"
        f" coalesce(m.origin, 'mqtt'), CASE WHEN {first} THEN m.payload END"
        " FROM old_rejected AS r LEFT JOIN old_message AS m"
        " ON m.partition = r.partition AND m.position = r.position ORDER BY r.id"
    )
    _hand_over_numbers()


def _rejected_without_bytes() -> None:
    op.rename_table("message_rejected", "old_rejected")
    _drop_rejected_names()
    _create_rejected(with_bytes=False)
    op.execute(f"INSERT INTO message_rejected ({REJECTED}) SELECT {REJECTED} FROM old_rejected ORDER BY id")
    _hand_over_numbers()


def _drop_rejected_names() -> None:
    for index in ("ix_message_rejected_position", "ix_message_rejected_school"):
        op.execute(f"DROP INDEX {index}")
    if _postgresql():
        op.execute("ALTER INDEX pk_message_rejected RENAME TO pk_old_rejected")
        op.execute("ALTER SEQUENCE message_rejected_id_seq RENAME TO old_rejected_id_seq")


def _hand_over_numbers() -> None:
    op.drop_table("old_rejected")
    if _postgresql():
        op.execute(
            "SELECT setval('message_rejected_id_seq',"
            " coalesce((SELECT max(id) FROM message_rejected), 0) + 1, false)"
        )


def _create_rejected(*, with_bytes: bool) -> None:
    extra = [
        sa.Column("qos", sa.Integer(), nullable=False),
        sa.Column("retained", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
    ]
    texts = ("topic", "reason", "place", "detail")
    op.create_table(
        "message_rejected",
        sa.Column("id", BigInt, nullable=False, autoincrement=True),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("position", BigInt, nullable=False),
        sa.Column("school", sa.String(), nullable=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in texts),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.Column("replayed_at", UtcTime(), nullable=True),
        *(extra if with_bytes else []),
        sa.PrimaryKeyConstraint("id", name="pk_message_rejected"),
    )
    op.create_index("ix_message_rejected_position", "message_rejected", ["partition", "position"])
    op.create_index("ix_message_rejected_school", "message_rejected", ["school", "id"])


def _note_what_is_gone() -> None:
    """Up to which number each message log may have gaps: what retention has removed so far."""
    kept = (
        "SELECT min(m.position) FROM old_message AS m WHERE m.partition = p.id AND NOT EXISTS (SELECT 1 FROM"
        " message_rejected AS r WHERE r.partition = m.partition AND r.position = m.position)"
    )
    first = f"coalesce(({kept}), p.cursor + 1)"
    gone = f"CASE WHEN {first} < p.cursor + 1 THEN {first} ELSE p.cursor + 1 END - 1"
    op.execute(
        f"INSERT INTO counter (name, value) SELECT 'message_removed:' || p.id, {gone} FROM partition AS p"
    )
