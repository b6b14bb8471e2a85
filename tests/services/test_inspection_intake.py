"""Inspections over MQTT: one bad one costs no other, and the event is what REST would have told."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from safety_service.domain.types import Message
from safety_service.services import cafeterias
from safety_service.services.intake import Decoder, GradingHouse, Intake, grade_inspections
from safety_service.store import devices, event_log
from safety_service.store.registry import get_school
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_cafeteria import Cafeteria, Inspection
from safety_service.store.tables_inspection import InspectionDraft
from safety_service.store.tables_rectification import Rectification
from tests.canteens import by_items

SCHOOL = "370828-001"
NOW = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)


@pytest.fixture
def session(two_schools: Engine) -> Iterator[Session]:
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        cafeterias.create_for_schools(session, [get_school(session, SCHOOL)])
        yield session


def message(position: int, number: str, body: dict[str, Any]) -> Message:
    envelope = {"specversion": "1.0", "id": number, "source": "tablet-1", "type": "inspection_submitted"}
    content = {**envelope, "data": body}
    topic = f"campus/v1/{SCHOOL}/native/gw-1/events"
    return Message(topic=topic, payload=msgspec.json.encode(content), received_at=NOW, position=position)


def body(score: float, **more: Any) -> dict[str, Any]:
    return {"date": "2026-09-01", "sections": [score] * 9, "key_items_failed": 0, **more}


def take_in(session: Session, *batch: Message) -> Intake:
    registry = devices.load(session, [SCHOOL])
    read = Decoder(registry, [SCHOOL], ZoneInfo("Asia/Shanghai"), 1 << 20).read(batch)
    assert read.refused == []
    house = GradingHouse(None, "Asia/Shanghai")
    result = grade_inspections(session, read, batch, house, NOW)
    event_log.insert_new(session, 1, batch[0].position, result.events)
    return Intake([one for one in result.events if one.kind == "inspection_graded"], result.refused)


def test_a_bad_inspection_costs_no_other_and_is_refused_with_its_place(session: Session) -> None:
    graded = take_in(
        session,
        message(1, "a", body(9.5)),
        message(2, "b", body(11)),
        message(3, "c", body(9, cafeteria="370828-002-c1")),
        message(4, "d", body(8)),
    )
    assert [(event.value, event.position) for event in graded.events] == [(3.0, 1), (2.0, 4)]
    assert graded.events[1].attributes["change"]["en"] == "from Excellent (9.5) to Good (8.0)"
    assert [(refusal.message.position, refusal.why.place) for refusal in graded.refused] == [
        (2, "sections[0]"),
        (3, "cafeteria"),
    ]
    assert graded.refused[0].why.detail.split("; ") == [
        f"sections[{number}]: 11 is above the maximum of 10" for number in range(9)
    ]
    stored = session.exec(select(Inspection).order_by(col(Inspection.id))).all()
    assert [visit.score for visit in stored] == ["9.5", "8.0"]
    assert {visit.submitted_by for visit in stored} == {"device:tablet-1"}
    assert session.exec(select(Cafeteria)).one().grade == "良好"


def test_the_same_inspection_sent_twice_is_graded_once(session: Session) -> None:
    assert len(take_in(session, message(1, "a", body(9)), message(2, "a", body(9))).events) == 1
    assert take_in(session, message(3, "a", body(9))).events == []
    again = take_in(session, message(4, "b", body(9, id="f00")), message(5, "c", body(9, id="f00")))
    assert (len(again.events), again.refused) == (1, [])
    changed = take_in(session, message(6, "d", body(5, id="f00")))
    assert [(refusal.why.reason, refusal.why.place) for refusal in changed.refused] == [
        ("inspection-key-reused", "id")
    ]
    assert len(session.exec(select(Inspection)).all()) == 2


def test_what_failed_on_a_visit_sent_over_mqtt_is_to_be_put_right(session: Session) -> None:
    failing = by_items("2.1")
    failing["items"][1] |= {"owner": "王老师", "due": "2026-09-04"}
    take_in(session, message(1, "a", failing), message(2, "a", failing))
    row = session.exec(select(Rectification)).one()
    assert (row.item, row.owner, row.due_on) == ("2.1", "王老师", date(2026, 9, 4))
    assert (row.opened_by, row.cafeteria) == ("device:tablet-1", f"{SCHOOL}-c1")
    wrong = by_items("2.1", "2.2")
    wrong["items"][1] |= {"due": "soon"}
    refused = take_in(session, message(3, "b", wrong)).refused
    assert [refusal.why.place for refusal in refused] == ["items[1].due"]
    assert len(session.exec(select(Rectification)).all()) == 1


def drafts(session: Session) -> dict[str, list[dict[str, str]]]:
    found = session.exec(select(InspectionDraft).execution_options(populate_existing=True)).all()
    return {draft.id: draft.problems for draft in found}


def test_whatever_is_wrong_over_mqtt_is_refused_with_its_place_and_kept_as_a_draft(session: Session) -> None:
    file = {"sha256": "9f" * 32, "media_type": "image/jpeg", "size": 3, "role": "photo", "item": "0.7"}
    wrong: list[tuple[dict[str, Any], str, str]] = [
        (by_items(id="n0", items=[{"code": "0.7", "result": "pass"}]), "items[0].code", "is not in scheme"),
        (
            by_items(id="n1", items=[{"code": "2.1", "result": "fail", "points": 5}]),
            "items[0].points",
            "above",
        ),
        (
            by_items(id="n2", items=[{"code": "2.1", "result": "pass"}]),
            "items",
            "key item 6.1 is not answered",
        ),
        (by_items(id="n3", date="2026-09-02"), "date", "is in the future"),
        (by_items(id="n4", started_at="2026-09-02T00:00:00Z"), "started_at", "is in the future"),
        (by_items(id="n5", attachments=[file]), "attachments[0].item", "is not in scheme"),
        (by_items(id="n6", corrects=1, note="n"), "corrects", "is not an inspection of cafeteria"),
    ]
    graded = take_in(session, *(message(n, str(n), body) for n, (body, _, _) in enumerate(wrong, 1)))
    assert graded.events == []
    for refusal, (_, place, reason) in zip(graded.refused, wrong, strict=True):
        assert f"{place}: " in refusal.why.detail
        assert reason in refusal.why.detail
    assert session.exec(select(Inspection)).all() == []
    kept = drafts(session)
    assert sorted(kept) == [f"n{n}" for n in range(7)]
    for number, (_, place, _) in enumerate(wrong):
        assert place in [problem["place"] for problem in kept[f"n{number}"]]

    assert len(take_in(session, message(11, "right", by_items(id="n3"))).events) == 1
    assert "n3" not in drafts(session)


def test_the_cafeteria_of_another_school_gets_neither_inspection_nor_draft(session: Session) -> None:
    graded = take_in(session, message(1, "a", body(11, id="f00", cafeteria="370828-002-c1")))
    assert [refusal.why.place for refusal in graded.refused] == ["cafeteria"]
    assert drafts(session) == {}


def test_a_correction_over_mqtt(session: Session) -> None:
    take_in(session, message(1, "a", body(9)))
    first = session.exec(select(Inspection)).one()
    graded = take_in(session, message(11, "b", body(7, corrects=first.id, note="a section was misread")))
    assert [(event.value, event.attributes["corrects"]) for event in graded.events] == [(1.0, str(first.id))]
    assert session.exec(select(Cafeteria)).one().score == "7.0"
