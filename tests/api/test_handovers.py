"""Hand-over notes over the API: written with what is open, shown until the next shift takes them, kept."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import StoredAlert
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL

ClientAs = Callable[[str], TestClient]
ALL = "/api/v1/handovers"
QUIET = {
    "school": SCHOOL,
    "match": {"device": "cam-3"},
    "ends_at": "2026-09-02T00:00:00+08:00",
    "comment": "树枝",
}


@pytest.fixture(autouse=True)
def alerts(two_schools: Engine) -> None:
    """1 minor, 2 critical and acknowledged, 3 critical and older at SCHOOL, 4 closed, 5 elsewhere."""
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        for number, severity, minutes, more in (
            (1, "minor", 90, {}),
            (2, "critical", 5, {"acknowledged_at": NOW, "acknowledged_by": "security"}),
            (3, "critical", 30, {}),
            (
                4,
                "major",
                60,
                {"condition": "resolved", "resolved_at": NOW, "closed_at": NOW, "closed_by": "x"},
            ),
            (5, "major", 60, {"school": OTHER_SCHOOL}),
        ):
            raised = NOW - timedelta(minutes=minutes)
            row: dict[str, Any] = {"school": SCHOOL, "condition": "firing", **more}
            session.add(
                StoredAlert(
                    id=number,
                    rule="r",
                    rule_version="1",
                    key=f'["{number}"]',
                    kind="smoke",
                    title={"zh": "烟雾", "en": "Smoke"},
                    severity=severity,
                    raised_at=raised,
                    last_seen_at=raised,
                    **row,
                )
            )


def test_a_note_keeps_what_was_open_and_is_shown_until_it_is_taken(client_as: ClientAs) -> None:
    guard = client_as("security")
    assert guard.post("/api/v1/silences", json=QUIET).status_code == 201
    ahead = guard.get(f"{ALL}/standing", params={"school": SCHOOL}).json()
    written = guard.post(ALL, json={"school": SCHOOL, "note": " 北门已报修 "})
    assert written.status_code == 201, written.text
    note = written.json()
    assert note["note"] == "北门已报修"
    assert note["open"] == ahead
    assert [alert["id"] for alert in ahead["alerts"]] == [3, 2, 1]
    assert ahead["by_severity"] == {"critical": 2, "major": 0, "minor": 1, "warning": 0}
    assert (ahead["unacknowledged"], ahead["alerts"][1]["acknowledged_by"]) == (2, "security")
    assert [one["comment"] for one in ahead["silences"]] == ["树枝"]

    guard.post("/api/v1/alerts/1/close", json={"disposition": "false_alarm"})
    assert guard.get(f"{ALL}/{note['id']}").json()["open"] == ahead, "it says what was open then"

    waiting = {"waiting": True}
    assert [row["id"] for row in guard.get(ALL, params=waiting).json()["items"]] == [note["id"]]
    taken = client_as("duty_officer").post(f"{ALL}/{note['id']}/take").json()
    assert (taken["taken_by"], taken["taken_at"] is not None) == ("duty_officer", True)
    assert guard.get(ALL, params=waiting).json()["items"] == []
    assert [row["id"] for row in guard.get(ALL).json()["items"]] == [note["id"]]
    again = guard.post(f"{ALL}/{note['id']}/take")
    assert (again.status_code, again.json()["detail"]) == (409, "duty_officer has taken it already")


def test_the_countys_desk_is_the_countys(client_as: ClientAs) -> None:
    guard, officer = client_as("security"), client_as("duty_officer")
    assert guard.post(ALL, json={"note": "x"}).status_code == 403
    assert guard.post(ALL, json={"note": "x", "school": OTHER_SCHOOL}).status_code == 404
    note = officer.post(ALL, json={"note": "两校均有未办结告警"}).json()
    assert [alert["id"] for alert in note["open"]["alerts"]] == [3, 2, 5, 1]
    assert guard.get(f"{ALL}/{note['id']}").status_code == 404
    assert guard.get(ALL).json()["items"] == []
    assert client_as("viewer").post(ALL, json={"note": "x", "school": SCHOOL}).status_code == 403


@pytest.mark.parametrize("note", ["", " \n"])
def test_a_note_without_words_is_refused(client_as: ClientAs, note: str) -> None:
    answer = client_as("security").post(ALL, json={"note": note, "school": SCHOOL})
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["place"] == "body.note"
