"""Appeals and penalties over HTTP: in time, by the right people, and never before the day."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine

from safety_service.services import cafeterias
from safety_service.settings import Settings
from safety_service.store import appeals as store
from safety_service.store import partitions
from safety_service.store.registry import get_school
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from tests import people
from tests.conftest import OTHER_SCHOOL, SCHOOL, Clock
from tests.services.test_inspections import by_items, by_sections

AsRole = Callable[[str], TestClient]
HERE, THERE = f"{SCHOOL}-c1", f"{OTHER_SCHOOL}-c1"
APPEALS, PENALTIES = "/api/v1/appeals", "/api/v1/penalties"
GROUNDS = "许可证挂在正门"
CLAIMED = ["duties_done", "harm_removed", "no_repeat", "not_listed"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Nobody is logged out while the clock goes through months."""
    secret = SecretStr("a secret of the tests")
    return Settings(_env_file=None, secret_key=secret, data_dir=tmp_path, access_token_seconds=10**8)


@pytest.fixture(autouse=True)
def canteens(app: FastAPI) -> Engine:
    engine: Engine = app.state.engine
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        cafeterias.create_for_schools(session, [get_school(session, code) for code in (SCHOOL, OTHER_SCHOOL)])
        partitions.ensure(session, partitions.COUNTY_PARTITION)
    return engine


def visit(client: TestClient, body: dict[str, Any] | None = None, cafeteria: str = HERE) -> int:
    path = f"/api/v1/cafeterias/{cafeteria}/inspections"
    answer = client.post(path, json=body or by_items("2.1", inspector="李敏"))
    assert answer.status_code == 201, answer.text
    number: int = answer.json()["id"]
    return number


def file(client: TestClient, inspection: int, **more: Any) -> Any:
    return client.post(APPEALS, json={"inspection": inspection, "grounds": GROUNDS, **more})


def decide(client: TestClient, number: int, decision: str = "upheld", **more: Any) -> Any:
    return client.post(f"{APPEALS}/{number}/decide", json={"decision": decision, "answer": "复核过", **more})


def test_an_appeal_changes_the_result_by_a_revision(
    client_as: AsRole, canteens: Engine, clock: Clock
) -> None:
    contested = visit(client_as("inspector"))
    filed = file(client_as("security"), contested, items=["2.1"])
    assert filed.status_code == 201, filed.text
    appeal = filed.json()
    assert (appeal["status"], appeal["due_on"], appeal["cafeteria"]) == ("pending", "2026-09-22", HERE)
    with session_scope(canteens, EVERY_SCHOOL) as session:
        assert store.pending_about(session, [contested, 99]) == {contested}
    clock.forward(days=1)
    another = visit(client_as("inspector"), by_items())
    first = visit(client_as("inspector"), by_items("3.1", note="更正", corrects=contested))
    revision = visit(client_as("inspector"), by_items(note="再次更正", corrects=first))
    number = appeal["id"]
    assert decide(client_as("admin"), number, "changed").status_code == 422
    assert decide(client_as("admin"), number, "changed", revision=contested).status_code == 422
    elsewhere = visit(client_as("admin"), by_items(), THERE)
    for other in (another, elsewhere):
        assert decide(client_as("admin"), number, "changed", revision=other).status_code == 422
    given = decide(client_as("admin"), number, "changed", revision=revision).json()
    assert (given["status"], given["revision"], given["decided_by"]) == ("changed", revision, "admin")
    again = decide(client_as("admin"), number)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/appeal-ended")
    second = file(client_as("security"), contested)
    assert (second.status_code, second.json()["type"]) == (409, "/problems/inspection-corrected")
    trail = client_as("admin").get("/api/v1/audit", params={"object_type": "appeal"}).json()["items"]
    assert [entry["action"] for entry in trail] == ["appeal.decide", "appeal.file"]


def test_an_appeal_after_the_period_is_refused(client_as: AsRole, clock: Clock) -> None:
    contested = visit(client_as("inspector"))
    clock.now = datetime(2026, 9, 22, 15, 59, tzinfo=UTC)
    pending = file(client_as("security"), contested)
    assert pending.status_code == 201
    twice = file(client_as("duty_officer"), contested)
    assert (twice.status_code, twice.json()["type"]) == (409, "/problems/appeal-pending")
    taken_back = client_as("security").post(
        f"{APPEALS}/{pending.json()['id']}/withdraw", json={"reason": "x"}
    )
    assert taken_back.json()["status"] == "withdrawn"
    assert client_as("security").post(f"{APPEALS}/{pending.json()['id']}/withdraw").status_code == 409
    assert file(client_as("security"), contested).status_code == 201
    late = visit(client_as("inspector"), by_items("2.1", date="2026-09-02"))
    clock.forward(days=21, minutes=1)
    refused = file(client_as("security"), late)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/appeal-too-late")


def test_who_files_and_who_decides(app: FastAPI, client_as: AsRole, clock: Clock) -> None:
    by_admin = visit(client_as("admin"), by_sections(7))
    contested = visit(client_as("inspector"))
    for role in ("viewer", "inspector"):
        assert file(client_as(role), contested).status_code == 403
    assert file(client_as("security"), contested, items=["9.9"]).status_code == 422
    assert file(client_as("security"), contested, grounds=" ").status_code == 422
    own = file(client_as("security"), by_admin).json()["id"]
    refused = decide(client_as("admin"), own)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/own-work")
    for role in ("inspector", "security", "duty_officer"):
        assert decide(client_as(role), own).status_code == 403
    people.add_user(app.state.engine, "chief", "admin", clock.now)
    people.add_user(app.state.engine, "of.school", "admin", clock.now, schools=[SCHOOL])
    assert decide(people.log_in(app, "of.school"), own).status_code == 403
    assert decide(people.log_in(app, "chief"), own, "dismissed").json()["status"] == "dismissed"
    again = file(client_as("security"), by_admin)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/appeal-decided")
    filed = file(people.log_in(app, "chief"), contested).json()["id"]
    assert decide(people.log_in(app, "chief"), filed).status_code == 403
    signed = visit(client_as("inspector"), by_items("2.1", inspector="李敏", inspectors=["李敏", "chief"]))
    together = file(client_as("security"), signed).json()["id"]
    assert decide(people.log_in(app, "chief"), together).status_code == 403


def test_appeals_of_another_school_are_not_there_and_late_ones_are_listed(
    client_as: AsRole, clock: Clock
) -> None:
    there = visit(client_as("admin"), by_items("2.1"), THERE)
    assert file(client_as("security"), there).status_code == 404
    number = file(client_as("admin"), there).json()["id"]
    assert client_as("security").get(f"{APPEALS}/{number}").status_code == 404
    assert client_as("security").get(APPEALS).json()["items"] == []

    def listed(**params: Any) -> list[int]:
        return [row["id"] for row in client_as("admin").get(APPEALS, params=params).json()["items"]]

    assert listed(status="pending", inspection=there) == listed(overdue=False) == [number]
    clock.now = datetime(2026, 9, 22, 16, 0, tzinfo=UTC)
    assert (listed(overdue=True), listed(overdue=False)) == ([number], [])


def record(client: TestClient, **more: Any) -> Any:
    sent = {"cafeteria": HERE, "kind": "fine", "subject": "food", "date": "2026-08-20", "amount": "20000"}
    return client.post(PENALTIES, json={**sent, **more})


def test_a_penalty_takes_the_grade_and_the_later_date_counts(client_as: AsRole) -> None:
    admin = client_as("admin")

    def known() -> str | None:
        day: str | None = admin.get(f"/api/v1/cafeterias/{HERE}").json()["penalty_beyond_warning"]
        return day

    assert record(admin, kind="warning", amount=None).status_code == 201
    assert known() is None
    given = record(admin, published_on="2026-08-25", reference="金市监罚〔2026〕12号").json()
    assert (given["repair_class"], given["repairable_on"], given["amount"]) == (
        "safety",
        "2027-08-25",
        "20000",
    )
    assert [one["id"] for one in given["conditions"]] == CLAIMED
    assert known() == "2026-08-20"
    record(admin, date="2026-08-01")
    assert known() == "2026-08-20"
    twice = record(admin, reference="金市监罚〔2026〕12号")
    assert (twice.status_code, twice.json()["type"]) == (409, "/problems/penalty-recorded")
    shown = client_as("viewer").get(f"/api/v1/cafeterias/{HERE}/penalties").json()["items"]
    assert [row["date"] for row in shown] == ["2026-08-01", "2026-08-20", "2026-08-20"]
    assert client_as("viewer").get(f"/api/v1/cafeterias/{THERE}/penalties").status_code == 404


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"kind": "flogging"}, "kind"),
        ({"subject": "music"}, "subject"),
        ({"date": "2026-09-02"}, "date"),
        ({"published_on": "2026-08-19"}, "published_on"),
        ({"published_on": "2026-09-02"}, "published_on"),
        ({"amount": "-1"}, "body.amount"),
        ({"amount": "1.005"}, "body.amount"),
    ],
)
def test_a_penalty_that_cannot_be_is_refused(client_as: AsRole, change: dict[str, Any], place: str) -> None:
    refused = record(client_as("admin"), **change)
    assert refused.status_code == 422
    assert refused.json()["problems"][0]["place"] == place
    assert client_as("admin").get(PENALTIES).json()["items"] == []


def test_a_repair_never_before_its_day(client_as: AsRole, clock: Clock) -> None:
    admin, school = client_as("admin"), client_as("security")
    number = record(admin, kind="warning", amount=None).json()["id"]
    asked = {"conditions": CLAIMED, "statement": "已缴清并整改"}

    def apply(**change: Any) -> Any:
        return school.post(f"{PENALTIES}/{number}/repair", json={**asked, **change})

    def answer(decision: str) -> Any:
        sent = {"decision": decision, "answer": "核实过"}
        return admin.post(f"{PENALTIES}/{number}/repair/decide", json=sent)

    assert apply().json()["type"] == "/problems/repair-too-early"
    published = admin.post(f"{PENALTIES}/{number}/publish", json={"published_on": "2026-08-31"}).json()
    assert published["repairable_on"] == "2026-11-30"
    clock.now = datetime(2026, 11, 29, 15, 59, tzinfo=UTC)
    assert (apply().status_code, apply().json()["type"]) == (422, "/problems/repair-too-early")
    clock.forward(minutes=1)
    assert apply(conditions=CLAIMED[1:]).json()["type"] == "/problems/repair-conditions"
    assert answer("granted").json()["type"] == "/problems/repair-not-pending"
    assert apply().status_code == 201
    assert apply().json()["type"] == "/problems/repair-pending"
    assert answer("refused").json()["status"] == "refused"
    assert apply().status_code == 201
    assert [row["id"] for row in admin.get(PENALTIES, params={"repair": "pending"}).json()["items"]] == [
        number
    ]
    assert answer("granted").json()["ended_by"] == "admin"
    shown = school.get(f"{PENALTIES}/{number}").json()
    assert shown["repaired_on"] == "2026-11-30"
    assert [one["status"] for one in shown["repairs"]] == ["refused", "granted"]
    assert apply().json()["type"] == "/problems/penalty-repaired"


def test_what_the_record_contradicts_is_neither_applied_for_nor_granted(
    client_as: AsRole, clock: Clock
) -> None:
    admin = client_as("admin")
    old = {"kind": "warning", "amount": None, "date": "2026-01-05", "published_on": "2026-01-09"}
    number = record(admin, **old).json()["id"]
    asked = {"conditions": CLAIMED, "statement": "已整改"}
    assert client_as("security").post(f"{PENALTIES}/{number}/repair", json=asked).status_code == 201
    record(admin)
    shown = admin.get(f"{PENALTIES}/{number}").json()["conditions"]
    assert [one["id"] for one in shown if one["contradicted"]] == ["no_repeat"]
    path = f"{PENALTIES}/{number}/repair/decide"
    assert admin.post(path, json={"decision": "granted", "answer": "x"}).status_code == 422
    assert admin.post(path, json={"decision": "refused", "answer": "x"}).status_code == 200


def test_only_the_bureau_records_and_decides(client_as: AsRole) -> None:
    for role in ("viewer", "inspector", "security", "duty_officer"):
        assert record(client_as(role)).status_code == 403
    number = record(client_as("admin"), published_on="2026-08-25").json()["id"]
    for role in ("inspector", "security", "duty_officer"):
        for action, sent in (
            ("publish", {"published_on": "2026-08-25"}),
            ("repair/decide", {"decision": "granted", "answer": "x"}),
        ):
            assert client_as(role).post(f"{PENALTIES}/{number}/{action}", json=sent).status_code == 403
