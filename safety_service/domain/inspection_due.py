"""The visit that a cafeteria is owed next, as an obligation that rules watch."""

from collections.abc import Mapping
from datetime import date, tzinfo

from safety_service.domain.deadlines import end_of_day
from safety_service.domain.obligations import Obligation

NO_GRADE = "none"


def next_visit(
    cafeteria: str,
    school: str,
    name: Mapping[str, str],
    *,
    visited_on: date,
    grade: str | None,
    due_on: date,
    zone: tzinfo,
) -> Obligation:
    """The one visit that follows the last one, by the end of its last day where the school is."""
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
        due_at=end_of_day(due_on, zone),
    )
