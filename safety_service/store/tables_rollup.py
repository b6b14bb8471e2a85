"""Hourly counts, kept by the pipeline, so that no screen ever counts the event log.

Rows are clustered by hour: what a screen reads is the newest stretch, however long the log has grown.
"""

from datetime import datetime

from sqlmodel import Field

from safety_service.store.columns import BigInt, UtcTime
from safety_service.store.scope import SchoolOwned


class RollupHour(SchoolOwned, table=True):
    """How many events of one kind a school had in the hour that begins at `hour`, by when they came in."""

    __tablename__ = "rollup_hour"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own declaration

    hour: datetime = Field(primary_key=True, sa_type=UtcTime)
    school: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    events: int = Field(sa_type=BigInt, nullable=False)


class RollupAlertHour(SchoolOwned, table=True):
    """How many alerts were raised in the hour that begins at `hour`, by their severity at that moment."""

    __tablename__ = "rollup_alert_hour"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own declaration

    hour: datetime = Field(primary_key=True, sa_type=UtcTime)
    school: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    severity: str = Field(primary_key=True)
    raised: int = Field(sa_type=BigInt, nullable=False)
