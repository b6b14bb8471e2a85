"""One alert tells why it is there: what the pipeline stored, read back through the API on both databases."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, delete, event, update

from safety_service.services import rulesets
from safety_service.store import rule_states
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import AlertTransition, RuleSetVersion, StoredAlert, StoredEvent, Zone
from safety_service.store.tables_outbox import Channel, Notification
from tests import people
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL, Clock
from tests.services.test_pipeline import RULES, House, at, native, press, temperature

ClientAs = Callable[[str], TestClient]


@pytest.fixture
def house(two_schools: Engine) -> House:
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        session.add(Channel(id="hook", kind="webhook", config={"recipient": "13800000000"}))
        session.add(Zone(school=SCHOOL, code="cs-1", name="冷藏库", type="cold_store"))
    return House(two_schools)


def warm(value: float, when: Any) -> Any:
    data = {"value": value, "unit": "°C", "zone": "cs-1"}
    return native(when, id=f"t-{when.timestamp()}", type="temperature", data=data)


def too_warm(house: House) -> None:
    """Alert 1 of rule `warm`: above 8 for ten minutes."""
    house.receive(warm(9.0, at()), warm(12.4, at(minutes=5)))
    house.advance(at(minutes=10, seconds=1))


def why(client: TestClient, number: int = 1) -> Any:
    answer = client.get(f"/api/v1/alerts/{number}")
    assert answer.status_code == 200, answer.text
    return answer.json()["why"]


def test_it_says_what_was_measured_against_which_limit(house: House, client_as: ClientAs) -> None:
    too_warm(house)
    client = client_as("security")
    alert = client.get("/api/v1/alerts/1").json()
    assert (alert["rule"], alert["severity"], alert["school"]) == ("warm", "minor", SCHOOL)
    found = alert["why"]
    assert found["summary"] == {
        "zh": "冷藏库温度 12.4 °C 高于 8 °C 已持续 10 分钟",
        "en": "冷藏库: Temperature 12.4 °C, above 8 °C for 10 min",
    }
    [decision] = found["decisions"]
    assert (decision["value"], decision["limits"], decision["lasting"]) == (12.4, {"above": 8.0}, "10m")
    assert decision["since"] == at().isoformat().replace("+00:00", "Z")
    assert decision["matches"] is None


def test_it_names_the_rule_as_it_was_and_whether_it_still_is(
    house: House, client_as: ClientAs, clock: Clock
) -> None:
    too_warm(house)
    clock.forward(minutes=30)
    client = client_as("admin")
    rule = why(client)["rule"]
    assert (rule["id"], rule["kind"], rule["title"]["zh"]) == ("warm", "threshold", "冷藏超温")
    assert (rule["rule_set"], rule["unchanged"]) == (1, True)
    assert rule["version"] == rule["version_now"]
    assert rule["definition"]["raise"] == [{"severity": "minor", "above": 8, "for": "10m"}]

    put = client.put("/api/v1/rules", json={"text": RULES.replace("above: 8,", "above: 7,")})
    assert put.status_code == 200, put.text
    changed = why(client)["rule"]
    assert (changed["rule_set"], changed["unchanged"]) == (1, False)
    assert changed["version_now"] not in {None, changed["version"]}
    assert changed["definition"] == rule["definition"]

    put = client.put("/api/v1/rules", json={"text": RULES.replace("id: warm", "id: other")})
    assert put.status_code == 200, put.text
    gone = why(client)["rule"]
    assert (gone["version_now"], gone["unchanged"], gone["definition"]) == (None, False, rule["definition"])


def test_an_alert_whose_rule_no_file_has_keeps_its_title_and_value(house: House, client_as: ClientAs) -> None:
    too_warm(house)
    with session_scope(house.engine, EVERY_SCHOOL, write=True) as session:
        session.execute(update(RuleSetVersion).values(text="rules: {broken"))
    found = why(client_as("security"))
    assert found["rule"] | {"id": "", "title": "", "version": ""} == {
        "id": "",
        "title": "",
        "version": "",
        "kind": None,
        "definition": None,
        "rule_set": None,
        "version_now": None,
        "unchanged": False,
    }
    assert found["summary"]["zh"] == "冷藏库：冷藏超温，温度 12.4 °C"


def test_a_rule_file_that_came_just_after_the_alert_is_looked_at_too(
    house: House, client_as: ClientAs
) -> None:
    with session_scope(house.engine, EVERY_SCHOOL, write=True) as session:
        rulesets.replace(session, RULES.replace("above: 8,", "above: 7,"), by="test", now=at(hours=1))
        assert rule_states.current_version(session) == 2
    too_warm(house)
    rule = why(client_as("security"))["rule"]
    assert (rule["rule_set"], rule["definition"]["raise"][0]["above"]) == (2, 7)


def test_it_shows_the_events_behind_it_and_not_those_of_others(house: House, client_as: ClientAs) -> None:
    house.receive(native(at(minutes=4), id="x", type="humidity", data={"value": 80.0}))
    house.receive(native(at(minutes=4), id="y", type="temperature", source="dev-2", data={"value": 20.0}))
    house.receive(
        native(at(minutes=4), id="z", type="temperature", school=OTHER_SCHOOL, data={"value": 20.0})
    )
    too_warm(house)
    client = client_as("admin")
    number = next(row.id for row in house.rows(StoredAlert) if row.rule == "warm" and "dev-1" in row.key)
    events = why(client, number)["events"]
    assert [(event["value"], event["device"]) for event in events["items"]] == [
        (12.4, "dev-1"),
        (9.0, "dev-1"),
    ]
    listed = client.get(events["list"]).json()["items"]
    assert [event["id"] for event in listed] == [event["id"] for event in events["items"]]


def test_events_that_retention_has_removed_are_not_missed(house: House, client_as: ClientAs) -> None:
    too_warm(house)
    with session_scope(house.engine, EVERY_SCHOOL, write=True) as session:
        session.execute(delete(StoredEvent))
    assert why(client_as("security"))["events"]["items"] == []


def test_a_silent_device_is_told_since_when(house: House, client_as: ClientAs) -> None:
    house.receive(temperature(5.0, at()))
    house.advance(at(seconds=1))
    with session_scope(house.engine, EVERY_SCHOOL, write=True) as session:
        session.connection().exec_driver_sql("UPDATE device SET condition = 'active'")
    house.start()
    house.advance(at(seconds=2))
    house.advance(at(hours=1, minutes=10))
    number = next(row.id for row in house.rows(StoredAlert) if row.rule == "silent")
    found = why(client_as("security"), number)
    assert found["summary"]["zh"] == "设备 dev-1 已 1 小时没有消息，上限 1 小时"
    [decision] = found["decisions"]
    assert decision["silent_since"] == at(seconds=1).isoformat().replace("+00:00", "Z")
    assert decision["silent_for"] == "1h"
    assert [event["value"] for event in found["events"]["items"]] == [5.0]


def test_it_tells_who_was_told_and_what_they_answered(house: House, client_as: ClientAs) -> None:
    house.receive(press(1))
    house.advance(at(seconds=1))
    with session_scope(house.engine, EVERY_SCHOOL, write=True) as session:
        told = {"state": "failed", "attempts": 3, "answer": "HTTP 404\nno such robot"}
        session.execute(update(Notification).values(**told))
    client = client_as("security")
    found = why(client)
    assert found["summary"]["zh"] == "dev-1：一键报警"
    assert found["told"]["by_state"] == {"failed": 1}
    [row] = found["told"]["items"]
    assert (row["channel"], row["recipient"], row["transition"]) == ("hook", "13800000000", 1)
    assert (row["state"], row["attempts"], row["answer"]) == ("failed", 3, "HTTP 404\nno such robot")
    assert row["created_at"] is not None
    assert row["delivered_at"] is None
    assert client.get(found["told"]["list"]).json()["items"] == [row]


def test_it_shows_what_held_it_back(house: House, client_as: ClientAs) -> None:
    house.receive(press(1))
    house.advance(at(seconds=1))
    with session_scope(house.engine, EVERY_SCHOOL, write=True) as session:
        session.execute(update(StoredAlert).values(suppressed_by="silence"))
        session.add(_step(2, "escalated", reason="silence:7"))
    held = why(client_as("security"))["suppression"]
    assert held["suppressed_by"] == "silence"
    assert [(one["transition"], one["reason"]) for one in held["reasons"]] == [(2, "silence:7")]
    assert held["may_inhibit"] == []


def test_a_person_who_reopens_decides_nothing(house: House, client_as: ClientAs) -> None:
    too_warm(house)
    client = client_as("security")
    for action, body in (("close", {"disposition": "test"}), ("reopen", {})):
        assert client.post(f"/api/v1/alerts/1/{action}", json=body).status_code == 200
    found = why(client)
    assert [one["change"] for one in found["decisions"]] == ["raised"]
    assert "12.4" in found["summary"]["zh"]


def test_a_caller_of_another_school_is_told_nothing(house: House, app: FastAPI) -> None:
    too_warm(house)
    people.add_user(house.engine, "next-door", "security", NOW, schools=[OTHER_SCHOOL])
    assert people.log_in(app, "next-door").get("/api/v1/alerts/1").status_code == 404


def test_a_long_life_costs_no_more_queries_and_no_endless_answer(house: House, client_as: ClientAs) -> None:
    too_warm(house)
    client = client_as("security")
    with counted(house.engine) as few:
        first = why(client)
    with session_scope(house.engine, EVERY_SCHOOL, write=True) as session:
        for number in range(2, 302):
            session.add(_step(number, "reopened" if number % 2 else "resolved", at_minute=number))
            session.flush()
            session.add(_notification(number))
        session.add_all(_reading(number) for number in range(1000, 1100))
    with counted(house.engine) as many:
        found = why(client)
    assert len(many) <= len(few) + 1, "the first step is read beside the latest ones"
    assert [one["decisions"][0]["value"] for one in (first, found)] == [12.4, 12.4]
    assert len(found["decisions"]) == 51
    assert len(found["events"]["items"]) == 20
    assert (len(found["told"]["items"]), found["told"]["by_state"]) == (100, {"waiting": 301})


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def _step(number: int, change: str, *, at_minute: int = 20, reason: str | None = None) -> AlertTransition:
    return AlertTransition(
        number=number,
        alert_id=1,
        school=SCHOOL,
        change=change,
        at=at(minutes=at_minute),
        severity="minor",
        condition="firing",
        actor="system",
        reason=reason,
    )


def _notification(number: int) -> Notification:
    return Notification(
        alert_id=1,
        transition=number,
        channel="hook",
        recipient="r",
        school=SCHOOL,
        created_at=NOW,
        next_attempt_at=NOW,
    )


def _reading(number: int) -> StoredEvent:
    return StoredEvent(
        id=number,
        school=SCHOOL,
        device="dev-1",
        kind="temperature",
        phase="measure",
        occurred_at=at(minutes=301) + timedelta(milliseconds=number),
        received_at=NOW,
        format="native",
    )
