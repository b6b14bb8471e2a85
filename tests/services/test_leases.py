"""Who may work on a partition: one at a time, and the one before writes nothing more."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from safety_service.domain.errors import Superseded, Unavailable
from safety_service.domain.types import Message
from safety_service.services import ingest, leases
from safety_service.store import leases as rows
from safety_service.store import messages, partitions
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import LoggedMessage
from safety_service.store.tables_partition import Lease
from tests.conftest import NOW

TTL = 8.0
MESSAGE = Message(topic="campus/v1/370828-001/native/gw/events", payload=b"{}", received_at=NOW)


@pytest.fixture
def county(two_schools: Engine) -> Engine:
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        partitions.ensure(session, "county")
    return two_schools


def candidate(engine: Engine) -> leases.Candidate:
    return leases.Candidate(engine, "county", TTL)


def logged(engine: Engine) -> int:
    with session_scope(engine, EVERY_SCHOOL) as session:
        return len(session.exec(select(LoggedMessage.position)).all())


def test_the_first_gets_it_and_nobody_else_while_it_is_renewed(county: Engine) -> None:
    first, second = candidate(county), candidate(county)
    assert first.try_to_claim(NOW, 0.0) == 1
    assert second.try_to_claim(NOW, 0.0) is None
    for seconds in range(1, 40):
        leases.renew(county, "county", 1, NOW)
        assert second.try_to_claim(NOW, float(seconds)) is None


def test_a_lease_that_is_not_renewed_expires_by_the_observers_own_clock(county: Engine) -> None:
    first, second = candidate(county), candidate(county)
    assert first.try_to_claim(NOW, 0.0) == 1
    assert second.try_to_claim(NOW + timedelta(days=400), 100.0) is None, "a stepped clock proves nothing"
    assert second.try_to_claim(NOW, 100.0 + TTL - 0.1) is None
    assert second.try_to_claim(NOW, 100.0 + TTL) == 2
    with pytest.raises(Superseded):
        leases.renew(county, "county", 1, NOW)
    with pytest.raises(Superseded):
        leases.check(county, "county", 1)
    leases.check(county, "county", 2)


def test_what_was_given_back_is_not_waited_for(county: Engine) -> None:
    assert candidate(county).try_to_claim(NOW, 0.0) == 1
    leases.release(county, "county", 1)
    with pytest.raises(Superseded):
        leases.renew(county, "county", 1, NOW)
    assert candidate(county).try_to_claim(NOW, 0.0) == 2
    leases.release(county, "county", 1)
    leases.check(county, "county", 2)


def test_a_holder_that_died_on_this_machine_is_not_waited_for(county: Engine) -> None:
    assert candidate(county).try_to_claim(NOW, 0.0) == 1
    gone = msgspec.structs.replace(leases.this_process(), pid=2**22 + 1)
    with session_scope(county, EVERY_SCHOOL, write=True) as session:
        rows.read(session, "county").holder = str(gone)
    assert candidate(county).try_to_claim(NOW, 0.0) == 2


def test_two_that_saw_the_same_lease_do_not_both_get_it(county: Engine) -> None:
    with session_scope(county, EVERY_SCHOOL) as session:
        seen = msgspec.convert(rows.read(session, "county").model_dump(), dict[str, object])
    lease = Lease.model_validate(seen)
    with session_scope(county, EVERY_SCHOOL, write=True) as session:
        assert rows.take(session, lease, "one", NOW) == 1
    with pytest.raises(Superseded), session_scope(county, EVERY_SCHOOL, write=True) as session:
        rows.take(session, lease, "two", NOW)


def test_the_old_holder_writes_nothing_more(county: Engine) -> None:
    first = candidate(county)
    assert first.try_to_claim(NOW, 0.0) == 1
    write = ingest.Writer(county, 1, "county", 1)
    assert write([MESSAGE]) == 1
    leases.release(county, "county", 1)
    assert candidate(county).try_to_claim(NOW, 0.0) == 2
    with pytest.raises(Superseded):
        write([MESSAGE])
    assert logged(county) == 1
    assert ingest.Writer(county, 1, "county", 2)([MESSAGE]) == 2


@pytest.mark.production
def test_not_even_what_was_under_way(county: Engine) -> None:
    """A process that froze in the middle of a transaction holds its locks, and wakes up later."""
    if county.dialect.name != "postgresql":
        assert candidate(county).try_to_claim(NOW, 0.0) == 1
        with session_scope(county, EVERY_SCHOOL, write=True) as session:
            rows.hold(session, "county", 1)
        return  # a SQLite file has one writer at a time: nothing else can be under way
    old, new = candidate(county), candidate(county)
    assert old.try_to_claim(NOW, 0.0) == 1
    assert new.try_to_claim(NOW, 0.0) is None
    with pytest.raises((Unavailable, DBAPIError)):
        _freeze_while(county, new)
    assert logged(county) == 0


def _freeze_while(county: Engine, new: leases.Candidate) -> None:
    with session_scope(county, EVERY_SCHOOL, write=True) as frozen:
        rows.hold(frozen, "county", 1)
        messages.append(frozen, 1, [MESSAGE])
        assert new.try_to_claim(NOW, TTL) is None, "its transaction stands in the way, and is ended"
        assert new.try_to_claim(NOW, TTL + 1) == 2


def test_a_renewal_waits_for_no_transaction(county: Engine) -> None:
    if county.dialect.name != "postgresql":
        return  # a SQLite file has one writer at a time: a renewal queues like everybody
    assert candidate(county).try_to_claim(NOW, 0.0) == 1
    with session_scope(county, EVERY_SCHOOL, write=True) as working:
        rows.hold(working, "county", 1)
        with session_scope(county, EVERY_SCHOOL, write=True) as session:
            session.execute(text("SET LOCAL lock_timeout = 500"))
            rows.renew(session, "county", 1, NOW)


@pytest.mark.parametrize(
    ("change", "dead"),
    [
        ({}, False),
        ({"pid": 2**22 + 1}, True),
        ({"started": "1"}, True),
        ({"boot": "another boot"}, True),
        ({"host": "elsewhere", "pid": 2**22 + 1}, False),
    ],
)
def test_only_a_process_of_the_same_host_is_known_to_be_dead(change: dict[str, object], dead: bool) -> None:
    me = leases.this_process()
    assert leases.is_dead(str(msgspec.structs.replace(me, **change)), me) is dead


def test_a_holder_that_cannot_be_read_counts_as_alive() -> None:
    assert not leases.is_dead("somebody", leases.this_process())
