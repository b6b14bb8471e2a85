"""Pages by key: for any size of page every row comes once, in order, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from safety_service.store import events
from safety_service.store.scope import EVERY_SCHOOL, Scope
from safety_service.store.session import session_scope
from safety_service.store.tables import StoredEvent
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL

COUNT = 23


@pytest.fixture
def stored(two_schools: Engine) -> Engine:
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        for number in range(1, COUNT + 1):
            session.add(
                StoredEvent(
                    id=number,
                    school=SCHOOL if number % 2 else OTHER_SCHOOL,
                    device="cam",
                    kind="motion",
                    phase="pulse",
                    # Times run against the ids, three to an instant: only both columns order the rows.
                    occurred_at=NOW - timedelta(seconds=number // 3),
                    received_at=NOW,
                    format="native",
                )
            )
    return two_schools


@pytest.mark.parametrize("limit", [1, 2, 3, 7, COUNT - 1, COUNT, COUNT + 1])
def test_every_row_comes_once_and_in_order(stored: Engine, limit: int) -> None:
    seen, after = [], None
    with session_scope(stored, EVERY_SCHOOL) as session:
        while True:
            page = events.list_events(session, events.EventFilter(), after, limit)
            seen += [(row.occurred_at, row.id) for row in page.rows]
            assert len(page.rows) == limit or page.next is None
            after = page.next
            if after is None:
                break
    assert len(seen) == COUNT
    assert seen == sorted(set(seen), reverse=True)


def test_a_page_is_limited_to_the_schools_of_its_session(stored: Engine) -> None:
    scope = Scope(every_school=False, schools=frozenset({SCHOOL}))
    with session_scope(stored, scope) as session:
        page = events.list_events(session, events.EventFilter(), None, 100)
        assert {row.school for row in page.rows} == {SCHOOL}
        asked = events.EventFilter(school=OTHER_SCHOOL)
        assert events.list_events(session, asked, None, 100).rows == []
