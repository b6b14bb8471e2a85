"""The credit indexes of past days, as they were reckoned then."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field

from safety_service.store.scope import SchoolOwned
from safety_service.store.tables import instant, json_object


class CreditIndexDay(SchoolOwned, table=True):
    """One cafeteria on one day. `value` in hundredths as text, None where it could not be observed.

    `parts`: the points of each component by its id. `version` is that of the weights; a day that has passed
    is never reckoned anew.
    """

    __tablename__ = "credit_index"
    __table_args__ = (Index("ix_credit_index_day", "day", "cafeteria"),)

    cafeteria: str = Field(primary_key=True, foreign_key="cafeteria.id")
    day: date = Field(primary_key=True)
    school: str = Field(foreign_key="school.code")
    value: str | None = None
    version: str
    parts: dict[str, Any] = json_object()
    reckoned_at: datetime = instant()
