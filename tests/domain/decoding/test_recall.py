"""What decoding remembers from message to message, and what rules make of it."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from safety_service.domain.decoding import Recall, decode
from safety_service.domain.types import Event, Message, Rejected
from tests.domain.decoding.conftest import RECEIVED, ZONE
from tests.domain.rules.world import engine

GAS = "kind: event, severity: critical, quiet_for: never, match: {kind: gas_leak}"
SMOKE = "kind: event, severity: critical, quiet_for: never, match: {kind: smoke}"
DOOR = "kind: event, severity: minor, quiet_for: never, match: {kind: door_open}"
OFFLINE = "kind: event, severity: minor, quiet_for: never, match: {kind: device_offline}"
OPENINGS = "kind: count, window: 1h, raise: [{severity: minor, at_least: 2}], match: {kind: door_open}"


class Log:
    """A message log: numbers what comes, decodes and completes it."""

    def __init__(self) -> None:
        self.recall = Recall()
        self.messages: list[Message] = []

    def take(self, rest: str, payload: Any, minutes: float = 0, **options: Any) -> list[Event | Rejected]:
        raw = payload if isinstance(payload, str) else json.dumps(payload)
        message = Message(
            topic=f"campus/v1/370828-001/{rest}",
            payload=raw.encode(),
            received_at=RECEIVED + timedelta(minutes=minutes),
            position=len(self.messages) + 1,
            **options,
        )
        self.messages.append(message)
        return self.read(message)

    def read(self, message: Message) -> list[Event | Rejected]:
        return self.recall.complete(message, decode(message, ZONE))


@pytest.fixture
def log() -> Log:
    return Log()


def short(found: Sequence[Event | Rejected]) -> list[tuple[str, str]]:
    return [(item.kind, item.phase) for item in found if isinstance(item, Event) and item.phase != "measure"]


def raised(rule: str, batches: Sequence[Sequence[Event | Rejected]]) -> list[tuple[str, bool]]:
    """Condition and edge of each finding of one rule."""
    running = engine(rule)
    found = []
    for batch in batches:
        events = [item for item in batch if isinstance(item, Event)]
        if events:
            found += running.observe(events, events[-1].received_at)
    return [(one.condition, one.edge) for one in found if not one.late]


def test_smoke_that_stays_true_for_hours_is_one_alarm(log: Log) -> None:
    told = [log.take("zigbee2mqtt/s", {"battery": 90 - n, "smoke": True}, n * 10) for n in range(30)]
    told.append(log.take("zigbee2mqtt/s", {"battery": 60, "smoke": False}, 301))
    assert [short(batch)[0] for batch in told] == [
        ("smoke", "start"),
        *[("smoke", "update")] * 29,
        ("smoke", "end"),
    ]
    findings = raised(SMOKE, told)
    assert findings[0] == ("firing", True)
    assert findings[1:-1] == [("firing", False)] * 29
    assert findings[-1] == ("resolved", False)


@pytest.mark.parametrize(
    ("rest", "opened", "closed"),
    [
        ("zigbee2mqtt/d", {"contact": False}, {"contact": True}),
        ("thingsboard/d/v1/devices/me/telemetry", {"doorOpen": True}, {"doorOpen": "false"}),
        (
            "sparkplug/G/DDATA/n/d",
            {"metrics": [{"name": "Door Open", "value": True}]},
            {"metrics": [{"name": "Door Open", "value": False}]},
        ),
    ],
)
def test_a_door_that_opens_again_is_news_again(log: Log, rest: str, opened: Any, closed: Any) -> None:
    told = [log.take(rest, (closed, opened)[n % 2], n) for n in range(5)]
    assert [edge for condition, edge in raised(DOOR, told) if condition == "firing"] == [True, True]


def test_a_repeated_state_is_not_counted_again(log: Log) -> None:
    told = [log.take("zigbee2mqtt/d", {"contact": False, "battery": n}, n) for n in range(5)]
    assert raised(OPENINGS, told) == []


def test_what_a_bridge_had_kept_begins_nothing(log: Log) -> None:
    told = [
        log.take("zigbee2mqtt/bridge/state", {"state": "online"}),
        log.take("zigbee2mqtt/s", {"smoke": True}, 0.1),
        log.take("zigbee2mqtt/s", {"smoke": True, "battery": 80}, 60),
    ]
    assert [short(batch) for batch in told[1:]] == [[("smoke", "state")]] * 2
    assert raised(SMOKE, told) == []


def test_a_device_not_heard_before_may_alarm_beside_a_restart(log: Log) -> None:
    log.take("zigbee2mqtt/bridge/state", "online")
    assert short(log.take("zigbee2mqtt/s", {"smoke": False}, 0.1)) == [("smoke", "end")]
    assert short(log.take("zigbee2mqtt/s", {"smoke": True}, 0.2)) == [("smoke", "start")]
    assert short(log.take("zigbee2mqtt/late", {"smoke": True}, 2)) == [("smoke", "start")]


def test_what_changed_while_the_bridge_was_away_is_news(log: Log) -> None:
    told = [
        log.take("zigbee2mqtt/s", {"smoke": False}),
        log.take("zigbee2mqtt/bridge/state", "offline", 1),
        log.take("zigbee2mqtt/bridge/state", "online", 9),
        log.take("zigbee2mqtt/s", {"smoke": True}, 9.1),
    ]
    assert short(told[-1]) == [("smoke", "start")]
    assert raised(SMOKE, told) == [("firing", True)]


def test_a_rule_that_knew_it_over_believes_a_kept_state_that_is_newer(log: Log) -> None:
    before = log.take("zigbee2mqtt/s", {"smoke": False})
    log.recall = Recall()  # the service was started again; its rules remember
    seen = (RECEIVED + timedelta(minutes=30)).isoformat()
    told = [
        before,
        log.take("zigbee2mqtt/bridge/state", "online", 90),
        log.take("zigbee2mqtt/s", {"smoke": True, "last_seen": seen}, 90.1),
    ]
    (event,) = told[-1]
    assert isinstance(event, Event)
    assert (event.phase, event.clock_suspect, event.attributes["replayed"]) == ("state", False, True)
    assert event.occurred_at == RECEIVED + timedelta(minutes=30)
    assert raised(SMOKE, told) == [("firing", True)]


def test_a_second_bridge_has_devices_of_its_own(log: Log) -> None:
    log.take("zigbee2mqtt/hall/bridge/state", "online")
    (hall,) = log.take("zigbee2mqtt/hall/s", {"smoke": True}, 0.1)
    (other,) = log.take("zigbee2mqtt/s", {"smoke": True}, 0.1)
    assert isinstance(hall, Event)
    assert isinstance(other, Event)
    assert (hall.gateway, hall.phase) == ("hall", "state")
    assert (other.gateway, other.phase) == ("zigbee2mqtt", "start")


def test_no_carbon_monoxide_does_not_end_a_gas_alarm(log: Log) -> None:
    told = [
        log.take("zigbee2mqtt/g", {"carbon_monoxide": False, "gas": gas}, minute)
        for minute, gas in enumerate((False, True, True, False))
    ]
    assert raised(GAS, told) == [("firing", True), ("firing", False), ("resolved", False)]


def birth(seq: int, session: int, type: str = "NBIRTH", **metrics: tuple[int, str]) -> tuple[str, Any]:
    told = [{"name": name, "alias": alias, "dataType": kind} for name, (alias, kind) in metrics.items()]
    told.append({"name": "bdSeq", "dataType": "Int64", "value": session})
    device = "/d" if type == "DBIRTH" else ""
    return f"sparkplug/spBv1.0/G/{type}/n{device}", {"seq": seq, "metrics": told}


def data(seq: int, **metrics: Any) -> tuple[str, Any]:
    told = [{"alias": int(alias[1:]), "value": value} for alias, value in metrics.items()]
    return "sparkplug/spBv1.0/G/DDATA/n/d", {"seq": seq, "metrics": told}


def test_numbers_get_their_names_from_the_birth(log: Log) -> None:
    (unnamed,) = log.take(*data(1, a7=4))
    assert isinstance(unnamed, Event)
    assert (unnamed.kind, unnamed.value, unnamed.attributes["alias"]) == ("other", 4.0, 7)
    log.take(*birth(2, 0, "DBIRTH", Temperature=(7, "Int8"), Smoke=(8, "Boolean")))
    named = log.take(*data(3, a7=0xFFFFFFF5, a8=True))
    assert [(item.kind, item.value, item.phase) for item in named if isinstance(item, Event)] == [
        ("temperature", -11.0, "measure"),
        ("smoke", None, "start"),
    ]
    assert [item.dedup_key for item in named] == [  # type: ignore[union-attr]
        item.dedup_key  # type: ignore[union-attr]
        for item in decode(log.messages[-1], ZONE)
    ]


def test_names_outlive_the_process_up_to_the_position_that_is_kept(log: Log) -> None:
    log.take(*birth(2, 0, "DBIRTH", Humidity=(7, "Float")))
    log.take(*birth(3, 0, "DBIRTH", Temperature=(7, "Float")))
    log.take(*birth(4, 0, "DBIRTH", Smoke=(7, "Boolean")))
    kept = log.recall.changed(2)
    assert [(one.device, one.position) for one in kept.named] == [("G/n/d", 2)]
    fresh = Log()
    fresh.recall.restore(kept.told, kept.named)
    (event,) = fresh.take(*data(3, a7=4.5))
    assert isinstance(event, Event)
    assert (event.kind, event.value, event.unit) == ("temperature", 4.5, "°C")
    assert [one.position for one in log.recall.changed(3).named] == [3]
    log.take(*birth(5, 0, "DBIRTH", Smoke=(7, "Boolean")))
    assert log.recall.changed(4).named == []  # it said nothing new


def test_names_that_could_not_be_written_are_handed_out_again_behind_newer_ones(log: Log) -> None:
    log.take(*birth(2, 0, "DBIRTH", Humidity=(7, "Float")))
    failed = log.recall.changed(1)
    log.take(*birth(3, 0, "DBIRTH", Temperature=(7, "Float")))
    log.recall.keep_again(failed)
    [named] = log.recall.changed(2).named
    assert (named.position, named.names) == (2, {"7": ["Temperature", 9]})


def gaps(found: Sequence[Event | Rejected]) -> list[tuple[str, int | None]]:
    return [
        (item.phase, item.attributes.get("missing"))
        for item in found
        if isinstance(item, Event) and item.kind == "sequence_gap"
    ]


def test_missing_numbers_of_a_node_are_told_until_its_next_birth(log: Log) -> None:
    log.take(*birth(0, 0))
    assert gaps(log.take(*data(1))) == []  # nothing in it is news, but its number counts
    assert gaps(log.take(*data(2, a1=1))) == []
    (gap,) = log.take(*data(5))
    assert isinstance(gap, Event)
    assert (gap.kind, gap.phase, gap.device, gap.attributes["missing"]) == ("sequence_gap", "start", "G/n", 2)
    assert gaps(log.take(*data(6))) == []
    assert gaps(log.take(*birth(0, 1))) == [("end", None)]
    assert gaps(log.take(*birth(0, 2))) == []


def test_numbers_go_on_from_255_to_0(log: Log) -> None:
    log.take(*birth(254, 0, "DBIRTH"))
    assert gaps(log.take(*data(255)) + log.take(*data(0)) + log.take(*data(1))) == []


def test_the_will_of_a_session_that_is_over_comes_too_late(log: Log) -> None:
    def death(session: int, minutes: float) -> list[Event | Rejected]:
        metrics = [{"name": "bdSeq", "dataType": "Int64", "value": session}]
        return log.take("sparkplug/spBv1.0/G/NDEATH/n", {"timestamp": 1, "metrics": metrics}, minutes)

    def born(session: int, minutes: float) -> list[Event | Rejected]:
        return log.take(*birth(0, session), minutes)

    told = [born(5, 0), death(5, 9), born(6, 10), born(7, 20), death(6, 20.1), death(7, 30)]
    assert raised(OFFLINE, told) == [("firing", True), ("resolved", False), ("firing", True)]


def test_what_is_read_again_after_a_failure_is_read_the_same(log: Log) -> None:
    first = [
        log.take("zigbee2mqtt/bridge/state", "online"),
        log.take("zigbee2mqtt/s", {"smoke": True}, 0.1),
        log.take("zigbee2mqtt/t", {"smoke": False}, 0.1),
        log.take("zigbee2mqtt/t", {"smoke": True}, 0.2),
        log.take(*birth(0, 0)),
        log.take(*birth(1, 0, "DBIRTH", Smoke=(1, "Boolean"))),
        log.take(*data(4, a1=True)),
        log.take(*data(5, a1=True)),
    ]
    assert [log.read(message) for message in log.messages] == first


def test_other_formats_and_topics_pass_through(log: Log) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "d", "type": "smoke", "data": {"phase": "start"}}
    assert len(log.take("native/gw/events", event)) == 1
    message = Message(topic="nonsense", payload=b"", received_at=datetime.now(RECEIVED.tzinfo))
    assert log.recall.complete(message, []) == []
