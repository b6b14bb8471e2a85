"""From a device's HTTP request to events, devices and codes to map, on both databases."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import select

from safety_service.domain.errors import Refused
from safety_service.main import create_app
from safety_service.services import people, rulesets, unmapped, vendors
from safety_service.services.intake import GradingHouse
from safety_service.services.pipeline import Pipeline, PipelineOptions
from safety_service.settings import Settings
from safety_service.store import partitions
from safety_service.store.scope import EVERY_SCHOOL, Scope
from safety_service.store.session import session_scope
from safety_service.store.tables import Device, RejectedMessage, StoredEvent
from safety_service.store.unmapped import MOST_OF_A_SCHOOL
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL, Clock

CAMERA = "37082801001190000001"


class Site:
    """A service with a pipeline, and a device of SCHOOL that has a key."""

    def __init__(self, engine: Engine, settings: Settings, clock: Clock) -> None:
        self.engine, self.clock = engine, clock
        with session_scope(engine, EVERY_SCHOOL, write=True) as session:
            partition = partitions.ensure(session, partitions.COUNTY_PARTITION)
            rulesets.replace(session, "rules: []", by="test", now=NOW)
            grant = people.Grant(role="device", schools=frozenset({SCHOOL, OTHER_SCHOOL}))
            self.key = people.create_key(session, "box", grant, now=NOW)[1]
            grant = people.Grant(role="device", schools=frozenset({SCHOOL}))
            self.camera_key = people.create_key(session, "camera", grant, now=NOW)[1]
        self.client = TestClient(create_app(settings, engine, clock=clock))
        options = PipelineOptions(
            partition=partition,
            lease="county",
            fence=0,
            schools=frozenset(),
            zone=ZoneInfo("Asia/Shanghai"),
            batch=100,
            tolerance=timedelta(minutes=30),
            max_payload_bytes=1 << 10,
            grading=GradingHouse(None, "Asia/Shanghai"),
            max_push_bytes=1 << 20,
        )
        self.pipeline = Pipeline(engine, options, lambda _newest: None)

    def push(self, rest: str, body: Any, school: str = SCHOOL) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        path = f"/api/v1/push/{school}/{rest}"
        answer = self.client.post(path, content=content, headers={"X-API-Key": self.key})
        assert answer.status_code == 202, answer.text

    def advance(self) -> None:
        self.pipeline.advance(self.clock.now, NOW - timedelta(days=1))

    def rows(self, table: type[Any]) -> list[Any]:
        with session_scope(self.engine, EVERY_SCHOOL) as session:
            return list(session.exec(select(table)).all())

    def to_map(self, *schools: str) -> list[tuple[str, str, int, int]]:
        scope = Scope(every_school=False, schools=frozenset(schools)) if schools else EVERY_SCHOOL
        with session_scope(self.engine, scope) as session:
            page = unmapped.still_unmapped(session, None, 10_000)
        return [(one.vendor, one.code, one.times, one.schools) for one in page.rows]


@pytest.fixture
def site(two_schools: Engine, settings: Settings, clock: Clock) -> Iterator[Site]:
    site = Site(two_schools, settings, clock)
    yield site
    site.pipeline.close()
    vendors.install()


def test_a_camera_registers_and_what_it_sees_is_stored(site: Site) -> None:
    identify = {"User-Identify": CAMERA}
    for _ in range(2):  # the second replaces the first
        answer = site.client.post(
            "/VIID/System/Register",
            json={"RegisterObject": {"DeviceID": CAMERA}},
            headers=identify,
            auth=httpx.DigestAuth("camera", site.camera_key),
        )
        assert answer.status_code == 200, answer.text
    car = {"MotorVehicleID": CAMERA, "PlateNo": "鲁H12345", "PassTime": "20260901075958"}
    seen = {"MotorVehicleListObject": {"MotorVehicleObject": [car]}}
    site.clock.forward(seconds=31)
    for _ in range(2):  # sent again, it is no second car
        assert site.client.post("/VIID/MotorVehicles", json=seen, headers=identify).status_code == 200
    site.advance()
    stored = sorted((row.device, row.kind, row.phase) for row in site.rows(StoredEvent))
    assert stored == [
        (CAMERA, "device_offline", "end"),
        (CAMERA, "device_offline", "end"),
        (CAMERA, "plate_recognized", "pulse"),
    ]
    (device,) = site.rows(Device)
    assert (device.device, device.school, device.format, device.condition) == (CAMERA, SCHOOL, "viid", "new")


def test_an_alarm_host_takes_what_a_hikvision_camera_posts(site: Site) -> None:
    alert = """<EventNotificationAlert><macAddress>ac:b9:2f:49:44:75</macAddress><channelID>1</channelID>
        <dateTime>2026-09-01T08:00:00+08:00</dateTime><activePostCount>1</activePostCount>
        <eventType>fielddetection</eventType><eventState>active</eventState></EventNotificationAlert>"""
    answer = site.client.post(
        f"/api/v1/push/{SCHOOL}/hikvision/gate?key={site.key}",
        files={
            "linedetection.xml": ("a.xml", alert, "application/xml"),
            "pic": ("p.jpg", b"\xff\xd8\xff\xe0"),
        },
    )
    assert (answer.status_code, answer.text) == (200, "OK")
    site.advance()
    (event,) = site.rows(StoredEvent)
    assert (event.device, event.kind, event.phase) == ("ac:b9:2f:49:44:75/1", "intrusion", "start")


def test_a_box_that_sends_its_picture_beside_the_json(site: Site) -> None:
    alarm = {"alarmType": "抽烟检测", "channelNo": 2, "alarmTime": "2026-09-01 08:00:00"}
    answer = site.client.post(
        f"/api/v1/push/{SCHOOL}/aibox/generic/kitchen?key={site.key}",
        data={"info": json.dumps(alarm)},
        files={"picture": ("p.jpg", b"\xff\xd8\xff\xe0", "image/jpeg")},
    )
    assert answer.status_code == 202, answer.text
    site.advance()
    (event,) = site.rows(StoredEvent)
    assert (event.device, event.kind) == ("kitchen/2", "smoking")


def test_what_cannot_be_read_is_rejected_after_it_was_kept(site: Site) -> None:
    site.push("aibox/generic/box-1", b"\xff\x00 nothing")
    site.push("aibox/nobody/box-1", {"a": 1})
    site.advance()
    assert sorted(row.reason for row in site.rows(RejectedMessage)) == ["not_json", "unknown_profile"]


def test_a_push_may_be_larger_than_a_message_of_the_broker(site: Site) -> None:
    site.push("aibox/generic/box-1", {"type": "smoking", "padding": "x" * 2000})
    site.advance()
    assert [row.kind for row in site.rows(StoredEvent)] == ["smoking"]


def test_codes_that_nobody_mapped_are_counted_until_somebody_does(site: Site, tmp_path: Path) -> None:
    for school, code, times in (
        (SCHOOL, "sleeping", 3),
        (OTHER_SCHOOL, "sleeping", 1),
        (SCHOOL, "juggling", 1),
    ):
        for number in range(times):
            alarm = {"type": code, "id": f"{code}-{number}", "time": "2026-09-01T08:00:00"}
            site.push("aibox/generic/box-1", alarm, school)
    site.push("aibox/generic/box-1", {"type": "smoking"})
    site.advance()
    site.push("aibox/generic/box-2", {"type": "sleeping"})
    site.clock.forward(minutes=1)
    site.advance()
    assert site.to_map() == [("generic", "juggling", 1, 1), ("generic", "sleeping", 5, 2)]
    assert site.to_map(OTHER_SCHOOL) == [("generic", "sleeping", 1, 1)]

    (tmp_path / "mine.yaml").write_text(
        "id: generic\ncodes: {sleeping: {kind: off_post}}\n", encoding="utf-8"
    )
    vendors.install(tmp_path)
    assert site.to_map() == [("generic", "juggling", 1, 1)]
    site.push("aibox/generic/box-1", {"type": "sleeping"})
    site.advance()
    assert "off_post" in {row.kind for row in site.rows(StoredEvent)}


def test_a_device_that_makes_codes_up_does_not_fill_the_disk(site: Site) -> None:
    alarms = [{"type": f"code-{number}"} for number in range(200)]
    for turn in range(MOST_OF_A_SCHOOL // 200 + 1):
        site.push(f"aibox/generic/box-{turn}", [{**one, "type": f"{turn}-{one['type']}"} for one in alarms])
    site.advance()
    assert len(site.to_map()) == MOST_OF_A_SCHOOL
    site.push("aibox/generic/box-0", [{"type": "0-code-7"}])
    site.advance()
    assert ("generic", "0-code-7", 2, 1) in site.to_map()


def test_a_profile_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("id: generic\ncodes: {x: {kind: smokng}}\n", encoding="utf-8")
    with pytest.raises(Refused) as caught:
        vendors.install(tmp_path)
    assert caught.value.problems == [("a.yaml:2", "unknown kind 'smokng'; did you mean 'smoking'?")]
    with pytest.raises(Refused, match="is no directory"):
        vendors.install(tmp_path / "missing")


@pytest.mark.parametrize(
    ("vendor", "code", "known"),
    [
        ("sparkplug", "Outside Temp", True),
        ("thingsboard", "gasAlarm2", True),
        ("sparkplug", "Frobnication", False),
        ("hikvision", "Outside Temp", False),
        ("nobody", "temp", False),
    ],
)
def test_a_name_that_its_table_knows_is_nothing_to_map(vendor: str, code: str, known: bool) -> None:
    vendors.ensure_installed()
    assert unmapped.is_mapped(vendor, code) is known
