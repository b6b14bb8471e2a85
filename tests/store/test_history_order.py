"""The history's numbers follow commit order while several writers are at it: a reader never skips one."""

import threading

from sqlalchemy import Engine

from safety_service.store import alerts
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from tests.conftest import SCHOOL
from tests.firing import raised

WRITERS = 4
ROUNDS = 25


def test_a_reader_that_follows_the_numbers_misses_none(two_schools: Engine) -> None:
    failures: list[BaseException] = []

    def write() -> None:
        try:
            for amount in range(ROUNDS):
                with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
                    alerts.hold_history(session)
                    alerts.apply(session, [raised(SCHOOL) for _ in range(1 + amount % 3)])
        except BaseException as error:
            failures.append(error)

    writers = [threading.Thread(target=write) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    expected = WRITERS * sum(1 + amount % 3 for amount in range(ROUNDS))
    seen: list[int] = []
    ids: list[int] = []
    while len(seen) < expected and not failures:
        with session_scope(two_schools, EVERY_SCHOOL) as session:
            rows = alerts.read_history_after(session, seen[-1] if seen else 0, 1000)
        seen += [row.number for row, _ in rows]
        ids += [alert.id for _, alert in rows]
        if not rows:
            # A reader that never pauses keeps the interpreter from the writers.
            threading.Event().wait(0.002)
    for writer in writers:
        writer.join()
    assert not failures
    assert seen == list(range(1, expected + 1))
    assert len(set(ids)) == expected
