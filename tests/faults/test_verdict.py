"""The bench can fail: each kind of damage is counted where it was done."""

from collections.abc import Sequence

import pytest
from sqlalchemy import Engine

from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import AlertTransition, RejectedMessage, StoredAlert, StoredEvent
from tests.conftest import NOW, SCHOOL
from tests.faults import verdict
from tests.faults.hook import count_repeated
from tests.faults.stream import stream_faults
from tests.faults.verdict import Verdict


def test_an_id_that_comes_again_counts_unless_something_was_killed_in_between() -> None:
    assert count_repeated([[1.0], [1.0, 9.0]], kills=[]) == 1
    assert count_repeated([[1.0, 9.0]], kills=[0.5, 9.5]) == 1
    assert count_repeated([[1.0, 9.0]], kills=[5.0]) == 0
    assert count_repeated([[1.0, 9.0, 10.0]], kills=[5.0]) == 1


def test_a_stream_must_bring_every_number_once_and_in_order() -> None:
    assert stream_faults([1, 2, 3], newest=3) == 0
    assert stream_faults([1, 3], newest=3) == 1
    assert stream_faults([1, 2, 2, 3], newest=3) == 1
    assert stream_faults([1, 3, 2], newest=3) == 1
    assert stream_faults([1, 2], newest=3) == 1
    assert stream_faults([], newest=3) == 3


@pytest.mark.parametrize("name", verdict.ZEROS)
def test_no_run_is_clean_with_one_of_the_zeros_missing(name: str) -> None:
    one = Verdict(fault="any", pair="any")
    assert one.clean
    setattr(one, name, 1)
    assert not one.clean


def test_what_else_is_wrong_is_not_clean_either() -> None:
    assert not Verdict(fault="any", pair="any", wrong=["something"]).clean


def test_what_is_in_order_is_counted_as_such(two_schools: Engine) -> None:
    damage(two_schools, events=["load-1", "load-2"], raises=[1, 2], presses_counted=2)
    tally = verdict.count(two_schools, {"load-1", "load-2"})
    # The bench's channel is not there, so nobody was told: that is damage too.
    assert tally.wrong == ["2 raises without a notification"]
    assert (tally.stored, tally.lost, tally.doubled, tally.raised_twice, tally.gaps) == (2, 0, 0, 0, 0)
    assert tally.newest == 2


def test_every_damage_is_counted(two_schools: Engine) -> None:
    damage(two_schools, events=["load-1", "load-1", "load-2"], raises=[1, 1, 2], presses_counted=2, first=3)
    refuse(two_schools)
    tally = verdict.count(two_schools, {"load-1", "load-2", "load-3"})
    assert (tally.lost, tally.doubled, tally.raised_twice, tally.gaps) == (1, 1, 1, 2)
    assert tally.wrong == [
        "3 presses of panic buttons, 2 counted",
        "1 messages rejected: not_json",
        "3 raises without a notification",
    ]


def test_a_load_without_a_press_proves_nothing(two_schools: Engine) -> None:
    assert "the load held no press of a panic button" in verdict.count(two_schools, set()).wrong


def damage(
    engine: Engine, events: Sequence[str], raises: Sequence[int], presses_counted: int, first: int = 1
) -> None:
    """Presses with these ids, alerts 1 and 2, and the numbers from `first` on for raises of these alerts."""
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        session.add_all(press(number, event) for number, event in enumerate(events))
        session.add_all(alert(number, presses_counted if number == 1 else 0) for number in (1, 2))
        session.flush()
        session.add_all(
            AlertTransition(
                number=number,
                alert_id=raised,
                school=SCHOOL,
                change="raised",
                at=NOW,
                severity="critical",
                condition="firing",
                actor="rule",
            )
            for number, raised in enumerate(raises, first)
        )


def press(number: int, event: str) -> StoredEvent:
    return StoredEvent(
        id=number,
        occurred_at=NOW,
        received_at=NOW,
        school=SCHOOL,
        device="b",
        kind="panic_button",
        phase="pulse",
        format="native",
        event_id=event,
    )


def alert(number: int, count: int) -> StoredAlert:
    return StoredAlert(
        id=number,
        rule="panic-button",
        rule_version="1",
        key=f"key {number}",
        school=SCHOOL,
        kind="panic_button",
        severity="critical",
        condition="firing",
        raised_at=NOW,
        last_seen_at=NOW,
        count=count,
    )


def refuse(engine: Engine) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        session.add(
            RejectedMessage(
                partition=1,
                position=1,
                school=SCHOOL,
                topic="t",
                reason="not_json",
                place="p",
                detail="d",
                received_at=NOW,
            )
        )
