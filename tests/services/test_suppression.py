"""Silences, maintenance windows, inhibition and flapping in service: what is told, and when."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from safety_service.domain.errors import Conflict, Forbidden, Refused
from safety_service.domain.rights import Caller
from safety_service.services import alerts as handling
from safety_service.services import quiet_times, rulesets
from safety_service.services.quiet_times import Wanted
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import AlertTransition, StoredAlert
from safety_service.store.tables_outbox import Channel, Notification
from safety_service.store.tables_suppression import QuietTime
from tests.conftest import NOW, SCHOOL
from tests.services.test_pipeline import House, at, native

RULES = """
rules:
  - id: door
    title: {zh: 门开着, en: Door open}
    kind: event
    severity: major
    quiet_for: never
    match: {kind: door_open}
    inhibited_by: [{rule: power, equal: [school]}]
  - id: power
    title: {zh: 停电, en: Power loss}
    kind: event
    severity: critical
    quiet_for: never
    match: {kind: power_loss}
    key: [school]
"""
OFFICER = Caller(name="officer", role="duty_officer", every_school=True)


class Quietable(House):
    """A house with a channel, whose clock is told with every step."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        with session_scope(engine, EVERY_SCHOOL, write=True) as session:
            rulesets.replace(session, RULES, by="test", now=NOW)
            session.add(Channel(id="desk", kind="webhook", config={"recipient": "r"}))
        self.start()

    def door(self, when: datetime, phase: str, kind: str = "door_open") -> None:
        """One event of the contact, worked off at once."""
        self.receive(native(when, id=f"{kind}-{phase}-{when.timestamp()}", type=kind, data={"phase": phase}))
        self.advance(when)

    def quiet(self, **fields: Any) -> int:
        content: dict[str, Any] = {
            "type": "silence",
            "match": {"kind": "door_open"},
            "comment": "works",
            "ends_at": at(hours=1),
            "school": SCHOOL,
            "timezone": "Asia/Shanghai",
        } | fields
        with session_scope(self.engine, EVERY_SCHOOL, write=True) as session:
            made = quiet_times.make(
                session, Wanted(**content), OFFICER, max(NOW, fields.get("starts_at") or NOW)
            )
            return made.id

    def owed(self) -> list[tuple[str, datetime]]:
        """What the outbox holds, in order: the change, and when it became due."""
        steps = {row.number: row.change for row in self.rows(AlertTransition)}
        rows = sorted(self.rows(Notification), key=lambda row: row.id)
        return [(steps[row.transition], row.next_attempt_at) for row in rows]

    def mark(self) -> str | None:
        cause: str | None = max(self.rows(StoredAlert), key=lambda row: row.id).suppressed_by
        return cause


@pytest.fixture
def house(two_schools: Engine) -> Quietable:
    return Quietable(two_schools)


def test_what_opens_in_a_silence_is_recorded_marked_and_told_at_its_end(house: Quietable) -> None:
    number = house.quiet()
    house.door(at(minutes=10), "start")
    assert house.owed() == []
    assert house.mark() == f"silence:{number}"
    [step] = house.rows(AlertTransition)
    assert (step.change, step.reason) == ("raised", f"silence:{number}")
    house.advance(at(minutes=59))
    assert house.owed() == []
    before = house.told
    house.advance(at(minutes=60))
    assert house.owed() == [("raised", at(minutes=10))]
    assert house.told == before + 1, "the courier is woken"
    assert house.mark() is None
    house.advance(at(minutes=61))
    assert len(house.owed()) == 1


def test_what_was_told_before_is_not_told_again_at_the_end(house: Quietable) -> None:
    house.door(at(minutes=1), "start")
    house.quiet(starts_at=at(minutes=2))
    house.advance(at(minutes=2))
    assert house.mark() is not None, "the screen shows it, marked"
    house.advance(at(minutes=61))
    assert house.mark() is None
    assert [change for change, _ in house.owed()] == ["raised"]


def test_an_end_within_the_silence_is_told(house: Quietable) -> None:
    """To whoever has heard that it fires; delivery withholds it from the others."""
    house.door(at(minutes=1), "start")
    house.quiet(starts_at=at(minutes=2))
    house.door(at(minutes=3), "end")
    assert [change for change, _ in house.owed()] == ["raised", "resolved"]


def test_somebody_ends_the_silence(house: Quietable) -> None:
    number = house.quiet()
    house.door(at(minutes=1), "start")
    with session_scope(house.engine, EVERY_SCHOOL, write=True) as session:
        quiet_times.end(session, "silence", number, OFFICER, at(minutes=5))
        with pytest.raises(Conflict):
            quiet_times.end(session, "silence", number, OFFICER, at(minutes=6))
    house.advance(at(minutes=5))
    assert [change for change, _ in house.owed()] == ["raised"]


def test_who_has_acknowledged_meanwhile_is_not_told(house: Quietable) -> None:
    house.quiet()
    house.door(at(minutes=1), "start")
    with session_scope(house.engine, EVERY_SCHOOL, write=True) as session:
        handling.handle(
            session,
            house.rows(StoredAlert)[0].id,
            "acknowledge",
            handling.acknowledge("officer", at(minutes=2), None),
            now=at(minutes=2),
            wake=lambda: None,
        )
    house.advance(at(minutes=61))
    assert house.mark() is None
    assert house.owed() == []


def test_a_silence_of_another_school_or_kind_holds_nothing_back(house: Quietable) -> None:
    house.quiet(match={"kind": "motion"})
    house.quiet(school="370828-002")
    house.door(at(minutes=1), "start")
    assert [change for change, _ in house.owed()] == ["raised"]


def test_a_new_process_knows_what_is_held_back(house: Quietable) -> None:
    house.quiet()
    house.door(at(minutes=1), "start")
    house.start()
    house.advance(at(minutes=30))
    assert house.owed() == []
    house.start()
    house.advance(at(minutes=90))
    assert [change for change, _ in house.owed()] == ["raised"]


def test_a_maintenance_window_comes_back(house: Quietable) -> None:
    number = house.quiet(type="maintenance", recurrence="FREQ=DAILY", starts_at=NOW)
    house.door(at(days=3, minutes=30), "start")
    assert house.mark() == f"maintenance:{number}"
    house.advance(at(days=3, minutes=60))
    assert [change for change, _ in house.owed()] == ["raised"]
    house.door(at(days=3, minutes=70), "end")
    house.door(at(days=4, minutes=90), "start")
    assert [change for change, _ in house.owed()] == ["raised", "resolved", "raised"]


def test_an_alert_holds_others_back_for_as_long_as_it_fires(house: Quietable) -> None:
    house.door(at(minutes=1), "start", "power_loss")
    house.door(at(minutes=2), "start")
    assert house.mark() == "inhibited:power"
    assert [change for change, _ in house.owed()] == ["raised"]
    house.door(at(minutes=9), "end", "power_loss")
    assert [change for change, _ in house.owed()] == ["raised", "resolved", "raised"]
    assert house.mark() is None


def test_flapping_is_told_when_it_stays(house: Quietable) -> None:
    for second in range(0, 30, 2):
        house.door(at(seconds=second), "start")
        house.door(at(seconds=second + 1), "end")
    house.door(at(seconds=30), "start")
    assert [one.count for one in house.rows(StoredAlert)] == [16]
    assert house.mark() == "flapping"
    raised = [change for change, _ in house.owed() if change != "resolved"]
    assert raised == ["raised"]
    house.advance(at(seconds=89))
    assert house.mark() == "flapping"
    house.advance(at(seconds=91))
    assert house.mark() is None
    assert [change for change, _ in house.owed() if change != "resolved"] == ["raised", "reopened"]


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"ends_at": NOW}, "body.ends_at"),
        ({"ends_at": at(days=40)}, "body.ends_at"),
        ({"ends_at": at(hours=-1), "starts_at": at(hours=-2)}, "body.ends_at"),
        ({"comment": "  "}, "body.comment"),
        ({"match": {"kindd": "smoke"}}, "body.match.kindd"),
        ({"timezone": "Asia/Jinxiang"}, "body.timezone"),
        ({"type": "maintenance", "recurrence": "FREQ=NEVER"}, "body.recurrence"),
    ],
)
def test_what_cannot_be_meant_is_refused(house: Quietable, fields: dict[str, Any], place: str) -> None:
    with pytest.raises(Refused) as refused:
        house.quiet(**fields)
    assert place in [where for where, _ in refused.value.problems]
    assert house.rows(QuietTime) == []


def test_all_schools_are_silenced_by_the_county_alone(house: Quietable) -> None:
    guard = Caller(name="guard", role="security", every_school=False, schools=frozenset({SCHOOL}))
    wanted = Wanted(
        type="silence", match={}, comment="x", ends_at=NOW + timedelta(hours=1), timezone="Asia/Shanghai"
    )
    with session_scope(house.engine, EVERY_SCHOOL, write=True) as session, pytest.raises(Forbidden):
        quiet_times.make(session, wanted, guard, NOW)
