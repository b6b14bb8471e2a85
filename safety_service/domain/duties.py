"""Duties: who owes what and when, and which occurrences that makes; all of it is data."""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated, Any, Literal

import msgspec
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_serializer,
    field_validator,
    model_validator,
)

from safety_service.domain.calendars import Calendar, opens_on
from safety_service.domain.errors import Refused
from safety_service.domain.obligations import Obligation
from safety_service.domain.recurrence import check_rule, occurrences_between
from safety_service.domain.rules.durations import Duration, PositiveDuration, show_duration
from safety_service.domain.rules.matching import reason_of
from safety_service.domain.rules.model import SeverityName, Title

_ONE_DAY = timedelta(days=1)
_ID = re.compile(r"[a-z][a-z0-9-]{0,63}")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")

Text = Annotated[str, Field(min_length=1, max_length=200)]


class Strict(BaseModel):
    """Unknown fields are refused: a misspelt limit must not be a limit that never holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Evidence(Strict):
    """One thing that a record of the duty says. A number beyond its limit is a breach, and an alert."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    type: Literal["number", "text", "yes_no"]
    title: Title
    required: bool = True
    unit: str | None = Field(default=None, max_length=20)
    at_least: float | None = Field(default=None, allow_inf_nan=False)
    at_most: float | None = Field(default=None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _limits_of_numbers(self) -> "Evidence":
        if self.type != "number" and (self.unit or self.at_least is not None or self.at_most is not None):
            raise ValueError("only a number has a unit and limits")
        return self


class Duty(Strict):
    """One duty. It is done between `window` before the time of day `due` and that time; `grace` later it is
    overdue; for `made_up_within` after it, a record still counts for it, then it counts as missed.

    `recurrence` (RFC 5545) says on which days, on the school's wall clock from `starts_on` on; without one
    nothing is owed and records are kept all the same. `days`: the calendars of which the first that there is
    must be open on the day. `kinds` and `schools` empty: of every kind, every school.
    """

    id: str
    title: Title
    role: Title
    per: Literal["school", "cafeteria"] = "school"
    kinds: list[Text] = []
    kinds_except: list[Text] = []
    schools: list[Text] = []
    recurrence: str | None = Field(default=None, max_length=300)
    starts_on: date = date(2026, 1, 1)
    days: list[Text] = []
    due: list[str] = Field(default_factory=lambda: ["24:00"], min_length=1, max_length=24)
    window: PositiveDuration = _ONE_DAY
    grace: Duration = timedelta(0)
    made_up_within: Duration = timedelta(days=7)
    severity: SeverityName
    evidence: list[Evidence] = []
    source: str | None = Field(default=None, max_length=400)
    enabled: bool = True

    @field_validator("id")
    @classmethod
    def _plain_id(cls, text: str) -> str:
        if not _ID.fullmatch(text):
            raise ValueError(f"{text!r} is no id; use small letters, digits and -")
        return text

    @field_validator("due")
    @classmethod
    def _clocks(cls, texts: list[str]) -> list[str]:
        for text in texts:
            if not _CLOCK.fullmatch(text):
                raise ValueError(f"{text!r} is no time of day; write it as 07:30, or 24:00")
        if len(set(texts)) < len(texts):
            raise ValueError("names a time twice")
        return texts

    @field_validator("recurrence")
    @classmethod
    def _days_only(cls, text: str | None) -> str | None:
        if text is None:
            return None
        try:
            check_rule(text, datetime(2026, 1, 1, tzinfo=UTC), "recurrence")
        except Refused as error:
            raise ValueError(error.reason) from error
        parts = dict(part.partition("=")[::2] for part in text.upper().split(";"))
        if parts.get("FREQ") not in _FREQUENCIES or {"BYHOUR", "BYMINUTE", "BYSECOND"} & set(parts):
            raise ValueError("names days; the time of day is due")
        return text

    @field_validator("evidence")
    @classmethod
    def _each_once(cls, wanted: list[Evidence]) -> list[Evidence]:
        if len({one.name for one in wanted}) < len(wanted):
            raise ValueError("names a field twice")
        return wanted

    @field_serializer("window", "grace", "made_up_within")
    def _as_written(self, length: timedelta) -> str:
        return show_duration(length)

    def concerns(self, school: str, kind: str) -> bool:
        """Whether a school of this code and kind owes it."""
        return (
            self.enabled
            and (not self.kinds or kind in self.kinds)
            and kind not in self.kinds_except
            and (not self.schools or school in self.schools)
        )


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """One time at which a duty is owed, the same for every school of one time zone (times in UTC)."""

    opens_at: datetime
    due_at: datetime
    overdue_at: datetime
    lapses_at: datetime
    day: date
    clock: str


def read_duty(duty_id: str, content: Mapping[str, Any], place: str) -> Duty:
    """The duty; raises Refused with every problem, each under `place`."""
    try:
        return Duty.model_validate({**content, "id": duty_id})
    except ValidationError as error:
        problems = [
            (".".join([place, *(str(step) for step in found["loc"])]), reason_of(found))
            for found in error.errors()
        ]
    raise Refused(
        f"the duty {duty_id!r} cannot be used: {problems[0][0]}: {problems[0][1]}", problems=problems
    )


def unknown_days(duty: Duty, calendars: Collection[str]) -> bool:
    """Whether it waits for a calendar that nobody has made: then it has no day."""
    return bool(duty.days) and not any(name in calendars for name in duty.days)


def occurrences(
    duty: Duty, calendars: Mapping[str, Calendar], zone: tzinfo, since: datetime, until: datetime
) -> Iterator[Occurrence]:
    """Those due from `since` up to and not including `until`, on the wall clock of `zone`."""
    if duty.recurrence is None or not duty.enabled or unknown_days(duty, calendars):
        return
    calendar = next((calendars[name] for name in duty.days if name in calendars), None)
    first, last = since.astimezone(zone).date() - _ONE_DAY, until.astimezone(zone).date()
    for day in occurrences_between(duty.recurrence, duty.starts_on, first, last):
        if calendar is not None and not opens_on(calendar, day):
            continue
        for clock in duty.due:
            due_at = _instant(day, clock, zone)
            if since <= due_at < until:
                yield Occurrence(
                    opens_at=due_at - duty.window,
                    due_at=due_at,
                    overdue_at=due_at + duty.grace,
                    lapses_at=due_at + max(duty.grace, duty.made_up_within),
                    day=day,
                    clock=clock,
                )


def occurrence_id(duty: Duty, place: str, occurrence: Occurrence) -> str:
    """The name of an occurrence at a school or cafeteria, the same however often it is made."""
    return f"{duty.id}/{place}/{occurrence.due_at:%Y%m%dT%H%MZ}"


def owed(duty: Duty, school: str, subject: str | None, name: Mapping[str, str], at: Occurrence) -> Obligation:
    """What a school owes by an occurrence; `name`: of the school or the cafeteria."""
    when = f"{at.day:%m-%d} {at.clock}"
    return Obligation(
        of="duty",
        id=occurrence_id(duty, subject or school, at),
        school=school,
        subject=subject,
        type=duty.id,
        title={
            "zh": f"{name['zh']} {duty.title.zh}（{when}）",
            "en": f"{name['en']}, {duty.title.en} ({when})",
        },
        due_at=at.overdue_at,
        severity=duty.severity,
    )


def _instant(day: date, clock: str, zone: tzinfo) -> datetime:
    if clock == "24:00":
        day, clock = day + _ONE_DAY, "00:00"
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)
