"""Escalation policies and duty rosters over the API: checked with every place, kept while in use."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import select

from safety_service.services import rulesets
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_escalation import EscalationPolicy, StoredRoster
from safety_service.store.tables_outbox import Channel
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL

AsRole = Callable[[str], TestClient]
ROSTERS, POLICIES = "/api/v1/rosters", "/api/v1/escalations"
SHIFT: dict[str, Any] = {"members": ["wang", "li"], "starts_on": "2026-08-31", "hand_over_at": "08:00"}
ROSTER: dict[str, Any] = {
    "title": {"zh": "县值班", "en": "County duty"},
    "timezone": "Asia/Shanghai",
    "members": [
        {"id": "wang", "name": "王老师", "channel": "wang", "phone": "13800000000"},
        {"id": "li", "name": "李老师", "channel": "li"},
    ],
    "shifts": [SHIFT],
}
STEP: dict[str, Any] = {"after": "5m", "notify": [{"roster": "duty"}]}
POLICY: dict[str, Any] = {"title": {"zh": "夜", "en": "Night"}, "steps": [STEP]}
RULES = """
rules:
  - id: press
    title: {zh: 一键报警, en: Panic button}
    kind: event
    match: {kind: panic_button}
    severity: critical
    escalation: night
"""


@pytest.fixture
def admin(client_as: AsRole, two_schools: Engine) -> TestClient:
    """The administrator of a county with the channels wang and li."""
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        session.add(Channel(id="wang", kind="webhook"))
        session.add(Channel(id="li", kind="webhook"))
    return client_as("admin")


def put(client: TestClient, address: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.put(address, json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def places(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [problem["place"] for problem in answer.json()["problems"]]


def test_a_roster_is_kept_shown_and_audited(admin: TestClient) -> None:
    shown = put(admin, f"{ROSTERS}/duty", ROSTER)
    assert shown["warnings"] == []
    assert shown["overrides"] == []
    assert admin.get(f"{ROSTERS}/duty").json() == shown
    [listed] = admin.get(ROSTERS).json()["items"]
    assert listed == {name: shown[name] for name in listed}
    assert listed["members"][0]["phone"] == "13800000000"
    assert listed["shifts"][0]["days"] == 7
    trail = admin.get("/api/v1/audit", params={"object_type": "roster"}).json()["items"]
    assert [(entry["action"], entry["object_id"]) for entry in trail] == [("roster.put", "duty")]


def test_who_is_on_duty_at_any_instant(admin: TestClient) -> None:
    put(admin, f"{ROSTERS}/duty", ROSTER)

    def ask(at: str | None = None) -> tuple[str | None, str, str]:
        found = admin.get(f"{ROSTERS}/duty/on-duty", params={"at": at} if at else {}).json()
        return found["member"] and found["member"]["id"], found["next_hand_over"], found["next_member"]["id"]

    assert ask() == ("wang", "2026-09-07T00:00:00Z", "li")
    assert ask("2026-09-07T07:59:59+08:00") == ("wang", "2026-09-07T00:00:00Z", "li")
    assert ask("2026-09-07T08:00:00+08:00") == ("li", "2026-09-14T00:00:00Z", "wang")
    assert ask("2026-08-01T08:00:00+08:00") == (None, "2026-08-31T00:00:00Z", "wang")
    refused = admin.get(f"{ROSTERS}/duty/on-duty", params={"at": "2026-09-07T08:00:00"})
    assert places(refused) == ["query.at"]


def test_a_roster_with_a_hole_is_saved_and_says_from_when_to_when(admin: TestClient) -> None:
    weekdays = {**SHIFT, "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat"]}
    shown = put(admin, f"{ROSTERS}/duty", {**ROSTER, "shifts": [weekdays]})
    assert len(shown["warnings"]) == 4
    assert shown["warnings"][0] == {
        "kind": "hole",
        "from": "2026-09-05T16:00:00Z",
        "to": "2026-09-06T16:00:00Z",
        "reason": "nobody is on duty from 2026-09-06 00:00 to 2026-09-07 00:00 (Asia/Shanghai)",
    }


def test_an_override_stands_in_fills_a_hole_and_is_taken_back(admin: TestClient) -> None:
    six_days = {**SHIFT, "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat"]}
    put(admin, f"{ROSTERS}/duty", {**ROSTER, "shifts": [six_days]})
    sunday = {"from": "2026-09-06T00:00:00+08:00", "to": "2026-09-07T00:00:00+08:00", "member": "li"}
    added = admin.post(f"{ROSTERS}/duty/overrides", json=sunday)
    assert added.status_code == 201
    assert (added.json()["from"], added.json()["created_by"]) == ("2026-09-05T16:00:00Z", "admin")
    shown = admin.get(f"{ROSTERS}/duty").json()
    assert [one["id"] for one in shown["overrides"]] == [added.json()["id"]]
    assert len(shown["warnings"]) == 3
    noon = {"at": "2026-09-06T12:00:00+08:00"}
    on_duty = admin.get(f"{ROSTERS}/duty/on-duty", params=noon).json()
    assert (on_duty["member"]["id"], on_duty["override"]) == ("li", added.json()["id"])

    gone = {**ROSTER, "members": ROSTER["members"][:1], "shifts": [{**SHIFT, "members": ["wang"]}]}
    assert places(admin.put(f"{ROSTERS}/duty", json=gone)) == ["body.members"]
    address = f"{ROSTERS}/duty/overrides/{added.json()['id']}"
    assert admin.delete(address).status_code == 204
    assert admin.delete(address).status_code == 404
    assert admin.get(f"{ROSTERS}/duty/on-duty", params=noon).json()["member"] is None


def test_an_override_sent_twice_with_its_key_is_added_once(admin: TestClient) -> None:
    put(admin, f"{ROSTERS}/duty", ROSTER)
    body = {"from": "2026-09-02T00:00:00Z", "to": "2026-09-03T00:00:00Z", "member": "li"}
    headers = {"Idempotency-Key": "swap-1"}
    answers = [admin.post(f"{ROSTERS}/duty/overrides", json=body, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(admin.get(f"{ROSTERS}/duty").json()["overrides"]) == 1


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"member": "zhao"}, "body.member"),
        ({"to": "2026-09-02T00:00:00Z"}, "body.to"),
        ({"to": "2028-09-02T00:00:00Z"}, "body.to"),
        ({"from": "2026-08-01T00:00:00Z", "to": "2026-08-02T00:00:00Z"}, "body.to"),
        ({"from": "2026-09-02T00:00:00"}, "body.from"),
    ],
)
def test_a_wrong_override_is_refused_with_its_place(
    change: dict[str, str], place: str, admin: TestClient
) -> None:
    put(admin, f"{ROSTERS}/duty", ROSTER)
    body = {"from": "2026-09-02T00:00:00Z", "to": "2026-09-03T00:00:00Z", "member": "li", **change}
    assert places(admin.post(f"{ROSTERS}/duty/overrides", json=body)) == [place]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"schools": [SCHOOL, "370828-999"]}, "body.schools[1]"),
        ({"timezone": "Beijing"}, "body.timezone"),
        ({"members": [{"id": "wang", "name": "W", "channel": "pigeon"}]}, "body.members[0].channel"),
        ({"shifts": [{**SHIFT, "members": ["zhao"]}]}, "body.shifts[0].members[0]"),
        ({"shifts": [{**SHIFT, "hand_over_at": "25:00"}]}, "body.shifts[0].hand_over_at"),
        ({"shifts": [{**SHIFT, "colour": "red"}]}, "body.shifts[0].colour"),
    ],
)
def test_a_wrong_roster_is_refused_with_its_place(
    change: dict[str, Any], place: str, admin: TestClient, two_schools: Engine
) -> None:
    shifts = {"shifts": [{**SHIFT, "members": ["wang"]}]} if "members" in change else {}
    answer = admin.put(f"{ROSTERS}/duty", json={**ROSTER, **shifts, **change})
    assert places(answer) == [place]
    with session_scope(two_schools, EVERY_SCHOOL) as session:
        assert session.exec(select(StoredRoster)).all() == []


@pytest.mark.parametrize(
    ("steps", "place"),
    [
        ([], "body.steps"),
        ([STEP, STEP], "body.steps[1].after"),
        ([{**STEP, "after": "-5m"}], "body.steps[0].after"),
        ([{**STEP, "notify": []}], "body.steps[0].notify"),
        ([{**STEP, "notify": [{"roster": "night"}]}], "body.steps[0].notify[0].roster"),
        ([{**STEP, "notify": [{"channel": "pigeon"}]}], "body.steps[0].notify[0].channel"),
        ([{**STEP, "notify": [{"roster": "duty", "channel": "li"}]}], "body.steps[0].notify[0]"),
        ([{**STEP, "repeat": {"every": "10m", "times": 0}}], "body.steps[0].repeat.times"),
        ([{**STEP, "repeat": {"every": "0s", "times": 1}}], "body.steps[0].repeat.every"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_place(
    steps: list[dict[str, Any]], place: str, admin: TestClient, two_schools: Engine
) -> None:
    put(admin, f"{ROSTERS}/duty", ROSTER)
    assert places(admin.put(f"{POLICIES}/night", json={**POLICY, "steps": steps})) == [place]
    with session_scope(two_schools, EVERY_SCHOOL) as session:
        assert session.exec(select(EscalationPolicy)).all() == []


def test_a_policy_is_kept_shown_and_audited(admin: TestClient) -> None:
    put(admin, f"{ROSTERS}/duty", ROSTER)
    steps = [
        {"after": "5m", "notify": [{"roster": "duty"}], "repeat": {"every": "10m", "times": 3}},
        {"after": "60m", "notify": [{"channel": "li"}]},
    ]
    shown = put(admin, f"{POLICIES}/night", {**POLICY, "min_severity": "major", "steps": steps})
    assert shown["steps"][0]["repeat"] == {"every": "10m", "times": 3}
    assert (shown["steps"][1]["after"], shown["steps"][1]["repeat"]) == ("1h", None)
    assert admin.get(f"{POLICIES}/night").json() == shown == admin.get(POLICIES).json()["items"][0]
    exported = admin.get(POLICIES, headers={"Accept": "text/csv"})
    assert "night" in exported.text
    put(admin, f"{POLICIES}/night", {**POLICY, "steps": steps[1:]})
    assert len(admin.get(f"{POLICIES}/night").json()["steps"]) == 1
    trail = admin.get("/api/v1/audit", params={"object_type": "escalation"}).json()["items"]
    assert [entry["action"] for entry in trail] == ["escalation.put"] * 2


def test_what_is_in_use_is_not_deleted_and_names_who_uses_it(admin: TestClient, two_schools: Engine) -> None:
    put(admin, f"{ROSTERS}/duty", ROSTER)
    put(admin, f"{POLICIES}/night", {**POLICY, "steps": [{"after": "5m", "notify": [{"channel": "li"}]}]})
    put(admin, f"{POLICIES}/day", POLICY)
    assert admin.put("/api/v1/rules", json={"text": RULES}).status_code == 200
    refused = {
        f"{POLICIES}/night": "used by rule press",
        f"{ROSTERS}/duty": "used by escalation day",
        "/api/v1/channels/wang": "used by roster duty",
        "/api/v1/channels/li": "used by escalation night, roster duty",
    }
    for address, words in refused.items():
        answer = admin.delete(address)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/in-use")
        assert words in answer.json()["detail"]
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        rulesets.replace(session, RULES.replace("escalation: night", ""), by="test", now=NOW)
    for address in (f"{POLICIES}/night", f"{POLICIES}/day", f"{ROSTERS}/duty", "/api/v1/channels/li"):
        assert admin.delete(address).status_code == 204
        assert admin.delete(address).status_code == 404


def test_a_rule_file_that_names_an_unknown_escalation_is_refused(admin: TestClient) -> None:
    answer = admin.put("/api/v1/rules", json={"text": RULES})
    assert places(answer) == ["rules.press.escalation"]
    assert "there is no escalation 'night'" in answer.json()["detail"]


@pytest.mark.parametrize("role", ["duty_officer", "security", "inspector", "viewer"])
def test_only_who_may_write_rules_sets_them_up(role: str, admin: TestClient, client_as: AsRole) -> None:
    put(admin, f"{ROSTERS}/duty", ROSTER)
    put(admin, f"{POLICIES}/night", POLICY)
    client = client_as(role)
    for address in (ROSTERS, f"{ROSTERS}/duty", f"{ROSTERS}/duty/on-duty", POLICIES, f"{POLICIES}/night"):
        assert client.get(address).status_code == 200
    refused = [
        client.put(f"{ROSTERS}/duty", json=ROSTER),
        client.delete(f"{ROSTERS}/duty"),
        client.post(f"{ROSTERS}/duty/overrides", json={}),
        client.delete(f"{ROSTERS}/duty/overrides/1"),
        client.put(f"{POLICIES}/night", json=POLICY),
        client.delete(f"{POLICIES}/night"),
    ]
    assert [answer.status_code for answer in refused] == [403] * 6


def test_a_limited_caller_sees_the_rosters_of_its_own_schools(admin: TestClient, client_as: AsRole) -> None:
    for name, schools in (("all", []), ("both", [SCHOOL, OTHER_SCHOOL]), ("other", [OTHER_SCHOOL])):
        put(admin, f"{ROSTERS}/{name}", {**ROSTER, "schools": schools})
    viewer = client_as("viewer")
    first = viewer.get(ROSTERS, params={"limit": 1}).json()
    second = viewer.get(ROSTERS, params={"limit": 1, "cursor": first["next"]}).json()
    seen = [(row["id"], row["schools"]) for row in first["items"] + second["items"]]
    assert (seen, second["next"]) == ([("all", []), ("both", [SCHOOL])], None)
    assert viewer.get(f"{ROSTERS}/other").status_code == 404
    assert viewer.get(f"{ROSTERS}/other/on-duty").status_code == 404
