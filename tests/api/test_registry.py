"""Schools, zones and devices over the API."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import Device
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL

AsRole = Callable[[str], TestClient]
API = "/api/v1"
NEW_SCHOOL = {"name_zh": "第三小学", "township": "370828101", "kind": "primary"}


def announce(engine: Engine, device: str, school: str = SCHOOL, seen: datetime = NOW) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        session.add(
            Device(
                school=school,
                device=device,
                name=device,
                format="native",
                first_seen_at=seen,
                last_seen_at=seen,
            )
        )


def test_a_new_school_has_a_cafeteria(client_as: AsRole) -> None:
    admin = client_as("admin")
    answer = admin.put(f"{API}/schools/370828-003", json=NEW_SCHOOL)
    assert answer.status_code == 200, answer.text
    assert answer.json()["name_en"] == "第三小学"
    assert admin.get(f"{API}/cafeterias/370828-003-c1").status_code == 200


@pytest.mark.parametrize(
    ("code", "fields", "place"),
    [
        ("37082-003", {}, "path.school"),
        ("３７０８２８-003", {}, "path.school"),
        ("370828-003", {"township": "nowhere"}, "body.township"),
        ("370828-003", {"kind": "university"}, "body.kind"),
        ("370828-003", {"latitude": 135}, "body.latitude"),
        ("370828-003", {"timezone": "Asia/Atlantis"}, "body.timezone"),
        ("370828-003", {"name_zh": "\u200b"}, "body.name_zh"),
        ("370828-003", {"pupil": 3}, "body.pupil"),
    ],
)
def test_a_wrong_school_is_refused_with_its_place(
    client_as: AsRole, code: str, fields: dict[str, Any], place: str
) -> None:
    answer = client_as("admin").put(f"{API}/schools/{code}", json={**NEW_SCHOOL, **fields})
    assert answer.status_code == 422
    assert [problem["place"] for problem in answer.json()["problems"]] == [place]


def test_an_announced_device_is_adopted_with_one_call(client_as: AsRole, two_schools: Engine) -> None:
    announce(two_schools, "cam/gate 1")
    admin = client_as("admin")
    before = admin.get(f"{API}/devices/{SCHOOL}/cam/gate%201").json()
    assert (before["condition"], before["online"]) == ("new", True)
    body = {"name": "Gate camera", "zone": "north", "zone_type": "gate", "model": "IPC-1"}
    after = admin.put(f"{API}/devices/{SCHOOL}/cam/gate%201", json=body).json()
    assert (after["condition"], after["zone_type"], after["last_seen_at"]) == (
        "active",
        "gate",
        before["last_seen_at"],
    )
    zones = admin.get(f"{API}/zones", params={"school": SCHOOL}).json()["items"]
    assert zones == [{"school": SCHOOL, "code": "north", "name": "north", "type": "gate"}]
    actions = [entry["action"] for entry in admin.get(f"{API}/audit").json()["items"]]
    assert actions == ["device.adopt"]


def test_a_device_follows_its_zone(client_as: AsRole) -> None:
    admin = client_as("admin")
    admin.put(f"{API}/zones/{SCHOOL}/k1", json={"name": "厨房", "type": "kitchen"})
    device = admin.put(f"{API}/devices/{SCHOOL}/t-1", json={"name": "t", "zone": "k1"}).json()
    assert device["zone_type"] == "kitchen"
    admin.put(f"{API}/zones/{SCHOOL}/k1", json={"name": "冷库", "type": "cold_store"})
    assert admin.get(f"{API}/devices/{SCHOOL}/t-1").json()["zone_type"] == "cold_store"


def test_devices_are_found_by_what_is_asked(client_as: AsRole, two_schools: Engine) -> None:
    for name in ("cam_1", "cam-2", "smoke%1"):
        announce(two_schools, name)
    announce(two_schools, "cam_1", OTHER_SCHOOL)
    admin = client_as("admin")

    def found(**wanted: str) -> list[str]:
        return [row["device"] for row in admin.get(f"{API}/devices", params=wanted).json()["items"]]

    assert found(q="cam") == ["cam-2", "cam_1", "cam_1"]
    assert found(q="cam_") == ["cam_1", "cam_1"]
    assert found(q="%") == ["smoke%1"]
    assert found(school=OTHER_SCHOOL) == ["cam_1"]
    assert found(condition="active") == []
    announce(two_schools, "silent", seen=NOW - timedelta(minutes=16))
    assert found(online="false") == ["silent"]
    assert len(found(online="true")) == 4


def test_a_retired_device_keeps_its_row(client_as: AsRole, two_schools: Engine) -> None:
    announce(two_schools, "old")
    admin = client_as("admin")
    assert admin.delete(f"{API}/devices/{SCHOOL}/old").status_code == 204
    assert admin.get(f"{API}/devices/{SCHOOL}/old").json()["condition"] == "retired"


@pytest.mark.parametrize("role", ["security", "inspector", "viewer"])
def test_school_roles_read_their_school_and_change_nothing(client_as: AsRole, role: str) -> None:
    client = client_as(role)
    assert [s["code"] for s in client.get(f"{API}/schools").json()["items"]] == [SCHOOL]
    assert client.put(f"{API}/devices/{SCHOOL}/x", json={"name": "x"}).status_code == 403


def test_announced_devices_are_adopted_as_they_are_alone_or_all(
    client_as: AsRole, two_schools: Engine
) -> None:
    for name in ("a/1", "b", "c"):
        announce(two_schools, name)
    announce(two_schools, "elsewhere", OTHER_SCHOOL)
    admin = client_as("admin")
    assert admin.post(f"{API}/devices/{SCHOOL}/a/1/adopt").json()["condition"] == "active"
    assert admin.post(f"{API}/devices/{SCHOOL}/a/1/adopt").status_code == 200
    admin.delete(f"{API}/devices/{SCHOOL}/c")
    assert admin.post(f"{API}/devices/{SCHOOL}/c/adopt").json()["type"].endswith("device-retired")
    assert [one["device"] for one in admin.post(f"{API}/devices/{SCHOOL}/adopt").json()["items"]] == ["b"]
    assert admin.post(f"{API}/devices/{SCHOOL}/nobody/adopt").status_code == 404
    conditions = {one["device"]: one["condition"] for one in admin.get(f"{API}/devices").json()["items"]}
    assert conditions == {"a/1": "active", "b": "active", "c": "retired", "elsewhere": "new"}
    actions = [entry["action"] for entry in admin.get(f"{API}/audit").json()["items"]]
    assert sorted(actions) == ["device.adopt", "device.adopt", "device.retire"]


def test_a_school_that_becomes_strict_quarantines_who_was_not_adopted(
    client_as: AsRole, two_schools: Engine
) -> None:
    announce(two_schools, "strange")
    admin = client_as("admin")
    for strict, condition in ((True, "quarantined"), (False, "new")):
        body = {"name_zh": "第一小学", "township": "370828101", "strict": strict}
        assert admin.put(f"{API}/schools/{SCHOOL}", json=body).status_code == 200
        assert admin.get(f"{API}/devices/{SCHOOL}/strange").json()["condition"] == condition


def test_a_device_takes_over_the_name_under_which_it_announced_itself(
    client_as: AsRole, two_schools: Engine
) -> None:
    announce(two_schools, "acb92f494475")
    admin = client_as("admin")
    body = {"name": "Gate", "identities": ["AC:B9:2F:49:44:75", "serial 1", "gate"]}
    gate = admin.put(f"{API}/devices/{SCHOOL}/gate", json=body).json()
    assert gate["identities"] == ["AC:B9:2F:49:44:75", "serial 1"]
    assert admin.get(f"{API}/devices/{SCHOOL}/acb92f494475").json()["condition"] == "retired"
    renamed = admin.put(f"{API}/devices/{SCHOOL}/gate", json={"name": "North gate"}).json()
    assert renamed["identities"] == gate["identities"]
    for identities in (["ac-b9-2f-49-44-75"], ["gate"]):
        body = {"name": "Yard", "identities": identities}
        refused = admin.put(f"{API}/devices/{SCHOOL}/yard", json=body)
        assert (refused.status_code, refused.json()["problems"][0]["place"]) == (422, "body.identities")
    assert admin.get(f"{API}/devices/{SCHOOL}/yard").status_code == 404
    assert admin.put(
        f"{API}/devices/{OTHER_SCHOOL}/yard", json=body | {"identities": ["serial 1"]}
    ).is_success
    admin.delete(f"{API}/devices/{SCHOOL}/gate")
    assert admin.put(f"{API}/devices/{SCHOOL}/yard", json=body | {"identities": ["serial 1"]}).is_success


def test_doubles_are_reported(client_as: AsRole, two_schools: Engine) -> None:
    for name in ("cam-1", "CAM 1", "cam-2"):
        announce(two_schools, name)
    announce(two_schools, "cam-1", OTHER_SCHOOL)
    [found] = client_as("admin").get(f"{API}/devices/doubles").json()["items"]
    assert (found["sameness"], [one["device"] for one in found["devices"]]) == (
        "look_alike",
        ["CAM 1", "cam-1"],
    )


def test_devices_with_a_wrong_clock_are_found(client_as: AsRole, two_schools: Engine) -> None:
    announce(two_schools, "right")
    announce(two_schools, "wrong")
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        row = session.get_one(Device, (SCHOOL, "wrong"))
        row.clock_suspect, row.clock_offset_seconds, row.gateway = True, -180.5, "gw"
        session.add(row)
    wanted = {"clock_suspect": "true", "gateway": "gw"}
    [found] = client_as("admin").get(f"{API}/devices", params=wanted).json()["items"]
    assert (found["device"], found["clock_offset_seconds"]) == ("wrong", -180.5)
