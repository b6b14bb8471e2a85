"""The table that tells news from what was stored before."""

from sqlalchemy import Column, PrimaryKeyConstraint
from sqlmodel import Field, SQLModel

from safety_service.store.columns import BigInt


class EventKey(SQLModel, table=True):
    """What decides what is news: for every event the time it was told (microseconds) and a key.

    So new keys go to the end of the index, and what is stored already costs nothing. See `event_log.key_of`.
    """

    __tablename__ = "event_key"
    __table_args__ = (
        PrimaryKeyConstraint("told_at", "key"),
        {"postgresql_partition_by": "RANGE (told_at)", "sqlite_with_rowid": False},
    )

    told_at: int = Field(sa_column=Column(BigInt, nullable=False, autoincrement=False))
    key: int = Field(sa_column=Column(BigInt, nullable=False, autoincrement=False))
