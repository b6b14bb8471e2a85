"""Credit indexes from what is on record: each fact found, counted where it belongs, kept for its day."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from safety_service.domain.credit_index import Index, Part
from safety_service.services import credit_index
from safety_service.services.chores import Chores
from safety_service.services.credit_index import Moment
from safety_service.services.periods import known_credit_weights
from safety_service.store import cafeterias as places
from safety_service.store import credit_index as store
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import Device, StoredAlert, Zone
from safety_service.store.tables_cafeteria import Cafeteria
from safety_service.store.tables_credit_index import CreditIndexDay
from safety_service.store.tables_duties import DutyOccurrence
from safety_service.store.tables_rectification import Rectification
from tests.canteens import HERE, NOW, THERE, add_canteens, by_items, by_sections, submit
from tests.conftest import SCHOOL

WEIGHTS = known_credit_weights()
AT = Moment(NOW, "Asia/Shanghai")
SECOND = f"{SCHOOL}-c2"


@pytest.fixture
def county(two_schools: Engine) -> Engine:
    add_canteens(two_schools)
    return two_schools


def alert(
    number: int, kind: str = "rodent", *, zone: str | None = None, days: float = 0, **more: Any
) -> StoredAlert:
    raised = NOW - timedelta(days=days)
    given: dict[str, Any] = {
        "rule": kind, "severity": "minor", "school": SCHOOL, "disposition": None, **more,
    }  # fmt: skip
    return StoredAlert(
        id=number,
        rule_version="1",
        condition="firing",
        key=str(number),
        kind=kind,
        title={"zh": "告警", "en": "Alert"},
        raised_at=raised,
        last_seen_at=raised,
        zone=zone,
        **given,
    )


def add(engine: Engine, *rows: Any) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        for row in rows:
            session.add(row)
            session.flush()


def index(engine: Engine, cafeteria: str = HERE, at: Moment = AT) -> Index:
    with session_scope(engine, EVERY_SCHOOL) as session:
        return credit_index.index_of(session, places.get(session, cafeteria), WEIGHTS, at)


def part(found: Index, name: str) -> Part:
    return next(one for one in found.parts if one.component.id == name)


def facts(found: Index, name: str) -> list[tuple[int | str, str]]:
    return [(lost.fact.id, lost.fact.state) for lost in part(found, name).facts]


def test_the_published_example_from_stored_visits_and_revisions(county: Engine) -> None:
    """Half-life 180: 8.0 today and 9.0 180 days ago give 8.3; of a corrected visit the correction counts."""
    half_life_ago = (date(2026, 9, 1) - timedelta(days=180)).isoformat()
    submit(county, by_sections(9, date=half_life_ago), "a")
    wrong = submit(county, by_sections(5), "b").inspection
    submit(county, by_sections(8, corrects=wrong.id, note="misread"), "c")
    found = index(county)
    weighed = part(found, "inspections").weighed
    assert weighed is not None
    assert Decimal(weighed.steps["mean"]).quantize(Decimal("0.1")) == Decimal("8.3")
    assert [state for _, state in facts(found, "inspections")] == ["8.0", "9.0"]
    assert part(found, "inspections").of == Decimal("76.92"), "50 of the 65 points that can be observed"
    assert found.value == Decimal("100") - sum(
        (lost.points for one in found.parts for lost in one.facts), Decimal(0)
    )


def test_alerts_of_the_kitchen_count_for_its_cafeteria(county: Engine) -> None:
    submit(county, by_sections(10), "a")
    zones = [
        Zone(school=SCHOOL, code=code, name=code, type=kind)
        for code, kind in (("kitchen", "kitchen"), ("kitchen-c2", "kitchen"), ("dorm", "dormitory"))
    ]
    add(
        county,
        Cafeteria(id=SECOND, school=SCHOOL, name_zh="二", name_en="2"),
        *zones,
        alert(1, zone="kitchen", disposition="confirmed"),
        alert(2, zone="kitchen-c2"),
        alert(9, "no_chef_hat", zone="kitchen-c2"),
        alert(3, "smoking", zone="dorm"),
        alert(4, "smoking"),
        alert(5, "no_mask", zone="kitchen", disposition="false_alarm"),
        alert(6, "temperature", rule="cold-store-warm", severity="critical"),
        alert(7, "fight", zone="kitchen"),
        alert(8, days=181),
    )
    found = index(county)
    assert sorted(facts(found, "kitchen_cameras")) == [(1, "confirmed"), (4, "unconfirmed")]
    assert facts(found, "cold_store") == [(6, "unconfirmed")]
    weighed = part(found, "kitchen_cameras").weighed
    assert weighed is not None
    assert weighed.left_out == {"false_alarm": 1}
    assert {number for number, _ in facts(index(county, SECOND), "kitchen_cameras")} == {1, 4, 9}, (
        "two of a kind on one day: the confirmed one"
    )
    assert facts(index(county, THERE), "kitchen_cameras") == []


def test_what_is_owed_and_what_was_missed(county: Engine) -> None:
    """A failed visit opens rectifications; one is done in time, one late, and one is overdue."""
    submit(county, by_items("2.1", "2.2", "9.3", "5.1"), "a")
    with session_scope(county, EVERY_SCHOOL, write=True) as session:
        rows = {row.item: row for row in session.exec(select(Rectification))}
        for item, days in (("2.1", -1), ("2.2", 1)):
            done = rows[item].due_at + timedelta(days=days)
            _change(session, rows[item], status="done", done_at=done, done_by="li")
        _change(session, rows["5.1"], status="cancelled", ended_at=NOW, ended_by="li")
    later = Moment(rows["2.2"].due_at + timedelta(days=2), AT.timezone)
    window = {"opens_at": NOW, "lapses_at": NOW + timedelta(days=2)}
    owed: dict[str, Any] = {"school": SCHOOL, "subject": HERE, "duty": "food-sample", **window}
    add(
        county,
        DutyOccurrence(id="missed", state="missed", due_at=NOW + timedelta(hours=1), **owed),
        DutyOccurrence(id="done", state="done", due_at=NOW + timedelta(hours=2), **owed),
        DutyOccurrence(
            id="other", state="missed", due_at=NOW + timedelta(hours=1), **{**owed, "duty": "fire-patrol"}
        ),
    )
    found = index(county, at=later)
    states = {state for _, state in facts(found, "rectifications")}
    assert states == {"done_in_time", "done_late", "overdue"}
    overdue = next(lost.fact for lost in part(found, "rectifications").facts if lost.fact.state == "overdue")
    assert (overdue.cost, overdue.title["zh"]) == (Decimal(6), rows["9.3"].title["zh"]), (
        "key items cost twice"
    )
    missed = part(found, "duties").facts
    assert [(lost.fact.id, lost.fact.title["zh"]) for lost in missed] == [("missed", "食品留样")]
    assert part(index(county, THERE), "duties").weighed is None


def _change(session: Session, row: Rectification, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    session.add(row)


def test_a_device_in_the_kitchen_makes_it_observed(county: Engine) -> None:
    submit(county, by_sections(10), "a")
    assert part(index(county), "kitchen_cameras").weighed is None
    add(
        county,
        Device(school=SCHOOL, device="cam", name="cam", zone="k", zone_type="kitchen", condition="active"),
    )
    found = index(county)
    assert part(found, "kitchen_cameras").points == part(found, "kitchen_cameras").of > 0
    assert found.value == Decimal(100)


def test_each_day_is_kept_once_and_stands(county: Engine) -> None:
    submit(county, by_sections(8), "a")
    chores = Chores(county, AT.timezone, None)
    chores.look(NOW)
    first = kept(county)
    assert first == {(HERE, date(2026, 9, 1)): str(index(county).value), (THERE, date(2026, 9, 1)): None}
    add(county, alert(1, disposition="confirmed"))
    chores.look(NOW + timedelta(hours=1))
    assert kept(county) == first, "the day was reckoned"
    chores.look(NOW + timedelta(days=1))
    second = kept(county)
    assert {key: value for key, value in second.items() if key in first} == first
    tomorrow = date(2026, 9, 2)
    live = index(county, at=Moment(NOW + timedelta(days=1), AT.timezone))
    assert second[HERE, tomorrow] == str(live.value)
    assert Decimal(second[HERE, tomorrow] or 0) < Decimal(first[HERE, date(2026, 9, 1)] or 0)
    credit_index.reckon_all(county, WEIGHTS, Moment(NOW + timedelta(days=1), AT.timezone))
    assert kept(county) == second
    with session_scope(county, EVERY_SCHOOL) as session:
        course = store.course(session, HERE, date(2026, 8, 31), tomorrow)
    assert [one.day for one in course] == [date(2026, 9, 1), tomorrow]


def kept(engine: Engine) -> dict[tuple[str, date], str | None]:
    with session_scope(engine, EVERY_SCHOOL) as session:
        return {(row.cafeteria, row.day): row.value for row in session.exec(select(CreditIndexDay))}


def test_the_day_is_that_of_the_county() -> None:
    late = Moment(datetime(2026, 9, 1, 16, 30, tzinfo=UTC), "Asia/Shanghai")
    assert late.today == date(2026, 9, 2)
