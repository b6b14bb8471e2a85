"""The outbox reaches its receivers: in order, fairly, once, and whatever goes wrong on the way."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from safety_service.channels.http import GuardedClient, open_client
from safety_service.domain.errors import Unavailable
from safety_service.domain.notifying import Receiver as Told
from safety_service.domain.types import Alert, AlertChange, Change, Condition, Severity, Transition
from safety_service.services import delivery
from safety_service.services.delivery import LEASE, Courier, deliver
from safety_service.services.outbox import Delivered, Home, Result, settle
from safety_service.store import alerts, notifications
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_outbox import Channel, Notification
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL
from tests.receivers import Got, Receiver, Says, receiver

SECRET = "whsec_" + "A" * 32


class Desk:
    """Channels, alerts and a courier on one database; `now` moves only when a test says so."""

    def __init__(self, engine: Engine, client: GuardedClient, home: Home | None = None) -> None:
        self.engine = engine
        self.now = NOW
        self.courier = Courier(engine, client, home=home, chance=lambda: 0.5)
        self._keys = 0

    def channel(self, name: str, there: Receiver, **more: Any) -> None:
        with session_scope(self.engine, EVERY_SCHOOL, write=True) as session:
            session.add(Channel(id=name, kind="webhook", config={"url": there.url, "secret": SECRET}, **more))

    def raised(
        self,
        school: str = SCHOOL,
        severity: Severity = "major",
        at: datetime | None = None,
        kind: str = "smoke",
    ) -> Alert:
        self._keys += 1
        moment = at or self.now
        alert = Alert(
            id=0,
            rule="smoke",
            rule_version="1",
            key=(school, str(self._keys)),
            school=school,
            kind=kind,
            title={"zh": "烟雾", "en": "Smoke"},
            severity=severity,
            condition="firing",
            raised_at=moment,
            last_seen_at=moment,
        )
        self.changed(alert, "raised", at=moment)
        return alert

    def changed(self, alert: Alert, change: Change, at: datetime | None = None) -> None:
        moment = at or self.now
        alert.condition = "resolved" if change == "resolved" else "firing"
        alert.resolved_at = moment if change == "resolved" else None
        condition: Condition = alert.condition
        step = Transition(change=change, at=moment, severity=alert.severity, condition=condition)
        with session_scope(self.engine, EVERY_SCHOOL, write=True) as session:
            alerts.hold_history(session)
            history = alerts.apply(session, [AlertChange(alert=alert, transitions=[step])])
            told = notifications.receivers(session)
            notifications.add(session, [(n, a, t, to) for n, a, t in history for to in told], self.now)

    def deliver(self, limit: int = 200, patience: float | None = None) -> Delivered:
        return self.courier.deliver(self.now, limit, patience=patience)

    def run_until(self, end: datetime, step: timedelta = timedelta(milliseconds=500)) -> None:
        while self.now <= end:
            while self.deliver().more:
                pass
            self.now += step

    def rows(self, channel: str | None = None) -> list[Notification]:
        statement = select(Notification).order_by(col(Notification.id))
        if channel is not None:
            statement = statement.where(Notification.channel == channel)
        with session_scope(self.engine, EVERY_SCHOOL) as session:
            return list(session.exec(statement))

    def states(self, channel: str | None = None) -> list[str]:
        return [row.state for row in self.rows(channel)]

    def stored(self, channel: str) -> Channel:
        with session_scope(self.engine, EVERY_SCHOOL) as session:
            return session.exec(select(Channel).where(Channel.id == channel)).one()


@pytest.fixture
def client() -> Iterator[GuardedClient]:
    with open_client(private_targets=True) as one:
        yield one


@contextmanager
def desk_on(engine: Engine, client: GuardedClient, home: Home | None = None) -> Iterator[Desk]:
    desk = Desk(engine, client, home)
    try:
        yield desk
    finally:
        desk.courier.close()


@pytest.fixture
def desk(two_schools: Engine, client: GuardedClient) -> Iterator[Desk]:
    with desk_on(two_schools, client) as one:
        yield one


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Waits for what another thread is about to do."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.005)


class Gate:
    """An answer that is held back until the gate opens."""

    def __init__(self) -> None:
        self.open = threading.Event()

    def __call__(self, got: Got) -> Says:
        self.open.wait(10)
        return Says()


def test_accepted_is_delivered_with_the_answer_and_never_sent_again(desk: Desk) -> None:
    with receiver() as there:
        desk.channel("one", there)
        desk.raised()
        assert desk.deliver() == Delivered(sent=1, more=True)
        assert desk.deliver() == Delivered()
        (row,) = desk.rows()
        assert (row.state, row.attempts, row.answer) == ("delivered", 1, "HTTP 200\nok")
        assert row.delivered_at is not None
        assert [got.headers["webhook-id"] for got in there.got] == [str(row.id)]
        assert there.got[0].message["data"]["title"] == {"zh": "烟雾", "en": "Smoke"}


def test_the_plain_function_makes_one_whole_run(desk: Desk, client: GuardedClient) -> None:
    with receiver() as there:
        desk.channel("one", there)
        for _ in range(3):
            desk.raised()
        assert deliver(desk.engine, client, desk.now, 2).sent == 2
        assert deliver(desk.engine, client, desk.now, 2).sent == 1
        assert desk.states() == ["delivered"] * 3


def test_scenario_7_one_of_two_channels_fails_for_a_while(desk: Desk) -> None:
    up_at = NOW + timedelta(seconds=4.5)
    taken: list[datetime] = []

    def fails_first(got: Got) -> Says:
        if desk.now < up_at:
            return Says(503)
        taken.append(desk.now)
        return Says()

    with receiver() as good, receiver(fails_first) as bad:
        desk.channel("good", good)
        desk.channel("bad", bad)
        desk.raised()
        desk.run_until(NOW + timedelta(seconds=60))
        assert len(good.got) == 1
        assert len(taken) == 1
        assert taken[0] >= up_at
        assert len({got.headers["webhook-id"] for got in bad.got}) == 1
        assert len(bad.got) == desk.rows("bad")[0].attempts > 1
        assert desk.states() == ["delivered", "delivered"]


def test_scenario_10_problem_before_recovery_on_a_slow_channel(desk: Desk) -> None:
    gate = Gate()
    with receiver(gate) as slow:
        desk.channel("slow", slow)
        alert = desk.raised()
        desk.deliver(patience=0)
        until(lambda: len(slow.got) == 1)
        desk.changed(alert, "resolved")
        for _ in range(22):
            desk.now += timedelta(milliseconds=500)
            assert desk.deliver(patience=0) == Delivered()
        assert slow.changes == ["alert.raised"]
        gate.open.set()
        until(lambda: desk.states() == ["delivered", "waiting"])
        desk.deliver()
        assert slow.changes == ["alert.raised", "alert.resolved"]
        assert desk.states() == ["delivered", "delivered"]


def test_recovery_waits_while_the_problem_is_retried(desk: Desk) -> None:
    with receiver(lambda got: Says(500)) as there:
        desk.channel("one", there)
        alert = desk.raised()
        desk.deliver()
        desk.changed(alert, "resolved")
        for _ in range(5):
            desk.now += timedelta(seconds=300)
            desk.deliver()
        assert set(there.changes) == {"alert.raised"}
        there.answer = lambda got: Says()
        desk.run_until(desk.now + timedelta(minutes=10), timedelta(seconds=30))
        assert there.changes[-2:] == ["alert.raised", "alert.resolved"]
        assert there.changes.count("alert.resolved") == 1


def test_whoever_was_never_told_of_a_problem_hears_no_recovery(desk: Desk) -> None:
    with receiver(lambda got: Says(400, b"bad")) as there:
        desk.channel("one", there)
        alert = desk.raised()
        assert desk.deliver() == Delivered(failed=1)
        desk.changed(alert, "resolved")
        assert desk.deliver() == Delivered()
        assert desk.states() == ["failed", "withheld"]
        assert "never told" in (desk.rows()[1].answer or "")
        assert there.changes == ["alert.raised"]


def test_each_recovery_needs_a_problem_of_its_own(desk: Desk) -> None:
    with receiver() as there:
        desk.channel("one", there)
        alert = desk.raised()
        for change in ("resolved", "reopened", "resolved"):
            desk.changed(alert, change)
        desk.run_until(desk.now)
        assert there.changes == ["alert.raised", "alert.resolved", "alert.reopened", "alert.resolved"]


def test_scenario_13_a_storm_delays_no_other_school(desk: Desk) -> None:
    with receiver() as there:
        desk.channel("one", there)
        for _ in range(300):
            desk.raised(SCHOOL)
        desk.raised(OTHER_SCHOOL)
        desk.deliver()
        schools = [got.message["data"]["school"] for got in there.got]
        assert OTHER_SCHOOL in schools
        assert len(schools) <= 20
        assert desk.states().count("waiting") >= 280


def test_schools_take_turns_over_many_small_runs(desk: Desk) -> None:
    with receiver() as there:
        desk.channel("one", there)
        for school in (SCHOOL, OTHER_SCHOOL):
            for _ in range(4):
                desk.raised(school)
        for _ in range(4):
            desk.deliver(limit=1)
        schools = [got.message["data"]["school"] for got in there.got]
        assert schools == [SCHOOL, OTHER_SCHOOL, SCHOOL, OTHER_SCHOOL]


def test_critical_goes_first(desk: Desk) -> None:
    with receiver() as there:
        desk.channel("one", there)
        for severity in ("warning", "minor", "critical", "major"):
            desk.raised(severity=severity)
        for _ in range(4):
            desk.deliver(limit=1)
        sent = [got.message["data"]["severity"] for got in there.got]
        assert sent == ["critical", "major", "minor", "warning"]


def test_a_slow_receiver_holds_up_nobody(desk: Desk) -> None:
    gate = Gate()
    with receiver(gate) as slow, receiver() as quick:
        desk.channel("slow", slow)
        desk.channel("quick", quick)
        for _ in range(5):
            desk.raised()
            desk.deliver(patience=0)
        until(lambda: desk.states("quick") == ["delivered"] * 5)
        assert "delivered" not in desk.states("slow")
        gate.open.set()
        until(lambda: desk.states("slow") == ["delivered"] * 5)


def test_a_dead_receiver_has_one_message_in_hand(desk: Desk) -> None:
    with receiver(lambda got: Says(503)) as dead:
        desk.channel("dead", dead)
        desk.raised()
        desk.deliver()
        for _ in range(10):
            desk.raised()
        for expected in (2, 3, 4):
            desk.deliver()
            assert len(dead.got) == expected


def test_gone_disables_the_channel_and_what_waits_for_it_fails(desk: Desk) -> None:
    with receiver(lambda got: Says(410, b"closed")) as gone, receiver() as other:
        desk.channel("gone", gone)
        desk.channel("other", other)
        desk.raised()
        desk.raised()
        desk.deliver(limit=1)
        desk.run_until(desk.now)
        assert not desk.stored("gone").enabled
        assert "410" in (desk.stored("gone").disabled_reason or "")
        assert desk.states("gone") == ["failed", "failed"]
        assert desk.states("other") == ["delivered", "delivered"]
        desk.raised()
        assert len(desk.rows("gone")) == 2


@pytest.mark.parametrize("status", [400, 401, 404, 422, 302])
def test_refused_fails_for_good(status: int, desk: Desk) -> None:
    with receiver(lambda got: Says(status, "不接受".encode())) as there:
        desk.channel("one", there)
        desk.raised()
        assert desk.deliver() == Delivered(failed=1)
        desk.run_until(NOW + timedelta(days=4), timedelta(hours=6))
        assert len(there.got) == 1
        assert desk.rows()[0].answer == f"HTTP {status}\n不接受"
        assert desk.stored("one").enabled


def test_a_receiver_that_asks_for_a_pause_gets_it(desk: Desk) -> None:
    with receiver(lambda got: Says(429, headers={"retry-after": "30"})) as there:
        desk.channel("one", there)
        desk.raised()
        assert desk.deliver() == Delivered(retried=1)
        desk.raised()
        there.answer = lambda got: Says()
        desk.now = NOW + timedelta(seconds=29)
        assert desk.deliver() == Delivered()
        desk.now = NOW + timedelta(seconds=35)
        desk.run_until(desk.now)
        assert desk.states() == ["delivered", "delivered"]


def test_it_is_given_up_after_days_not_before(desk: Desk) -> None:
    with receiver(lambda got: Says(500)) as there:
        desk.channel("one", there)
        desk.raised()
        desk.run_until(NOW + timedelta(hours=71), timedelta(minutes=20))
        assert desk.states() == ["waiting"]
        desk.run_until(NOW + timedelta(days=5), timedelta(hours=3))
        assert desk.states() == ["failed"]
        assert desk.rows()[0].attempts == len(there.got)


def test_a_sender_that_died_is_replaced_after_its_lease(desk: Desk, client: GuardedClient) -> None:
    with receiver() as there:
        desk.channel("one", there)
        desk.raised()
        (row,) = desk.rows()
        with session_scope(desk.engine, EVERY_SCHOOL, write=True) as session:
            notifications.claim(session, [row.id], desk.now, desk.now + LEASE)
        desk.now += LEASE - timedelta(seconds=1)
        assert desk.deliver() == Delivered()
        desk.now += timedelta(seconds=2)
        assert desk.deliver().sent == 1
        assert desk.rows()[0].attempts == 2


def test_a_late_retry_of_a_lost_claim_changes_nothing(desk: Desk) -> None:
    with receiver() as there:
        desk.channel("one", there)
        desk.raised()
        number = desk.rows()[0].id
        later = desk.now + timedelta(days=1)
        with session_scope(desk.engine, EVERY_SCHOOL, write=True) as session:
            notifications.claim(session, [number], desk.now, desk.now)
            notifications.claim(session, [number], desk.now, desk.now)
            notifications.settle_retry(session, number, 1, "too late", later)
        assert desk.rows()[0].next_attempt_at < later


def test_two_couriers_never_send_the_same_row(desk: Desk, client: GuardedClient) -> None:
    with receiver() as there, ExitStack() as stack:
        desk.channel("one", there)
        for _ in range(40):
            desk.raised()
        couriers = [stack.enter_context(Courier(desk.engine, client)) for _ in range(3)]
        threads = [threading.Thread(target=_drain, args=(one, desk.now)) for one in couriers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        ids = [got.headers["webhook-id"] for got in there.got]
        assert sorted(ids, key=int) == [str(row.id) for row in desk.rows()]
        assert desk.states() == ["delivered"] * 40


def _drain(courier: Courier, now: datetime) -> None:
    while courier.deliver(now, patience=None).sent:
        pass


def test_a_stopping_service_gives_back_what_it_has_not_sent(desk: Desk, client: GuardedClient) -> None:
    gate = Gate()
    with receiver(gate) as slow:
        desk.channel("slow", slow)
        for _ in range(12):
            desk.raised()
        desk.deliver(patience=0)
        until(lambda: len(slow.got) == 4)
        closing = threading.Thread(target=desk.courier.close)
        closing.start()
        until(desk.courier.closing)
        gate.open.set()
        closing.join(20)
        assert len(slow.got) == 4
        assert sorted(row.attempts for row in desk.rows()) == [0] * 8 + [1] * 4
        # Given back at the time that had really passed by then, which is long on a machine with much to do.
        desk.now += timedelta(seconds=60)
        assert deliver(desk.engine, client, desk.now).sent == 8


def test_an_unreadable_channel_costs_the_others_nothing(desk: Desk) -> None:
    with receiver() as there:
        desk.channel("good", there)
        with session_scope(desk.engine, EVERY_SCHOOL, write=True) as session:
            session.add(Channel(id="odd", kind="pigeon", config={}))
            session.add(Channel(id="torn", kind="webhook", config={"url": "nowhere"}))
        desk.raised()
        assert desk.deliver() == Delivered(sent=1, retried=2, more=True)
        assert desk.states("good") == ["delivered"]
        assert "not sent" in (desk.rows("odd")[0].answer or "")


def test_a_disabled_channel_keeps_what_waits(desk: Desk) -> None:
    with receiver() as there:
        desk.channel("one", there)
        desk.raised()
        _enable(desk, enabled=False)
        assert desk.deliver() == Delivered()
        _enable(desk, enabled=True)
        assert desk.deliver().sent == 1


def _enable(desk: Desk, *, enabled: bool) -> None:
    with session_scope(desk.engine, EVERY_SCHOOL, write=True) as session:
        row = session.exec(select(Channel).where(Channel.id == "one")).one()
        row.enabled = enabled
        session.add(row)


def test_a_repeated_step_owes_nothing_twice(desk: Desk) -> None:
    with receiver() as there:
        desk.channel("one", there)
        alert = desk.raised()
        (row,) = desk.rows()
        step = Transition(change="raised", at=desk.now, severity="major", condition="firing")
        told = Told(
            channel="one", recipient="", schools=frozenset(), min_severity="warning", send_resolved=True
        )
        with session_scope(desk.engine, EVERY_SCHOOL, write=True) as session:
            notifications.add(session, [(row.transition, alert, step, told)], desk.now)
        assert len(desk.rows()) == 1


def test_what_a_receiver_took_is_not_sent_again_because_the_database_was_away(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter([Unavailable("the database is away")] * 3)

    def failing(session: Session, result: Result, chance: float) -> Delivered:
        for failure in failures:
            raise failure
        return settle(session, result, chance)

    monkeypatch.setattr(delivery, "settle", failing)
    monkeypatch.setattr(delivery, "SETTLE_AGAIN_SECONDS", 0.01)
    with receiver() as there:
        desk.channel("one", there)
        desk.raised()
        assert desk.deliver().sent == 1
        desk.now += LEASE
        assert desk.deliver() == Delivered()
        assert len(there.got) == 1
    assert desk.states() == ["delivered"]


def test_a_courier_that_closes_does_not_wait_for_the_database(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(session: Session, result: Result, chance: float) -> Delivered:
        desk.courier._closing.set()
        raise Unavailable("the database is away")

    monkeypatch.setattr(delivery, "settle", away)
    with receiver() as there:
        desk.channel("one", there)
        desk.raised()
        assert desk.deliver() == Delivered()
        assert len(there.got) == 1


def test_a_step_of_rules_whose_clock_is_ahead_of_the_machine_s_is_told_at_once(desk: Desk) -> None:
    with receiver() as there:
        desk.channel("one", there)
        desk.raised(at=desk.now + timedelta(hours=1))
        assert desk.deliver().sent == 1


def test_a_clock_that_is_set_back_keeps_nothing_waiting(desk: Desk) -> None:
    answers = iter([Says(503)])
    with receiver(lambda _: next(answers, Says())) as failing, receiver() as there:
        desk.channel("failing", failing)
        desk.raised()
        assert desk.deliver().retried == 1
        desk.channel("one", there)
        desk.raised()

        desk.now -= timedelta(hours=5)
        assert desk.deliver() == Delivered()
        desk.courier.follow_clock(desk.now)

        assert desk.deliver().sent == 2
        assert len(there.got) == 1
        desk.now += LEASE
        assert desk.deliver().sent == 1
