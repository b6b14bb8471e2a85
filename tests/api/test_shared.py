"""An overview is worked out once for all who look at it, and hides neither alerts nor one's own writing."""

import threading
from itertools import count

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from safety_service.api.shared import Answer, SharedAnswers
from safety_service.main import create_app
from safety_service.settings import Settings
from safety_service.store import alerts
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import Device
from tests import people
from tests.conftest import SCHOOL, Clock
from tests.firing import raised

SILENCE = {
    "school": SCHOOL,
    "match": {"kind": "motion"},
    "ends_at": "2026-09-01T12:00:00+08:00",
    "comment": "drill",
}


@pytest.fixture
def screen(two_schools: Engine, settings: Settings, clock: Clock) -> TestClient:
    """An admin's, of a service that shares its answers for a minute."""
    people.add_one_of_each_role(two_schools, clock.now, [SCHOOL])
    long = settings.model_copy(update={"shared_answer_seconds": 60.0})
    return people.log_in(create_app(long, two_schools, clock=clock), "admin")


def devices_new(client: TestClient) -> int:
    answer = client.get("/api/v1/view/overview")
    assert answer.status_code == 200, answer.text
    found: int = answer.json()["devices_new"]["value"]
    return found


def add_device(engine: Engine, name: str) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        session.add(Device(school=SCHOOL, device=name, name=name))


def test_the_overview_is_shared_until_an_alert_changes(screen: TestClient, two_schools: Engine) -> None:
    before = devices_new(screen)
    add_device(two_schools, "one")
    assert devices_new(screen) == before
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        alerts.hold_history(session)
        alerts.apply(session, [raised(SCHOOL)])
    assert devices_new(screen) == before + 1
    assert screen.get("/api/v1/view/overview").json()["alerts_open_total"]["value"] == 1


def test_who_writes_sees_it_at_once(screen: TestClient, two_schools: Engine) -> None:
    before = devices_new(screen)
    add_device(two_schools, "one")
    answer = screen.post("/api/v1/silences", json=SILENCE)
    assert answer.status_code == 201, answer.text
    assert devices_new(screen) == before + 1


def test_one_makes_it_while_the_others_wait() -> None:
    shared, made, ready = SharedAnswers(60), count(1), threading.Barrier(8)
    got: list[Answer] = []

    def make() -> Answer:
        return Answer(b"%d" % next(made), "")

    def ask() -> None:
        ready.wait(10)
        got.append(shared.get("county", 1, make))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert [answer.body for answer in got] == [b"1"] * 8
    assert shared.get("county", 2, make).body == b"2"
    assert shared.get("a school", 2, make).body == b"3"


def test_what_was_being_made_during_a_write_is_not_kept() -> None:
    shared = SharedAnswers(60)

    def make() -> Answer:
        shared.forget()
        return Answer(b"old", "")

    assert shared.get("county", 1, make).body == b"old"
    assert shared.get("county", 1, lambda: Answer(b"new", "")).body == b"new"


def test_zero_seconds_share_nothing() -> None:
    shared, made = SharedAnswers(0), count(1)
    for number in (1, 2):
        assert shared.get("county", 1, lambda: Answer(b"%d" % next(made), "")).body == b"%d" % number
