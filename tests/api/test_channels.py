"""Channels over the API: set up, seen without secrets, tried; and what became of each notification."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import select

from safety_service.settings import Settings
from safety_service.store import alerts, counters
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import AlertTransition, StoredAlert
from safety_service.store.tables_outbox import Channel, Notification
from safety_service.store.tables_people import AuditEntry
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL
from tests.receivers import Says, receiver

AsRole = Callable[[str], TestClient]
SECRET = "whsec_" + "QUJD" * 10
URL = "https://duty.example.org/hooks/campus?token=hidden"
CHANNELS = "/api/v1/channels"
BODY: dict[str, Any] = {"kind": "webhook", "config": {"url": URL, "secret": SECRET}}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Receivers of these tests are on this machine."""
    return settings.model_copy(update={"webhook_private_targets": True})


def stored(engine: Engine, channel: str) -> Channel:
    with session_scope(engine, EVERY_SCHOOL) as session:
        return session.exec(select(Channel).where(Channel.id == channel)).one()


def owe(engine: Engine, channel: str = "desk", school: str = SCHOOL, **more: Any) -> int:
    """One notification that waits; returns its number."""
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        alert_id = counters.take(session, alerts.ALERTS, 1)
        number = counters.take(session, counters.TRANSITIONS, 1)
        common: dict[str, Any] = {"school": school, "severity": "major", "condition": "firing"}
        session.add(
            StoredAlert(
                id=alert_id,
                rule="smoke",
                rule_version="1",
                key=f'["{alert_id}"]',
                kind="smoke",
                title={"zh": "烟雾", "en": "Smoke"},
                raised_at=NOW,
                last_seen_at=NOW,
                **common,
            )
        )
        session.flush()
        session.add(
            AlertTransition(
                number=number, alert_id=alert_id, change="raised", at=NOW, actor="system", **common
            )
        )
        session.flush()
        row = Notification(
            alert_id=alert_id,
            transition=number,
            channel=channel,
            recipient="",
            school=school,
            created_at=NOW,
            **{"next_attempt_at": NOW, **more},
        )
        session.add(row)
        session.flush()
        return row.id


def test_a_channel_is_kept_whole_and_shown_without_its_secrets(
    client_as: AsRole, two_schools: Engine
) -> None:
    admin = client_as("admin")
    answers = [admin.put(f"{CHANNELS}/desk", json=BODY), admin.get(f"{CHANNELS}/desk"), admin.get(CHANNELS)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    shown = answers[0].json()
    assert shown["config"] == {"url": "https://duty.example.org/…", "secret": "whsec_…"}
    assert answers[1].json() == shown == answers[2].json()["items"][0]
    assert stored(two_schools, "desk").config == {"url": URL, "secret": SECRET}
    audit = admin.get("/api/v1/audit", params={"object_type": "channel"})
    exported = admin.get(CHANNELS, headers={"Accept": "text/csv"})
    assert "channel.put" in audit.text
    assert "desk" in exported.text
    for answer in (*answers, audit, exported):
        assert "QUJD" not in answer.text
        assert "hidden" not in answer.text


def test_what_comes_back_masked_stays_as_it_was(client_as: AsRole, two_schools: Engine) -> None:
    admin = client_as("admin")
    shown = admin.put(f"{CHANNELS}/desk", json=BODY).json()
    changed = {"kind": "webhook", "config": shown["config"], "min_severity": "critical"}
    assert admin.put(f"{CHANNELS}/desk", json=changed).json()["min_severity"] == "critical"
    assert stored(two_schools, "desk").config == BODY["config"]
    moved = {"kind": "webhook", "config": {"url": "https://other.example.org/"}}
    assert admin.put(f"{CHANNELS}/desk", json=moved).status_code == 200
    assert stored(two_schools, "desk").config == {"url": "https://other.example.org/", "secret": SECRET}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"kind": "pigeon"}, "body.kind"),
        ({"config": {"url": URL}}, "body.config.secret"),
        ({"config": {"url": "ftp://x", "secret": SECRET}}, "body.config.url"),
        ({"config": {"url": URL, "secret": "whsec_c2hvcnQ="}}, "body.config.secret"),
        ({"config": {"url": URL, "secret": SECRET, "colour": 1}}, "body.config.colour"),
        ({"schools": [SCHOOL, "370828-999"]}, "body.schools"),
        ({"min_severity": "huge"}, "body.min_severity"),
        ({"nonsense": 1}, "body.nonsense"),
    ],
)
def test_a_wrong_channel_is_refused_with_its_place(
    change: dict[str, object], place: str, client_as: AsRole, two_schools: Engine
) -> None:
    answer = client_as("admin").put(f"{CHANNELS}/desk", json={**BODY, **change})
    assert answer.status_code == 422
    assert place in [problem["place"] for problem in answer.json()["problems"]]
    assert "c2hvcnQ" not in answer.text
    with session_scope(two_schools, EVERY_SCHOOL) as session:
        assert session.exec(select(Channel)).all() == []


def test_a_private_target_is_refused_at_once_unless_allowed(client_as: AsRole, app: FastAPI) -> None:
    admin = client_as("admin")
    local = {"kind": "webhook", "config": {"url": "http://127.0.0.1/x", "secret": SECRET}}
    assert admin.put(f"{CHANNELS}/lan", json=local).status_code == 200
    app.state.settings = app.state.settings.model_copy(update={"webhook_private_targets": False})
    refused = admin.put(f"{CHANNELS}/lan", json=local)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/private-target")
    tried = admin.post(f"{CHANNELS}/lan/test").json()
    assert tried["verdict"] == "failed"
    assert "not a public address" in tried["answer"]


def test_the_test_button_gives_the_raw_answer(client_as: AsRole, two_schools: Engine) -> None:
    admin = client_as("admin")
    with receiver(lambda got: Says(418, "我是茶壶".encode())) as there:
        config = {"url": there.url, "secret": SECRET}
        admin.put(f"{CHANNELS}/desk", json={"kind": "webhook", "config": config, "enabled": False})
        answer = admin.post(f"{CHANNELS}/desk/test")
        assert answer.json() == {"verdict": "failed", "answer": "HTTP 418\n我是茶壶"}
        (got,) = there.got
    assert got.message["type"] == "channel.test"
    assert set(got.message["data"]["title"]) == {"zh", "en"}
    assert got.headers["webhook-id"].startswith("test-")
    with session_scope(two_schools, EVERY_SCHOOL) as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == "channel.test")).one()
    assert (entry.actor, entry.object_id, entry.detail) == ("admin", "desk", {"verdict": "failed"})


def test_deleting_says_what_was_not_sent(client_as: AsRole, two_schools: Engine) -> None:
    admin = client_as("admin")
    admin.put(f"{CHANNELS}/desk", json=BODY)
    owe(two_schools)
    assert admin.delete(f"{CHANNELS}/desk").status_code == 204
    assert admin.get(f"{CHANNELS}/desk").status_code == 404
    assert admin.delete(f"{CHANNELS}/desk").status_code == 404
    (row,) = admin.get("/api/v1/notifications").json()["items"]
    assert (row["state"], row["answer"]) == ("failed", "not sent: the channel was deleted")


def test_saving_a_channel_again_tries_at_once_what_waits(client_as: AsRole, two_schools: Engine) -> None:
    admin = client_as("admin")
    admin.put(f"{CHANNELS}/desk", json=BODY)
    owe(two_schools, next_attempt_at=NOW + timedelta(hours=7))
    admin.put(f"{CHANNELS}/desk", json=BODY)
    (row,) = admin.get("/api/v1/notifications").json()["items"]
    assert row["next_attempt_at"].startswith(NOW.date().isoformat() + "T00:00:00")


def test_saving_enables_a_channel_that_the_service_stopped(client_as: AsRole, two_schools: Engine) -> None:
    admin = client_as("admin")
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        config = BODY["config"]
        session.add(Channel(id="desk", kind="webhook", config=config, enabled=False, disabled_reason="gone"))
    assert admin.get(f"{CHANNELS}/desk").json()["disabled_reason"] == "gone"
    saved = admin.put(f"{CHANNELS}/desk", json=BODY).json()
    assert (saved["enabled"], saved["disabled_reason"]) == (True, None)


def test_notifications_are_filtered_and_paged(client_as: AsRole, two_schools: Engine) -> None:
    admin = client_as("admin")
    numbers = [owe(two_schools, channel=name) for name in ("desk", "desk", "gate")]
    owe(two_schools, state="delivered", school=OTHER_SCHOOL, delivered_at=NOW, answer="HTTP 200")

    def listed(client: TestClient, **wanted: Any) -> list[int]:
        found: list[int] = []
        params: dict[str, Any] = {**wanted, "limit": 1}
        while True:
            answer = client.get("/api/v1/notifications", params=params)
            assert answer.status_code == 200, answer.text
            found += [row["id"] for row in answer.json()["items"]]
            if answer.json()["next"] is None:
                return found
            params["cursor"] = answer.json()["next"]

    assert listed(admin, state="waiting") == numbers[::-1]
    assert listed(admin, channel="gate") == numbers[2:]
    assert len(listed(admin, state="delivered")) == 1
    assert listed(admin, alert=admin.get("/api/v1/alerts").json()["items"][-1]["id"]) == numbers[:1]
    assert listed(client_as("viewer")) == numbers[::-1]
    assert admin.get("/api/v1/notifications", params={"state": "lost"}).status_code == 422


@pytest.mark.parametrize("role", ["duty_officer", "security", "inspector", "viewer"])
def test_only_who_may_write_rules_sets_up_channels(role: str, client_as: AsRole) -> None:
    client_as("admin").put(f"{CHANNELS}/desk", json=BODY)
    client = client_as(role)
    assert client.get(f"{CHANNELS}/desk").status_code == 200
    refused = [
        client.put(f"{CHANNELS}/desk", json=BODY),
        client.delete(f"{CHANNELS}/desk"),
        client.post(f"{CHANNELS}/desk/test"),
    ]
    assert [answer.status_code for answer in refused] == [403, 403, 403]


def test_a_limited_caller_sees_its_own_channels_only(client_as: AsRole) -> None:
    admin, viewer = client_as("admin"), client_as("viewer")
    for name, schools in (("all", []), ("both", [SCHOOL, OTHER_SCHOOL]), ("other", [OTHER_SCHOOL])):
        assert admin.put(f"{CHANNELS}/{name}", json={**BODY, "schools": schools}).status_code == 200
    seen = {row["id"]: row["schools"] for row in viewer.get(CHANNELS).json()["items"]}
    assert seen == {"all": [], "both": [SCHOOL]}
    assert viewer.get(f"{CHANNELS}/other").status_code == 404
    first = viewer.get(CHANNELS, params={"limit": 1}).json()
    second = viewer.get(CHANNELS, params={"limit": 1, "cursor": first["next"]}).json()
    assert [row["id"] for row in first["items"] + second["items"]] == ["all", "both"]
    assert second["next"] is None
