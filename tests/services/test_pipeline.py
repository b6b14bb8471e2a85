"""The inbox becomes everything else, on both databases, with the time given by the test."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import Engine
from sqlmodel import select

from safety_service.domain.noise import Ration
from safety_service.domain.types import Message
from safety_service.services import rulesets
from safety_service.services.intake import GradingHouse
from safety_service.services.pipeline import Advanced, Pipeline, PipelineOptions
from safety_service.services.snapshots import Album
from safety_service.store import messages, partitions
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import AlertTransition, Device, RejectedMessage, StoredAlert, StoredEvent
from safety_service.store.tables_outbox import Channel, Notification
from safety_service.store.tables_rollup import RollupAlertHour, RollupHour
from tests.conftest import NOW, SCHOOL

RULES = """
rules:
  - id: press
    title: {zh: 一键报警, en: Panic button}
    kind: event
    match: {kind: panic_button}
    severity: critical
    quiet_for: 10m
  - id: warm
    title: {zh: 冷藏超温, en: Cold store too warm}
    kind: threshold
    match: {kind: temperature}
    raise: [{severity: minor, above: 8, for: 10m}]
    clear: {at_or_below: 6, for: 5m}
  - id: silent
    title: {zh: 设备失联, en: Device silent}
    kind: absence
    match: {format: native}
    severity: warning
    silent_for: 1h
  - id: grade
    title: {zh: 食堂等级下降, en: Cafeteria grade fell}
    kind: change
    match: {kind: inspection_graded}
    key: [school, attributes.cafeteria]
    raise: [{severity: major, falls_by: 1}]
"""


class House:
    """A pipeline on a database with two schools and RULES in force."""

    def __init__(self, engine: Engine, album: Album | None = None) -> None:
        self.engine = engine
        self.album = album
        self.told = 0
        with session_scope(engine, EVERY_SCHOOL, write=True) as session:
            self.partition = partitions.ensure(session, "county")
            rulesets.replace(session, RULES, by="test", now=NOW)
        self.start()

    def start(
        self,
        kind: type[Pipeline] = Pipeline,
        schools: frozenset[str] = frozenset(),
        ration: Ration = Ration(),
    ) -> None:
        """A new process: nothing in memory."""
        options = PipelineOptions(
            partition=self.partition,
            lease="county",
            fence=0,
            schools=schools,
            zone=ZoneInfo("Asia/Shanghai"),
            batch=100,
            tolerance=timedelta(minutes=30),
            max_payload_bytes=1 << 20,
            grading=GradingHouse(None, "Asia/Shanghai"),
            ration=ration,
            album=self.album,
        )
        self.pipeline = kind(self.engine, options, self._tell)

    def receive(self, *sent: Message) -> None:
        with session_scope(self.engine, EVERY_SCHOOL, write=True) as session:
            messages.append(session, self.partition, sent)

    def advance(self, now: datetime) -> Advanced:
        return self.pipeline.advance(now, NOW - timedelta(days=1))

    def rows(self, table: type[Any]) -> list[Any]:
        with session_scope(self.engine, EVERY_SCHOOL) as session:
            return list(session.exec(select(table)).all())

    def history(self) -> list[tuple[str, datetime]]:
        rows = sorted(self.rows(AlertTransition), key=lambda row: row.number)
        return [(row.change, row.at) for row in rows]

    def _tell(self, _newest: int) -> None:
        self.told += 1


@pytest.fixture
def house(two_schools: Engine) -> House:
    return House(two_schools)


def at(**duration: float) -> datetime:
    return NOW + timedelta(**duration)


def native(when: datetime, *, school: str = SCHOOL, **event: Any) -> Message:
    body = {"specversion": "1.0", "source": "dev-1", "time": when.isoformat(), **event}
    return Message(
        topic=f"campus/v1/{school}/native/gw/events",
        payload=msgspec.json.encode(body),
        received_at=when,
        qos=1,
    )


def press(number: int, when: datetime = NOW) -> Message:
    return native(when, id=f"press-{number}", type="panic_button", data={"phase": "pulse"})


def temperature(value: float, when: datetime) -> Message:
    return native(when, id=f"t-{when.timestamp()}", type="temperature", data={"value": value, "unit": "°C"})


def test_a_press_becomes_event_alert_history_outbox_and_rollups(house: House) -> None:
    with session_scope(house.engine, EVERY_SCHOOL, write=True) as session:
        session.add(Channel(id="hook", kind="webhook", config={"recipient": "r"}))
    house.receive(press(1))
    advanced = house.advance(at(seconds=1))
    assert (advanced.messages, advanced.events, advanced.transitions, advanced.more) == (1, 1, 1, False)
    assert house.told == 1
    [event] = house.rows(StoredEvent)
    assert (event.school, event.device, event.kind, event.phase) == (SCHOOL, "dev-1", "panic_button", "pulse")
    [alert] = house.rows(StoredAlert)
    assert (alert.rule, alert.severity, alert.condition, alert.count) == ("press", "critical", "firing", 1)
    assert alert.title == {"zh": "一键报警", "en": "Panic button"}
    assert house.history() == [("raised", at())]
    [owed] = house.rows(Notification)
    assert (owed.channel, owed.transition, owed.state) == ("hook", 1, "waiting")
    assert [(row.kind, row.events) for row in house.rows(RollupHour)] == [("panic_button", 1)]
    assert [(row.severity, row.raised) for row in house.rows(RollupAlertHour)] == [("critical", 1)]
    [device] = house.rows(Device)
    assert (device.device, device.condition, device.last_seen_at) == ("dev-1", "new", NOW)


def test_a_message_delivered_again_changes_nothing(house: House) -> None:
    house.receive(press(1))
    house.advance(at(seconds=1))
    house.receive(press(1), press(1))
    advanced = house.advance(at(seconds=2))
    assert (advanced.messages, advanced.events, advanced.transitions) == (2, 0, 0)
    assert len(house.rows(StoredEvent)) == 1
    assert house.rows(StoredAlert)[0].count == 1


def test_fifty_presses_are_one_alert_with_count_fifty(house: House) -> None:
    house.receive(*(press(number) for number in range(50)))
    house.advance(at(seconds=1))
    assert [alert.count for alert in house.rows(StoredAlert)] == [50]
    assert house.history() == [("raised", at())]


def test_a_failed_transaction_leaves_no_trace_and_is_repeated_whole(house: House) -> None:
    house.receive(press(1))

    class PowerCutError(Exception):
        pass

    def cut_before_the_commit() -> None:
        with session_scope(house.engine, EVERY_SCHOOL, write=True) as session:
            house.pipeline._step(session, at(seconds=1), NOW, 100)
            raise PowerCutError

    with pytest.raises(PowerCutError):
        cut_before_the_commit()
    assert house.rows(StoredEvent) == house.rows(StoredAlert) == []
    house.start()
    house.advance(at(seconds=2))
    assert house.history() == [("raised", at())]
    assert house.rows(StoredAlert)[0].count == 1


def test_what_cannot_be_read_is_set_aside_with_place_and_reason(house: House) -> None:
    garbage = Message(topic=f"campus/v1/{SCHOOL}/native/gw/events", payload=b"{oops", received_at=NOW)
    stranger = native(NOW, school="370828-999", id="1", type="fire", data={"phase": "start"})
    house.receive(garbage, stranger, press(1))
    house.advance(at(seconds=1))
    rejected = {row.reason: row for row in house.rows(RejectedMessage)}
    assert rejected.keys() == {"not_json", "unknown_school"}
    assert rejected["not_json"].school == SCHOOL
    assert rejected["unknown_school"].school is None
    assert "370828-999" in rejected["unknown_school"].detail
    assert len(house.rows(StoredAlert)) == 1


def test_a_device_cannot_speak_as_the_service(house: House) -> None:
    forged = native(NOW, id="1", type="inspection_graded", data={"value": 0})
    forged = msgspec.structs.replace(forged, topic=f"campus/v1/{SCHOOL}/service/x")
    house.receive(forged)
    house.advance(at(seconds=1))
    assert [row.reason for row in house.rows(RejectedMessage)] == ["forbidden_format"]
    assert house.rows(StoredEvent) == []


def test_timers_fire_without_another_reading_and_survive_a_restart(house: House) -> None:
    house.receive(temperature(9, at()))
    house.advance(at(seconds=1))
    house.advance(at(minutes=4))
    house.start()
    house.advance(at(minutes=6))
    house.advance(at(minutes=10))
    assert house.history() == []
    house.advance(at(minutes=12))
    assert house.history() == [("raised", at(minutes=12))], "the ten minutes, and two of downtime"


def test_silence_is_an_alert_and_a_message_ends_it(house: House) -> None:
    house.receive(temperature(4, at()))
    for minute in range(0, 60, 10):
        house.advance(at(minutes=minute))
    assert house.history() == []
    house.advance(at(minutes=60, seconds=1))
    assert house.history() == [("raised", at(minutes=60))]
    house.receive(temperature(4, at(minutes=61)))
    house.advance(at(minutes=61, seconds=1))
    assert [change for change, _ in house.history()] == ["raised", "resolved"]


def test_nobody_is_silent_while_the_broker_is_out_of_reach(house: House) -> None:
    house.receive(temperature(4, at()))
    house.advance(at(seconds=1))
    for minute in range(1, 120):
        house.pipeline.advance(at(minutes=minute), None)
    assert house.history() == []
    house.pipeline.advance(at(minutes=120), at(minutes=119))
    house.pipeline.advance(at(minutes=150), at(minutes=119))
    assert house.history() == []
    house.pipeline.advance(at(minutes=182), at(minutes=119))
    assert [change for change, _ in house.history()] == ["raised"]


def test_what_was_heard_and_not_yet_written_down_is_heard_again_after_a_crash(house: House) -> None:
    house.receive(temperature(4, at()))
    house.advance(at(seconds=1))
    house.receive(temperature(4, at(seconds=1, milliseconds=500)))
    house.advance(at(seconds=2))
    [device] = house.rows(Device)
    assert device.last_seen_at == at(), "the second reading is still in memory only"
    house.start()
    house.advance(at(seconds=2, milliseconds=500))
    # An hour after the second reading, not after the first.
    house.advance(at(minutes=60, seconds=1))
    assert house.history() == []
    house.advance(at(minutes=60, seconds=3))
    assert [change for change, _ in house.history()] == ["raised"]
    [device] = house.rows(Device)
    assert device.last_seen_at == at(seconds=1, milliseconds=500)


def test_batches_smaller_than_the_backlog_say_that_more_is_waiting(house: House) -> None:
    house.receive(*(press(number) for number in range(250)))
    assert [house.advance(at(seconds=1)).more for _ in range(3)] == [True, True, False]
    assert house.rows(StoredAlert)[0].count == 250


def test_rules_replaced_while_running_take_effect_with_the_next_batch(house: House) -> None:
    house.receive(press(1))
    house.advance(at(seconds=1))
    with session_scope(house.engine, EVERY_SCHOOL, write=True) as session:
        rulesets.replace(session, RULES.replace("panic_button", "fire"), by="test", now=NOW)
    fire = native(at(seconds=2), id="f", type="fire", data={"phase": "start"})
    house.receive(msgspec.structs.replace(fire, payload=fire.payload.replace(b"dev-1", b"dev-2")))
    house.advance(at(seconds=3))
    assert sorted(alert.kind for alert in house.rows(StoredAlert)) == ["fire", "panic_button"]


class StumblesOverAMessage(Pipeline):
    """Has a defect that one certain message brings out."""

    def _take_in(self, session: Any, row: Any, memory: Any, ahead: Any, now: datetime) -> Any:
        if any(b"press-7" in message.payload for message in ahead.messages):
            raise RuntimeError("a defect")
        return super()._take_in(session, row, memory, ahead, now)


class StumblesAlways(Pipeline):
    """Has a defect that no message is to blame for."""

    def _note_deafness(self, row: Any, memory: Any, now: datetime, link_since: datetime | None) -> None:
        raise RuntimeError("a defect")


def test_the_one_message_it_cannot_get_past_is_set_aside_and_the_rest_goes_on(house: House) -> None:
    house.start(StumblesOverAMessage)
    house.receive(*(press(number) for number in range(20)))
    for second in range(1, 40):
        try:
            house.advance(at(seconds=second))
        except RuntimeError:
            continue
    assert house.rows(StoredAlert)[0].count == 19
    [rejected] = house.rows(RejectedMessage)
    assert (rejected.reason, rejected.position) == ("processing_error", 8)
    assert "RuntimeError" in rejected.detail


def test_a_defect_that_is_no_messages_fault_costs_no_message(house: House) -> None:
    house.start(StumblesAlways)
    house.receive(*(press(number) for number in range(3)))
    for second in range(1, 8):
        with pytest.raises(RuntimeError):
            house.advance(at(seconds=second))
    assert house.rows(RejectedMessage) == []
    house.start()
    house.advance(at(seconds=10))
    assert house.rows(StoredAlert)[0].count == 3


def test_what_comes_in_while_a_backlog_is_worked_off_counts_in_the_next_batch(house: House) -> None:
    """Where the next batch is read ahead, it is filled up, and the new rules judge all of it."""
    house.receive(*(press(number) for number in range(250)))
    assert house.advance(at(seconds=1)).messages == 100
    house.receive(*(press(number) for number in range(250, 360)))
    assert house.advance(at(seconds=2)).messages == 100
    with session_scope(house.engine, EVERY_SCHOOL, write=True) as session:
        rulesets.replace(session, RULES.replace("panic_button", "fire"), by="test", now=NOW)
    assert [house.advance(at(seconds=second)).messages for second in (3, 4, 5)] == [100, 60, 0]
    assert house.rows(StoredAlert)[0].count == 200
    assert len(house.rows(StoredEvent)) == 360
