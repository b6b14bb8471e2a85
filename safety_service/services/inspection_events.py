"""What the rules are told of an inspection: the grade as an event, so that its fall is only a rule."""

from datetime import UTC, datetime
from typing import Any

from safety_service.domain.scoring.alarming import alarming_facts
from safety_service.domain.types import Event, Phase
from safety_service.store.tables_cafeteria import Cafeteria, Inspection


def graded(
    place: Cafeteria,
    visit: Inspection,
    previous: Inspection | None,
    rank: int,
    *,
    told_by: Inspection,
    now: datetime,
) -> Event:
    """The grade of the cafeteria's last visit. `told_by` is the inspection that changed which one or what.

    That is the visit itself, or a correction by which another visit became the last.
    """
    event = _event(place, told_by, "measure", _attributes(place, visit, previous, told_by), now)
    event.value = float(rank)
    return event


def scored_beside(
    place: Cafeteria, visit: Inspection, previous: Inspection | None, *, now: datetime
) -> Event:
    """A visit under a scheme that is not on the sign: without a value, for the grade shown does not fall."""
    return _event(place, visit, "pulse", _attributes(place, visit, previous, visit), now)


def _event(
    place: Cafeteria, told_by: Inspection, phase: Phase, attributes: dict[str, Any], now: datetime
) -> Event:
    return Event(
        school=place.school,
        device=place.id,
        kind="inspection_graded",
        phase=phase,
        occurred_at=now.astimezone(UTC),
        received_at=now.astimezone(UTC),
        format="service",
        dedup_key=f"inspection-{told_by.id}|{phase}",
        event_id=f"inspection-{told_by.id}",
        attributes=attributes,
    )


def _attributes(
    place: Cafeteria, visit: Inspection, previous: Inspection | None, told_by: Inspection
) -> dict[str, Any]:
    # What failed on a visit is told once, and not again where a correction makes it the last.
    before = previous.result if previous else None
    facts = alarming_facts(before, visit.result) if visit.id == told_by.id else {}
    corrects = {} if told_by.corrects is None else {"corrects": str(told_by.corrects)}
    return {
        "cafeteria": place.id,
        "name": {"zh": place.name_zh, "en": place.name_en},
        "inspection": str(visit.id),
        "date": visit.visited_on.isoformat(),
        "scheme": visit.scheme,
        "version": visit.scheme_version,
        "grade": visit.grade,
        "previous_grade": previous.grade if previous else None,
        "score": visit.score,
        "previous_score": previous.score if previous else None,
        "reason": visit.reason,
        "decided_by": visit.result["decided_by"],
        **visit.comparison,
        **corrects,
        **facts,
    }
