"""What decoding remembers lives as long as the pipeline: over batches and changes of the registry."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine

from safety_service.domain.types import Message
from safety_service.store import devices
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import StoredAlert, StoredEvent
from tests.conftest import SCHOOL
from tests.services.test_pipeline import House, at

BIRTH = {"seq": 0, "metrics": [{"name": "Panic Button", "alias": 4, "dataType": "Boolean", "value": False}]}


def sensor(rest: str, content: Any, seconds: float) -> Message:
    received_at = at(seconds=seconds)
    payload = json.dumps(content).encode()
    return Message(topic=f"campus/v1/{SCHOOL}/{rest}", payload=payload, received_at=received_at)


def pressed(seconds: float) -> Message:
    content = {"metrics": [{"alias": 4, "value": True}]}
    return sensor("sparkplug/spBv1.0/G/DDATA/n/d", content, seconds)


@pytest.fixture
def house(two_schools: Engine) -> House:
    return House(two_schools)


def test_a_press_under_a_number_is_an_alert_in_a_later_batch(house: House) -> None:
    house.receive(sensor("sparkplug/spBv1.0/G/DBIRTH/n/d", BIRTH, 0))
    house.advance(at(seconds=1))
    with session_scope(house.engine, EVERY_SCHOOL, write=True) as session:
        devices.changed(session)
    house.receive(pressed(2))
    house.advance(at(seconds=3))
    [alert] = house.rows(StoredAlert)
    assert (alert.rule, alert.device, alert.count) == ("press", "G/n/d", 1)


def test_a_new_process_waits_for_the_next_birth(house: House) -> None:
    house.receive(sensor("sparkplug/spBv1.0/G/DBIRTH/n/d", BIRTH, 0))
    house.advance(at(seconds=1))
    house.receive(sensor("native/gw/events", {}, 60))
    house.advance(at(seconds=61))
    house.start()
    house.receive(pressed(62))
    house.advance(at(seconds=63))
    assert house.rows(StoredAlert) == []
    assert [event.attributes["alias"] for event in house.rows(StoredEvent) if event.kind == "other"] == [4]


def test_equal_presses_of_one_batch_are_all_kept(house: House) -> None:
    presses = [sensor("zigbee2mqtt/gate", {"action": "emergency"}, 0) for _ in range(3)]
    house.receive(*presses)
    house.advance(at(seconds=1))
    [alert] = house.rows(StoredAlert)
    assert (alert.rule, alert.device, alert.count) == ("press", "gate", 3)
