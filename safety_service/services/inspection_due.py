"""When the next visit of a cafeteria is due, by intervals that are data; and that it is owed until then."""

from datetime import datetime
from functools import lru_cache
from pathlib import Path

from sqlmodel import Session

from safety_service.domain.errors import Refused
from safety_service.domain.inspection_due import next_visit
from safety_service.domain.planning import Planning, Standing, next_due, read_planning
from safety_service.services.periods import school_zone
from safety_service.store import obligations
from safety_service.store.tables_cafeteria import Cafeteria

SHIPPED = Path(__file__).resolve().parent.parent / "data" / "planning.yaml"


@lru_cache(maxsize=8)
def known_planning(own_file: Path | None = None) -> Planning:
    """The intervals that ship, or the bureau's own; read once: a change counts from the next start.

    Raises Refused with the file and what is wrong in it.
    """
    path = own_file or SHIPPED
    try:
        return read_planning(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"cannot be read: {error}", place=str(path)) from None


def standing_of(place: Cafeteria) -> Standing:
    return Standing(place.visited_on, place.scheme, place.grade, place.risk_level, place.licence_issued)


def owe_next(session: Session, place: Cafeteria, planning: Planning, timezone: str, now: datetime) -> None:
    """The next visit is owed as the cafeteria stands now; what was overdue may be so no longer.

    A cafeteria that was never visited owes none: the day that an import names would be an alert of each.
    """
    if place.visited_on is None:
        obligations.close(session, "inspection", [place.id], now, cancelled=True)
        return
    zone = school_zone(session, place.school, timezone)
    owed = next_visit(
        place.id,
        place.school,
        {"zh": place.name_zh, "en": place.name_en},
        visited_on=place.visited_on,
        grade=place.grade,
        due_on=next_due(planning, standing_of(place), now.astimezone(zone).date()).on,
        zone=zone,
    )
    obligations.put(session, [owed])
