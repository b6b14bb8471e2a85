"""Silences and maintenance windows over the API: made, listed, ended, refused with the field."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.conftest import NOW, SCHOOL

BODY = {
    "school": SCHOOL,
    "match": {"kind": "motion"},
    "ends_at": "2026-09-01T12:00:00+08:00",
    "comment": "门卫室施工",
}


@pytest.fixture
def officer(client_as: Callable[[str], TestClient]) -> TestClient:
    return client_as("duty_officer")


def test_made_listed_and_ended(officer: TestClient) -> None:
    made = officer.post("/api/v1/silences", json=BODY)
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    assert made.json()["active"]
    assert [one["id"] for one in officer.get("/api/v1/silences?standing=true").json()["items"]] == [number]
    ended = officer.delete(f"/api/v1/silences/{number}")
    assert (ended.status_code, ended.json()["active"]) == (200, False)
    assert officer.delete(f"/api/v1/silences/{number}").status_code == 409
    assert officer.get("/api/v1/silences?standing=true").json()["items"] == []
    assert officer.get(f"/api/v1/silences/{number}").json()["ended_by"]
    assert officer.get("/api/v1/audit").json()["items"][0]["action"] == "silence.end"


def test_a_window_that_comes_back(officer: TestClient) -> None:
    body = BODY | {"starts_at": "2026-08-29T08:00:00+08:00", "ends_at": "2026-08-29T10:00:00+08:00"}
    made = officer.post("/api/v1/maintenance-windows", json=body | {"recurrence": "FREQ=DAILY"})
    assert made.status_code == 201, made.text
    assert made.json()["active"], f"it is 8:00 in Shanghai at {NOW}"
    assert officer.get(f"/api/v1/silences/{made.json()['id']}").status_code == 404


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"ends_at": "2026-08-01T00:00:00+08:00"}, "body.ends_at"),
        ({"comment": ""}, "body.comment"),
        ({"match": {"kind": 5}}, "body.match.kind"),
        ({"recurrence": "sometimes"}, "body.recurrence"),
        ({"until": "x"}, "body.until"),
    ],
)
def test_refused_with_the_field(officer: TestClient, change: dict[str, Any], place: str) -> None:
    answer = officer.post("/api/v1/maintenance-windows", json=BODY | change)
    assert answer.status_code == 422, answer.text
    assert place in answer.text


def test_an_unknown_school_is_refused(officer: TestClient) -> None:
    assert officer.post("/api/v1/silences", json=BODY | {"school": "nowhere"}).status_code == 404
