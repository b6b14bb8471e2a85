"""Duties over HTTP, through the pipeline to the alert: owed, done, missed, beyond a limit, refused."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlmodel import select

from safety_service.services import cafeterias, chores, rulesets
from safety_service.services.intake import GradingHouse
from safety_service.services.pipeline import Pipeline, PipelineOptions
from safety_service.settings import Settings
from safety_service.store import partitions
from safety_service.store.registry import get_school
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import StoredAlert
from tests.canteens import by_items
from tests.conftest import OTHER_SCHOOL, SCHOOL, Clock

AsRole = Callable[[str], TestClient]
HERE, THERE = f"{SCHOOL}-c1", f"{OTHER_SCHOOL}-c1"
API = "/api/v1"
SAMPLE = {"dishes": 4, "grams": 130}


class Service:
    """The app with its pipeline and chores; NOW is Tuesday, 8:00 in the county."""

    def __init__(self, app: FastAPI, clock: Clock) -> None:
        self.engine, self.clock = app.state.engine, clock
        with session_scope(self.engine, EVERY_SCHOOL, write=True) as session:
            schools = [get_school(session, code) for code in (SCHOOL, OTHER_SCHOOL)]
            cafeterias.create_for_schools(session, schools)
            number = partitions.ensure(session, partitions.COUNTY_PARTITION)
            rulesets.seed(session, None, now=clock.now)
        options = PipelineOptions(
            partition=number,
            lease="county",
            fence=0,
            schools=frozenset(),
            zone=ZoneInfo("Asia/Shanghai"),
            batch=100,
            tolerance=timedelta(minutes=30),
            max_payload_bytes=1 << 20,
            grading=GradingHouse(None, "Asia/Shanghai"),
        )
        self._pipeline = Pipeline(self.engine, options, lambda _newest: None)
        self._chores = chores.Chores(self.engine, "Asia/Shanghai", None)

    def at(self, **later: float) -> None:
        """Time passes; the chores and the pipeline look at it."""
        self.clock.forward(**later)
        self._chores.look(self.clock.now)
        self._pipeline.advance(self.clock.now, self.clock.now - timedelta(days=30))

    def alerts(self) -> list[tuple[str, str | None, str, str]]:
        with session_scope(self.engine, EVERY_SCHOOL) as session:
            rows = session.exec(select(StoredAlert)).all()
        return sorted((row.rule, row.device, row.severity, row.condition) for row in rows)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Tokens that outlast the months that pass here."""
    secret = SecretStr("a secret of the tests")
    return Settings(_env_file=None, secret_key=secret, data_dir=tmp_path, access_token_seconds=400 * 86400)


@pytest.fixture
def service(app: FastAPI, clock: Clock) -> Service:
    return Service(app, clock)


def switch_on(client: TestClient, duty: str, **more: Any) -> None:
    answer = client.put(f"{API}/duties/{duty}", json={"enabled": True, **more})
    assert answer.status_code == 200, answer.text


def post(client: TestClient, duty: str = "food-sample", key: str | None = None, **more: Any) -> Any:
    body = {"duty": duty, "school": SCHOOL, "done_by": "李敏", **more}
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(f"{API}/duty-records", json=body, headers=headers)


def due(client: TestClient, **query: str) -> list[dict[str, Any]]:
    answer = client.get(f"{API}/duties/due", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_a_sample_that_is_not_recorded_is_an_alert_until_it_is(service: Service, client_as: AsRole) -> None:
    admin, security = client_as("admin"), client_as("security")
    service.at()
    assert due(admin) == []
    switch_on(admin, "food-sample")
    open_now = due(security, state="open", to="2026-09-02T00:00:00+08:00")
    assert [(one["cafeteria"], one["due_at"]) for one in open_now] == [(HERE, "2026-09-01T06:00:00Z")]
    assert due(admin, school=OTHER_SCHOOL, to="2026-09-02T00:00:00+08:00")[0]["cafeteria"] == THERE
    service.at(hours=4, minutes=30)
    done = post(security, evidence=SAMPLE, found="nothing")
    assert done.status_code == 201, done.text
    assert (done.json()["cafeteria"], done.json()["occurrence"]) == (HERE, open_now[0]["id"])
    service.at(hours=2, minutes=1)
    assert service.alerts() == [("food-sample-missing", THERE, "minor", "firing")]
    overdue = due(admin, state="open", to="2026-09-02T00:00:00+08:00")
    assert [(one["cafeteria"], one["overdue"]) for one in overdue] == [(THERE, True)]
    assert overdue[0]["title"] == {"zh": "食品留样", "en": "Food samples kept"}
    screen = admin.get(f"{API}/view/overview").json()
    assert (screen["duties_today"]["value"], screen["duties_today"]["total"]) == (1, 2)
    assert (screen["duties_overdue"]["value"], screen["duties_missed"]["value"]) == (1, 0)
    for name, rows in (("duties_today", 2), ("duties_overdue", 1), ("duties_missed", 0)):
        assert len(admin.get(screen[name]["list"]).json()["items"]) == rows, name
    assert security.get(f"{API}/view/overview").json()["duties_overdue"]["value"] == 0
    late = post(admin, school=OTHER_SCHOOL, evidence=SAMPLE)
    assert late.json()["occurrence"] == overdue[0]["id"]
    service.at(minutes=1)
    assert service.alerts() == [("food-sample-missing", THERE, "minor", "resolved")]


def test_what_nobody_can_make_up_for_is_missed_and_its_alert_ends(
    service: Service, client_as: AsRole
) -> None:
    admin = client_as("admin")
    switch_on(admin, "fire-patrol", schools=[SCHOOL])
    service.at(hours=12, minutes=1)
    assert service.alerts() == [("duty-overdue", None, "minor", "firing")]
    service.at(hours=22)
    assert service.alerts() == [("duty-overdue", None, "minor", "resolved")]
    assert [one["due_at"] for one in due(admin, state="missed")] == ["2026-09-01T10:00:00Z"]
    # Tuesday is gone; what is done on Wednesday counts for Wednesday.
    assert post(admin, "fire-patrol").json()["occurrence"].endswith("20260902T1000Z")


@pytest.mark.parametrize(
    ("duty", "evidence", "breach"),
    [
        ("food-sample", {"dishes": 4, "grams": 124}, "grams"),
        ("food-sample-removal", {"hours": 30}, "hours"),
    ],
)
def test_a_sample_too_small_or_removed_too_soon_is_an_alert(
    service: Service, client_as: AsRole, duty: str, evidence: dict[str, Any], breach: str
) -> None:
    answer = post(client_as("security"), duty, key="k-1", evidence=evidence)
    assert [one["name"] for one in answer.json()["breaches"]] == [breach]
    again = post(client_as("security"), duty, key="k-1", evidence=evidence)
    assert (again.status_code, again.json()) == (201, answer.json())
    service.at(minutes=1)
    assert service.alerts() == [("food-sample-breach", HERE, "major", "firing")]
    (alert,) = client_as("admin").get(f"{API}/alerts").json()["items"]
    assert alert["kind"] == "duty_overdue"
    why = client_as("admin").get(f"{API}/alerts/{alert['id']}").json()["why"]
    assert why["summary"]["zh"].startswith(HERE)


def test_an_overdue_alert_says_what_was_owed_and_since_when(service: Service, client_as: AsRole) -> None:
    admin = client_as("admin")
    switch_on(admin, "accompanied-meal", schools=[SCHOOL])
    service.at()
    service.at(hours=9)
    (alert,) = admin.get(f"{API}/alerts").json()["items"]
    why = admin.get(f"{API}/alerts/{alert['id']}").json()["why"]
    assert why["summary"]["zh"] == f"{HERE}：第一小学食堂 陪餐记录（09-01 14:00），到期未完成"
    assert why["summary"]["en"].endswith("Accompanied meal (09-01 14:00): not done by its due time")
    (decision,) = why["decisions"]
    assert (decision["due_at"], decision["late_by"]) == ("2026-09-01T08:00:00Z", "0s")
    assert why["events"]["items"] == []


def test_a_duty_that_is_changed_is_owed_as_it_says_now(service: Service, client_as: AsRole) -> None:
    admin = client_as("admin")
    switch_on(admin, "fire-patrol", schools=[SCHOOL])
    service.at()
    switch_on(admin, "fire-patrol", due=["12:00"], grace="0s")
    assert {one["due_at"][11:16] for one in due(admin)} == {"04:00"}
    assert {one["school"] for one in due(admin)} == {SCHOOL, OTHER_SCHOOL}
    assert client_as("admin").delete(f"{API}/duties/fire-patrol").status_code == 204
    assert due(admin) == []
    service.at(hours=30)
    assert service.alerts() == []
    shown = admin.get(f"{API}/duties/fire-patrol").json()
    assert (shown["built_in"], shown["enabled"], shown["due"]) == (True, False, ["18:00"])


def test_a_holiday_that_is_made_known_later_takes_what_is_owed_away(
    service: Service, client_as: AsRole
) -> None:
    admin = client_as("admin")
    switch_on(admin, "fire-patrol", schools=[SCHOOL])
    service.at()
    assert [one["due_at"][:10] for one in due(admin)] == ["2026-09-01", "2026-09-02", "2026-09-03"]
    term = {"from": "2026-09-01", "until": "2027-01-20", "except": ["2026-09-02"]}
    assert admin.put(f"{API}/calendars/term", json=term).status_code == 200
    service.at(minutes=15)
    assert [one["due_at"][:10] for one in due(admin)] == ["2026-09-01", "2026-09-03"]
    service.at(hours=13)
    service.at(hours=24)
    assert service.alerts() == [("duty-overdue", None, "minor", "resolved")]


def test_a_duty_of_the_countys_own(service: Service, client_as: AsRole) -> None:
    admin = client_as("admin")
    round_ = {
        "title": {"zh": "宿舍夜查", "en": "Dormitory round"},
        "role": {"zh": "宿管员", "en": "Warden"},
        "recurrence": "FREQ=DAILY",
        "days": ["boarding"],
        "severity": "major",
    }
    made = admin.put(f"{API}/duties/dormitory-round", json=round_).json()
    assert (made["waits_for"], made["built_in"]) == (["boarding"], False)
    assert "dormitory-round" in {one["id"] for one in admin.get(f"{API}/duties").json()}
    assert client_as("security").put(f"{API}/duties/dormitory-round", json=round_).status_code == 403
    refused = admin.put(f"{API}/duties/dormitory-round", json={**round_, "due": ["7"]})
    assert refused.status_code == 422
    assert refused.json()["problems"][0]["place"].startswith("body.due")
    assert admin.put(f"{API}/duties/x", json={**round_, "schools": ["nowhere"]}).status_code == 422
    assert admin.delete(f"{API}/duties/nothing").status_code == 404


REFUSED: list[tuple[dict[str, Any], int, str | None]] = [
    ({"duty": "food-sampel"}, 422, "duty"),
    ({"evidence": {"dishes": 1}}, 422, "evidence.grams"),
    ({"evidence": SAMPLE, "done_at": "2026-09-02T08:00:00+08:00"}, 422, "done_at"),
    ({"evidence": SAMPLE, "cafeteria": THERE}, 422, "cafeteria"),
    ({"evidence": SAMPLE, "occurrence": "food-sample/x/1"}, 422, "occurrence"),
    ({"evidence": SAMPLE, "school": OTHER_SCHOOL}, 404, None),
    ({"duty": "fire-patrol", "cafeteria": HERE}, 422, "cafeteria"),
    ({"evidence": SAMPLE, "found": "much"}, 422, "body.found"),
]


def test_what_is_refused_leaves_nothing(service: Service, client_as: AsRole) -> None:
    for body, status, place in REFUSED:
        answer = post(client_as("security"), **body)
        assert answer.status_code == status, answer.text
        if place is not None:
            assert place in [one["place"] for one in answer.json()["problems"]], body
    assert client_as("admin").get(f"{API}/duty-records").json()["items"] == []


def test_a_named_occurrence_is_done_once(service: Service, client_as: AsRole) -> None:
    admin = client_as("admin")
    switch_on(admin, "fire-patrol", schools=[SCHOOL])
    service.at()
    name = due(admin)[0]["id"]
    assert post(admin, "fire-patrol", occurrence=name).status_code == 201
    assert post(admin, "fire-patrol", occurrence=name).status_code == 409
    # A second one that names none counts for nothing that is owed now, and is kept.
    assert post(admin, "fire-patrol").json()["occurrence"] is None
    lines = admin.get(f"{API}/duty-records", headers={"Accept": "text/csv"}).text.splitlines()
    assert len(lines) == 3
    assert client_as("viewer").get(f"{API}/duty-records").status_code == 200
    assert post(client_as("viewer"), "fire-patrol").status_code == 403


def test_a_health_certificate_expires_and_is_renewed(service: Service, client_as: AsRole) -> None:
    security = client_as("security")
    address = f"{API}/health-certificates/{HERE}/07"
    put = security.put(address, json={"person": "王丽", "expires_on": "2026-09-01"})
    assert (put.status_code, put.json()["person"], put.json()["expired"]) == (200, "王*", False)
    service.at(hours=15, minutes=59)
    assert service.alerts() == []
    service.at(minutes=2)
    assert service.alerts() == [("health-certificate-expired", HERE, "minor", "firing")]
    assert security.get(f"{API}/health-certificates").json()["items"][0]["expired"] is True
    security.put(address, json={"person": "王丽", "expires_on": "2027-09-01"})
    service.at(minutes=1)
    assert service.alerts() == [("health-certificate-expired", HERE, "minor", "resolved")]
    assert security.delete(address).status_code == 204
    assert security.get(f"{API}/health-certificates").json()["items"] == []
    assert security.put(f"{API}/health-certificates/{THERE}/07", json=put.json()).status_code == 404


def test_each_visit_puts_the_next_one_off(service: Service, client_as: AsRole) -> None:
    admin = client_as("admin")

    def visit(day: datetime, score: float) -> None:
        body = {"date": f"{day:%Y-%m-%d}", "sections": [score] * 9, "key_items_failed": 0}
        assert admin.post(f"{API}/cafeterias/{HERE}/inspections", json=body).status_code == 201

    visit(service.clock.now, 7)
    service.at(days=122)
    assert service.alerts() == []
    service.at(days=1)
    assert service.alerts() == [("inspection-overdue", HERE, "warning", "firing")]
    # An old visit handed in late changes nothing; a new one does.
    visit(service.clock.now - timedelta(days=200), 7)
    service.at(minutes=1)
    assert service.alerts() == [("inspection-overdue", HERE, "warning", "firing")]
    visit(service.clock.now, 9.5)
    service.at(minutes=1)
    assert service.alerts() == [("inspection-overdue", HERE, "warning", "resolved")]
    # Of the best grade after a year, and of a high risk after four months.
    assert admin.put(f"{API}/cafeterias/{HERE}", json={"risk_level": "D"}).status_code == 200
    service.at(days=124)
    assert ("inspection-overdue", HERE, "warning", "firing") in service.alerts()
    assert admin.put(f"{API}/cafeterias/{HERE}", json={"risk_level": None}).status_code == 200
    service.at(minutes=1)
    assert {state for *_, state in service.alerts()} == {"resolved"}


def test_what_a_visit_found_is_overdue_until_it_is_reported_done(service: Service, client_as: AsRole) -> None:
    inspector = client_as("inspector")
    failed = {"code": "2.1", "result": "fail", "owner": "王强", "due": "2026-09-03"}
    body = by_items()
    body["items"] = [failed if item["code"] == "2.1" else item for item in body["items"]]
    assert inspector.post(f"{API}/cafeterias/{HERE}/inspections", json=body).status_code == 201
    service.at()
    open_now = inspector.get(f"{API}/rectifications", params={"open": True}).json()["items"]
    assert [(one["item"], one["due_at"]) for one in open_now] == [("2.1", "2026-09-03T16:00:00Z")]
    service.at(days=2, hours=15)
    assert service.alerts() == []
    service.at(hours=2)
    assert service.alerts() == [("rectification-overdue", HERE, "minor", "firing")]
    done = client_as("security").post(
        f"{API}/rectifications/{open_now[0]['id']}/done", json={"photos": ["a" * 64]}
    )
    assert done.status_code == 200, done.text
    service.at(minutes=1)
    assert service.alerts() == [("rectification-overdue", HERE, "minor", "resolved")]


def test_scores_that_bunch_are_the_countys_business(service: Service, client_as: AsRole) -> None:
    admin = client_as("admin")
    for number in range(21):
        body = {
            "id": f"v-{number}",
            "date": f"2026-08-{number + 1:02}",
            "sections": [9] * 9,
            "key_items_failed": 0,
            "inspector": "李敏",
        }
        assert admin.post(f"{API}/cafeterias/{HERE}/inspections", json=body).status_code == 201
    (found,) = admin.get(f"{API}/inspectors/bunching").json()
    assert (found["inspector"], found["above"], found["below"], found["noticed"]) == ("李敏", 21, 0, True)
    assert client_as("inspector").get(f"{API}/inspectors/bunching").status_code == 403
    service.at()
    before = service.alerts()
    assert chores.Chores(service.engine, "Asia/Shanghai", None).nightly(service.clock.now) is False
    assert chores.Chores(service.engine, "Asia/Shanghai", OTHER_SCHOOL).nightly(service.clock.now) is True
    service.at(minutes=1)
    assert set(service.alerts()) - set(before) == {
        ("inspector-scores-bunched", "inspections", "warning", "firing")
    }
