"""What decoding remembers lives as long as the pipeline: over batches and changes of the registry."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine

from safety_service.domain.types import Message
from safety_service.services.presence import Presence
from safety_service.store import devices
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import StoredAlert, StoredEvent
from safety_service.store.tables_identity import MetricNames
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


def test_a_new_process_still_knows_what_a_number_stands_for(house: House) -> None:
    house.receive(sensor("sparkplug/spBv1.0/G/DBIRTH/n/d", BIRTH, 0))
    house.advance(at(seconds=1))
    house.receive(sensor("native/gw/events", {}, 60))
    house.advance(at(seconds=61))
    house.start()
    house.receive(pressed(62))
    house.advance(at(seconds=63))
    [alert] = house.rows(StoredAlert)
    assert (alert.rule, alert.device) == ("press", "G/n/d")


def test_a_birth_whose_batch_failed_is_kept_with_the_batch_that_succeeds(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.receive(sensor("sparkplug/spBv1.0/G/DBIRTH/n/d", BIRTH, 0))
    with monkeypatch.context() as broken:
        broken.setattr(Presence, "write", _fails)
        with pytest.raises(RuntimeError):
            house.advance(at(seconds=1))
    assert house.rows(MetricNames) == []
    house.advance(at(seconds=2))
    assert [(row.device, row.names) for row in house.rows(MetricNames)] == [
        ("G/n/d", {"4": ["Panic Button", 11]})
    ]


def test_without_a_birth_a_number_is_other(house: House) -> None:
    house.receive(pressed(2))
    house.advance(at(seconds=3))
    assert house.rows(StoredAlert) == []
    assert [event.attributes["alias"] for event in house.rows(StoredEvent) if event.kind == "other"] == [4]


def _fails(*_: Any, **__: Any) -> None:
    raise RuntimeError("the disk is full")


def test_equal_presses_of_one_batch_are_all_kept(house: House) -> None:
    presses = [sensor("zigbee2mqtt/gate", {"action": "emergency"}, 0) for _ in range(3)]
    house.receive(*presses)
    house.advance(at(seconds=1))
    [alert] = house.rows(StoredAlert)
    assert (alert.rule, alert.device, alert.count) == ("press", "gate", 3)
