"""Rectifications over HTTP: found on a visit or a patrol, put right by the school, accepted by another."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine

from safety_service.services import cafeterias
from safety_service.settings import Settings
from safety_service.store import partitions
from safety_service.store.registry import get_school
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from tests import people
from tests.conftest import OTHER_SCHOOL, SCHOOL, Clock
from tests.services.test_inspections import by_items

AsRole = Callable[[str], TestClient]
HERE, THERE = f"{SCHOOL}-c1", f"{OTHER_SCHOOL}-c1"
ALL = "/api/v1/rectifications"
PHOTO = "b" * 64
HAZARD = {"school": SCHOOL, "title": {"zh": "消防通道堆放杂物", "en": "Fire exit blocked"}}


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


def visit(client: TestClient, *failed: str, cafeteria: str = HERE, **more: Any) -> dict[str, Any]:
    answer = client.post(f"/api/v1/cafeterias/{cafeteria}/inspections", json=by_items(*failed, **more))
    assert answer.status_code == 201, answer.text
    given: dict[str, Any] = answer.json()
    return given


def listed(client: TestClient, **params: Any) -> list[int]:
    return [row["id"] for row in client.get(ALL, params=params).json()["items"]]


def step(client: TestClient, number: int, action: str, **body: Any) -> Any:
    return client.post(f"{ALL}/{number}/{action}", json=body)


def test_from_the_failed_item_to_its_acceptance(client_as: AsRole, clock: Clock) -> None:
    inspector, school = client_as("inspector"), client_as("security")
    given = visit(inspector, "2.1")
    (number,) = listed(school, open=True, status="open")

    assert step(school, number, "assign", owner="王老师").json()["owner"] == "王老师"
    clock.forward(hours=2)
    done = step(school, number, "done", photos=[PHOTO], comment="挂好了").json()
    assert (done["status"], done["done_by"], done["photos_after"]) == ("done", "security", [PHOTO])
    assert step(inspector, number, "return", reason="看不清").json()["status"] == "returned"
    step(school, number, "done", photos=["c" * 64])
    ended = step(inspector, number, "accept", comment="现场看过").json()
    assert (ended["status"], ended["accepted_by"], ended["cancelled_by"]) == ("accepted", "inspector", None)

    told = school.get(f"{ALL}/{number}").json()
    assert (told["inspection"], told["item"], told["title"]["zh"]) == (given["id"], "2.1", "许可证挂在醒目处")
    actions = ["opened", "assigned", "done", "returned", "done", "accepted"]
    assert [one["action"] for one in told["history"]] == actions
    assert told["history"][3]["comment"] == "看不清"
    trail = client_as("admin").get("/api/v1/audit", params={"object_type": "rectification"}).json()["items"]
    assert [entry["action"] for entry in trail] == [
        f"rectification.{verb}" for verb in ("accept", "done", "return", "done", "assign", "open")
    ]
    assert (listed(school, open=True), listed(school, open=False)) == ([], [number])


def test_nobody_accepts_their_own_work(app: FastAPI, client_as: AsRole, clock: Clock) -> None:
    inspector = client_as("inspector")
    visit(inspector, "2.1", "2.2")
    second, first = listed(inspector)
    step(inspector, first, "done", photos=[PHOTO])
    refused = step(inspector, first, "accept")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/own-work")
    step(client_as("security"), second, "assign", owner="Zhao")  # the display name of an account
    step(client_as("security"), second, "done", photos=[PHOTO])
    people.add_user(app.state.engine, "zhao", "inspector", clock.now, schools=[SCHOOL])
    zhao = people.log_in(app, "zhao")
    assert step(zhao, second, "accept").status_code == 403
    assert step(zhao, first, "accept").json()["accepted_by"] == "zhao"
    assert step(inspector, second, "accept").json()["status"] == "accepted"


def test_who_may_do_what(client_as: AsRole) -> None:
    visit(client_as("inspector"), "2.1")
    (number,) = listed(client_as("viewer"))
    body: dict[str, dict[str, Any]] = {
        "assign": {"owner": "li"},
        "done": {"photos": [PHOTO]},
        "accept": {},
        "return": {"reason": "x"},
        "cancel": {"reason": "x"},
        "comment": {"comment": "x"},
    }
    for action, sent in body.items():
        assert step(client_as("viewer"), number, action, **sent).status_code == 403
    for action in ("accept", "return", "cancel"):
        assert step(client_as("security"), number, action, **body[action]).status_code == 403
    moved = {"owner": "li", "due_on": "2026-09-30"}
    assert step(client_as("security"), number, "assign", **moved).status_code == 403
    assert step(client_as("inspector"), number, "assign", **moved).json()["due_on"] == "2026-09-30"


def test_another_school_is_not_there(client_as: AsRole) -> None:
    admin, school = client_as("admin"), client_as("security")
    visit(admin, "2.1", cafeteria=THERE)
    (number,) = listed(admin)
    assert listed(school) == listed(school, school=OTHER_SCHOOL) == []
    for answer in (
        school.get(f"{ALL}/{number}"),
        step(school, number, "done", photos=[PHOTO]),
        step(school, number, "comment", comment="x"),
        school.post(ALL, json={**HAZARD, "school": OTHER_SCHOOL}),
    ):
        assert answer.status_code == 404
    assert admin.get(f"{ALL}/{number}").json()["status"] == "open"


def test_a_patrol_opens_what_it_found(client_as: AsRole) -> None:
    school = client_as("security")
    made = school.post(ALL, json={**HAZARD, "owner": "王", "photos": [PHOTO]})
    assert made.status_code == 201, made.text
    given = made.json()
    assert (given["source"], given["due_on"], given["photos_before"]) == ("patrol", "2026-09-11", [PHOTO])
    key = school.post(ALL, json={"school": SCHOOL, "title": "电线裸露", "key": True, "due_on": "2026-09-09"})
    assert (key.json()["title"], key.json()["due_on"]) == ({"zh": "电线裸露", "en": "电线裸露"}, "2026-09-01")
    assert listed(school, source="patrol", key=True) == [key.json()["id"]]
    assert listed(school, owner="王") == [given["id"]]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"title": ""}, "body.title"),
        ({"photos": ["x"]}, "body.photos[0]"),
        ({"cafeteria": THERE}, "cafeteria"),
        ({"zone": "roof"}, "zone"),
        ({"due_on": "2026-08-31"}, "due_on"),
        ({"due_on": "soon"}, "body.due_on"),
        ({"colour": "red"}, "body.colour"),
    ],
)
def test_a_hazard_that_cannot_be_is_refused(client_as: AsRole, change: dict[str, Any], place: str) -> None:
    answer = client_as("security").post(ALL, json={**HAZARD, **change})
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["place"].startswith(place)
    assert listed(client_as("security")) == []


def test_a_step_out_of_turn_and_a_done_without_a_photo(client_as: AsRole) -> None:
    inspector = client_as("inspector")
    number = inspector.post(ALL, json=HAZARD).json()["id"]
    early = step(inspector, number, "accept")
    assert (early.status_code, early.json()["type"]) == (409, "/problems/rectification-state")
    assert step(inspector, number, "done", photos=[]).status_code == 422
    assert step(inspector, number, "return", reason="x").status_code == 409
    gone = step(inspector, number, "cancel", reason="拆除了").json()
    assert (gone["status"], gone["reason"], gone["cancelled_by"]) == ("cancelled", "拆除了", "inspector")
    ended = step(inspector, number, "done", photos=[PHOTO])
    assert (ended.status_code, ended.json()["type"]) == (409, "/problems/rectification-ended")
    assert step(inspector, number, "comment", comment="记录").status_code == 200


def test_overdue_from_the_end_of_the_day_at_the_school(client_as: AsRole, clock: Clock) -> None:
    inspector, admin = client_as("inspector"), client_as("admin")
    visit(inspector, "2.1", "3.1")
    key, plain = listed(admin)
    assert listed(admin, overdue=True) == []
    clock.now = clock.now.replace(hour=15, minute=59)
    assert listed(admin, overdue=True) == []
    clock.forward(minutes=1)  # midnight in Shanghai
    assert (listed(admin, overdue=True), listed(admin, overdue=False)) == ([key], [plain])
    assert admin.get(f"{ALL}/{key}").json()["overdue"]

    overview = admin.get("/api/v1/view/overview").json()
    shown = {name: overview[name] for name in ("rectifications_open", "rectifications_overdue")}
    assert {name: figure["value"] for name, figure in shown.items()} == {
        "rectifications_open": 2,
        "rectifications_overdue": 1,
    }
    for figure in shown.values():
        assert len(admin.get(figure["list"]).json()["items"]) == figure["value"]
    late = step(client_as("security"), key, "done", photos=[PHOTO]).json()
    assert (late["overdue"], listed(admin, overdue=True)) == (False, [])


def test_the_list_filters_pages_and_exports(client_as: AsRole) -> None:
    admin = client_as("admin")
    given = visit(admin, "2.1", "3.1")
    visit(admin, "2.1", cafeteria=THERE)
    there, key, plain = listed(admin)
    assert listed(admin, cafeteria=HERE) == listed(admin, inspection=given["id"]) == [key, plain]
    assert listed(admin, item="2.1", school=SCHOOL) == [plain]
    assert listed(admin, key=True) == [key]
    step(admin, there, "done", photos=[PHOTO])
    assert listed(admin, status=["done", "returned"]) == [there]
    page = admin.get(ALL, params={"limit": 2}).json()
    following = admin.get(ALL, params={"limit": 2, "cursor": page["next"]}).json()
    assert [row["id"] for row in (*page["items"], *following["items"])] == [there, key, plain]
    csv = admin.get(ALL, headers={"Accept": "text/csv"}).text
    assert "title.zh" in csv
    assert "许可证挂在醒目处" in csv


def test_an_order_on_a_failed_item(client_as: AsRole) -> None:
    body = by_items("2.1")
    answer = next(one for one in body["items"] if one["code"] == "2.1")
    answer |= {"owner": "王老师", "due": "2026-09-03"}
    path = f"/api/v1/cafeterias/{HERE}/inspections"
    assert client_as("inspector").post(path, json=body).status_code == 201
    (row,) = client_as("viewer").get(ALL).json()["items"]
    assert (row["owner"], row["due_on"]) == ("王老师", "2026-09-03")
    answer["due"] = "2026-08-01"
    refused = client_as("inspector").post(path, json=body)
    assert (refused.status_code, refused.json()["problems"][0]["place"]) == (422, "items[1].due")
