"""What a device is called, what its clock is worth, what of it may raise an alarm: through the pipeline."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from safety_service.domain.noise import Ration
from safety_service.domain.types import Message
from safety_service.services import rulesets
from safety_service.store import devices, identities
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import Device, School, StoredAlert, StoredEvent
from safety_service.store.tables_identity import SensorState
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL
from tests.services.test_pipeline import House, at, native

RULES = """
rules:
  - {id: smoke, title: {zh: 烟雾, en: Smoke}, kind: event, severity: critical, quiet_for: never,
     match: {kind: smoke}}
  - {id: intrusion, title: {zh: 入侵, en: Intrusion}, kind: event, severity: major, quiet_for: 10m,
     match: {kind: intrusion}}
  - {id: leak, title: {zh: 漏水, en: Leak}, kind: event, severity: minor, quiet_for: 1h,
     match: {kind: water_leak}}
  - {id: noisy, title: {zh: 吵闹, en: Noisy}, kind: event, severity: warning, match: {kind: noisy_device}}
  - {id: silent, title: {zh: 失联, en: Silent}, kind: absence, severity: warning, silent_for: 1h,
     match: {format: native}}
"""


@pytest.fixture
def house(two_schools: Engine) -> House:
    house = House(two_schools)
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        rulesets.replace(session, RULES, by="test", now=NOW)
    return house


def told(
    number: int, kind: str, seconds: float, *, source: str = "cam-1", phase: str = "pulse", **more: Any
) -> Message:
    return native(
        at(seconds=seconds), id=f"{kind}-{number}", type=kind, source=source, data={"phase": phase}, **more
    )


def kept(message: Message, seconds: float) -> Message:
    """The broker's copy of a message, received on a new session."""
    return Message(
        topic=message.topic, payload=message.payload, received_at=at(seconds=seconds), retained=True
    )


def sensor(content: dict[str, Any], seconds: float, *, name: str = "leak-1") -> Message:
    topic = f"campus/v1/{SCHOOL}/zigbee2mqtt/{name}"
    return Message(topic=topic, payload=json.dumps(content).encode(), received_at=at(seconds=seconds))


def raised(house: House) -> list[tuple[str, str | None, int]]:
    rows = sorted(house.rows(StoredAlert), key=lambda row: row.id)
    return [(row.rule, row.device, row.count) for row in rows]


def registered(house: House) -> dict[str, Device]:
    return {row.device: row for row in house.rows(Device)}


def test_a_device_is_the_same_under_its_other_names(house: House) -> None:
    with session_scope(house.engine, EVERY_SCHOOL, write=True) as session:
        session.add(Device(school=SCHOOL, device="gate", name="Gate", condition="active"))
        identities.replace(session, SCHOOL, "gate", ["AC:B9:2F:49:44:75"])
        devices.changed(session)
    house.receive(
        told(1, "intrusion", 0, source="acb92f494475"),
        told(2, "intrusion", 1, source="acb92f494475/2"),
        told(3, "intrusion", 2, source="gate"),
        native(at(seconds=3), id="i-4", type="intrusion", source="acb92f494475", school=OTHER_SCHOOL),
    )
    house.advance(at(seconds=4))
    assert raised(house) == [
        ("intrusion", "gate", 2),
        ("intrusion", "gate/2", 1),
        ("intrusion", "acb92f494475", 1),
    ]
    assert {(row.school, row.device) for row in house.rows(Device)} == {
        (SCHOOL, "gate"),
        (SCHOOL, "gate/2"),
        (OTHER_SCHOOL, "acb92f494475"),
    }


def test_a_strict_school_shows_unknown_devices_and_hears_of_life_only(house: House) -> None:
    with session_scope(house.engine, EVERY_SCHOOL, write=True) as session:
        school = session.get(School, SCHOOL)
        assert school is not None
        school.strict = True
        session.add(school)
        session.add(Device(school=SCHOOL, device="known", name="Known", format="native", condition="active"))
        devices.changed(session)
    batch = [
        told(n, kind, n, source=name)
        for n, (kind, name) in enumerate(
            [("intrusion", "strange"), ("smoke", "strange"), ("intrusion", "known"), ("intrusion", "strange")]
        )
    ]
    house.receive(*batch[:3])
    house.advance(at(seconds=3))
    house.receive(batch[3])
    house.advance(at(seconds=4))
    house.start()
    house.receive(told(9, "intrusion", 5, source="strange"))
    house.advance(at(seconds=6))
    house.advance(at(hours=2))
    assert raised(house) == [("smoke", "strange", 1), ("intrusion", "known", 1), ("silent", "known", 1)]
    assert len(house.rows(StoredEvent)) == 5
    assert {name: row.condition for name, row in registered(house).items()} == {
        "strange": "quarantined",
        "known": "active",
    }


@pytest.mark.parametrize(
    ("began", "expected"),
    [(600.0, [("intrusion", "cam-1", 1)]), (-60.0, [])],
    ids=["after it was heard last", "before"],
)
def test_what_began_while_nobody_listened_is_news(
    house: House, began: float, expected: list[tuple[str, str | None, int]]
) -> None:
    house.receive(told(1, "motion", 0))
    house.advance(at(seconds=1))
    house.start()
    start = told(2, "intrusion", began, phase="start")
    house.receive(kept(start, 1200), kept(told(3, "intrusion", began, source="unknown", phase="start"), 1200))
    house.advance(at(seconds=1201))
    assert [one for one in raised(house) if one[0] == "intrusion"] == expected
    house.receive(kept(start, 1300))
    house.advance(at(seconds=1301))
    assert [one for one in raised(house) if one[0] == "intrusion"] == expected
    stored = [event for event in house.rows(StoredEvent) if event.kind == "intrusion"]
    assert {(event.occurred_at, event.clock_suspect) for event in stored} == {(at(seconds=began), False)}


def test_a_clock_that_is_eight_hours_ahead_is_learned_shown_and_taken_off(house: House) -> None:
    for n in range(7):
        moment = at(minutes=n)
        house.receive(told(n, "motion", n * 60, time=(moment + timedelta(hours=8, seconds=-3)).isoformat()))
        house.advance(moment)
    device = registered(house)["cam-1"]
    assert (device.clock_offset_seconds, device.clock_suspect) == (8 * 3600 - 3, True)
    house.start()
    late = told(
        7, "motion", 480, time=(at(minutes=7, seconds=30) + timedelta(hours=8, seconds=-3)).isoformat()
    )
    house.receive(late)
    house.advance(at(minutes=8))
    newest = max(house.rows(StoredEvent), key=lambda event: event.id)
    assert (newest.occurred_at, newest.clock_suspect) == (at(minutes=7, seconds=30), True)
    assert newest.attributes == {"clock_offset_seconds": 8 * 3600 - 3}


def test_a_flood_is_kept_and_one_alert_is_told_of_it(house: House) -> None:
    house.start(ration=Ration(burst=10, per_minute=6))
    house.receive(*(told(n, "intrusion", 0) for n in range(50)), *(told(n, "smoke", 0) for n in range(50)))
    house.advance(at(seconds=1))
    expected = [("intrusion", "cam-1", 10), ("noisy", "cam-1", 1), ("smoke", "cam-1", 50)]
    assert sorted(raised(house)) == expected
    assert len(house.rows(StoredEvent)) == 101
    house.advance(at(minutes=11))
    assert [row.condition for row in house.rows(StoredAlert) if row.rule == "noisy"] == ["resolved"]


def test_what_a_sensor_repeats_is_no_news_to_a_new_process(house: House) -> None:
    house.receive(sensor({"water_leak": True, "battery": 90}, 0))
    house.advance(at(seconds=1))
    house.advance(at(hours=2))
    assert [(row.kind, row.code, row.is_on) for row in house.rows(SensorState)] == [
        ("water_leak", "water_leak", True)
    ]
    house.start()
    house.receive(sensor({"water_leak": True, "battery": 89}, 3 * 3600))
    house.advance(at(hours=3))
    assert raised(house) == [("leak", "leak-1", 1)]
    house.receive(sensor({"water_leak": False}, 4 * 3600), sensor({"water_leak": True}, 5 * 3600))
    house.advance(at(hours=5))
    assert raised(house) == [("leak", "leak-1", 1), ("leak", "leak-1", 1)]


def test_a_last_will_is_not_heard_of_the_device_and_its_gateway_is_noted(house: House) -> None:
    house.receive(told(1, "motion", 0))
    house.advance(at(seconds=1))
    will = Message(topic=f"campus/v1/{SCHOOL}/native/gw/status", payload=b"online", received_at=at(seconds=2))
    house.receive(will)
    house.advance(at(seconds=5))
    house.receive(
        Message(topic=will.topic, payload=b"offline", received_at=at(minutes=30)),
        told(2, "motion", 1800),
    )
    house.advance(at(minutes=30))
    known = registered(house)
    assert (known["gw"].last_seen_at, known["cam-1"].last_seen_at) == (at(seconds=2), at(minutes=30))
    assert (known["gw"].gateway, known["cam-1"].gateway) == ("gw", "gw")
