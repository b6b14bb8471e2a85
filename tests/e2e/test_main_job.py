"""The main job from outside: what a device publishes is an event, an alert, and in the stream at once."""

import json
import queue
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests import postgres
from tests.e2e.service_process import Service, embedded_broker, until

pytestmark = pytest.mark.production

SCHOOL = "370828-001"
PASSWORD = "a long password"


def zone_where_it_is_night() -> str:
    """A zone in which it is about two o'clock, so that the default rules for the night apply."""
    ahead = (2 - datetime.now(UTC).hour + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+d}" if ahead else "UTC"


class World:
    """A running service with one school and an admin, its API, and a publisher."""

    def __init__(self, service: Service, broker_url: str, home: Path) -> None:
        schools = home / "schools.csv"
        schools.write_text(
            "code,name_zh,name_en,township,kind,latitude,longitude,pupils,timezone\n"
            f"{SCHOOL},第一中学,First Middle School,金乡街道,middle,,,900,{zone_where_it_is_night()}\n",
            encoding="utf-8",
        )
        for arguments, text in (
            (["db", "upgrade"], None),
            (["school", "import", str(schools)], None),
            (["user", "create", "chief", "--role", "admin", "--password-stdin"], PASSWORD),
        ):
            done = service.command(*arguments, text=text)
            assert done.returncode == 0, done.stderr
        service.start()
        service.wait_until_ready()
        self.service = service
        self.api = httpx.Client(base_url=f"{service.address}/api/v1", trust_env=False, timeout=10)
        token = self.api.post("/auth/token", data={"username": "chief", "password": PASSWORD}).json()
        self.api.headers["Authorization"] = f"Bearer {token['access_token']}"
        host, port = broker_url.removeprefix("mqtt://").split(":")
        self._publisher = paho.Client(CallbackAPIVersion.VERSION2)
        self._publisher.connect(host, int(port))
        self._publisher.loop_start()

    def publish(self, rest: str, body: bytes | dict[str, Any], school: str = SCHOOL) -> None:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._publisher.publish(f"campus/v1/{school}/{rest}", payload, qos=1).wait_for_publish(10)

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        answer = self.api.get(path, params=query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def end(self) -> None:
        self._publisher.disconnect()
        self._publisher.loop_stop()
        self.api.close()
        self.service.end()


class Listener:
    """Reads the stream in a thread of its own; `next` gives the alerts in order, with their arrival."""

    def __init__(self, world: World) -> None:
        self._told: queue.Queue[tuple[float, dict[str, Any]]] = queue.Queue()
        self._open = threading.Event()
        self._world = world
        threading.Thread(target=self._read, daemon=True).start()
        assert self._open.wait(10)

    def next(self) -> tuple[float, dict[str, Any]]:
        return self._told.get(timeout=20)

    def _read(self) -> None:
        # The service may end while we listen: that is one of the tests.
        with (
            suppress(httpx.TransportError),
            httpx.stream(
                "GET",
                f"{self._world.service.address}/api/v1/stream",
                headers=dict(self._world.api.headers),
                trust_env=False,
                timeout=None,
            ) as answer,
        ):
            for line in answer.iter_lines():
                self._open.set()
                if line.startswith("data: {"):
                    self._told.put((time.monotonic(), json.loads(line.removeprefix("data: "))))


@pytest.fixture(scope="module", params=["sqlite+embedded", "postgresql+mosquitto"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for each pair: the tests go through its life in their order, and the last one ends it."""
    home = tmp_path_factory.mktemp("main-job")
    with ExitStack() as undo:
        if request.param == "sqlite+embedded":
            urls = f"sqlite:///{home / 'campus.db'}", undo.enter_context(embedded_broker())
        else:
            server = request.getfixturevalue("postgres_server")
            postgres.execute(server, "CREATE DATABASE main_job")
            urls = f"{server}/main_job", request.getfixturevalue("mosquitto")
        service = Service(*urls, home)
        undo.callback(service.end)
        world = World(service, urls[1], home)
        undo.callback(world.end)
        yield world


def native(number: str, kind: str, source: str = "dev-1", **details: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": number, "source": source, "type": kind, "data": details}


def frigate_review(kind: str) -> dict[str, Any]:
    started = datetime.now(UTC).timestamp()
    after = {
        "id": f"{started:.6f}-k3x9qp",
        "camera": "north_wall",
        "start_time": started,
        "end_time": None,
        "severity": "alert",
        "thumb_path": "/media/frigate/clips/review/thumb-north_wall.webp",
        "data": {"detections": [], "objects": ["person"], "sub_labels": [], "zones": [], "audio": []},
    }
    return {"type": kind, "before": after, "after": after}


@pytest.mark.timeout(180)
def test_a_camera_at_night_a_press_and_an_inspection(world: World) -> None:
    listener = Listener(world)

    published = time.monotonic()
    world.publish("frigate/reviews", frigate_review("new"))
    arrived, item = listener.next()
    print(f"frigate review to stream: {(arrived - published) * 1000:.0f} ms")
    assert (item["transition"]["change"], item["alert"]["device"]) == ("raised", "north_wall")
    [event] = world.items("/events", school=SCHOOL, device="north_wall")
    assert (event["kind"], event["phase"], event["severity_hint"]) == ("person", "start", "alert")
    [alert] = world.items("/alerts", school=SCHOOL, device="north_wall")
    assert alert["id"] == item["alert"]["id"]
    [device] = [one for one in world.items("/devices", school=SCHOOL) if one["device"] == "north_wall"]
    assert device["condition"] == "new"

    world.publish("native/gw/events", native("p1", "panic_button", phase="pulse"))
    _, pressed = listener.next()
    assert (pressed["alert"]["severity"], pressed["transition"]["change"]) == ("critical", "raised")
    for action, body, change in (
        ("acknowledge", None, "acknowledged"),
        ("close", {"disposition": "drill", "comment": "monthly drill"}, "closed"),
    ):
        answer = world.api.post(f"/alerts/{pressed['alert']['id']}/{action}", json=body)
        assert answer.status_code == 200, answer.text
        _, told = listener.next()
        assert (told["transition"]["change"], told["transition"]["actor"]) == (change, "chief")

    _lower_the_grade(world, listener)


def _lower_the_grade(world: World, listener: Listener) -> None:
    cafeteria = f"{SCHOOL}-c1"
    today = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    good = {"date": today, "sections": [9.5] * 9, "key_items_failed": 0}
    worse = {"date": today, "sections": [9.5, 6, 7, 9, 8, 7, 9, 6, 8], "key_items_failed": 1}
    for number, body in (("i1", good), ("i2", worse)):
        answer = world.api.post(
            f"/cafeterias/{cafeteria}/inspections", json=body, headers={"Idempotency-Key": number}
        )
        assert answer.status_code == 201, answer.text
    _, item = listener.next()
    assert item["alert"]["kind"] == "inspection_graded"
    said = json.dumps(item["alert"]["detail"], ensure_ascii=False)
    assert "优秀" in said, "from what"
    assert "良好" in said, "to what"
    assert "why" in said
    credit = world.api.get(f"/cafeterias/{cafeteria}/credit").json()
    assert "良好" in json.dumps(credit, ensure_ascii=False)


@pytest.mark.timeout(180)
def test_bad_input_is_refused_with_its_place_and_costs_nothing_else(world: World) -> None:
    world.publish("native/gw/events", b"{not json")
    world.publish("native/gw/events", {"specversion": "1.0", "source": "x", "type": "fire"})
    world.publish("native/gw/events", {**native("t", "smoke", phase="start"), "time": "11:47:0500:00"})
    world.publish("native/gw/events", b"x" * 3_000_000)
    world.publish("native/gw/events", native("1", "fire", phase="start"), school="370828-999")
    unknown_item = {"date": "2026-01-05", "items": [{"code": "99.9", "result": "pass"}]}
    eleven = {"date": "2026-01-05", "sections": [11] + [9] * 8, "key_items_failed": 0}
    for number, body in (("a", unknown_item), ("b", eleven)):
        world.publish("native/gw/events", {**native(number, "inspection_submitted"), "data": body})
    world.publish("native/gw/events", native("p", "panic_button", "dev-2", phase="pulse"))
    until(lambda: bool(world.items("/alerts", device="dev-2")), "the press behind them is an alert")

    rejected = {(row["reason"], row["place"]): row["detail"] for row in world.items("/messages/rejected")}
    reasons = sorted(reason for reason, _ in rejected)
    assert reasons == sorted(
        ["not_json", "missing_field", "bad_time", "too_large", "unknown_school", "refused", "refused"]
    )
    assert ("refused", "sections[0]") in rejected
    assert ("refused", "items[0].code") in rejected
    assert any(alert["kind"] == "smoke" for alert in world.items("/alerts")), "a bad clock hides no smoke"

    for body, place in ((unknown_item, "items[0].code"), (eleven, "sections[0]")):
        answer = world.api.post(f"/cafeterias/{SCHOOL}-c1/inspections", json=body)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert any(place in problem["place"] for problem in answer.json()["problems"])


@pytest.mark.timeout(120)
def test_ends_clean_with_a_stream_open(world: World, request: pytest.FixtureRequest) -> None:
    """By Ctrl-C as in the quick start, by SIGTERM as in production; the demo is ended by both."""
    quick = "sqlite" in request.node.callspec.id
    Listener(world)
    assert world.service.end_by(signal.SIGINT if quick else signal.SIGTERM) == 0
    assert "Traceback" not in world.service.log()
