"""When the next visit of a cafeteria is owed: the better the last grade, the later."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec

from safety_service.domain.obligations import Obligation
from safety_service.domain.scoring.numbers import add_months

NO_GRADE = "none"


class Intervals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Months by grade (`none`: without one); `otherwise` where a grade is not listed."""

    months: dict[str, int]
    otherwise: int

    def after(self, grade: str | None) -> int:
        return self.months.get(grade or NO_GRADE, self.otherwise)


def next_visit(
    cafeteria: str,
    school: str,
    name: Mapping[str, str],
    visited_on: date,
    grade: str | None,
    intervals: Intervals,
    zone: tzinfo,
) -> Obligation:
    """The one visit that a cafeteria is owed next, by the end of its last day where the school is."""
    last_day = add_months(visited_on, intervals.after(grade))
    due_at = datetime.combine(last_day + timedelta(days=1), time(0), zone).astimezone(UTC)
    return Obligation(
        of="inspection",
        id=cafeteria,
        school=school,
        subject=cafeteria,
        type=grade or NO_GRADE,
        title={
            "zh": f"{name['zh']} 监督检查（上次 {visited_on}，{grade or '无等级'}）",
            "en": f"{name['en']}, inspection (last {visited_on}, {grade or 'no grade'})",
        },
        due_at=due_at,
    )
