"""The plan over HTTP: what is due and why, who goes, in which order."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from safety_service.domain.errors import Refused
from safety_service.main import create_app
from safety_service.services.inspection_due import SHIPPED
from safety_service.settings import Settings
from tests.canteens import HERE, THERE, add_canteens, by_sections
from tests.conftest import OTHER_SCHOOL, SCHOOL, Clock
from tests.people import log_in

AsRole = Callable[[str], TestClient]
PLAN, ROUTE, ALL = "/api/v1/inspection-plan", "/api/v1/inspection-plan/route", "/api/v1/cafeterias"


@pytest.fixture(autouse=True)
def canteens(app: FastAPI) -> Engine:
    engine: Engine = app.state.engine
    add_canteens(engine)
    return engine


def lines(client: TestClient, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get(PLAN, params=params).json()["items"]
    return items


def plan(client: TestClient, cafeteria: str, assignee: str | None, day: str | None) -> Any:
    return client.put(f"{PLAN}/{cafeteria}", json={"assignee": assignee, "planned_on": day})


def inspect(client: TestClient, cafeteria: str, day: str, score: int = 9) -> int:
    answer = client.post(f"{ALL}/{cafeteria}/inspections", json=by_sections(score, date=day))
    assert answer.status_code == 201, answer.text
    number: int = answer.json()["id"]
    return number


def test_the_earliest_due_comes_first_with_its_reason(client_as: AsRole) -> None:
    admin = client_as("admin")
    inspect(admin, HERE, "2026-01-15", 8)
    assert admin.put(f"{ALL}/{THERE}", json={"licence_issued": "2026-08-01"}).status_code == 200
    first, second = lines(admin)
    assert (first["cafeteria"], first["due"], first["overdue_days"]) == (HERE, "2026-07-15", 48)
    assert first["decided_by"] == "grade"
    assert first["why"] == {
        "zh": "等级良好：6个月内复查（上次2026-01-15）",
        "en": "Grade 良好: again within 6 months of 2026-01-15",
    }
    assert (second["cafeteria"], second["due"], second["overdue_days"]) == (THERE, "2026-11-01", 0)
    assert admin.put(f"{ALL}/{HERE}", json={"risk_level": "D"}).json()["risk_level"] == "D"
    assert (lines(admin)[0]["due"], lines(admin)[0]["decided_by"]) == ("2026-05-15", "risk_level")
    assert admin.put(f"{ALL}/{HERE}", json={"risk_level": "E"}).status_code == 422
    assert [line["cafeteria"] for line in lines(admin, due_before="2026-11-01")] == [HERE]
    assert [line["cafeteria"] for line in lines(admin, township="370828102")] == [THERE]
    assert [line["cafeteria"] for line in lines(client_as("inspector"))] == [HERE]
    page = admin.get(PLAN, params={"limit": 1}).json()
    following = admin.get(PLAN, params={"limit": 1, "cursor": page["next"]}).json()
    assert [one["items"][0]["cafeteria"] for one in (page, following)] == [HERE, THERE]
    assert following["next"] is None
    assert "370828-002-c1" in admin.get(PLAN, headers={"Accept": "text/csv"}).text


def test_somebody_is_planned_goes_and_is_planned_no_more(client_as: AsRole) -> None:
    inspector = client_as("inspector")
    first = inspect(inspector, HERE, "2026-08-20")
    assert plan(inspector, HERE, "li", "2026-09-03").json()["planned_by"] == "inspector"
    changed = plan(client_as("duty_officer"), HERE, "inspector", "2026-09-02")
    assert (changed.status_code, changed.json()["assignee"]) == (200, "inspector")
    assert (lines(inspector)[0]["assignee"], lines(inspector)[0]["planned_on"]) == ("inspector", "2026-09-02")
    assert lines(inspector, assignee="li") == []
    inspect(inspector, HERE, "2026-08-25")
    body = by_sections(8, date="2026-09-01", corrects=first, note="the date was wrong")
    assert inspector.post(f"{ALL}/{HERE}/inspections", json=body).status_code == 201
    assert lines(inspector)[0]["assignee"] == "inspector", "neither was the planned visit"
    inspect(inspector, HERE, "2026-09-01")
    assert lines(inspector)[0]["assignee"] is None


def test_a_plan_is_withdrawn_or_refused(client_as: AsRole) -> None:
    inspector = client_as("inspector")
    for assignee, day, place in (
        ("li", "2026-08-31", "planned_on"),
        ("li", None, "planned_on"),
        (None, "2026-09-03", "assignee"),
        (" ", "2026-09-03", "body.assignee"),
        ("li", "soon", "body.planned_on"),
    ):
        answer = plan(inspector, HERE, assignee, day)
        assert (answer.status_code, answer.json()["problems"][0]["place"]) == (422, place)
    plan(inspector, HERE, "li", "2026-09-03")
    assert plan(inspector, HERE, None, None).status_code == 204
    assert plan(inspector, HERE, None, None).status_code == 204
    assert lines(inspector)[0]["assignee"] is None
    assert plan(client_as("viewer"), HERE, "li", "2026-09-03").status_code == 403
    assert plan(inspector, THERE, "li", "2026-09-03").status_code == 404
    entries = client_as("admin").get("/api/v1/audit", params={"action": "inspection.plan"}).json()["items"]
    assert [entry["detail"]["assignee"] for entry in entries] == [None, "li"]


def test_a_day_is_driven_in_a_short_order(client_as: AsRole, settings: Settings) -> None:
    admin = client_as("admin")
    for school, longitude in ((SCHOOL, 116.33), (OTHER_SCHOOL, 116.31)):
        body = admin.get(f"/api/v1/schools/{school}").json()
        place = {"latitude": 35.07, "longitude": longitude}
        changed = {name: body[name] for name in ("name_zh", "township", "kind")} | place
        assert admin.put(f"/api/v1/schools/{school}", json=changed).status_code == 200
    for cafeteria in (HERE, THERE):
        plan(admin, cafeteria, "admin", "2026-09-01")
    route = admin.get(ROUTE).json()
    assert (route["assignee"], route["date"]) == ("admin", "2026-09-01")
    assert [(stop["cafeteria"], stop["km"]) for stop in route["stops"]] == [(HERE, 0.0), (THERE, 1.82)]
    assert (route["total_km"], route["back_km"]) == (1.82, None)
    from_west = admin.get(ROUTE, params={"latitude": 35.07, "longitude": 116.30}).json()
    assert [(stop["cafeteria"], stop["km"]) for stop in from_west["stops"]] == [(THERE, 0.91), (HERE, 1.82)]
    assert (from_west["total_km"], from_west["back_km"]) == (2.73, 2.73)
    settings.bureau_latitude, settings.bureau_longitude = 35.07, 116.30
    assert admin.get(ROUTE).json() == from_west
    limited = client_as("inspector").get(ROUTE, params={"assignee": "admin"}).json()
    assert [stop["cafeteria"] for stop in limited["stops"]] == [HERE]
    assert admin.get(ROUTE, params={"date": "2026-09-02"}).json()["stops"] == []
    assert admin.get(ROUTE, params={"latitude": 35}).status_code == 422


def test_a_school_without_coordinates_comes_last(client_as: AsRole) -> None:
    admin = client_as("admin")
    plan(admin, HERE, "admin", "2026-09-01")
    (stop,) = admin.get(ROUTE).json()["stops"]
    assert (stop["cafeteria"], stop["km"], stop["latitude"]) == (HERE, None, None)


def test_a_plan_of_the_bureaus_own_takes_the_place_of_ours_or_ends_the_start(
    canteens: Engine, settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    own = tmp_path / "planning.yaml"
    text = SHIPPED.read_text(encoding="utf-8")
    own.write_text(text.replace("never_visited: {within_months: 3}", "never_visited: {within_months: 5}"))
    settings.planning_file = own
    admin = log_in(create_app(settings, canteens, clock=clock), "admin")
    admin.put(f"{ALL}/{HERE}", json={"licence_issued": "2026-08-01"})
    assert {line["cafeteria"]: line["due"] for line in lines(admin)}[HERE] == "2027-01-01"
    settings.planning_file = tmp_path / "broken.yaml"
    settings.planning_file.write_text("version: 1")
    with pytest.raises(Refused, match=r"broken\.yaml: "):
        create_app(settings, canteens, clock=clock)
