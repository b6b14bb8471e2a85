"""Whether the database still keeps what the service promises: one finding for each question asked."""

import hashlib
from collections.abc import Callable, Iterator
from functools import partial

import msgspec
from sqlalchemy import Engine
from sqlmodel import Session

from safety_service.blobs import Blobs
from safety_service.domain.chain import Head, first_fault
from safety_service.store import attachments, inspection_chain, integrity, migrations
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

SHOWN_AT_MOST = 10
_PIECE = 1 << 20


class Finding(msgspec.Struct, frozen=True):
    """What was looked at, what is good about it, and every problem found; no problems means sound."""

    subject: str
    sound: str
    problems: list[str]


def check(
    engine: Engine, *, blobs: Blobs | None = None, exported: Head | None = None, read_files: bool = False
) -> Iterator[Finding]:
    """One finding after another, in one snapshot each; stops after the schema where that is not this one.

    `exported`: a head of the inspection chain that was kept outside, which the chain must still hold.
    `blobs`: where the files are, each of which must be there; `read_files`: with the content it had.
    """
    schema = migrations.check(engine)
    yield Finding(
        "schema", f"at revision {migrations.head()}, tables and triggers as this program has them", schema
    )
    if schema and migrations.current(engine) != migrations.head():
        return
    questions: list[Callable[[Session], Finding]] = [*QUESTIONS, partial(_inspections, exported=exported)]
    if blobs is not None:
        questions.append(partial(_files, blobs=blobs, read=read_files))
    for question in questions:
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


def _inspections(session: Session, *, exported: Head | None) -> Finding:
    head = inspection_chain.head(session)
    expected = msgspec.structs.replace(head, number=inspection_chain.recorded(session))
    fault = first_fault(inspection_chain.walk(session), expected, exported)
    kept = f"; the exported head {exported.number} is in it" if exported is not None else ""
    sound = f"{head.number} records in one chain, head {head.number} {head.hash}{kept}"
    return Finding("inspections", sound, [fault] if fault else [])


def _files(session: Session, *, blobs: Blobs, read: bool) -> Finding:
    total, problems = 0, []
    for sha256, size in attachments.files(session):
        total += 1
        found = blobs.size(sha256)
        if found is None:
            problems.append(f"{sha256} is missing")
        elif found != size:
            problems.append(f"{sha256} has {found} bytes, not {size}")
        elif read and _hash_of(blobs, sha256) != sha256:
            problems.append(f"{sha256} has another content")
    if len(problems) > SHOWN_AT_MOST:
        problems[SHOWN_AT_MOST:] = [f"and {len(problems) - SHOWN_AT_MOST} more"]
    how = "with the content it had" if read else "in its full length"
    return Finding("files", f"{total} photos and signatures, each {how}", problems)


def _hash_of(blobs: Blobs, sha256: str) -> str:
    digest = hashlib.sha256()
    with blobs.open(sha256) as content:
        while piece := content.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


QUESTIONS: tuple[Callable[[Session], Finding], ...] = (_storage, _history, _alerts, _firing, _messages)
