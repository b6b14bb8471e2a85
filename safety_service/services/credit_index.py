"""Credit indexes: the facts of many cafeterias gathered at once, reckoned, and kept for each day."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Engine
from sqlmodel import Session

from safety_service.domain.credit_facts import AlertFact, Known, MissedDuty, RectificationFact, VisitFact
from safety_service.domain.credit_index import Index, credit_index
from safety_service.domain.credit_weights import Alerts, CreditWeights, Duties, Rectifications, Visits
from safety_service.services import duties
from safety_service.services.cafeterias import county_day
from safety_service.store import credit_facts as facts
from safety_service.store import credit_index as store
from safety_service.store import inspections
from safety_service.store.credit_facts import RoomAlert, ToPutRight
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_cafeteria import Cafeteria
from safety_service.store.view_cafeterias import cafeterias

_OF_ONE = re.compile(r"-c[1-9]\d{0,2}$")
"""How the zone of one of several cafeterias of a school ends: `kitchen-c2` is that of `{school}-c2`."""


OWED_LATELY_DAYS = 31
"""A cafeteria that has owed no duty for so long has none to be missed."""


class Moment(msgspec.Struct, frozen=True):
    """When and where the facts are looked at."""

    now: datetime
    timezone: str

    @property
    def today(self) -> date:
        return county_day(self.timezone, self.now)

    def day_of(self, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self.timezone)).date()

    def days_back(self, days: int) -> datetime:
        """Early enough for every fact of that window, whatever the hour."""
        return self.now - timedelta(days=days + 1)


def index_of(session: Session, place: Cafeteria, weights: CreditWeights, at: Moment) -> Index:
    """The index of one cafeteria now, with all its facts."""
    return credit_index(weights, gather(session, [place], weights, at)[place.id], at.today)


def reckon_all(engine: Engine, weights: CreditWeights, at: Moment) -> int:
    """Reckons the index of every cafeteria and keeps it for today; returns how many there are."""
    with session_scope(engine, EVERY_SCHOOL) as session:
        places = [place for place, _ in cafeterias(session)]
        known = gather(session, places, weights, at, all_schools=True)
    rows = []
    for place in places:
        found = credit_index(weights, known[place.id], at.today)
        rows.append(
            {
                "cafeteria": place.id,
                "day": at.today,
                "school": place.school,
                "value": None if found.value is None else str(found.value),
                "version": found.version,
                "parts": {part.component.id: str(part.points) for part in found.parts if part.weighed},
                "reckoned_at": at.now,
            }
        )
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        store.keep(session, rows)
    return len(rows)


def reckon_once(engine: Engine, weights: CreditWeights, at: Moment) -> bool:
    """Reckons all of them unless today was; whether it did."""
    with session_scope(engine, EVERY_SCHOOL) as session:
        known = store.newest_day(session) == at.today
    return not known and reckon_all(engine, weights, at) > 0


def gather(
    session: Session,
    places: Sequence[Cafeteria],
    weights: CreditWeights,
    at: Moment,
    *,
    all_schools: bool = False,
) -> dict[str, Known]:
    """All that is known of these cafeterias, by id; a few queries for all of them.

    `all_schools`: they are all there are, so that no query needs to name them.
    """
    ids, schools = [place.id for place in places], {place.school for place in places}
    visits = _visits(session, ids, weights, at)
    alerts = _alerts(session, places, None if all_schools else schools, weights, at)
    zones = {zone for one in weights.components if isinstance(one.reads, Alerts) for zone in one.reads.zones}
    watched = facts.watched(session, None if all_schools else schools, zones)
    owed = _rectifications(session, None if all_schools else ids, weights, at)
    missed, owing = _duties(session, None if all_schools else ids, weights, at)
    return {
        place.id: Known(
            visits=tuple(visits.get(place.id, ())),
            alerts=tuple(alerts.get(place.id, ())),
            missed=tuple(missed.get(place.id, ())),
            duties_owed=place.id in owing,
            rectifications=tuple(owed.get(place.id, ())),
            watched=frozenset(zone for school, zone in watched if school == place.school),
            inspected=place.inspection is not None,
        )
        for place in places
    }


def _visits(
    session: Session, ids: Sequence[str], weights: CreditWeights, at: Moment
) -> dict[str, list[VisitFact]]:
    found: dict[str, list[VisitFact]] = {}
    for component in weights.components:
        if isinstance(component.reads, Visits):
            opens = at.today - timedelta(days=component.window_days)
            scored = inspections.scored(session, ids, component.reads.scheme, after=opens, up_to=at.today)
            for one in reversed(scored):
                found.setdefault(one.cafeteria, []).append(VisitFact(one.id, one.visited_on, one.score))
    return found


def _alerts(
    session: Session,
    places: Sequence[Cafeteria],
    schools: set[str] | None,
    weights: CreditWeights,
    at: Moment,
) -> dict[str, list[AlertFact]]:
    readers = [one for one in weights.components if isinstance(one.reads, Alerts)]
    if not readers:
        return {}
    costs = [cost for one in readers if isinstance(one.reads, Alerts) for cost in one.reads.costs]
    zones = {zone for one in readers if isinstance(one.reads, Alerts) for zone in one.reads.zones}
    rows = facts.alerts(
        session,
        schools,
        {kind for cost in costs for kind in cost.kinds},
        {rule for cost in costs for rule in cost.rules},
        at.days_back(max(one.window_days for one in readers)),
    )
    by_school: dict[str, list[str]] = {}
    for place in places:
        by_school.setdefault(place.school, []).append(place.id)
    found: dict[str, list[AlertFact]] = {}
    for row in rows:
        # Of a camera whose place nobody has entered, its rule says what it looks at.
        if row.zone_type is None or row.zone_type in zones:
            fact = _alert(row, at)
            for cafeteria in by_school.get(row.school, ()):
                if _belongs(row.zone, cafeteria):
                    found.setdefault(cafeteria, []).append(fact)
    return found


def _alert(row: RoomAlert, at: Moment) -> AlertFact:
    day = at.day_of(row.raised_at)
    return AlertFact(row.id, row.rule, row.kind, row.severity, day, row.disposition, row.title)


def _belongs(zone: str | None, cafeteria: str) -> bool:
    named = _OF_ONE.search(zone) if zone else None
    return named is None or cafeteria.endswith(named[0])


def _duties(
    session: Session, ids: Sequence[str] | None, weights: CreditWeights, at: Moment
) -> tuple[dict[str, list[MissedDuty]], set[str]]:
    """What was missed by cafeteria, and the cafeterias that owe any duty at all these days."""
    readers = [one for one in weights.components if isinstance(one.reads, Duties)]
    names = {duty for one in readers if isinstance(one.reads, Duties) for duty in one.reads.costs}
    if not names:
        return {}, set()
    found: dict[str, list[MissedDuty]] = {}
    since = at.days_back(max(one.window_days for one in readers))
    known = duties.known(session)
    titles = {name: known[name].title.model_dump() for name in names if name in known}
    for row in facts.missed(session, ids, names, since):
        fact = MissedDuty(row.id, row.duty, at.day_of(row.due_at), row.due_at, titles.get(row.duty, {}))
        found.setdefault(row.subject, []).append(fact)
    return found, facts.owing(session, ids, names, at.days_back(OWED_LATELY_DAYS))


def _rectifications(
    session: Session, ids: Sequence[str] | None, weights: CreditWeights, at: Moment
) -> dict[str, list[RectificationFact]]:
    windows = [one.window_days for one in weights.components if isinstance(one.reads, Rectifications)]
    found: dict[str, list[RectificationFact]] = {}
    if windows:
        for row in facts.rectifications(session, ids, at.days_back(max(windows))):
            found.setdefault(row.cafeteria, []).append(_rectification(row, at))
    return found


def _rectification(row: ToPutRight, at: Moment) -> RectificationFact:
    if row.done_at is not None:
        state = "done_late" if row.done_at >= row.due_at else "done_in_time"
        return RectificationFact(row.id, state, at.day_of(row.done_at), row.key, row.title)
    if row.due_at <= at.now:
        return RectificationFact(row.id, "overdue", at.day_of(row.due_at), row.key, row.title)
    return RectificationFact(row.id, "open", at.day_of(row.opened_at), row.key, row.title)
