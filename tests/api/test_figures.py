"""The figures of handled alerts over HTTP: the same on both databases, of the caller's schools only."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event

from safety_service.api.exports import CSV, XLSX
from safety_service.store import counters
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import AlertTransition, Device, StoredAlert
from tests import people
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL, Clock

ClientAs = Callable[[str], TestClient]
HOUR = timedelta(hours=1)
FIGURES, UNATTENDED = "/api/v1/alerts/figures", "/api/v1/alerts/unattended"

Step = tuple[str, float, str]
"""(change, seconds after the raise, actor)."""


class Book:
    """Writes alerts with their history as the service would have left them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.number = 0
        self.steps = 0

    def add(self, *steps: Step, age: timedelta = 2 * HOUR, **fields: Any) -> int:
        """An alert raised so long ago; returns its id."""
        self.number += 1
        raised = NOW - age
        alert: dict[str, Any] = {
            "id": self.number,
            "rule": "press",
            "rule_version": "1",
            "school": SCHOOL,
            "device": "cam-1",
            "kind": "smoke",
            "title": {"zh": "烟雾", "en": "Smoke"},
            "severity": "major",
            "condition": "firing",
            "raised_at": raised,
            "last_seen_at": raised,
            "key": f'["{self.number}"]',
        }
        with session_scope(self.engine, EVERY_SCHOOL, write=True) as session:
            session.add(StoredAlert(**alert | fields))
            session.flush()
            for change, seconds, actor in (("raised", 0, "system"), *steps):
                self.steps += 1
                session.add(
                    AlertTransition(
                        number=self.steps,
                        alert_id=self.number,
                        school=fields.get("school", SCHOOL),
                        change=change,
                        at=raised + timedelta(seconds=seconds),
                        severity="major",
                        condition="firing",
                        actor=actor,
                    )
                )
        return self.number

    def closed(self, seconds: float, *steps: Step, age: timedelta = 2 * HOUR, **fields: Any) -> int:
        """One that a person has closed; without an acknowledgement unless `steps` bring one."""
        at = NOW - age + timedelta(seconds=seconds)
        ended = {"condition": "resolved", "resolved_at": at, "closed_at": at, "closed_by": "duty"}
        how = {"disposition": "confirmed"} | ended | fields
        return self.add(*steps, ("closed", seconds, "duty"), age=age, **how)

    def ended(self, *steps: Step, age: timedelta = 2 * HOUR, **fields: Any) -> int:
        """One that closed with its own end."""
        at = NOW - age + timedelta(seconds=300)
        ended = {"condition": "resolved", "resolved_at": at, "closed_at": at, "closed_by": "system"}
        return self.add(*steps, ("resolved", 300, "system"), age=age, **ended | fields)


@pytest.fixture
def book(two_schools: Engine) -> Book:
    return Book(two_schools)


def acknowledged(seconds: float) -> Step:
    return ("acknowledged", seconds, "duty")


def read(client: TestClient, path: str = FIGURES, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_times_to_acknowledge_and_to_close(book: Book, client_as: ClientAs) -> None:
    for seconds in (10, 20, 30, 40.25):
        book.closed(seconds * 10, acknowledged(seconds), acknowledged_at=NOW)
    book.ended()
    [found] = read(client_as("admin"), by="all")
    assert found["acknowledge"] == {"samples": 4, "median_seconds": 25.0, "p90_seconds": 40.2}
    assert found["close"] == {"samples": 4, "median_seconds": 250.0, "p90_seconds": 402.5}
    assert (found["alerts"], found["closed_by_people"], found["unseen"]) == (5, 4, 1)


def test_a_close_without_acknowledgement_counts_as_one(book: Book, client_as: ClientAs) -> None:
    book.closed(90)
    [found] = read(client_as("admin"), by="all")
    assert found["acknowledge"] == {"samples": 1, "median_seconds": 90.0, "p90_seconds": 90.0}


def test_a_reopened_alert_keeps_its_first_acknowledgement_and_loses_its_close(
    book: Book, client_as: ClientAs
) -> None:
    steps: list[Step] = [acknowledged(10), ("closed", 20, "duty"), ("reopened", 30, "system")]
    book.add(*steps)
    book.closed(600, *steps, acknowledged(500), acknowledged_at=NOW)
    [found] = read(client_as("admin"), by="all")
    assert found["acknowledge"] == {"samples": 2, "median_seconds": 10.0, "p90_seconds": 10.0}
    assert found["close"] == {"samples": 1, "median_seconds": 600.0, "p90_seconds": 600.0}
    assert found["waiting"] == 1


def test_what_people_do_through_the_api_is_what_is_counted(
    book: Book, client_as: ClientAs, clock: Clock
) -> None:
    number = book.add()
    with session_scope(book.engine, EVERY_SCHOOL, write=True) as session:
        # The history's own counter stands at what the book has written.
        counters.take(session, counters.TRANSITIONS, book.steps)
    client = client_as("security")
    for action, body in (("acknowledge", {}), ("close", {"disposition": "false_alarm"})):
        clock.forward(seconds=60)
        assert client.post(f"/api/v1/alerts/{number}/{action}", json=body).status_code == 200
    [found] = read(client, by="all")
    since_raise = (2 * HOUR).total_seconds()
    assert found["acknowledge"]["median_seconds"] == since_raise + 60
    assert found["close"]["median_seconds"] == since_raise + 120
    assert (found["false_alarms"], found["false_alarm_percent"]) == (1, 100.0)


@pytest.mark.parametrize(
    ("by", "rows"),
    [
        ("school", [(SCHOOL, "第一小学", 2), (OTHER_SCHOOL, "第二小学", 1)]),
        ("kind", [("smoke", "烟雾", 2), ("tail_lamp", "tail_lamp", 1)]),
        ("severity", [("critical", "特别重大", 2), ("minor", "较大", 1)]),
        ("rule", [("press", "新标题", 2), ("gate", "校门", 1)]),
        ("device", [("cam-1", "北门摄像机", 2), ("cam-9", None, 1)]),
    ],
)
def test_groups_have_the_names_people_know(by: str, rows: list[Any], book: Book, client_as: ClientAs) -> None:
    with session_scope(book.engine, EVERY_SCHOOL, write=True) as session:
        session.add(Device(school=SCHOOL, device="cam-1", name="北门摄像机"))
    book.add(severity="critical")
    book.add(severity="critical", title={"zh": "新标题", "en": "New title"})
    book.add(
        school=OTHER_SCHOOL,
        device="cam-9",
        kind="tail_lamp",
        severity="minor",
        rule="gate",
        title={"zh": "校门", "en": "Gate"},
    )
    client = client_as("admin")
    found = read(client, by=by)
    assert [(row["value"], row["name_zh"], row["alerts"]) for row in found] == rows
    for row in found:
        assert len(client.get(row["list"]).json()["items"]) == row["alerts"], row["list"]


def test_the_noisiest_devices_come_first(book: Book, client_as: ClientAs) -> None:
    book.add(device="loud", count=500)
    for _ in range(2):
        book.add(device="often")
    book.add(device=None, count=9000)
    client = client_as("admin")
    raised = read(client, by="device")
    assert [(row["value"], row["alerts"], row["counted"]) for row in raised] == [
        ("often", 2, 2),
        ("loud", 1, 500),
    ]
    assert [row["value"] for row in read(client, by="device", order="counted")] == ["loud", "often"]


def test_false_alarms_by_rule_and_by_device(book: Book, client_as: ClientAs) -> None:
    for disposition in ("false_alarm", "false_alarm", "confirmed"):
        book.closed(60, disposition=disposition, rule="jumpy", device="cam-2")
    book.closed(60, rule="calm")
    client = client_as("admin")
    by_rule = read(client, by="rule", order="false_alarms")
    assert [(row["value"], row["false_alarm_percent"]) for row in by_rule] == [("jumpy", 66.7), ("calm", 0.0)]
    by_device = read(client, by="device", order="false_alarms")
    assert [(row["value"], row["false_alarms"]) for row in by_device] == [("cam-2", 2), ("cam-1", 0)]


def test_only_alerts_raised_in_the_range_and_of_the_kind_asked_for(book: Book, client_as: ClientAs) -> None:
    book.add(age=31 * 24 * HOUR)
    inside = book.add(age=24 * HOUR)
    book.add(age=24 * HOUR, kind="fire", severity="critical")
    client = client_as("admin")
    assert [row["alerts"] for row in read(client)] == [2]
    assert [row["alerts"] for row in read(client, kind="smoke", severity="major")] == [1]
    edge = (NOW - 24 * HOUR).isoformat()
    # The 30 days before that edge hold the first one, and not what was raised right at it.
    assert [row["alerts"] for row in read(client, **{"to": edge})] == [1]
    assert read(client, **{"from": (NOW - timedelta(minutes=1)).isoformat()}) == []
    assert [row["alerts"] for row in read(client, **{"from": edge})] == [2]
    assert [row["id"] for row in read(client, UNATTENDED, kind="smoke")] == [inside]


@pytest.mark.parametrize("path", [FIGURES, UNATTENDED])
@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-08-02T00:00:00Z", "to": "2026-08-01T00:00:00Z"},
        {"from": "2026-08-01T00:00:00Z", "to": "2026-08-01T00:00:00Z"},
        {"from": "2020-01-01T00:00:00Z"},
    ],
)
def test_a_bad_range_is_refused_with_its_place(path: str, query: Any, client_as: ClientAs) -> None:
    answer = client_as("viewer").get(path, params=query)
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/bad-range"
    assert answer.json()["problems"][0]["place"] == "query.from"


@pytest.mark.parametrize("query", [{"by": "weather"}, {"order": "luck"}, {"minutes": 0}, {"from": "today"}])
def test_what_is_not_there_cannot_be_asked_for(query: Any, client_as: ClientAs) -> None:
    assert client_as("viewer").get(FIGURES, params=query).status_code == 422


def test_nobody_sees_figures_of_another_school(book: Book, app: FastAPI, client_as: ClientAs) -> None:
    book.add()
    book.closed(60)
    people.add_user(book.engine, "next-door", "security", NOW, schools=[OTHER_SCHOOL])
    stranger, own = people.log_in(app, "next-door"), client_as("security")
    for by in ("all", "school", "kind", "severity", "rule", "device"):
        assert read(stranger, by=by) == []
        assert read(stranger, by=by, school=SCHOOL) == []
        assert sum(row["alerts"] for row in read(own, by=by)) == 2
    assert read(stranger, UNATTENDED) == []
    assert len(read(own, UNATTENDED)) == 1


def test_pages_of_figures_cover_every_group_once(book: Book, client_as: ClientAs) -> None:
    for number in range(7):
        book.add(device=f"cam-{number}")
    client, seen, address = client_as("admin"), [], f"{FIGURES}?by=device&limit=3"
    while address:
        answer = client.get(address)
        seen += [row["value"] for row in answer.json()["items"]]
        link = answer.headers.get("link")
        address = link[1 : link.index(">")] if link else ""
    assert seen == [f"cam-{number}" for number in range(7)]


def test_unattended_are_those_left_open_and_those_that_closed_unseen(book: Book, client_as: ClientAs) -> None:
    waiting = book.add()
    unseen = book.ended()
    book.add(age=timedelta(minutes=29))
    book.add(acknowledged(5), acknowledged_at=NOW, acknowledged_by="duty")
    book.ended(("commented", 60, "duty"))
    book.ended(("assigned", 60, "duty"), assignee="duty")
    book.closed(60)
    client = client_as("admin")
    both = read(client, UNATTENDED)
    assert [(row["id"], row["unattended"]) for row in both] == [(unseen, "unseen"), (waiting, "waiting")]
    assert [row["id"] for row in read(client, UNATTENDED, why="waiting")] == [waiting]
    assert [row["id"] for row in read(client, UNATTENDED, why="unseen")] == [unseen]
    assert [row["id"] for row in read(client, UNATTENDED, why="waiting", minutes=121)] == []
    [figures] = read(client, by="all")
    assert (figures["waiting"], figures["unseen"]) == (1, 1)
    assert [row["id"] for row in read(client, UNATTENDED, limit=1)] == [unseen]


def test_exports_have_one_column_for_each_figure(book: Book, client_as: ClientAs) -> None:
    book.closed(60, acknowledged(30), acknowledged_at=NOW)
    book.add(rule="gate")
    client = client_as("admin")
    answer = client.get(FIGURES, headers={"Accept": CSV})
    assert 'filename="figures.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["value"], row["acknowledge.median_seconds"], row["close.p90_seconds"]) for row in rows] == [
        ("gate", "", ""),
        ("press", "30.0", "60.0"),
    ]
    book_of = client.get(UNATTENDED, headers={"Accept": XLSX})
    assert book_of.headers["content-type"] == XLSX
    with zipfile.ZipFile(io.BytesIO(book_of.content)) as sheets:
        assert sheets.read("xl/worksheets/sheet1.xml").decode().count("<row ") == 2


@contextmanager
def statements(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        seen.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("role", ["admin", "security"])
@pytest.mark.parametrize("path", [FIGURES, UNATTENDED])
def test_sqlite_walks_the_range_and_never_all_alerts_or_all_history(
    role: str, path: str, book: Book, client_as: ClientAs
) -> None:
    if book.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by what is stored; SQLite by the statement alone")
    client = client_as(role)
    with statements(book.engine) as seen:
        read(client, path)
    asked = [one for one in seen if "alert.raised_at" in one[0] or "raised.raised_at" in one[0]]
    assert asked
    with book.engine.connect() as connection:
        for statement, parameters in asked:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plan = [row[3] for row in rows]
            assert any("ix_alert_raised" in line for line in plan), plan
            assert not [line for line in plan if line.startswith("SCAN")], plan
