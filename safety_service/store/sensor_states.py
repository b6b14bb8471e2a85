"""What sensors said last of what lasts, and what the numbers of their metrics stand for: read whole when a
pipeline starts, written when it changes."""

from collections.abc import Collection, Sequence
from itertools import islice

import msgspec
from sqlmodel import Session, col, select

from safety_service.domain.decoding.recall import Named, Told
from safety_service.store.batches import Upsert, upsert
from safety_service.store.tables_identity import MetricNames, SensorState

_SAID = Upsert(
    "sensor_state",
    {
        "school": "text",
        "device": "text",
        "kind": "text",
        "code": "text",
        "is_on": "bool",
        "kept": "bool",
        "position": "int8",
    },
    ("school", "device", "kind", "code"),
    "is_on = excluded.is_on, kept = excluded.kept, position = excluded.position",
)
_COLUMNS = tuple(getattr(SensorState, name) for name in Told._fields)
_NAMES = Upsert(
    "metric_names",
    {"school": "text", "device": "text", "names": "jsonb", "position": "int8"},
    ("school", "device"),
    "names = excluded.names, position = excluded.position",
)
_NAMES_COLUMNS = tuple(getattr(MetricNames, name) for name in Named._fields)


def load(session: Session, schools: Collection[str]) -> list[Told]:
    """Everything known of the sensors of these schools, in the order in which it was said."""
    rows = session.execute(select(*map(col, _COLUMNS)).order_by(col(SensorState.position)))
    return [Told(*row) for row in rows if row.school in schools]


def save(session: Session, told: Sequence[Told]) -> None:
    """Belongs in the transaction of the events that say so."""
    upsert(session, _SAID, sorted(told))


def load_names(session: Session, schools: Collection[str], most: int) -> list[Named]:
    """The names that the newest births of these schools gave, the oldest of them first."""
    newest = select(*map(col, _NAMES_COLUMNS)).order_by(col(MetricNames.position).desc())
    rows = session.execute(newest)
    return list(islice((Named(*row) for row in rows if row.school in schools), most))[::-1]


def save_names(session: Session, named: Sequence[Named]) -> None:
    """Belongs in the transaction that moves the cursor past these births."""
    rows = [(*one[:2], msgspec.json.encode(one.names).decode(), one.position) for one in sorted(named)]
    upsert(session, _NAMES, rows)
