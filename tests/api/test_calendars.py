"""Calendars over the API: the county's own beside the built-in ones, and what rules need of them."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

EXAM = {"windows": ["07:00-18:00"], "weekdays": [], "also": ["2027-06-07/2027-06-09"]}
RULES = """
rules:
  - {id: door, title: {zh: 门, en: Door}, kind: event, severity: minor, active: exam}
"""


@pytest.fixture
def admin(client_as: Callable[[str], TestClient]) -> TestClient:
    return client_as("admin")


def test_rules_can_name_it_and_it_cannot_go_while_they_do(admin: TestClient) -> None:
    refused = admin.put("/api/v1/rules", json={"text": RULES})
    assert refused.status_code == 422
    assert "there is no calendar 'exam'" in refused.text
    made = admin.put("/api/v1/calendars/exam", json=EXAM)
    assert made.status_code == 200, made.text
    assert (made.json()["active"], made.json()["next_change"]) == (False, "2027-06-06T23:00:00Z")
    before = admin.put("/api/v1/rules", json={"text": RULES}).json()["version"]
    held = admin.delete("/api/v1/calendars/exam")
    assert held.status_code == 409
    assert "rules need the calendar 'exam'" in held.text
    admin.put("/api/v1/calendars/exam", json=EXAM | {"also": ["2027-06-07"]})
    assert admin.get("/api/v1/rules").json()["version"] == before + 1, "the change counts at once"
    actions = [one["action"] for one in admin.get("/api/v1/audit").json()["items"]]
    assert actions[:2] == ["calendar.put", "rules.replace"]


def test_a_built_in_one_is_replaced_and_comes_back(admin: TestClient) -> None:
    assert admin.put("/api/v1/calendars/night", json={"windows": ["21:00-05:00"]}).status_code == 200
    shown = {one["name"]: one for one in admin.get("/api/v1/calendars").json()}
    assert not shown["night"]["built_in"]
    assert shown["arrival"]["built_in"]
    assert admin.delete("/api/v1/calendars/night").status_code == 204
    again = admin.get("/api/v1/calendars/night").json()
    assert (again["built_in"], again["definition"]) == (True, {"windows": ["22:00-06:00"]})
    assert admin.delete("/api/v1/calendars/night").status_code == 404


def test_refused_with_the_field(admin: TestClient) -> None:
    answer = admin.put("/api/v1/calendars/term", json={"from": "1 September", "windows": ["25:00-26:00"]})
    assert answer.status_code == 422
    assert "body.from" in answer.text
    assert "body.windows" in answer.text


def test_who_may(client_as: Callable[[str], TestClient]) -> None:
    viewer = client_as("viewer")
    assert viewer.get("/api/v1/calendars").status_code == 200
    assert viewer.put("/api/v1/calendars/exam", json=EXAM).status_code == 403
