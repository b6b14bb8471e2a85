"""Schemes over HTTP: the published cases exactly, a bureau's own form, visits stored under each scheme."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from safety_service.services import cafeterias
from safety_service.services.schemes import SHIPPED
from safety_service.settings import Settings
from safety_service.store import partitions
from safety_service.store.registry import get_school
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from tests.conftest import SCHOOL
from tests.domain.scoring.cases import PUBLISHED

AsRole = Callable[[str], TestClient]
SCHEMES = "/api/v1/schemes"
CAFETERIA = f"{SCHOOL}-c1"


@pytest.fixture
def canteen(app: FastAPI) -> Engine:
    engine: Engine = app.state.engine
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        cafeterias.create_for_schools(session, [get_school(session, SCHOOL)])
        partitions.ensure(session, partitions.COUNTY_PARTITION)
    return engine


def post(client: TestClient, body: dict[str, Any]) -> Any:
    return client.post(f"/api/v1/cafeterias/{CAFETERIA}/inspections", json=body)


def test_every_published_case_exactly(client_as: AsRole) -> None:
    client = client_as("viewer")
    for name, (scheme, inputs, expected) in PUBLISHED.items():
        answer = client.post(f"{SCHEMES}/{scheme}/score", json=inputs)
        got = {field: answer.json().get(field) for field in expected}
        assert (answer.status_code, json.dumps(got)) == (200, json.dumps(expected)), name


def test_every_scheme_is_shown_as_it_was_written(client_as: AsRole) -> None:
    client = client_as("viewer")
    listed = {line["id"]: line for line in client.get(SCHEMES).json()["items"]}
    assert {name: line["scores"] for name, line in listed.items()} == {
        "cn.annual_2012": "year",
        "cn.checklist_2016": "visit",
        "cn.dynamic_2012": "visit",
        "cn.risk_2016": "year",
        "uk.fhrs": "visit",
        "us.nyc": "visit",
    }
    shown = {name: client.get(f"{SCHEMES}/{name}").json() for name in listed}
    assert shown["uk.fhrs"]["outputs"]["rating"] == {"of": "grade", "as": "integer"}
    assert shown["cn.risk_2016"]["bands"][1]["next_visit"]["max_per_year"] == 2
    assert shown["us.nyc"]["inputs"]["fields"][2]["severities"][0]["points"]["V"] == "28"


def test_a_value_that_fhrs_does_not_have_is_an_answer(client_as: AsRole) -> None:
    body = {"hygiene": 5, "structural": 5, "confidence_in_management": 15}
    answer = client_as("viewer").post(f"{SCHEMES}/uk.fhrs/score", json=body)
    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in ("valid", "error", "component", "rating")} == {
        "valid": False,
        "error": "value_not_allowed",
        "component": "confidence_in_management",
        "rating": None,
    }


def test_an_own_form_replaces_one_that_ships_from_its_day_on(client_as: AsRole, settings: Settings) -> None:
    own = settings.data_dir / "schemes"
    own.mkdir(parents=True)
    shipped = (SHIPPED / "us.nyc.yaml").read_text(encoding="utf-8")
    text = shipped.replace('version: "1"', 'version: "2"').replace("2010-07-27", "2026-03-10")
    (own / "nyc.yaml").write_text(text.replace("min_gap_days: 7", "min_gap_days: 10"), encoding="utf-8")
    client = client_as("viewer")
    line = next(line for line in client.get(SCHEMES).json()["items"] if line["id"] == "us.nyc")
    assert (line["version"], line["versions"]) == ("2", ["1", "2"])
    assert client.get(f"{SCHEMES}/us.nyc?version=1").json()["effective_from"] == "2010-07-27"
    assert client.get(f"{SCHEMES}/us.nyc?version=9").status_code == 404

    violations = [{"code": "02B", "level": "V"}]
    scored = {}
    for day in ("2026-03-09", "2026-03-10"):
        body = {"visit": "initial", "date": day, "violations": violations}
        answer = client.post(f"{SCHEMES}/us.nyc/score", json=body).json()
        scored[day] = (answer["version"], answer["reinspection_not_before"])
    assert scored == {"2026-03-09": ("1", "2026-03-16"), "2026-03-10": ("2", "2026-03-20")}
    too_early = client.post(
        f"{SCHEMES}/us.nyc/score", json={"visit": "initial", "date": "2010-07-26", "violations": []}
    )
    assert too_early.json()["problems"] == [
        {"place": "date", "reason": "no version of us.nyc was in force on 2010-07-26"}
    ]


STORED = {
    "E1": {"date": "2026-03-02", "score": "15", "grade": "5", "reason": None},
    "E3": {"date": "2026-03-02", "score": "20", "grade": "1", "reason": None},
    "E5": {"score": "13", "grade": "A", "reason": None},
    "E6": {"score": "14", "grade": None, "reason": "reinspection_required"},
    "E7": {"score": "14", "grade": "B", "reason": None},
    "E11": {"date": "2026-03-02", "score": "78.26", "grade": "基本符合", "reason": None},
}


def test_visits_of_every_scheme_are_stored_with_their_grade(client_as: AsRole, canteen: Engine) -> None:
    client = client_as("inspector")
    assert canteen
    headline = {"date": "2026-03-01", "sections": [9] * 9, "key_items_failed": 0}
    first = post(client, {**headline, "licence_issued": "2023-01-05"}).json()
    for name, wanted in STORED.items():
        scheme, inputs, expected = PUBLISHED[name]
        body = {"date": "2026-03-02", **inputs, "scheme": scheme}
        visit = post(client, body).json()
        assert {field: visit[field] for field in wanted} == wanted, name
        read = client.get(f"/api/v1/cafeterias/{CAFETERIA}/inspections/{visit['id']}").json()["result"]
        assert json.dumps({field: read[field] for field in expected}) == json.dumps(expected), name
    credit = client.get(f"/api/v1/cafeterias/{CAFETERIA}/credit?as_of=2026-03-31").json()
    assert (credit["dynamic"]["id"], credit["cafeteria"]["grade"]) == (first["id"], "优秀")
    assert credit["annual"]["average"] == "9.0"
    assert len(credit["history"]) == 1 + len(STORED)


def test_violations_sent_again_in_another_order_are_the_same_visit(
    client_as: AsRole, canteen: Engine
) -> None:
    client = client_as("inspector")
    assert canteen
    body = {"id": "visit-1", "scheme": "us.nyc", **PUBLISHED["E5"][1]}
    first = post(client, body).json()
    again = post(client, {**body, "violations": body["violations"][::-1]})
    assert (again.status_code, again.json()["id"]) == (201, first["id"])
    other = post(client, {**body, "violations": body["violations"][1:]})
    assert other.status_code == 409


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"scheme": "cn.risk_2016", **PUBLISHED["E12"][1]}, "scheme"),
        ({"scheme": "uk.fhrs", **PUBLISHED["E1"][1], "hygiene": 7}, "hygiene"),
        ({"scheme": "uk.fhrs", **PUBLISHED["E1"][1], "date": None}, "date"),
        (
            {"scheme": "us.nyc", "visit": "initial", "violations": [{"code": "08A", "level": "I"}]},
            "violations[0].level",
        ),
    ],
)
def test_what_cannot_be_stored(client_as: AsRole, canteen: Engine, body: dict[str, Any], place: str) -> None:
    answer = post(client_as("inspector"), {"date": "2026-03-02", **body})
    assert (answer.status_code, answer.json()["problems"][0]["place"]) == (422, place)
    assert canteen
