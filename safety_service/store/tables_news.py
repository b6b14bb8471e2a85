"""The table that tells news from what was stored before."""

from sqlalchemy import Column, LargeBinary, PrimaryKeyConstraint
from sqlmodel import Field, SQLModel

from safety_service.store.columns import BigInt


class EventKey(SQLModel, table=True):
    """What decides what is news: a key for every event, behind the time told (microseconds, 0 for none).

    So new keys go to the end of the index, and what is stored already costs nothing.
    """

    __tablename__ = "event_key"
    __table_args__ = (
        PrimaryKeyConstraint("told_at", "key"),
        {"postgresql_partition_by": "RANGE (told_at)", "sqlite_with_rowid": False},
    )

    told_at: int = Field(sa_column=Column(BigInt, nullable=False, autoincrement=False))
    key: bytes = Field(sa_type=LargeBinary, nullable=False)
