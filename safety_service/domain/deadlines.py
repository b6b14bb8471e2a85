"""By when things are due: the county's periods as data, in calendar days on the school's own clock."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from pydantic import BaseModel, ConfigDict, Field

LONGEST_DAYS = 366
_ONE_DAY = timedelta(days=1)


class _Periods(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RectificationPeriods(_Periods):
    """Days to put something right where nobody set a date; `key_days` for key items (0: the same day)."""

    days: int = Field(ge=0, le=LONGEST_DAYS)
    key_days: int = Field(ge=0, le=LONGEST_DAYS)


class AppealPeriods(_Periods):
    """Days to contest a result after it was given, and days in which that is to be decided."""

    file_within_days: int = Field(ge=1, le=LONGEST_DAYS)
    decide_within_days: int = Field(ge=1, le=LONGEST_DAYS)


class Deadlines(_Periods):
    rectifications: RectificationPeriods
    appeals: AppealPeriods


def end_of_day(day: date, zone: tzinfo) -> datetime:
    """The instant at which that day is over there, in UTC: what is due on a day may be done until then."""
    return datetime.combine(day + _ONE_DAY, time(0), zone).astimezone(UTC)


def days_later(day: date, days: int) -> date:
    return day + timedelta(days=days)
