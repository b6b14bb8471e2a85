"""What nobody takes goes on to the next, exactly once, on both databases; the time is given by the test."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update
from sqlmodel import col, select

from safety_service.domain.types import Message
from safety_service.services import alerts as handling
from safety_service.services import escalating, escalations, rosters, rulesets
from safety_service.services.escalations import put as put_policy
from safety_service.store import alerts, notifications
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import AlertTransition, StoredAlert
from safety_service.store.tables_escalation import Escalation
from safety_service.store.tables_outbox import Channel, Notification
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL
from tests.firing import raised
from tests.services.test_pipeline import House, at, native, press

RULES = """
rules:
  - id: warm
    title: {zh: 冷藏超温, en: Cold store too warm}
    kind: threshold
    match: {kind: temperature}
    raise: [{severity: critical, above: 12}, {severity: minor, above: 8}]
    clear: {at_or_below: 6}
    channels: [desk]
    escalation: night
  - id: press
    title: {zh: 一键报警, en: Panic button}
    kind: event
    match: {kind: panic_button}
    severity: critical
    quiet_for: never
    channels: [desk]
    escalation: night
"""
TITLE = {"zh": "夜", "en": "Night"}
STEPS: list[dict[str, Any]] = [
    {"after": "5m", "notify": [{"roster": "duty"}], "repeat": {"every": "10m", "times": 1}},
    {"after": "7m", "notify": [{"channel": "head"}]},
]
WARM, HOT, COLD = 9.0, 13.0, 5.0


class Night(House):
    """A pipeline with RULES, the channels desk, ada, bo and head, and the policy `night`.

    Ada is on duty until NOW + 6 minutes, then Bo.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        with session_scope(engine, EVERY_SCHOOL, write=True) as session:
            for name in ("desk", "ada", "bo", "head"):
                session.add(Channel(id=name, kind="webhook"))
            session.flush()
            members = [{"id": name, "name": name.title(), "channel": name} for name in ("ada", "bo")]
            shift = {"members": ["ada", "bo"], "starts_on": "2026-08-31", "hand_over_at": "00:06", "days": 1}
            wanted = rosters.RosterSettings(title=TITLE, timezone="UTC", members=members, shifts=[shift])
            rosters.put(session, "duty", wanted, now=NOW)
        self.policy(STEPS)
        with session_scope(engine, EVERY_SCHOOL, write=True) as session:
            rulesets.replace(session, RULES, by="test", now=NOW)

    def policy(self, steps: list[dict[str, Any]], min_severity: str = "warning") -> None:
        with session_scope(self.engine, EVERY_SCHOOL, write=True) as session:
            put_policy(session, "night", title=TITLE, min_severity=min_severity, steps=steps, now=NOW)

    def raise_alert(self, value: float = WARM, when: datetime = NOW) -> int:
        self.read(value, when)
        numbers: list[int] = [alert.id for alert in self.rows(StoredAlert)]
        return max(numbers)

    def read(self, value: float, when: datetime) -> None:
        self.receive(temperature(value, when))
        self.advance(when)

    def handle(self, alert: int, action: str, when: datetime) -> None:
        steps = {
            "acknowledge": handling.acknowledge("wang", when, None),
            "close": handling.close("test", "wang", when, None, []),
        }
        with session_scope(self.engine, EVERY_SCHOOL, write=True) as session:
            handling.handle(session, alert, action, steps[action], now=when, wake=lambda: None)

    def suppress(self, alert: int, by: str | None) -> None:
        with session_scope(self.engine, EVERY_SCHOOL, write=True) as session:
            session.exec(update(StoredAlert).where(col(StoredAlert.id) == alert).values(suppressed_by=by))

    def fail(self, channel: str) -> None:
        with session_scope(self.engine, EVERY_SCHOOL, write=True) as session:
            mine = select(Notification.id).where(Notification.channel == channel)
            waiting = session.exec(mine.where(Notification.state == "waiting")).one()
            notifications.settle_ended(session, waiting, "HTTP 404")

    def look(self, now: datetime) -> int:
        with session_scope(self.engine, EVERY_SCHOOL, write=True) as session:
            return escalating.look(session, now, frozenset(), None)

    def steps(self) -> list[tuple[float, int, int, str, list[str]]]:
        """(minutes after NOW, step, repeat, reason, channels) of every step taken."""
        rows = [row for row in self.rows(AlertTransition) if row.change == "escalated"]
        return [
            (
                (row.at - NOW) / timedelta(minutes=1),
                row.detail["step"],
                row.detail["repeat"],
                row.reason,
                row.detail["channels"],
            )
            for row in sorted(rows, key=lambda row: row.number)
        ]

    def whom(self, change: str = "escalated") -> list[str]:
        numbers = {row.number for row in self.rows(AlertTransition) if row.change == change}
        rows = sorted(self.rows(Notification), key=lambda row: (row.transition, row.id))
        return [row.channel for row in rows if row.transition in numbers]


def temperature(value: float, when: datetime, school: str = SCHOOL) -> Message:
    name = f"t-{when.timestamp()}-{value}"
    return native(when, school=school, id=name, type="temperature", data={"value": value, "unit": "°C"})


@pytest.fixture
def night(two_schools: Engine) -> Night:
    return Night(two_schools)


FIRST = (5, 1, 0, "not_acknowledged", ["ada"])
SECOND = (7, 2, 0, "not_acknowledged", ["head"])
AGAIN = (15, 1, 1, "not_acknowledged", ["bo"])


def test_each_step_tells_whoever_is_on_duty_when_it_comes(night: Night) -> None:
    night.raise_alert()
    for minute in range(1, 30):
        night.advance(at(minutes=minute))
    assert night.steps() == [FIRST, SECOND, AGAIN]
    assert night.whom() == ["ada", "head", "bo"]
    assert night.whom("raised") == ["desk"]
    [row] = night.rows(Escalation)
    assert (row.next_due_at, row.held_at, row.passed) == (None, None, 3)
    numbers = [row.number for row in night.rows(AlertTransition)]
    assert sorted(numbers) == [1, 2, 3, 4]


def test_a_step_wakes_the_streams_and_the_courier(night: Night) -> None:
    night.raise_alert()
    assert night.told == 1
    night.advance(at(minutes=4))
    assert night.told == 1
    assert night.advance(at(minutes=5)).transitions == 1
    assert night.told == 2


@pytest.mark.parametrize("how", ["acknowledge", "close", "resolve"])
def test_who_takes_it_or_its_end_stops_it(night: Night, how: str) -> None:
    alert = night.raise_alert()
    night.advance(at(minutes=5))
    if how == "resolve":
        night.read(COLD, at(minutes=6))
    else:
        night.handle(alert, how, at(minutes=6))
    for minute in (7, 15, 60):
        night.advance(at(minutes=minute))
    assert night.steps() == [FIRST]


def test_an_end_that_came_while_the_engine_was_down_stops_what_was_due_before(night: Night) -> None:
    night.raise_alert()
    night.receive(temperature(COLD, at(minutes=8)))
    night.advance(at(minutes=9))
    assert night.steps() == []


def test_a_stalled_engine_sends_one_message_for_two_steps_to_one_receiver(night: Night) -> None:
    night.policy(
        [
            {"after": "1m", "notify": [{"channel": "head"}]},
            {"after": "2m", "notify": [{"channel": "head"}, {"channel": "bo"}]},
        ]
    )
    night.raise_alert()
    night.start()
    night.advance(at(minutes=3))
    assert night.steps() == [
        (1, 1, 0, "not_acknowledged", []),
        (2, 2, 0, "not_acknowledged", ["head", "bo"]),
    ]
    assert night.whom() == ["head", "bo"]
    night.start()
    night.advance(at(minutes=4))
    assert len(night.rows(Notification)) == 3


class KilledError(Exception):
    pass


def test_a_kill_before_the_commit_repeats_the_step_and_nothing_twice(night: Night) -> None:
    night.raise_alert()

    def killed() -> None:
        with session_scope(night.engine, EVERY_SCHOOL, write=True) as session:
            assert escalating.look(session, at(minutes=5), frozenset(), None) == 1
            raise KilledError

    with pytest.raises(KilledError):
        killed()
    assert (night.steps(), night.whom()) == ([], [])
    night.start()
    night.advance(at(minutes=5))
    night.start()
    night.advance(at(minutes=5))
    assert (night.steps(), night.whom()) == ([FIRST], ["ada"])


def test_two_looks_at_once_take_each_step_once(night: Night) -> None:
    night.raise_alert()
    together = threading.Barrier(4)

    def look(_: int) -> int:
        together.wait()
        return night.look(at(minutes=7))

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(look, range(4))) == [0, 0, 0, 2]
    # At 7 minutes Bo is on duty, whoever was when the first step was due.
    assert night.whom() == ["bo", "head"]


def test_a_higher_severity_begins_anew_also_when_acknowledged(night: Night) -> None:
    alert = night.raise_alert()
    night.advance(at(minutes=5))
    night.handle(alert, "acknowledge", at(minutes=6))
    night.read(HOT, at(minutes=20))
    night.advance(at(minutes=24))
    assert night.steps() == [FIRST]
    night.advance(at(minutes=25))
    night.advance(at(minutes=27))
    assert night.steps()[1:] == [
        (25, 1, 0, "not_acknowledged", ["bo"]),
        (27, 2, 0, "not_acknowledged", ["head"]),
    ]


def test_a_reopened_alert_begins_anew(night: Night) -> None:
    night.raise_alert()
    night.advance(at(minutes=5))
    night.read(COLD, at(minutes=6))
    night.read(WARM, at(minutes=10))
    night.advance(at(minutes=15))
    assert [row.change for row in night.rows(AlertTransition)].count("reopened") == 1
    assert night.steps()[1:] == [(15, 1, 0, "not_acknowledged", ["bo"])]


def test_ended_and_back_in_one_batch_is_an_end_and_a_new_begin(night: Night) -> None:
    night.raise_alert()
    night.advance(at(minutes=5))
    night.receive(temperature(COLD, at(minutes=6)), temperature(WARM, at(minutes=6, seconds=30)))
    night.advance(at(minutes=7))
    assert sorted(night.whom("resolved")) == ["ada", "desk"]
    night.advance(at(minutes=11))
    assert night.steps() == [FIRST]
    night.advance(at(minutes=12))
    assert night.steps()[1:] == [(12, 1, 0, "not_acknowledged", ["bo"])]


def test_back_below_the_least_severity_it_stays_stopped(night: Night) -> None:
    night.policy(STEPS, "critical")
    night.raise_alert(HOT)
    night.receive(temperature(COLD, at(minutes=1)), temperature(WARM, at(minutes=2)))
    night.advance(at(minutes=3))
    night.advance(at(minutes=30))
    assert [row.change for row in night.rows(AlertTransition)] == ["raised", "resolved", "reopened"]


def test_a_suppressed_alert_waits_and_counts_on_afterwards(night: Night) -> None:
    alert = night.raise_alert()
    night.advance(at(minutes=5))
    night.suppress(alert, "silence 3")
    for minute in (7, 10, 30):
        night.advance(at(minutes=minute))
    assert night.steps() == [FIRST]
    night.suppress(alert, None)
    night.advance(at(minutes=31))
    night.advance(at(minutes=38))
    night.advance(at(minutes=39))
    # The second step was due at 7 and stood for 24 minutes; the repeat keeps its 8 minutes behind it.
    assert night.steps()[1:] == [
        (31, 2, 0, "not_acknowledged", ["head"]),
        (39, 1, 1, "not_acknowledged", ["bo"]),
    ]


def test_what_is_suppressed_from_the_start_counts_from_the_end_of_it(night: Night) -> None:
    change = raised(SCHOOL)
    change.alert.kind, change.alert.suppressed_by = "intrusion", "maintenance 1"
    with session_scope(night.engine, EVERY_SCHOOL, write=True) as session:
        alerts.hold_history(session)
        history = alerts.apply(session, [change])
        escalating.follow(session, history, rulesets.in_force(session).rules, NOW)
    night.advance(at(minutes=30))
    night.suppress(change.alert.id, None)
    night.advance(at(minutes=31))
    night.advance(at(minutes=35, seconds=59))
    assert night.steps() == []
    night.advance(at(minutes=36))
    assert night.steps() == [(36, 1, 0, "not_acknowledged", ["bo"])]


def test_a_failure_while_it_is_suppressed_counts_when_that_ends(night: Night) -> None:
    alert = night.raise_alert()
    night.advance(at(minutes=5))
    night.suppress(alert, "silence 3")
    night.advance(at(minutes=7))
    night.fail("ada")
    night.advance(at(minutes=8))
    assert night.steps() == [FIRST]
    night.suppress(alert, None)
    night.advance(at(minutes=9))
    assert [one[:3] for one in night.steps()] == [FIRST[:3], (9, 2, 0)]


def test_life_and_limb_are_never_held_up(night: Night) -> None:
    night.receive(press(1))
    night.advance(NOW)
    night.suppress(1, "maintenance 1")
    night.advance(at(minutes=5))
    assert night.steps() == [FIRST]


def test_a_failed_delivery_brings_the_next_step_at_once_and_says_so(night: Night) -> None:
    night.raise_alert()
    night.advance(at(minutes=5))
    night.fail("ada")
    night.advance(at(minutes=5, seconds=1))
    [row] = [row for row in night.rows(AlertTransition) if row.reason == "delivery_failed"]
    assert (row.detail["step"], row.detail["channels"]) == (2, ["head"])
    assert row.detail["failure"].endswith("failed for good")
    night.advance(at(minutes=6))
    assert len(night.steps()) == 2


def test_a_failure_of_what_was_sent_before_it_began_anew_does_not_count(night: Night) -> None:
    night.raise_alert()
    night.advance(at(minutes=1))
    night.read(HOT, at(minutes=2))
    with session_scope(night.engine, EVERY_SCHOOL, write=True) as session:
        first = session.exec(select(Notification.id).order_by(col(Notification.id))).first()
        assert first is not None
        notifications.settle_ended(session, first, "HTTP 404")
    night.advance(at(minutes=3))
    assert night.steps() == []


def test_a_stopped_channel_hurries_every_alert_that_waited_for_it(night: Night) -> None:
    night.raise_alert()
    night.receive(temperature(WARM, at(minutes=1), OTHER_SCHOOL))
    night.advance(at(minutes=1))
    with session_scope(night.engine, EVERY_SCHOOL, write=True) as session:
        notifications.end_all(session, "desk", "410 Gone")
    night.advance(at(minutes=2))
    assert night.steps() == [(2, 1, 0, "delivery_failed", ["ada"])] * 2


def test_nobody_on_duty_is_written_down_and_the_next_step_comes_at_once(night: Night) -> None:
    with session_scope(night.engine, EVERY_SCHOOL, write=True) as session:
        members = [{"id": "ada", "name": "Ada", "channel": "ada"}]
        shift = {"members": ["ada"], "starts_on": "2026-10-01", "hand_over_at": "08:00"}
        wanted = rosters.RosterSettings(title=TITLE, timezone="UTC", members=members, shifts=[shift])
        rosters.put(session, "later", wanted, now=NOW)
    night.policy([{"after": "5m", "notify": [{"roster": "later"}]}, STEPS[1]])
    night.raise_alert()
    night.advance(at(minutes=5))
    assert night.steps() == [(5, 1, 0, "nobody_on_duty", []), (5, 2, 0, "not_acknowledged", ["head"])]
    [first, _] = [row for row in night.rows(AlertTransition) if row.change == "escalated"]
    assert first.detail["nobody_on_duty"] == ["later"]
    assert night.whom() == ["head"]


def test_a_channel_that_is_off_or_for_others_is_not_told_and_named(night: Night) -> None:
    night.raise_alert()
    with session_scope(night.engine, EVERY_SCHOOL, write=True) as session:
        session.exec(update(Channel).where(col(Channel.id) == "ada").values(enabled=False))
        session.exec(update(Channel).where(col(Channel.id) == "head").values(schools=[OTHER_SCHOOL]))
    night.advance(at(minutes=5))
    rows = [row for row in night.rows(AlertTransition) if row.change == "escalated"]
    assert [row.detail["not_told"][0]["channel"] for row in rows] == ["ada", "head"]
    assert ["other schools" in row.detail["not_told"][0]["reason"] for row in rows] == [False, True]
    assert night.whom() == []


def test_whoever_a_step_told_is_told_that_it_ended(night: Night) -> None:
    night.raise_alert()
    night.advance(at(minutes=5))
    night.read(COLD, at(minutes=6))
    assert sorted(night.whom("resolved")) == ["ada", "desk"]


def test_a_clock_that_is_set_back_delays_nothing_and_loses_nothing(night: Night) -> None:
    night.raise_alert()
    night.advance(at(minutes=4))
    back = timedelta(hours=-3)
    night.advance(at(minutes=4) + back)
    assert night.steps() == []
    night.advance(at(minutes=5) + back)
    night.advance(at(minutes=7) + back)
    assert [(one[1], one[2]) for one in night.steps()] == [(1, 0), (2, 0)]


def test_a_clock_that_jumps_ahead_loses_nothing(night: Night) -> None:
    night.raise_alert()
    night.advance(at(days=1))
    assert [one[:3] for one in night.steps()] == [(5, 1, 0), (7, 2, 0), (15, 1, 1)]


def test_an_edit_holds_from_the_next_raise(night: Night) -> None:
    night.raise_alert()
    night.policy([{"after": "1m", "notify": [{"channel": "head"}]}])
    night.advance(at(minutes=4))
    assert night.steps() == []
    night.advance(at(minutes=5))
    assert night.steps() == [FIRST]


def test_below_the_least_severity_nothing_escalates_until_it_rises(night: Night) -> None:
    night.policy(STEPS, "major")
    night.raise_alert()
    night.advance(at(minutes=30))
    assert night.rows(Escalation) == []
    night.read(HOT, at(minutes=31))
    night.advance(at(minutes=36))
    assert night.steps() == [(36, 1, 0, "not_acknowledged", ["bo"])]


def test_a_partition_takes_the_steps_of_its_own_schools(night: Night) -> None:
    night.raise_alert()
    with session_scope(night.engine, EVERY_SCHOOL, write=True) as session:
        assert escalating.look(session, at(minutes=5), frozenset({OTHER_SCHOOL}), None) == 0
        assert escalating.look(session, at(minutes=5), frozenset({SCHOOL}), None) == 1


def test_a_rule_must_name_a_policy_that_is_there_and_keeps_it(night: Night) -> None:
    with (
        pytest.raises(Exception, match=r"rules\.warm\.escalation: there is no escalation 'nigth'"),
        session_scope(night.engine, EVERY_SCHOOL, write=True) as session,
    ):
        rulesets.replace(session, RULES.replace("escalation: night", "escalation: nigth"), by="t", now=NOW)
    with (
        pytest.raises(Exception, match="used by rule warm, press"),
        session_scope(night.engine, EVERY_SCHOOL, write=True) as session,
    ):
        escalations.delete(session, "night", now=NOW)


def test_a_seeded_file_may_come_before_its_policies(two_schools: Engine, tmp_path: Any) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES, encoding="utf-8")
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        rulesets.seed(session, file, now=NOW)
        unknown = rulesets.unknown_escalations(session, rulesets.in_force(session))
    assert [rule for rule, _ in unknown] == ["warm", "press"]
