"""The view answers: right numbers, the caller's schools only, 304 without news, a cost without events."""

import re
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event, insert

from safety_service.store import counters, rollups, view
from safety_service.store.scope import EVERY_SCHOOL, Scope
from safety_service.store.session import session_scope
from safety_service.store.tables import Device, StoredAlert, StoredEvent
from safety_service.store.tables_cafeteria import Cafeteria, Inspection
from safety_service.store.tables_partition import Partition
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL, Clock

ClientAs = Callable[[str], TestClient]
VIEWS = ("overview", "schools", "map", "trend", "trend/days", "kinds", "cafeterias", "response", "devices")
HOUR = timedelta(hours=1)


def alert(number: int, school: str, severity: str, *, age: timedelta, **fields: Any) -> StoredAlert:
    values: dict[str, Any] = {
        "id": number,
        "rule": "r",
        "rule_version": "1",
        "key": f'["{school}","{number}"]',
        "school": school,
        "kind": "smoke",
        "title": {"zh": "烟雾", "en": "Smoke"},
        "severity": severity,
        "condition": "firing",
        "raised_at": NOW - age,
        "last_seen_at": NOW - age,
    }
    return StoredAlert(**{**values, **fields})


def ended(raised: timedelta, acknowledged: float, closed: float, disposition: str | None) -> dict[str, Any]:
    start = NOW - raised
    return {
        "condition": "resolved",
        "acknowledged_at": start + timedelta(seconds=acknowledged),
        "acknowledged_by": "duty",
        "resolved_at": start + timedelta(seconds=closed),
        "closed_at": start + timedelta(seconds=closed),
        "closed_by": "duty",
        "disposition": disposition,
    }


@pytest.fixture
def county(two_schools: Engine) -> Engine:
    """NOW is 08:00 in Shanghai: midnight there was eight hours ago."""
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        session.add_all(
            [
                alert(1, SCHOOL, "critical", age=timedelta(minutes=1)),
                alert(2, SCHOOL, "major", age=HOUR, acknowledged_at=NOW, acknowledged_by="duty"),
                alert(3, SCHOOL, "warning", age=2 * HOUR, **ended(2 * HOUR, 30, 600, "confirmed")),
                alert(4, SCHOOL, "warning", age=12 * HOUR, **ended(12 * HOUR, 90, 1200, "drill")),
                alert(5, SCHOOL, "warning", age=3 * HOUR, **ended(3 * HOUR, 60, 5, None)),
                alert(6, OTHER_SCHOOL, "major", age=timedelta(minutes=5), kind="crowd"),
            ]
        )
        for school, device, seen in (
            (SCHOOL, "a", timedelta(seconds=10)),
            (SCHOOL, "b", 2 * HOUR),
            (OTHER_SCHOOL, "c", HOUR),
        ):
            session.add(Device(school=school, device=device, name=device, last_seen_at=NOW - seen))
        session.add(Device(school=SCHOOL, device="gone", name="gone", condition="retired", last_seen_at=NOW))
        session.add(Partition(id=1, name="county", client_id="c", filters=[], advanced_at=NOW))
        rollups.add_events(
            session,
            {
                (SCHOOL, NOW, "person"): 40,
                (SCHOOL, NOW - 9 * HOUR, "person"): 7,
                (OTHER_SCHOOL, NOW - HOUR, "crowd"): 5,
            },
        )
        rollups.add_alerts(
            session,
            {
                (SCHOOL, NOW, "smoke", "critical"): 1,
                (SCHOOL, NOW - 2 * HOUR, "smoke", "warning"): 1,
                (SCHOOL, NOW - 12 * HOUR, "smoke", "warning"): 1,
                (OTHER_SCHOOL, NOW - HOUR, "crowd", "major"): 1,
            },
        )
        counters.take(session, counters.TRANSITIONS, 6)
    return two_schools


def read(client: TestClient, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_overview_counts_what_is_open_today_and_online(county: Engine, client_as: ClientAs) -> None:
    found = read(client_as("admin"), "/api/v1/view/overview")
    assert {name: figure["value"] for name, figure in found["alerts_open"].items()} == {
        "critical": 1,
        "major": 2,
        "minor": 0,
        "warning": 0,
    }
    assert found["alerts_open_total"] == {
        "value": 3,
        "unacknowledged": 2,
        "list": "/api/v1/alerts?open=true",
    }
    assert found["alerts_unacknowledged"]["value"] == 2
    assert (found["alerts_today"]["value"], found["closed_today"]["value"]) == (3, 2)
    assert found["events_today"]["value"] == 45
    assert found["acknowledge_seconds"]["value"] == statistics.median([3600, 30, 90, 60])
    assert found["close_seconds"]["value"] == 900
    assert (found["devices_new"]["value"], found["devices_quarantined"]["value"]) == (3, 0)
    assert found["devices_online"] | {"list": ""} == {"value": 1, "total": 3, "percent": 33.3, "list": ""}
    assert (found["schools_reporting"]["value"], found["schools_reporting"]["total"]) == (1, 2)
    assert found["county"]["name_zh"] == "金乡县"
    assert (found["last_transition"], found["lagging"]) == (6, False)
    assert [row["id"] for row in found["newest"]] == [6, 5, 4, 3, 2, 1]
    assert found["newest"][-1]["key"] == [SCHOOL, "1"]
    assert datetime.fromisoformat(found["as_of"]) == NOW


def test_every_figure_of_alerts_has_that_many_rows_behind_it(county: Engine, client_as: ClientAs) -> None:
    client = client_as("admin")
    found = read(client, "/api/v1/view/overview")
    figures = [*found["alerts_open"].values(), found["alerts_open_total"], found["alerts_unacknowledged"]]
    for figure in [*figures, found["closed_today"]]:
        assert len(read(client, figure["list"])["items"]) == figure["value"], figure
    for figure in (found["devices_online"], found["schools_reporting"]):
        assert len(read(client, figure["list"])["items"]) == figure["value"], figure
    for kind in read(client, "/api/v1/view/kinds")["items"]:
        assert all(row["kind"] == kind["kind"] for row in read(client, kind["list"])["items"])
    for feature in read(client, "/api/v1/view/map")["features"]:
        assert len(read(client, feature["properties"]["list"])["items"]) == feature["properties"]["open"]


def addresses(found: Any) -> Iterator[str]:
    if isinstance(found, dict):
        for name, value in found.items():
            if name in {"list", "events_list"} and isinstance(value, str):
                yield value
            yield from addresses(value)
    elif isinstance(found, list):
        for value in found:
            yield from addresses(value)


def test_every_address_in_an_answer_answers(county: Engine, client_as: ClientAs) -> None:
    client = client_as("admin")
    named = {address for name in VIEWS for address in addresses(read(client, f"/api/v1/view/{name}"))}
    assert len(named) > 20
    for address in named:
        answer = client.get(address)
        assert answer.status_code == 200, f"{address}: {answer.text}"


def test_a_school_sees_nothing_of_another(county: Engine, client_as: ClientAs) -> None:
    for name in VIEWS:
        assert OTHER_SCHOOL not in client_as("security").get(f"/api/v1/view/{name}").text, name


def test_the_figures_of_a_school_are_its_own(county: Engine, client_as: ClientAs) -> None:
    client = client_as("security")
    found = read(client, "/api/v1/view/overview")
    assert (found["alerts_open_total"]["value"], found["events_today"]["value"]) == (2, 40)
    assert (found["devices_online"]["total"], found["schools_reporting"]["total"]) == (2, 1)
    trend = read(client, "/api/v1/view/trend")["items"]
    assert sum(hour["events"] for hour in trend) == 47
    assert [item["kind"] for item in read(client, "/api/v1/view/kinds")["items"]] == ["smoke", "person"]
    assert [item["code"] for item in read(client, "/api/v1/view/schools")["items"]] == [SCHOOL]


def test_without_a_credential_nothing_is_shown(client: TestClient) -> None:
    for name in VIEWS:
        assert client.get(f"/api/v1/view/{name}").status_code == 401, name


def test_the_etag_holds_while_only_time_passes(county: Engine, client_as: ClientAs, clock: Clock) -> None:
    client = client_as("admin")
    tags = {name: client.get(f"/api/v1/view/{name}").headers["ETag"] for name in VIEWS}
    clock.forward(seconds=2)
    for name, tag in tags.items():
        again = client.get(f"/api/v1/view/{name}", headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag), name


def test_the_etag_changes_with_an_alert_and_with_a_stalled_pipeline(
    county: Engine, client_as: ClientAs, clock: Clock
) -> None:
    client = client_as("admin")
    first = client.get("/api/v1/view/overview")
    with session_scope(county, EVERY_SCHOOL, write=True) as session:
        session.add(alert(7, SCHOOL, "minor", age=timedelta(0)))
    second = client.get("/api/v1/view/overview", headers={"If-None-Match": first.headers["ETag"]})
    assert (second.status_code, second.json()["newest"][0]["id"]) == (200, 7)
    clock.forward(seconds=31)
    third = client.get("/api/v1/view/overview", headers={"If-None-Match": second.headers["ETag"]})
    assert (third.status_code, third.json()["lagging"]) == (200, True)


def test_the_trend_has_every_hour_and_ends_with_this_one(county: Engine, client_as: ClientAs) -> None:
    client = client_as("admin")
    items = read(client, "/api/v1/view/trend?hours=3")["items"]
    assert [(item["events"], item["alerts"]) for item in items] == [(0, 1), (5, 1), (40, 1)]
    assert items[1]["by_severity"]["major"] == 1
    assert datetime.fromisoformat(items[-1]["hour"]) == NOW
    for hours in (0, 721):
        assert client.get(f"/api/v1/view/trend?hours={hours}").status_code == 422


def test_the_days_are_those_of_the_county(county: Engine, client_as: ClientAs) -> None:
    client = client_as("admin")
    items = read(client, "/api/v1/view/trend/days")["items"]
    assert [len(items), items[0]["day"], items[-1]["day"]] == [30, "2026-08-03", "2026-09-01"]
    assert items[-1]["list"].endswith("from=2026-08-31T16:00:00.000Z&to=2026-09-01T16:00:00.000Z")
    hours = read(client, "/api/v1/view/trend?hours=720")["items"]
    for name in ("events", "alerts"):
        assert sum(day[name] for day in items) == sum(hour[name] for hour in hours) > 0
    today = [hour for hour in hours if hour["hour"] >= "2026-08-31T16:00"]
    assert items[-1]["events"] == sum(hour["events"] for hour in today)


def test_the_map_is_geojson_with_the_worst_severity(county: Engine, client_as: ClientAs) -> None:
    answer = client_as("admin").get("/api/v1/view/map")
    assert answer.headers["content-type"] == "application/geo+json"
    found = {feature["id"]: feature for feature in answer.json()["features"]}
    assert found[SCHOOL]["properties"]["severity"] == "critical"
    assert (found[SCHOOL]["properties"]["open"], found[SCHOOL]["properties"]["unacknowledged"]) == (2, 1)
    assert found[OTHER_SCHOOL]["geometry"] is None


def test_schools_come_by_trouble_and_may_be_those_that_report(county: Engine, client_as: ClientAs) -> None:
    client = client_as("admin")
    items = read(client, "/api/v1/view/schools")["items"]
    assert [(item["code"], item["open_total"], item["reporting"]) for item in items] == [
        (SCHOOL, 2, True),
        (OTHER_SCHOOL, 1, False),
    ]
    silent = read(client, "/api/v1/view/schools?reporting=false")["items"]
    assert [item["code"] for item in silent] == [OTHER_SCHOOL]
    assert len(read(client, "/api/v1/view/schools?limit=1")["items"]) == 1


def test_devices_name_the_longest_silent_first(county: Engine, client_as: ClientAs) -> None:
    found = read(client_as("admin"), "/api/v1/view/devices")
    assert [item["device"] for item in found["silent"]] == ["b", "c"]
    assert (found["online"]["value"], found["online"]["total"], found["new"]["value"]) == (1, 3, 3)


def test_response_looks_at_a_day_and_at_a_month(county: Engine, client_as: ClientAs) -> None:
    day, month = read(client_as("admin"), "/api/v1/view/response")["windows"]
    assert (day["hours"], month["hours"]) == (24, 720)
    assert day["acknowledge"] == {"samples": 4, "median_seconds": 75.0, "p90_seconds": 3600.0}
    assert day["close"] == {"samples": 2, "median_seconds": 900.0, "p90_seconds": 1200.0}


def test_percentiles_by_the_database_are_those_of_the_book(two_schools: Engine) -> None:
    everything = [float((number * 7919) % 1000 + 1) for number in range(20)]
    with session_scope(two_schools, EVERY_SCHOOL) as session:
        assert view.acknowledge_times(session, NOW - 2 * HOUR) == view.Percentiles(0, None, None)
    for samples, duration in enumerate(everything, 1):
        with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
            fields = ended(HOUR, duration, duration, "confirmed")
            session.add(alert(samples, SCHOOL, "minor", age=HOUR, **fields))
            session.flush()
            found = view.acknowledge_times(session, NOW - 2 * HOUR)
        seconds = sorted(everything[:samples])
        assert found.samples == samples
        assert found.median == pytest.approx(statistics.median(seconds), abs=0.01)
        assert found.p90 == pytest.approx(seconds[-(-samples * 9 // 10) - 1], abs=0.01)


def test_cafeterias_by_grade_with_red_black_and_falls(county: Engine, client_as: ClientAs) -> None:
    with session_scope(county, EVERY_SCHOOL, write=True) as session:
        visit(session, SCHOOL, [(1, "9.4", "优秀", 40), (2, "6.8", "一般", 3)])
        visit(session, OTHER_SCHOOL, [(3, "9.6", "优秀", 10)])
    found = read(client_as("admin"), "/api/v1/view/cafeterias")
    assert {letter: figure["value"] for letter, figure in found["annual"].items()} == {
        "A": 1,
        "B": 1,
        "C": 0,
        "none": 0,
    }
    assert [figure["value"] for figure in found["dynamic"].values()] == [1, 0, 1, 0]
    assert [item["school"] for item in found["red"]] == [OTHER_SCHOOL]
    assert [item["school"] for item in found["black"]] == [SCHOOL]
    assert [(item["before"], item["now"]) for item in found["drops"]] == [("优秀", "一般")]
    listed = read(client_as("admin"), found["annual"]["B"]["list"])["items"]
    assert [item["school"] for item in listed] == [SCHOOL]


def visit(session: Any, school: str, visits: list[tuple[int, str, str, int]]) -> None:
    """Visits as (id, score, grade, days ago), oldest first."""
    icons = {"优秀": "大笑", "良好": "微笑", "一般": "平脸"}
    place = Cafeteria(id=f"{school}-c1", school=school, name_zh="食堂", name_en="canteen")
    session.add(place)
    session.flush()
    for number, score, grade, days in visits:
        fields: dict[str, Any] = {
            "scheme": "cn.dynamic_2012",
            "visited_on": (NOW - timedelta(days=days)).date(),
            "score": score,
            "grade": grade,
            "icon": icons[grade],
        }
        session.add(
            Inspection(
                id=number,
                school=school,
                cafeteria=place.id,
                source_key=str(number),
                fingerprint=str(number),
                scheme_version="1",
                submitted_at=NOW - timedelta(days=days),
                submitted_by="inspector",
                previous=place.inspection,
                visit=number,
                chain_number=number,
                chain_hash=str(number),
                **fields,
            )
        )
        session.flush()
        place.inspection = number
        for name, value in fields.items():
            setattr(place, name, value)


def test_rollups_add_up_without_a_layer_between_and_respect_the_scope(two_schools: Engine) -> None:
    counts = {(SCHOOL, NOW, "person"): 2, (OTHER_SCHOOL, NOW, "person"): 3}
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session, statements(two_schools) as seen:
        rollups.add_events(session, counts)
        rollups.add_events(session, counts)
        rollups.add_events(session, {})
        rollups.add_alerts(session, {(SCHOOL, NOW, "smoke", "major"): 1})
    assert seen == [], "a batch goes to the driver in one call"
    with session_scope(two_schools, EVERY_SCHOOL) as session:
        assert rollups.events_by_kind(session, NOW) == {"person": 10}
        assert rollups.alerts_by_kind(session, NOW) == {"smoke": 1}
    with session_scope(two_schools, Scope(every_school=False, schools=frozenset({SCHOOL}))) as session:
        assert rollups.events_by_kind(session, NOW) == {"person": 4}
        assert rollups.events_by_school(session, NOW) == {SCHOOL: 4}


def test_an_hour_begins_at_the_full_hour_in_utc() -> None:
    assert rollups.hour_of(datetime(2026, 9, 1, 7, 59, 59, 999999, tzinfo=UTC)) == NOW + 7 * HOUR


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """The statements sent meanwhile, whatever they did."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_the_cost_does_not_follow_the_events(county: Engine, client_as: ClientAs) -> None:
    client = client_as("admin")
    with statements(county) as before:
        for name in VIEWS:
            read(client, f"/api/v1/view/{name}")
    rows = [
        {
            "id": number,
            "school": SCHOOL,
            "device": "a",
            "kind": "person",
            "phase": "pulse",
            "occurred_at": NOW,
            "received_at": NOW,
            "format": "native",
        }
        for number in range(2000)
    ]
    with session_scope(county, EVERY_SCHOOL, write=True) as session:
        session.connection().execute(insert(StoredEvent), rows)
    with statements(county) as after:
        for name in VIEWS:
            read(client, f"/api/v1/view/{name}")
    assert before == after
    touched = set(re.findall(r"(?:FROM|JOIN) (\w+)", " ".join(after)))
    assert {"rollup_hour", "alert"} <= touched
    assert not touched & {"event", "message", "alert_transition", "message_rejected"}
