"""Obligations on both databases: the pipeline learns of each within its next step, also after a restart."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from safety_service.domain.errors import NotFound
from safety_service.domain.obligations import Obligation
from safety_service.services import rulesets
from safety_service.services.chores import Chores
from safety_service.store import obligations, versions
from safety_service.store.scope import EVERY_SCHOOL, Scope
from safety_service.store.session import session_scope
from safety_service.store.tables import RuleState, StoredAlert
from safety_service.store.tables_duties import StoredObligation
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL
from tests.services.test_pipeline import House, at

RULES = """
rules:
  - id: late
    title: {zh: 职责逾期, en: Duty overdue}
    kind: overdue
    of: duty
    severity: minor
    auto_close: false
    raise: [{severity: major, late_by: 1h}]
"""


@pytest.fixture
def house(two_schools: Engine) -> House:
    house = House(two_schools)
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        rulesets.replace(session, RULES, by="test", now=NOW)
    house.advance(at())
    return house


def owed(name: str = "a", minutes: float = 10, **fields: Any) -> Obligation:
    content: dict[str, Any] = {"of": "duty", "school": SCHOOL, "title": {"zh": "巡查", "en": "Patrol"}}
    return Obligation(id=name, due_at=at(minutes=minutes), **(content | fields))


def put(house: House, *some: Obligation, scope: Scope = EVERY_SCHOOL) -> None:
    with session_scope(house.engine, scope, write=True) as session:
        obligations.put(session, some)


def close(house: House, *ids: str, scope: Scope = EVERY_SCHOOL, **how: Any) -> int:
    with session_scope(house.engine, scope, write=True) as session:
        return obligations.close(session, "duty", ids, at(minutes=20), **how)


def told(house: House) -> list[tuple[str, float]]:
    return [(change, (when - NOW) / timedelta(minutes=1)) for change, when in house.history()]


def test_it_is_raised_at_its_due_time_and_ends_when_it_is_done(house: House) -> None:
    put(house, owed(subject="gate"))
    house.advance(at(minutes=9))
    assert told(house) == []
    house.advance(at(minutes=11))
    house.advance(at(minutes=71))
    assert close(house, "a") == 1
    house.advance(at(minutes=72))
    assert told(house) == [("raised", 10), ("severity_raised", 70), ("resolved", 72)]
    (alert,) = house.rows(StoredAlert)
    assert (alert.school, alert.device, alert.kind, alert.severity) == (
        SCHOOL,
        "gate",
        "duty_overdue",
        "major",
    )
    assert alert.detail["title"] == {"zh": "巡查", "en": "Patrol"}
    assert house.rows(RuleState) == []


@pytest.mark.parametrize("restart", [False, True])
def test_each_change_counts_with_the_next_step(house: House, restart: bool) -> None:
    put(house, owed("a"), owed("b"), owed("c", 30), owed("d", 12))
    house.advance(at(minutes=11))
    put(house, owed("a", 60), owed("e", 5, school=OTHER_SCHOOL))
    assert close(house, "b", "nobody") == 1
    assert close(house, "d", cancelled=True) == 1
    if restart:
        house.start()
    house.advance(at(minutes=40))
    alerts = {alert.key: alert for alert in house.rows(StoredAlert)}
    firing = sorted(key for key, alert in alerts.items() if alert.condition == "firing")
    assert firing == [f'["{SCHOOL}","c"]', f'["{OTHER_SCHOOL}","e"]']
    ended = sorted(key for key, alert in alerts.items() if alert.resolved_at == at(minutes=40))
    assert ended == [f'["{SCHOOL}","a"]', f'["{SCHOOL}","b"]']
    house.advance(at(minutes=61))
    assert told(house)[-1] == ("raised", 60)


def test_a_stop_moves_no_due_time(house: House) -> None:
    put(house, owed())
    house.advance(at(minutes=1))
    house.start()
    house.advance(at(hours=50))
    assert told(house) == [("raised", 10), ("severity_raised", 70)]


def test_what_was_done_is_owed_again_when_it_is_put_again(house: House) -> None:
    put(house, owed())
    close(house, "a")
    house.advance(at(minutes=11))
    assert told(house) == []
    put(house, owed(minutes=30))
    house.advance(at(minutes=12))
    house.advance(at(minutes=31))
    assert told(house) == [("raised", 30)]


def test_people_of_one_school_owe_for_no_other(house: House) -> None:
    mine = Scope(every_school=False, schools=frozenset({SCHOOL}))
    put(house, owed("other", school=OTHER_SCHOOL))
    with pytest.raises(NotFound):
        put(house, owed("x", school=OTHER_SCHOOL), scope=mine)
    assert close(house, "other", scope=mine) == 0
    assert [row.id for row in house.rows(StoredObligation)] == ["other"]


def test_the_changes_of_a_transaction_are_seen_once(house: House) -> None:
    with session_scope(house.engine, EVERY_SCHOOL) as session:
        before = versions.read(session).obligations
    put(house, *[owed(f"n-{number}") for number in range(1200)])
    put(house, owed("last"))
    with session_scope(house.engine, EVERY_SCHOOL) as session:
        last, changed = obligations.changed_after(session, before)
        assert len(changed) == 1201
        assert changed[-1].id == "last"
        assert obligations.changed_after(session, last) == (last, [])
        assert versions.read(session).obligations == last


def test_each_pipeline_watches_its_own_schools(house: House) -> None:
    put(house, owed("a"), owed("b", school=OTHER_SCHOOL))
    house.start(schools=frozenset({SCHOOL}))
    house.advance(at(minutes=11))
    put(house, owed("c"), owed("d", school=OTHER_SCHOOL))
    house.advance(at(minutes=12))
    assert {alert.school for alert in house.rows(StoredAlert)} == {SCHOOL}
    assert len(house.rows(StoredAlert)) == 2


def test_what_was_over_long_ago_is_forgotten_and_what_is_open_never(house: House) -> None:
    put(house, *[owed(f"n-{number}") for number in range(501)], owed("open"), owed("new", 60 * 24 * 300))
    assert close(house, *[f"n-{number}" for number in range(501)], "new") == 502
    Chores(house.engine, "Asia/Shanghai", None).nightly(at(days=181))
    assert sorted(row.id for row in house.rows(StoredObligation)) == ["new", "open"]


@pytest.fixture
def statements(house: House) -> Iterator[list[str]]:
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    event.listen(house.engine, "before_cursor_execute", note)
    yield found
    event.remove(house.engine, "before_cursor_execute", note)


def test_nothing_is_read_while_nothing_changes(house: House, statements: list[str]) -> None:
    put(house, *[owed(f"n-{number}", 9999) for number in range(50)])
    house.advance(at(minutes=1))
    assert sum("FROM obligation" in statement for statement in statements) == 1
    statements.clear()
    house.advance(at(minutes=2))
    assert not any("obligation " in statement for statement in statements)
