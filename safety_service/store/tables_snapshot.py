"""Images of events: which school each one is of, and those that still have to be fetched."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from safety_service.store.scope import SchoolOwned
from safety_service.store.tables import instant, number

_WAITING = text("state = 'waiting'")


class Snapshot(SchoolOwned, table=True):
    """An image of a school, and with it who may see it. The bytes are in a file under the same hash.

    Two schools may have the same image; the file goes when no row names it any more.
    """

    __table_args__ = (Index("ix_snapshot_stored", "stored_at"),)

    sha256: str = Field(primary_key=True)
    school: str = Field(primary_key=True, foreign_key="school.code")
    media_type: str
    size: int
    stored_at: datetime = instant()
    """When it last came: from then on it is kept as long as the settings say."""


class SnapshotFetch(SchoolOwned, table=True):
    """An image that an event only links to, to be fetched from there; done, the row goes.

    `state`: waiting or failed (it will not be tried again). `answer` is what the last attempt came to.
    `occurred_at`: of the first event with this link while the row waits.
    """

    __tablename__ = "snapshot_fetch"
    __table_args__ = (
        Index(
            "uq_snapshot_fetch",
            "school",
            "link",
            unique=True,
            sqlite_where=_WAITING,
            postgresql_where=_WAITING,
        ),
        Index("ix_snapshot_fetch_due", "next_attempt_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index("ix_snapshot_fetch_created", "created_at"),
        CheckConstraint("state IN ('waiting', 'failed')", name="ck_snapshot_fetch_state"),
    )

    id: int = number()
    school: str = Field(foreign_key="school.code")
    device: str
    link: str
    host: str
    occurred_at: datetime = instant()
    state: str = "waiting"
    attempts: int = 0
    created_at: datetime = instant()
    next_attempt_at: datetime = instant()
    answer: str | None = None
