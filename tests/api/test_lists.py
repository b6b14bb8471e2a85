"""Pages, cursors, exports: the order is stable under inserts, nothing is shown twice or left out."""

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from safety_service.api.exports import CSV, XLSX, wanted_type
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import StoredEvent
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL

AsRole = Callable[[str], TestClient]
EVENTS = "/api/v1/events"


def add_events(engine: Engine, first: int, count: int, **fields: Any) -> None:
    """Two events share each instant, so that the order needs the id too."""
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        for number in range(first, first + count):
            event: dict[str, Any] = {
                "school": SCHOOL,
                "device": "cam",
                "kind": "intrusion",
                "phase": "pulse",
                "occurred_at": NOW + timedelta(microseconds=number // 2),
                "received_at": NOW,
                "format": "native",
            }
            session.add(StoredEvent(id=number, **{**event, **fields}))


def test_pages_cover_everything_once_while_rows_come_in(client_as: AsRole, two_schools: Engine) -> None:
    add_events(two_schools, 1, 25)
    client, seen, address = client_as("security"), [], f"{EVENTS}?limit=10"
    while address:
        answer = client.get(address)
        seen += [event["id"] for event in answer.json()["items"]]
        add_events(two_schools, 100 + len(seen), 3)
        link = answer.headers.get("link")
        assert (link is None) == (answer.json()["next"] is None)
        address = link[1 : link.index(">")] if link else ""
    assert seen == list(range(25, 0, -1))


def test_a_page_that_ends_the_list_has_no_next(client_as: AsRole, two_schools: Engine) -> None:
    add_events(two_schools, 1, 10)
    answer = client_as("security").get(EVENTS, params={"limit": 10})
    assert len(answer.json()["items"]) == 10
    assert answer.json()["next"] is None


@pytest.mark.parametrize("change", ["", "x", "AAAA", "不", "a" * 3000])
def test_a_bad_cursor_is_a_sentence(client_as: AsRole, change: str) -> None:
    answer = client_as("security").get(EVENTS, params={"cursor": change})
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["place"] == "query.cursor"


def test_a_cursor_belongs_to_its_list(client_as: AsRole, two_schools: Engine) -> None:
    add_events(two_schools, 1, 3)
    client = client_as("security")
    cursor = client.get(EVENTS, params={"limit": 1}).json()["next"]
    assert client.get("/api/v1/devices", params={"cursor": cursor}).json()["type"] == "/problems/bad-cursor"
    forged = cursor[:-4] + ("AAAA" if cursor[-4:] != "AAAA" else "BBBB")
    assert client.get(EVENTS, params={"cursor": forged}).status_code == 422


@pytest.mark.parametrize("limit", [0, 1001, -1, "many"])
def test_a_limit_has_limits(client_as: AsRole, limit: Any) -> None:
    assert client_as("security").get(EVENTS, params={"limit": limit}).status_code == 422


def test_times_are_compared_as_instants(client_as: AsRole, two_schools: Engine) -> None:
    add_events(two_schools, 1, 1, occurred_at=NOW)
    client = client_as("security")

    def count(**wanted: str) -> int:
        return len(client.get(EVENTS, params=wanted).json()["items"])

    assert count(**{"from": "2026-09-01T08:00:00+08:00"}) == 1
    assert count(to="2026-09-01T08:00:00+08:00") == 0
    assert client.get(EVENTS, params={"from": "2026-09-01T08:00:00"}).status_code == 422


def test_csv_opens_in_excel_and_runs_nothing(client_as: AsRole, two_schools: Engine) -> None:
    add_events(two_schools, 1, 1, zone="=cmd|'/c calc'!A1", device="北门", attributes={"a": 1})
    add_events(two_schools, 2, 1, school=OTHER_SCHOOL)
    answer = client_as("security").get(EVENTS, headers={"Accept": CSV})
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.headers["content-type"].startswith(CSV)
    assert 'filename="events.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 1
    assert (rows[0]["zone"], rows[0]["device"], rows[0]["attributes"]) == (
        "'=cmd|'/c calc'!A1",
        "北门",
        '{"a":1}',
    )


def test_an_export_holds_more_than_a_page(client_as: AsRole, two_schools: Engine) -> None:
    add_events(two_schools, 1, 1005)
    client = client_as("security")
    assert len(client.get(EVENTS, headers={"Accept": CSV}).text.splitlines()) == 1006
    assert len(client.get(f"{EVENTS}?limit=7", headers={"Accept": CSV}).text.splitlines()) == 8


def test_xlsx_holds_text_as_text(client_as: AsRole, two_schools: Engine) -> None:
    add_events(two_schools, 1, 2, zone="=1+1", device="北门")
    answer = client_as("security").get(EVENTS, headers={"Accept": XLSX})
    assert answer.headers["content-type"] == XLSX
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == 3
    assert "北门" in sheet
    assert "<f>" not in sheet


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", None),
        ("*/*", None),
        ("application/json", None),
        ("text/csv", CSV),
        ("TEXT/CSV; q=0.5, application/json; q=0.4", CSV),
        ("text/csv;q=0.4, application/json", None),
        (f"{XLSX}, text/csv;q=0.9", XLSX),
        ("text/csv;q=0", None),
        ("text/csv;q=x", None),
    ],
)
def test_the_form_that_is_preferred(accept: str, form: str | None) -> None:
    assert wanted_type(accept) == form
