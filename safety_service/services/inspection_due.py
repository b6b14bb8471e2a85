"""After each visit the next one is owed; the inspection before the due time is the one that ends it."""

from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session

from safety_service.domain.inspection_due import Intervals, next_visit
from safety_service.domain.rules.yamltree import read_tree
from safety_service.store import obligations, registry
from safety_service.store.tables_cafeteria import Cafeteria, Inspection

FILE = "inspection_intervals.yaml"


@lru_cache(maxsize=1)
def intervals() -> Intervals:
    file = resources.files("safety_service") / "data" / FILE
    return msgspec.convert(read_tree(file.read_text(encoding="utf-8"), FILE).value, Intervals)


def owe_next(session: Session, place: Cafeteria, visit: Inspection, timezone: str) -> None:
    """The visit that was last by its day puts the next one off; what was overdue is so no longer."""
    zone = ZoneInfo(registry.get_school(session, place.school).timezone or timezone)
    name = {"zh": place.name_zh, "en": place.name_en}
    owed = next_visit(place.id, place.school, name, visit.visited_on, visit.grade, intervals(), zone)
    obligations.put(session, [owed])
