"""Whether the database still keeps what the service promises: one finding for each question asked."""

from collections.abc import Callable, Iterator

import msgspec
from sqlalchemy import Engine
from sqlmodel import Session

from safety_service.store import integrity, migrations
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

SHOWN_AT_MOST = 10


class Finding(msgspec.Struct, frozen=True):
    """What was looked at, what is good about it, and every problem found; no problems means sound."""

    subject: str
    sound: str
    problems: list[str]


def check(engine: Engine) -> Iterator[Finding]:
    """One finding after another, in one snapshot each; stops after the schema where that is not this one."""
    schema = migrations.check(engine)
    yield Finding(
        "schema", f"at revision {migrations.head()}, tables and triggers as this program has them", schema
    )
    if schema and migrations.current(engine) != migrations.head():
        return
    for question in QUESTIONS:
        with session_scope(engine, EVERY_SCHOOL) as session:
            yield question(session)


def _storage(session: Session) -> Finding:
    return Finding(
        "storage", "pages, indexes and foreign keys are whole", integrity.faults_of_the_file(session)
    )


def _history(session: Session) -> Finding:
    total, first, last, counter = integrity.history_numbers(session)
    problems = []
    if total and first != 1:
        problems.append(f"it begins with number {first}")
    if total != last - first + (1 if total else 0):
        problems.append(f"{last - first + 1 - total} numbers are missing between {first} and {last}")
    if last != counter:
        problems.append(f"the last number is {last}, the counter says {counter}")
    return Finding("history", f"{total} changes of alerts, numbered without a gap", problems)


def _alerts(session: Session) -> Finding:
    unlike = integrity.alerts_unlike_their_history(session, SHOWN_AT_MOST)
    return Finding(
        "open alerts",
        "each is as its last change left it",
        [f"alert {alert} {what}" for alert, what in unlike],
    )


def _firing(session: Session) -> Finding:
    doubled = integrity.doubly_firing(session, SHOWN_AT_MOST)
    return Finding(
        "firing alerts",
        "at most one for each rule and key",
        [f"{total} fire for rule {rule}, key {key}" for rule, key, total in doubled],
    )


def _messages(session: Session) -> Finding:
    partitions = integrity.all_partitions(session)
    problems = [
        f"partition {partition.name}: {problem}"
        for partition in partitions
        for problem in integrity.message_gaps(session, partition)
    ]
    return Finding("message log", "numbered without a gap, the cursor within it", problems)


QUESTIONS: tuple[Callable[[Session], Finding], ...] = (_storage, _history, _alerts, _firing, _messages)
