"""Corrections, drafts, form and chain over HTTP, and everything that an inspection may get wrong."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from safety_service.services import inspection_drafts
from tests.canteens import CODES, HERE, THERE, add_canteens, by_items, by_sections, stored
from tests.conftest import OTHER_SCHOOL, Clock

AsRole = Callable[[str], TestClient]
ALL = "/api/v1/cafeterias"
FILE = {"sha256": "9f" * 32, "media_type": "image/jpeg", "size": 3, "role": "photo"}


@pytest.fixture(autouse=True)
def canteens(app: FastAPI) -> Engine:
    engine: Engine = app.state.engine
    add_canteens(engine)
    return engine


def post(client: TestClient, body: Any, cafeteria: str = HERE, key: str | None = None) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(f"{ALL}/{cafeteria}/inspections", json=body, headers=headers)


def drafts(client: TestClient) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get(f"{ALL}/{HERE}/drafts").json()["items"]
    return items


def without(*codes: str) -> list[dict[str, str]]:
    return [{"code": code, "result": "pass"} for code in CODES if code not in codes]


def with_answer(code: str, **answer: Any) -> list[dict[str, Any]]:
    return [*without(code), {"code": code, **answer}]


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"items": [*without(), {"code": "0.7", "result": "pass"}]}, "items[30].code", '"0.7" is not in scheme'),
    (
        {"items": with_answer("2.1", result="fail", points=5)},
        "items[29].points",
        "5 is above the maximum of 4",
    ),
    ({"items": without("6.1")}, "items", "key item 6.1 is not answered"),
    ({"date": "2026-09-02"}, "date", "2026-09-02 is in the future (today is 2026-09-01)"),
    (
        {"finished_at": "2026-09-01T09:00:00+08:00"},
        "finished_at",
        "2026-09-01T01:00:00+00:00 is in the future",
    ),
    ({"cafeteria": THERE}, "cafeteria", f"{THERE} is not the cafeteria {HERE}"),
    ({"inspectors": list("abcde")}, "inspectors", "5 people are named"),
    ({"place": {"latitude": 35}}, "place.longitude", "is missing"),
    ({"attachments": [{**FILE, "item": "0.7"}]}, "attachments[0].item", '"0.7" is not in scheme'),
    (
        {"attachments": [{**FILE, "media_type": "text/html"}]},
        "attachments[0].media_type",
        '"text/html" is not',
    ),
    ({"corrects": 99, "note": "n"}, "corrects", f"99 is not an inspection of cafeteria {HERE}"),
]


def test_a_wrong_inspection_is_refused_and_kept_as_a_draft_until_it_is_right(
    client_as: AsRole, canteens: Engine
) -> None:
    inspector = client_as("inspector")
    for number, (change, place, reason) in enumerate(BAD):
        body = by_items(id=f"n{number}", **change)
        answer = post(inspector, body, key=f"k{number}")
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/refused"), change
        problem = next(one for one in answer.json()["problems"] if one["place"] == place)
        assert problem["reason"].startswith(reason)
        draft = inspector.get(f"{ALL}/{HERE}/drafts/n{number}").json()
        assert draft["problems"] == answer.json()["problems"]
        assert (draft["body"], draft["submitted_by"]) == (body, "inspector")
        assert draft in drafts(inspector)
    assert stored(canteens) == []
    assert len(drafts(inspector)) == len(BAD)
    for number in range(len(BAD)):
        accepted = post(inspector, by_items(id=f"n{number}"), key=f"k{number}")
        assert accepted.status_code == 201, accepted.text
    assert drafts(inspector) == []
    assert len(stored(canteens)) == len(BAD)


def test_other_content_under_one_key_is_refused_and_changes_nothing(
    client_as: AsRole, canteens: Engine
) -> None:
    inspector = client_as("inspector")
    post(inspector, by_items(id="f00"), key="k1")
    by_key = post(inspector, by_items("2.1", id="f00"), key="k1")
    by_id = post(inspector, by_items("2.1", id="f00"), key="k2")
    assert [answer.status_code for answer in (by_key, by_id)] == [422, 409]
    assert by_key.json()["problems"][0]["place"] == "header.idempotency-key"
    assert (len(stored(canteens)), drafts(inspector)) == (1, [])


def test_an_inspector_without_that_school_leaves_nothing_there(client_as: AsRole, canteens: Engine) -> None:
    answer = post(client_as("inspector"), by_items(id="f00"), THERE)
    assert (answer.status_code, answer.json()["detail"]) == (404, f"there is no cafeteria {THERE}")
    assert stored(canteens) == []
    assert client_as("admin").get(f"{ALL}/{THERE}/drafts").json()["items"] == []


def test_only_the_newest_drafts_are_kept_and_one_can_be_discarded(client_as: AsRole, clock: Clock) -> None:
    inspector = client_as("inspector")
    for number in range(inspection_drafts.MOST_DRAFTS + 2):
        assert post(inspector, by_sections(11, id=f"n{number}")).status_code == 422
        clock.forward(seconds=1)
    post(inspector, by_sections(12, id="n2"))
    kept = [draft["id"] for draft in drafts(inspector)]
    assert (len(kept), kept[:2], kept[-1]) == (inspection_drafts.MOST_DRAFTS, ["n2", "n51"], "n3")
    assert drafts(inspector)[0]["body"]["sections"] == [12] * 9
    assert inspector.delete(f"{ALL}/{HERE}/drafts/n2").status_code == 204
    assert inspector.delete(f"{ALL}/{HERE}/drafts/n2").status_code == 404
    assert inspector.get(f"{ALL}/{HERE}/drafts/n2").status_code == 404
    assert client_as("viewer").get(f"{ALL}/{HERE}/drafts").status_code == 403


def test_a_draft_without_a_usable_id_or_beyond_all_measure_is_not_kept(client_as: AsRole) -> None:
    inspector = client_as("inspector")
    large = by_sections(11, id="large", junk="x" * inspection_drafts.LARGEST_BODY)
    for body in (by_sections(11), by_sections(11, id=7), by_sections(11, id="a\x00"), large):
        assert post(inspector, body).status_code == 422
    assert drafts(inspector) == []
    strange = b'{"id": "f01", "note": "a\\u0000b", "\\ud800": ["\\udfff", 1' + b"0" * 40 + b", NaN]}"
    headers = {"Content-Type": "application/json"}
    answer = inspector.post(f"{ALL}/{HERE}/inspections", content=strange, headers=headers)
    assert answer.status_code == 422
    assert drafts(inspector)[0]["body"] == {
        "id": "f01", "note": "ab", "\\ud800": ["\\udfff", "1" + "0" * 40, None],
    }  # fmt: skip


def test_a_correction_over_http(client_as: AsRole, canteens: Engine) -> None:
    inspector = client_as("inspector")
    place = {"latitude": 35.0662, "longitude": 116.3117, "accuracy_m": 12}
    times = {"started_at": "2026-09-01T07:05:00+08:00", "finished_at": "2026-09-01T07:52:00+08:00"}
    body = by_items(inspector="李敏", inspectors=["赵刚"], place=place, **times)
    body["items"][1] |= {"result": "fail", "owner": "王强", "due": "2026-09-15"}
    first = post(inspector, body).json()
    assert (first["inspectors"], first["place"]) == (["李敏", "赵刚"], {**place, "accuracy_m": 12.0})
    assert (first["started_at"], first["revision"]) == ("2026-08-31T23:05:00Z", 0)
    assert first["follow_ups"] == {"2.1": {"owner": "王强", "due": "2026-09-15"}}

    refused = post(inspector, by_items(corrects=first["id"]))
    assert refused.json()["problems"][0]["place"] == "note"
    second = post(inspector, by_items(corrects=first["id"], note="2.1 was in order")).json()
    assert (second["corrects"], second["revision"], second["corrected_by"]) == (first["id"], 1, None)
    path = f"{ALL}/{HERE}/inspections"
    assert [row["id"] for row in inspector.get(path).json()["items"]] == [second["id"]]
    old = inspector.get(f"{path}/{first['id']}").json()
    assert (old["score"], old["corrected_by"]) == ("9.6", second["id"])
    for number in (first["id"], second["id"]):
        rows = inspector.get(f"{path}/{number}/revisions").json()["items"]
        assert [row["id"] for row in rows] == [second["id"], first["id"]]
    entries = client_as("admin").get("/api/v1/audit", params={"action": "inspection.correct"}).json()["items"]
    assert [(one["object_id"], one["detail"]["why"]) for one in entries] == [
        (str(second["id"]), "2.1 was in order")
    ]


def test_the_form_shows_what_was_found_last(client_as: AsRole, clock: Clock) -> None:
    clock.forward(days=10)
    inspector = client_as("inspector")
    older = by_items("5.1", date="2026-09-01")
    older["items"][1] |= {"note": "clean", "result": "pass"}
    post(inspector, older)
    newer = by_items("2.1", date="2026-09-05")
    newer["items"][1]["note"] = "not on the wall"
    first = post(inspector, newer).json()["id"]
    corrected = post(inspector, {**newer, "corrects": first, "note": "the note was cut"}).json()["id"]
    post(inspector, by_sections(9, date="2026-09-08"))

    form = inspector.get(f"{ALL}/{HERE}/form").json()
    assert (form["scheme"], form["cafeteria"], len(form["sections"])) == ("cn.dynamic_2012", HERE, 9)
    items = {item["code"]: item for item in form["items"]}
    assert list(items)[:3] == ["1.1", "2.1", "2.2"]
    assert items["2.1"]["previous"] == {
        "inspection": corrected, "date": "2026-09-05", "result": "fail", "note": "not on the wall",
    }  # fmt: skip
    assert items["5.1"]["previous"]["result"] == "pass"
    owed = items["2.1"]["rectification"]
    assert owed == {"id": owed["id"], "status": "open", "owner": None, "due_on": owed["due_on"]}
    assert items["1.1"]["rectification"] is None
    outside = [item for item in form["items"] if item["section"] is None]
    assert outside
    assert {item["previous"] for item in outside} == {None}
    for scheme in ("cn.none", "cn.annual_2012"):
        refused = inspector.get(f"{ALL}/{HERE}/form", params={"scheme": scheme})
        assert (refused.status_code, refused.json()["problems"][0]["place"]) == (422, "query.scheme")


def test_the_head_of_the_chain_is_for_the_county(client_as: AsRole) -> None:
    path = "/api/v1/inspections/chain-head"
    assert client_as("admin").get(path).json() == {
        "number": 0, "hash": "0" * 64, "inspection": None, "at": None,
    }  # fmt: skip
    post(client_as("admin"), by_items(), THERE)
    given = post(client_as("inspector"), by_items()).json()
    assert given["chain_number"] == 2
    head = client_as("duty_officer").get(path).json()
    assert head == {
        "number": 2,
        "hash": given["chain_hash"],
        "inspection": given["id"],
        "at": given["submitted_at"],
    }
    assert client_as("inspector").get(path).status_code == 403
    assert OTHER_SCHOOL not in str(given)
