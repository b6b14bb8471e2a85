"""Cafeterias over HTTP: who sees which, what a visit gives, what a repeat gives, what is refused."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from safety_service.services import cafeterias
from safety_service.store import messages, partitions
from safety_service.store.registry import get_school
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from tests.conftest import OTHER_SCHOOL, SCHOOL

AsRole = Callable[[str], TestClient]
HERE, THERE = f"{SCHOOL}-c1", f"{OTHER_SCHOOL}-c1"
ALL = "/api/v1/cafeterias"


@pytest.fixture(autouse=True)
def canteens(app: FastAPI) -> Engine:
    """A cafeteria at each school, and the partition a pipeline sets up."""
    engine: Engine = app.state.engine
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        cafeterias.create_for_schools(session, [get_school(session, code) for code in (SCHOOL, OTHER_SCHOOL)])
        partitions.ensure(session, partitions.COUNTY_PARTITION)
    return engine


def visit(score: object = 9, **more: Any) -> dict[str, Any]:
    return {"date": "2026-09-01", "sections": [score] * 9, "key_items_failed": 0, **more}


def post(client: TestClient, body: Any, cafeteria: str = HERE, key: str | None = None) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(f"{ALL}/{cafeteria}/inspections", json=body, headers=headers)


def post_raw(client: TestClient, content: bytes) -> Any:
    headers = {"Content-Type": "application/json"}
    return client.post(f"{ALL}/{HERE}/inspections", content=content, headers=headers)


def told(engine: Engine) -> list[dict[str, Any]]:
    """What the service put into its own message log."""
    with session_scope(engine, EVERY_SCHOOL) as session:
        partition = partitions.read(session)
        assert partition is not None
        log = messages.read_after(session, partition.id, 0, 100)
    assert {message.origin for message in log} <= {"service"}
    return [msgspec.json.decode(message.payload) for message in log]


def test_a_visit_is_answered_with_its_whole_reckoning(client_as: AsRole, canteens: Engine) -> None:
    body = visit(licence_issued="2023-01-05", sections=[10, 9, 9, 8.5, 9, 10, 9, 8, 9], inspector="李敏")
    answer = post(client_as("inspector"), body)

    assert answer.status_code == 201, answer.text
    given = answer.json()
    assert (given["score"], given["grade"], given["icon"]) == ("9.1", "优秀", "大笑")
    assert given["result"]["reckoning"]["unrounded"] == "163/18"
    assert given["result"]["decided_by"]["rule"] == "bands[0]"
    assert (given["submitted_by"], given["inspector"]) == ("inspector", "李敏")
    assert client_as("viewer").get(f"{ALL}/{HERE}/inspections/{given['id']}").json() == given
    (event,) = told(canteens)
    assert (event["type"], event["source"], event["data"]["value"]) == ("inspection_graded", HERE, 3.0)
    entries = client_as("admin").get(f"{ALL}/{HERE}").json()
    assert (entries["grade"], entries["inspection"], entries["annual_letter"]) == ("优秀", given["id"], "A")


def test_worse_sections_lower_the_grade_and_say_why(client_as: AsRole, canteens: Engine) -> None:
    post(client_as("inspector"), visit(9.5))
    given = post(client_as("inspector"), visit(sections=[9, 9, 9, 9, 5, 6, 9, 9, 9])).json()

    assert given["grade"] == "良好"
    assert given["change"]["zh"] == "由优秀（9.5分）变为良好（8.2分）"
    assert given["why"]["en"].startswith("lower: Purchase and storage 9.5→5, Processing 9.5→6")
    first, second = told(canteens)
    assert (first["data"]["value"], second["data"]["value"]) == (3.0, 2.0)
    assert second["data"]["attributes"]["change"] == given["change"]


def test_the_wake_follows_the_commit(app: FastAPI, client_as: AsRole, canteens: Engine) -> None:
    seen: list[int] = []
    app.state.wake = lambda: seen.append(len(told(canteens)))
    post(client_as("inspector"), visit())
    assert seen == [1]


def test_a_repeat_gets_the_first_answer_and_tells_nothing_twice(client_as: AsRole, canteens: Engine) -> None:
    client = client_as("inspector")
    first = post(client, visit(id="f00"), key="k1")
    assert post(client, visit(id="f00"), key="k1").json() == first.json()
    assert post(client, visit(id="f00"), key="k2").json() == first.json()
    assert post(client, visit(id="f00")).json() == first.json()
    assert post(client, visit(), key="k3").json()["id"] != first.json()["id"]
    assert len(told(canteens)) == 2


def test_other_content_under_one_key_is_refused(client_as: AsRole, canteens: Engine) -> None:
    client = client_as("inspector")
    post(client, visit(id="f00"), key="k1")
    changed = post(client, visit(8, id="f00"), key="k1")
    assert (changed.status_code, changed.json()["type"]) == (422, "/problems/idempotency-key-reused")
    by_id = post(client, visit(8, id="f00"), key="k2")
    assert (by_id.status_code, by_id.json()["type"]) == (409, "/problems/inspection-key-reused")
    assert len(told(canteens)) == 1
    assert client.get(f"{ALL}/{HERE}").json()["score"] == "9.0"


def test_everything_wrong_is_named_and_nothing_is_stored(client_as: AsRole, canteens: Engine) -> None:
    body = visit(sections=[9, 9, 9, 11, -1, 9, 9, 9, "x"], key_items_failed=None)
    answer = post(client_as("inspector"), body)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/refused")
    assert answer.json()["problems"] == [
        {"place": "sections[3]", "reason": "11 is above the maximum of 10"},
        {"place": "sections[4]", "reason": "-1 is below the minimum of 0"},
        {"place": "sections[8]", "reason": '"x" is not a number'},
        {"place": "key_items_failed", "reason": "is missing"},
    ]
    assert told(canteens) == []
    assert client_as("viewer").get(f"{ALL}/{HERE}/inspections").json()["items"] == []


@pytest.mark.parametrize("body", [b"{", b"[]", b"7", b"", b'"x"', b'{"date": "2026-09-01"', b"\xff"])
def test_a_body_that_is_no_object_is_refused(client_as: AsRole, body: bytes) -> None:
    answer = post_raw(client_as("inspector"), body)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300, 10**30, True, {"a": 1}, "9,5"])
def test_a_section_that_is_no_number_is_refused(client_as: AsRole, value: object) -> None:
    content = json.dumps(visit(sections=[value] + [9] * 8)).encode()
    answer = post_raw(client_as("inspector"), content)
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["place"] == "sections[0]"


def test_text_no_database_keeps_is_refused(client_as: AsRole) -> None:
    for name, value, place in (
        ("note", "a\x00", "note"),
        ("inspector", "\ud800", "inspector"),
        ("id", "\ud800", "id"),
        ("date", "\ud800", "date"),
        ("scheme", "a\x00", "scheme"),
        ("\ud800", "\ud800", "\\ud800"),
        ("\x00", 1, "\\x00"),
    ):
        answer = post_raw(client_as("inspector"), json.dumps(visit(**{name: value})).encode())
        assert answer.status_code == 422, answer.text
        assert answer.json()["problems"][0]["place"] == place


def test_the_cafeteria_of_another_school_does_not_exist(client_as: AsRole) -> None:
    client = client_as("inspector")
    for answer in (
        post(client, visit(), THERE),
        client.get(f"{ALL}/{THERE}"),
        client.get(f"{ALL}/{THERE}/credit"),
        client.get(f"{ALL}/{THERE}/inspections"),
        client.get(f"{ALL}/{THERE}/inspections/1"),
        client.get(f"{ALL}/nowhere"),
    ):
        assert answer.status_code == 404
    assert [row["id"] for row in client.get(ALL).json()["items"]] == [HERE]
    assert [row["id"] for row in client_as("admin").get(ALL).json()["items"]] == [HERE, THERE]
    assert post(client, visit(cafeteria=THERE)).status_code == 422


def test_a_visit_belongs_to_its_own_cafeteria(client_as: AsRole) -> None:
    there = post(client_as("admin"), visit(), THERE).json()["id"]
    assert client_as("admin").get(f"{ALL}/{HERE}/inspections/{there}").status_code == 404


def test_only_inspectors_and_admins_submit(client_as: AsRole, client: TestClient) -> None:
    codes = {role: post(client_as(role), visit()).status_code for role in ("viewer", "security", "inspector")}
    assert codes == {"viewer": 403, "security": 403, "inspector": 201}
    assert post(client, visit()).status_code == 401
    assert client_as("inspector").put(f"{ALL}/{HERE}", json={"diners": 3}).status_code == 403


def test_credit_opens_both_grades(client_as: AsRole) -> None:
    client = client_as("inspector")
    for day, score in (("2025-09-10", 9.1), ("2026-01-12", 8.9), ("2026-05-08", 8.9), ("2025-09-01", 1)):
        assert post(client, visit(score, date=day)).status_code == 201
    credit = client.get(f"{ALL}/{HERE}/credit").json()

    assert credit["as_of"] == "2026-09-01"
    assert (credit["dynamic"]["date"], credit["dynamic"]["grade"]) == ("2026-05-08", "良好")
    annual = credit["annual"]
    assert (annual["counted"], annual["average"], annual["grade"], annual["letter"]) == (
        3,
        "9.0",
        "优秀",
        "A",
    )
    assert annual["reckoning"]["unrounded"] == "269/30"
    assert [row["date"] for row in credit["history"]] == [
        "2026-05-08", "2026-01-12", "2025-09-10", "2025-09-01",
    ]  # fmt: skip
    earlier = client.get(f"{ALL}/{HERE}/credit", params={"as_of": "2026-01-31"}).json()
    assert (earlier["dynamic"]["date"], earlier["annual"]["counted"]) == ("2026-01-12", 3)


def test_the_history_pages_by_day(client_as: AsRole) -> None:
    client = client_as("inspector")
    for day in ("2026-05-01", "2026-05-03", "2026-05-02", "2026-05-03"):
        post(client, visit(date=day))
    days: list[str] = []
    params: dict[str, Any] = {"limit": 1}
    while params.get("cursor", "") is not None:
        page = client.get(f"{ALL}/{HERE}/inspections", params=params).json()
        days += [row["date"] for row in page["items"]]
        params["cursor"] = page["next"]
    assert days == ["2026-05-03", "2026-05-03", "2026-05-02", "2026-05-01"]


def test_lists_filter_and_export(client_as: AsRole) -> None:
    post(client_as("inspector"), visit())
    client = client_as("admin")

    def ids(**params: str) -> list[str]:
        return [row["id"] for row in client.get(ALL, params=params).json()["items"]]

    assert ids(grade="优秀") == [HERE]
    assert ids(grade="none") == [THERE]
    assert ids(school=OTHER_SCHOOL) == [THERE]
    assert ids(township="370828101") == [HERE]
    assert ids(q="第二") == [THERE]
    assert ids(q="%") == []
    csv = client.get(ALL, headers={"Accept": "text/csv"}).text
    assert "第一小学食堂" in csv
    assert "优秀" in csv


def test_an_admin_keeps_the_dates_and_an_accident_takes_the_sign(client_as: AsRole) -> None:
    post(client_as("inspector"), visit())
    admin = client_as("admin")
    changed = admin.put(f"{ALL}/{HERE}", json={"accident": "2026-08-30", "diners": 320}).json()
    assert (changed["accident"], changed["diners"], changed["name_zh"]) == ("2026-08-30", 320, "第一小学食堂")
    assert changed["sign_withdrawn"] == {
        "reason": "accident_lt_6_months",
        "labels": {
            "zh": "发生食品安全事故不足6个月，不评定等级，收回公示牌",
            "en": "A food-safety accident less than 6 months ago; no rating and the sign is withdrawn",
        },
        "until": "2027-02-28",
    }
    given = post(client_as("inspector"), visit()).json()
    assert (given["score"], given["grade"], given["reason"]) == (None, None, "accident_lt_6_months")
    cleared = admin.put(f"{ALL}/{HERE}", json={"accident": None}).json()
    assert (cleared["sign_withdrawn"], cleared["diners"]) == (None, 320)


@pytest.mark.parametrize(
    ("cafeteria", "body", "status"),
    [
        (HERE, {"accident": "2026-09-02"}, 422),
        (HERE, {"name_zh": ""}, 422),
        (HERE, {"name_zh": None}, 422),
        (HERE, {"colour": "red"}, 422),
        (HERE, {"diners": -1}, 422),
        (HERE, {"licence_issued": "soon"}, 422),
        (f"{SCHOOL}-c2", {"name_zh": "南食堂"}, 200),
        ("370828-999-c1", {}, 404),
        ("somewhere", {}, 404),
    ],
)
def test_putting_a_cafeteria(client_as: AsRole, cafeteria: str, body: dict[str, Any], status: int) -> None:
    assert client_as("admin").put(f"{ALL}/{cafeteria}", json=body).status_code == status


def test_schemes_are_listed_read_and_tried(client_as: AsRole) -> None:
    client = client_as("viewer")
    listed = {line["id"]: line for line in client.get("/api/v1/schemes").json()["items"]}
    assert listed["cn.dynamic_2012"]["source_ref"] == "国食药监食〔2012〕5号"
    assert listed["cn.dynamic_2012"]["checklist"]
    scheme = client.get("/api/v1/schemes/cn.dynamic_2012").json()
    assert [band["min"] for band in scheme["bands"]] == ["9.0", "7.5", "6.0"]
    assert len(scheme["checklist"]["items"]) == 30
    path = "/api/v1/schemes/cn.annual_2012/score"
    visits = [("2025-09-10", "9.1"), ("2026-01-12", "8.9"), ("2026-05-08", "8.9")]
    body = {"as_of": "2026-06-30", "inspections": [{"date": d, "score": s} for d, s in visits]}
    scored = client.post(path, json=body).json()
    assert (scored["scheme"], scored["average"], scored["letter"]) == ("cn.annual_2012", "9.0", "A")
    refused = client.post(path, json={"as_of": "2026-06-30"})
    assert refused.json()["problems"] == [{"place": "inspections", "reason": "is missing"}]
    assert client.get("/api/v1/schemes/cn.none").status_code == 404
    assert client.post("/api/v1/schemes/cn.none/score", json={}).status_code == 404
