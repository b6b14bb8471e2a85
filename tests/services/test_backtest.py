"""A backtest of the rules in force finds exactly what the pipeline made of the same events."""

import random
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import Engine
from sqlmodel import select

from safety_service.domain.backtest_report import Report
from safety_service.domain.errors import NotFound, Refused
from safety_service.domain.rules.loading import load_rules
from safety_service.domain.types import Message
from safety_service.services import alerts as handling
from safety_service.services import backtest as backtests
from safety_service.services import rulesets
from safety_service.services.backtest import House as Settled
from safety_service.services.backtest import Wanted
from safety_service.store import backtest as stored
from safety_service.store.scope import EVERY_SCHOOL, Scope
from safety_service.store.session import session_scope
from safety_service.store.tables import AlertTransition, StoredAlert
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL
from tests.services.test_pipeline import House, at

RULES = """
rules:
  - id: press
    title: {zh: 一键报警, en: Panic button}
    kind: event
    match: {kind: panic_button}
    severity: critical
    quiet_for: 10m
  - id: door
    title: {zh: 门开, en: Door open}
    kind: event
    match: {kind: door_open}
    severity: minor
    quiet_for: 3m
    reopen_within: 4m
  - id: warm
    title: {zh: 超温, en: Too warm}
    kind: threshold
    match: {kind: temperature}
    raise: [{severity: major, above: 12, for: 2m}, {severity: minor, above: 8, for: 5m}]
    clear: {at_or_below: 6, for: 2m}
  - id: many
    title: {zh: 频繁, en: Many}
    kind: count
    match: {kind: door_open}
    window: 5m
    raise: [{severity: major, at_least: 6}, {severity: minor, at_least: 4}]
    key: [school]
  - id: silent
    title: {zh: 失联, en: Silent}
    kind: absence
    match: {format: native}
    severity: warning
    silent_for: 20m
  - id: jump
    title: {zh: 突变, en: Jump}
    kind: change
    match: {kind: temperature}
    raise: [{severity: minor, rises_by: 7}]
  - id: both
    title: {zh: 同时, en: Together}
    kind: together
    all: [{kind: door_open}, {kind: panic_button}]
    within: 2m
    severity: critical
    quiet_for: 5m
    key: [school]
"""
MINUTES = 240


@pytest.fixture
def house(two_schools: Engine) -> House:
    house = House(two_schools)
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        rulesets.replace(session, RULES, by="test", now=NOW)
    return house


def message(
    number: int, school: str, device: str, kind: str, data: dict[str, Any], when: datetime
) -> Message:
    body = {"specversion": "1.0", "id": f"m{number}", "source": device, "type": kind, "data": data}
    body["time"] = (when - timedelta(seconds=number % 200)).isoformat()
    return Message(
        topic=f"campus/v1/{school}/native/gw/events",
        payload=msgspec.json.encode(body),
        received_at=when,
        qos=1,
    )


def some_message(chance: random.Random, number: int, when: datetime) -> Message:
    school = chance.choice([SCHOOL, OTHER_SCHOOL])
    kind = chance.choices(["temperature", "door_open", "panic_button"], [6, 5, 1])[0]
    if kind == "temperature":
        data: dict[str, Any] = {"value": round(chance.uniform(2, 15), 1), "unit": "°C"}
    elif kind == "door_open":
        data = {"phase": chance.choice(["start", "pulse", "end"])}
    else:
        data = {"phase": "pulse"}
    return message(number, school, f"{kind}-{chance.randrange(3)}", kind, data, when)


def live(house: House, seed: int, minutes: int = MINUTES) -> None:
    """A lively morning, processed every five minutes; sometimes nothing comes for half an hour."""
    chance = random.Random(seed)
    number, quiet_until = 0, 0
    for minute in range(minutes):
        if chance.random() < 0.01:
            quiet_until = minute + 35
        if minute >= quiet_until:
            seconds = sorted(chance.uniform(0, 59) for _ in range(chance.randrange(6)))
            house.receive(
                *(
                    some_message(chance, number + i, at(minutes=minute, seconds=second))
                    for i, second in enumerate(seconds)
                )
            )
            number += len(seconds)
        if minute % 5 == 4:
            house.advance(at(minutes=minute, seconds=59.5))


def backtest(
    house: House, text: str = RULES, *, scope: Scope = EVERY_SCHOOL, since: datetime = NOW, **wanted: Any
) -> Report:
    asked = Wanted(since=since, until=wanted.pop("until", at(days=1)), **wanted)
    settled = Settled(ZoneInfo("Asia/Shanghai"), timedelta(minutes=30))
    with session_scope(house.engine, scope) as session:
        plan = backtests.prepare(session, load_rules(text, "candidate.yaml"), asked, settled)
        return backtests.run(session, plan, lambda _events: None)


def told(house: House, report: Report) -> tuple[set[Any], set[Any]]:
    """(what would have happened, what happened) as rule, key, change, time and severity."""
    would = {
        (example.rule, example.key, *change) for example in report.examples for change in example.changes
    }
    with session_scope(house.engine, EVERY_SCHOOL) as session:
        rows = session.exec(
            select(AlertTransition, StoredAlert).join(
                StoredAlert,
                StoredAlert.id == AlertTransition.alert_id,  # type: ignore[arg-type]
            )
        ).all()
        was = {
            (alert.rule, tuple(msgspec.json.decode(alert.key)), step.change, step.at, step.severity)
            for step, alert in rows
            if step.at < report.until
        }
    return would, was


@pytest.mark.parametrize("seed", [1, 2])
def test_the_rules_in_force_find_again_exactly_what_they_found(house: House, seed: int) -> None:
    live(house, seed)
    report = backtest(house, examples=10_000)
    would, was = told(house, report)
    assert would == was
    assert {change for _, _, change, _, _ in was} == {"raised", "severity_raised", "reopened", "resolved"}
    assert {rule.rule for rule in report.rules if rule.was.raised} == {
        "press", "door", "warm", "many", "silent", "jump", "both"
    }  # fmt: skip
    assert report.total.would == report.total.was
    for one in (*report.rules, *report.schools, *report.days, *report.noisiest_devices):
        assert one.would == one.was, one
    assert all(rule.only_would == rule.only_was == 0 for rule in report.rules)
    assert report.missed == []


def test_a_candidate_is_compared_with_what_was_raised(house: House) -> None:
    live(house, 1, 60)
    of_one_school = RULES.replace(
        "match: {kind: panic_button}", f"match: {{kind: panic_button, school: {SCHOOL!r}}}"
    )
    report = backtest(house, of_one_school, examples=1)
    by_rule = {rule.rule: rule for rule in report.rules}
    press = by_rule["press"]
    assert press.was.raised > press.would.raised == press.same > 0
    assert (press.only_would, press.only_was) == (0, press.was.raised - press.would.raised)
    assert press.difference["raised"] == -press.only_was
    [missed] = report.missed
    assert (missed.rule, missed.key[0]) == ("press", OTHER_SCHOOL)
    assert missed.raised_at == min(
        row.raised_at for row in house.rows(StoredAlert) if row.rule == "press" and row.school == OTHER_SCHOOL
    )
    assert all(one.only_would == one.only_was == 0 for one in report.rules if one.rule != "press")
    [example] = [example for example in report.examples if example.rule == "warm"]
    assert example.values["value"] > 8


def test_a_rule_that_is_gone_and_one_that_is_new_stand_beside_each_other(house: House) -> None:
    live(house, 1, 30)
    report = backtest(house, RULES.replace("id: door", "id: gate"))
    by_rule = {rule.rule: rule for rule in report.rules}
    assert by_rule["gate"].was.raised == by_rule["door"].would.raised == 0
    assert by_rule["gate"].would == by_rule["door"].was
    assert by_rule["door"].title is None
    assert list(by_rule)[-1] == "door"


def test_what_a_person_closed_is_closed_again(house: House) -> None:
    """The next press after a person's close is a new alert, in both; without the close it would be none."""
    house.receive(message(1, SCHOOL, "b-1", "panic_button", {"phase": "pulse"}, at()))
    house.advance(at(seconds=1))
    with session_scope(house.engine, EVERY_SCHOOL, write=True) as session:
        [alert] = session.exec(select(StoredAlert)).all()
        step = handling.close("false_alarm", "chief", at(minutes=1), None, [])
        handling.handle(session, alert.id, "close", step, now=at(minutes=1), wake=lambda: None)
    for minute in (4, 8, 12):
        house.receive(
            message(minute * 10, SCHOOL, "b-1", "panic_button", {"phase": "pulse"}, at(minutes=minute))
        )
        house.advance(at(minutes=minute, seconds=1))
    report = backtest(house, examples=10)
    would, was = told(house, report)
    assert would == was
    assert report.total.would == report.total.was


def test_downtime_counts_for_no_timer_and_for_no_silence(house: House) -> None:
    house.receive(message(1, SCHOOL, "t-1", "temperature", {"value": 9}, at()))
    house.advance(at(seconds=1))
    house.start()
    house.advance(at(minutes=19))
    house.advance(at(minutes=60))
    report = backtest(house, examples=10, until=at(minutes=59))
    would, was = told(house, report)
    assert would == was
    raised = {rule: moment for rule, _, change, moment, _ in was if change == "raised"}
    assert raised["warm"] == at(minutes=24) - timedelta(seconds=1), (
        "five minutes from what it says, and the downtime"
    )
    assert raised["silent"] == at(minutes=39) - timedelta(seconds=1)


def test_the_warm_up_knows_what_went_on_before(house: House) -> None:
    """What already fired at the beginning is not raised there, and its end is seen."""
    house.receive(message(1, SCHOOL, "t-1", "temperature", {"value": 9}, at()))
    for minute in range(5, 60, 5):
        house.receive(message(minute * 10, SCHOOL, "t-1", "temperature", {"value": 9}, at(minutes=minute)))
        house.advance(at(minutes=minute, seconds=1))
    house.receive(message(3, SCHOOL, "t-1", "temperature", {"value": 2}, at(minutes=60)))
    house.advance(at(minutes=70))
    report = backtest(house, since=at(minutes=30))
    assert (report.total.would, report.total.was) == (report.total.was, report.total.would)
    assert (report.total.would.raised, report.total.would.resolved) == (0, 1)
    assert report.warm_up_from < at(minutes=1)
    assert (report.warm_up_events, report.events) == (6, 7)
    cold = backtest(house, since=at(minutes=30), warm_up=timedelta(0))
    assert (cold.total.would.raised, cold.warm_up_events) == (1, 0)


def test_only_what_the_scope_allows_is_read(house: House) -> None:
    live(house, 1, 30)
    everything = backtest(house)
    one = backtest(house, scope=Scope(every_school=False, schools=frozenset({SCHOOL})))
    assert {school.school for school in everything.schools} == {SCHOOL, OTHER_SCHOOL}
    [school] = one.schools
    assert school == next(both for both in everything.schools if both.school == SCHOOL)
    assert 0 < one.events < everything.events
    with session_scope(house.engine, Scope(every_school=False, schools=frozenset({SCHOOL}))) as session:
        assert stored.count_events(session, NOW, at(days=1)) == one.events
        assert stored.count_events(session, NOW, at(days=1), 3) == 3
    assert OTHER_SCHOOL not in msgspec.json.encode(one).decode()


def test_nothing_is_written(house: House) -> None:
    live(house, 1, 20)
    before = [house.rows(table) for table in (AlertTransition, StoredAlert)]
    backtest(house)
    assert [house.rows(table) for table in (AlertTransition, StoredAlert)] == before


def test_time_without_events_and_time_that_runs_backwards_are_refused(house: House) -> None:
    with pytest.raises(NotFound, match="no events are stored"):
        backtest(house)
    live(house, 1, 5)
    with pytest.raises(NotFound, match="no events are stored"):
        backtest(house, since=at(days=-2), until=at(days=-1))
    with pytest.raises(Refused, match="must come after"):
        backtest(house, since=NOW, until=NOW)
    with pytest.raises(Refused, match="at most 3"):
        backtest(house, most_events=3)


def test_two_partitions_are_read_in_the_order_of_their_arrival(house: House) -> None:
    live(house, 1, 10)
    with session_scope(house.engine, EVERY_SCHOOL) as session:
        [chunk] = stored.read_arrivals(session, [house.partition], NOW, at(days=1))
        [again] = stored.read_arrivals(session, [house.partition, house.partition + 1], NOW, at(days=1))
        assert (
            list(stored.read_arrivals(session, [house.partition + 1, house.partition + 2], NOW, at(days=1)))
            == []
        )
    assert again == chunk
    assert [event.position for event in chunk] == sorted(event.position for event in chunk)
    assert [event.received_at for event in chunk] == sorted(event.received_at for event in chunk)
    assert [event.occurred_at for event in chunk] != sorted(event.occurred_at for event in chunk)


class StoppedError(Exception):
    pass


def test_it_ends_where_it_is_told_to(house: House) -> None:
    live(house, 1, 10)

    def stop(_events: int) -> None:
        raise StoppedError

    asked = Wanted(since=NOW, until=at(days=1))
    settled = Settled(ZoneInfo("Asia/Shanghai"), timedelta(minutes=30))
    with session_scope(house.engine, EVERY_SCHOOL) as session:
        plan = backtests.prepare(session, load_rules(RULES, "r"), asked, settled)
        with pytest.raises(StoppedError):
            backtests.run(session, plan, stop)
