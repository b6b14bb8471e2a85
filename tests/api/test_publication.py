"""Publication over HTTP: disclosure without a login and without names, lists, history, index, feeds."""

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr, ValidationError
from sqlalchemy import Engine
from sqlmodel import select

from safety_service.services import credit_index
from safety_service.services.periods import known_credit_weights
from safety_service.settings import Settings
from safety_service.store import registry
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_rectification import Rectification
from tests.canteens import HERE, THERE, add_canteens, by_items, by_sections
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL, Clock

AsRole = Callable[[str], TestClient]
NAMES = ("李敏", "赵刚", "王强", "inspector", "security")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Everything is public, under an address of the bureau's."""
    return Settings(
        _env_file=None,
        secret_key=SecretStr("a secret of the tests"),
        data_dir=tmp_path,
        access_token_seconds=10**8,
        public_disclosure="all",
        public_url="https://safe.example.cn/",
    )


@pytest.fixture(autouse=True)
def canteens(app: FastAPI) -> Engine:
    engine: Engine = app.state.engine
    add_canteens(engine)
    return engine


def visit(client: TestClient, body: dict[str, Any], cafeteria: str = HERE) -> int:
    answer = client.post(f"/api/v1/cafeterias/{cafeteria}/inspections", json=body)
    assert answer.status_code == 201, answer.text
    number: int = answer.json()["id"]
    return number


def found_wanting(client: TestClient) -> int:
    """A visit of 2026-09-01 that finds two things; names stand wherever a form has a place for them."""
    body = by_items("2.1", "9.3", inspector="李敏", inspectors=["赵刚"], note="王强在场", date="2026-08-31")
    for item in body["items"]:
        if item["code"] in {"2.1", "9.3"}:
            item |= {"note": "王强负责", "owner": "王强", "due": "2026-09-10"}
    return visit(client, body)


def read(client: TestClient, path: str, **query: Any) -> Any:
    answer = client.get(f"/api/v1{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_everybody_reads_what_was_found_and_nobodys_name(
    client: TestClient, client_as: AsRole, canteens: Engine
) -> None:
    visit(client_as("inspector"), by_sections(7, date="2026-03-01", inspector="李敏"))
    found_wanting(client_as("inspector"))
    with session_scope(canteens, EVERY_SCHOOL, write=True) as session:
        row = session.exec(select(Rectification).where(Rectification.item == "2.1")).one()
        row.status, row.done_at, row.done_by, row.ended_at, row.ended_by = (
            "accepted", NOW, "王强", NOW, "李敏"
        )  # fmt: skip
        session.add(row)
    answer = client.get(f"/api/v1/disclosure/{HERE}")
    assert answer.status_code == 200
    shown = answer.json()
    grade = shown["grade"]
    assert (grade["visited_on"], grade["grade"], grade["icon"]) == ("2026-08-31", "优秀", "大笑")
    assert grade["appeal_pending"] is False
    assert [(item["code"], item["key"], item["progress"]) for item in shown["found"]] == [
        ("2.1", False, {"state": "put_right", "due_on": None, "on": "2026-09-01"}),
        ("9.3", True, {"state": "open", "due_on": "2026-09-01", "on": None}),
    ]
    assert (shown["annual"]["letter"], shown["annual"]["visits"]) == ("B", 2)
    assert [(one["visited_on"], one["grade"]) for one in shown["history"]] == [
        ("2026-08-31", "优秀"),
        ("2026-03-01", "一般"),
    ]
    assert not [name for name in NAMES if name in answer.text]
    again = client.get(f"/api/v1/disclosure/{HERE}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    unvisited = read(client, f"/disclosure/{THERE}")
    assert (unvisited["grade"], unvisited["found"], unvisited["history"]) == (None, [], [])


def test_an_appeal_is_marked_and_a_withdrawn_sign_shows_no_grade(
    client: TestClient, client_as: AsRole
) -> None:
    contested = found_wanting(client_as("inspector"))
    filed = client_as("security").post(
        "/api/v1/appeals", json={"inspection": contested, "grounds": "王强说许可证在墙上"}
    )
    assert filed.status_code == 201, filed.text
    answer = client.get(f"/api/v1/disclosure/{HERE}")
    assert answer.json()["grade"]["appeal_pending"] is True
    assert answer.json()["history"][0]["appeal_pending"] is True
    assert "王强" not in answer.text
    changed = client_as("admin").put(f"/api/v1/cafeterias/{HERE}", json={"accident": "2026-08-31"})
    assert changed.status_code == 200
    off = read(client, f"/disclosure/{HERE}")
    assert off["sign_withdrawn"]["until"] == "2027-02-28"
    assert (off["grade"]["grade"], off["grade"]["icon"], off["grade"]["score"], off["annual"]) == (
        (None,) * 4
    )
    black = read(client_as("admin"), "/view/red-black-list")["black"]
    assert [(item["id"], item["contested"]) for item in black] == [(HERE, True)]
    assert [reason["fact"] for reason in black[0]["reasons"]] == ["sign_withdrawn"]


def test_only_what_is_switched_on_is_public(app: FastAPI, client: TestClient, client_as: AsRole) -> None:
    found_wanting(client_as("inspector"))
    whole = app.state.settings
    app.state.settings = whole.model_copy(update={"public_disclosure": "grade"})
    shown = read(client, f"/disclosure/{HERE}")
    assert shown["grade"]["grade"] == "优秀"
    assert [shown[name] for name in ("found", "sections", "earlier", "history")] == [None] * 4
    app.state.settings = whole.model_copy(update={"public_disclosure": "findings"})
    shown = read(client, f"/disclosure/{HERE}")
    assert (shown["grade"], shown["annual"]) == (None, None)
    assert [(item["code"], item["progress"]) for item in shown["found"]] == [("2.1", None), ("9.3", None)]
    app.state.settings = whole.model_copy(update={"public_disclosure": "off"})
    for path in (f"/api/v1/disclosure/{HERE}", f"/api/v1/disclosure/{HERE}/sign"):
        hidden = client.get(path)
        assert (hidden.status_code, hidden.json()["type"]) == (404, "/problems/not-published")
    assert client.get(f"/disclosure/{HERE}").status_code == 404
    app.state.settings = whole
    assert client.get("/api/v1/disclosure/370828-009-c1").json()["type"] == "/problems/not-published"
    assert client.get(f"/api/v1/cafeterias/{HERE}").status_code == 401
    with pytest.raises(ValidationError, match="colour is not one of off, all, grade"):
        Settings(_env_file=None, public_disclosure="grade,colour")
    assert Settings(_env_file=None).disclosed == frozenset(), "nothing is public unasked"


def test_the_code_of_the_sign_leads_to_the_public_page(client: TestClient) -> None:
    sign = read(client, f"/disclosure/{HERE}/sign")
    assert sign["address"] == f"https://safe.example.cn/disclosure/{HERE}"
    assert sign["qr_svg"].startswith("<svg")
    assert "<script" not in sign["qr_svg"]
    for path in (f"/disclosure/{HERE}", f"/disclosure/{HERE}/sign"):
        page = client.get(path)
        assert (page.status_code, "default-src 'self'" in page.headers["Content-Security-Policy"]) == (
            200,
            True,
        )


def test_the_red_list_names_every_reason(client_as: AsRole) -> None:
    visit(client_as("admin"), by_sections(9.5), HERE)
    visit(client_as("admin"), by_sections(6.5), THERE)
    lists = read(client_as("admin"), "/view/red-black-list")
    assert [item["id"] for item in lists["red"]] == [HERE]
    assert [reason["en"] for reason in lists["red"][0]["reasons"]] == [
        "annual grade A",
        "last visit A",
        "nothing overdue",
        "no key item open",
        "no published penalty",
    ]
    assert [(item["id"], item["reasons"][0]["zh"]) for item in lists["black"]] == [
        (THERE, "最近一次检查为最低等级")
    ]
    assert lists["criteria"]["black"][0]["is"] == ["true"]
    head = read(client_as("admin"), "/view/cafeterias")
    assert (head["red"], head["black"]) == (lists["red"], lists["black"])
    assert read(client_as("viewer"), "/view/red-black-list")["black"] == []


def test_history_and_trend(client_as: AsRole) -> None:
    admin = client_as("admin")
    for day, score in (("2025-03-01", 9), ("2025-08-01", 9), ("2026-02-01", 8), ("2026-08-01", 7)):
        visit(admin, by_sections(score, date=day))
    found = read(admin, f"/cafeterias/{HERE}/history", months=12)
    assert [one["date"] for one in found["visits"]] == ["2026-08-01", "2026-02-01"]
    assert found["trend"] == {"direction": "falling", "change": "-1.5", "now": "7.5", "before": "9.0"}
    assert (found["annual"][-1]["as_of"], found["annual"][-1]["average"]) == ("2026-09-01", "7.5")
    months = {one["as_of"]: (one["average"], one["counted"]) for one in found["annual"]}
    assert len(found["annual"]) == 13
    assert (months["2026-01-31"], months["2026-02-28"], months["2026-07-31"]) == (
        ("9.0", 2),
        ("8.7", 3),
        ("8.5", 2),
    )
    listed = read(admin, f"/cafeterias/{HERE}/credit", as_of="2026-02-28")["annual"]
    assert (listed["average"], listed["counted"]) == months["2026-02-28"], "the same as asked for by itself"


def test_every_point_of_the_index_opens_to_its_fact(
    client_as: AsRole, canteens: Engine, clock: Clock
) -> None:
    admin = client_as("admin")
    found_wanting(client_as("inspector"))
    visit(admin, by_sections(8, date="2026-03-01"))
    clock.forward(days=20)
    index = read(admin, f"/cafeterias/{HERE}/credit-index")
    lost = [Decimal(fact["lost"]) for part in index["parts"] for fact in part["facts"]]
    assert (
        Decimal(100) - sum(lost)
        == Decimal(index["index"])
        == sum(Decimal(part["points"]) for part in index["parts"])
    )
    states = {fact["state"] for part in index["parts"] for fact in part["facts"]}
    assert {"overdue", "8.0"} <= states
    for part in index["parts"]:
        assert Decimal(part["of"]) - sum(Decimal(fact["lost"]) for fact in part["facts"]) == Decimal(
            part["points"]
        )
        for fact in part["facts"]:
            behind = admin.get(fact["list"])
            assert behind.status_code == 200, fact
            assert behind.json()["id"] == fact["id"]
    assert index["title"]["zh"] == "食堂信用指数(非官方等级)"
    at = credit_index.Moment(clock.now, "Asia/Shanghai")
    assert credit_index.reckon_all(canteens, known_credit_weights(), at) == 2
    kept = read(admin, "/credit-indexes")["items"]
    assert [(one["cafeteria"], one["index"]) for one in kept] == [(HERE, index["index"]), (THERE, None)]
    assert kept[0]["parts"]["inspections"] == index["parts"][0]["points"]
    assert read(admin, f"/cafeterias/{HERE}/credit-index")["trend"] == [
        {"day": "2026-09-21", "index": index["index"]}
    ]
    assert [one["cafeteria"] for one in read(client_as("viewer"), "/credit-indexes")["items"]] == [HERE]
    table = admin.get("/api/v1/credit-indexes", headers={"Accept": "text/csv"})
    assert table.text.splitlines()[1].startswith(f"{HERE},{SCHOOL},")


def unpacked(content: bytes) -> dict[str, list[dict[str, str]]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {
            name.removesuffix(".csv"): list(csv.DictReader(io.StringIO(archive.read(name).decode())))
            for name in archive.namelist()
        }


def test_the_lives_set(client_as: AsRole, canteens: Engine) -> None:
    with session_scope(canteens, EVERY_SCHOOL, write=True) as session:
        school = registry.get_school(session, SCHOOL)
        school.latitude, school.longitude, school.name_en = 35.07, 116.31, "School\tNo.\n1"
        session.add(school)
    wrong = visit(client_as("inspector"), by_items("2.1", date="2026-08-31"))
    visit(client_as("inspector"), by_items("2.1", "9.3", date="2026-08-31", corrects=wrong, note="9.3 too"))
    visit(client_as("admin"), by_sections(8.5, accident="2026-08-01"), THERE)
    visit(client_as("admin"), {"date": "2026-09-01", "scheme": "uk.fhrs", **FHRS_SCORES}, THERE)
    answer = client_as("admin").get("/api/v1/exports/lives.zip", params={"lang": "en"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    files = unpacked(answer.content)
    assert list(files) == ["businesses", "inspections", "violations", "feed_info", "legend"]
    assert files["businesses"][0] == {
        "business_id": HERE, "name": "Primary School 1 canteen", "address": "Town 1 School No. 1",
        "city": "Jinxiang County", "state": "", "postal_code": "", "latitude": "35.07", "longitude": "116.31",
        "phone_number": "",
    }  # fmt: skip
    assert [tuple(row.values()) for row in files["inspections"]] == [
        (HERE, "91", "20260831", "Excellent", "initial"),
        (THERE, "", "20260901", "No grade", "initial"),
    ]
    assert [(row["date"], row["code"]) for row in files["violations"]] == [
        ("20260831", "2.1"),
        ("20260831", "9.3"),
    ]
    assert files["feed_info"] == [
        {"feed_date": "20260901", "feed_version": "1.0", "municipality_name": "Jinxiang County",
         "municipality_url": "https://safe.example.cn/", "contact_email": ""}
    ]  # fmt: skip
    assert files["legend"][0] == {"minimum_score": "90", "maximum_score": "100", "description": "Excellent"}
    limited = unpacked(client_as("viewer").get("/api/v1/exports/lives.zip").content)
    assert [row["business_id"] for row in limited["businesses"]] == [HERE]
    early = client_as("admin").get("/api/v1/exports/lives.zip", params={"to": "2026-08-30"})
    assert unpacked(early.content)["inspections"] == []


FHRS_SCORES = {"hygiene": 5, "structural": 5, "confidence_in_management": 5}


def test_establishments_in_the_manner_of_fhrs(client_as: AsRole) -> None:
    visit(client_as("inspector"), by_sections(9))
    found = read(client_as("admin"), "/exports/fhrs.json", lang="en")
    assert [(one["FHRSID"], one["RatingValue"], one["SchemeType"]) for one in found["establishments"]] == [
        (HERE, "Excellent", "cn.dynamic_2012"),
        (THERE, "AwaitingInspection", "FHRS"),
    ]
    assert found["meta"]["itemCount"] == 2
    assert OTHER_SCHOOL not in client_as("viewer").get("/api/v1/exports/fhrs.json").text


def test_times_of_disclosure_are_those_of_the_school(
    client: TestClient, client_as: AsRole, clock: Clock
) -> None:
    found_wanting(client_as("inspector"))
    clock.now = datetime.fromisoformat("2026-09-02T00:00:00+08:00") - timedelta(seconds=1)
    item = read(client, f"/disclosure/{HERE}")["found"][1]
    assert item["progress"]["state"] == "open"
    clock.forward(seconds=1)
    item = read(client, f"/disclosure/{HERE}")["found"][1]
    assert (item["progress"]["state"], read(client, f"/disclosure/{HERE}")["as_of"]) == (
        "overdue",
        "2026-09-02",
    )
