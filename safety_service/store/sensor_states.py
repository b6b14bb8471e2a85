"""What sensors said last of what lasts: read whole when a pipeline starts, written when it changes."""

from collections.abc import Collection, Sequence

from sqlmodel import Session, col, select

from safety_service.domain.decoding.recall import Told
from safety_service.store.batches import Upsert, upsert
from safety_service.store.tables_identity import SensorState

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


def load(session: Session, schools: Collection[str]) -> list[Told]:
    """Everything known of the sensors of these schools, in the order in which it was said."""
    rows = session.execute(select(*map(col, _COLUMNS)).order_by(col(SensorState.position)))
    return [Told(*row) for row in rows if row.school in schools]


def save(session: Session, told: Sequence[Told]) -> None:
    """Belongs in the transaction of the events that say so."""
    upsert(session, _SAID, sorted(told))
