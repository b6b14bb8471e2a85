"""Events are stored once, whoever sends them again and when, and come back as they went in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, text
from sqlmodel import col, select

from safety_service.domain.types import Event, Message
from safety_service.store import event_log, messages, pieces
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.source_times import shortened, written
from safety_service.store.tables import StoredEvent
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL


def event(number: int, **fields: Any) -> Event:
    told = {"told_at": NOW + timedelta(seconds=number), "occurred_at": NOW + timedelta(seconds=number)}
    basic = {
        "school": SCHOOL,
        "device": "cam",
        "kind": "smoke",
        "phase": "pulse",
        "received_at": NOW,
        "format": "native",
        "dedup_key": f"{number}|pulse",
    }
    return Event(**{**basic, **told, **fields})


def insert(engine: Engine, position: int, *events: Event) -> list[str]:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        return [new.dedup_key for new in event_log.insert_new(session, 1, position, events)]


def stored(engine: Engine) -> list[StoredEvent]:
    with session_scope(engine, EVERY_SCHOOL) as session:
        return list(session.exec(select(StoredEvent).order_by(col(StoredEvent.id))))


def test_only_what_is_new_comes_back_in_order(engine: Engine) -> None:
    assert insert(engine, 0, event(1), event(2), event(3)) == ["1|pulse", "2|pulse", "3|pulse"]
    again = [event(5), event(2), event(4), event(1)]
    assert insert(engine, 3, *again) == ["5|pulse", "4|pulse"]
    assert insert(engine, 7, *again) == []
    assert len(stored(engine)) == 5


def test_within_a_batch_the_first_counts(engine: Engine) -> None:
    batch = [event(1, value=1.0), event(2), event(1, value=2.0)]
    assert insert(engine, 0, *batch) == ["1|pulse", "2|pulse"]
    assert [row.value for row in stored(engine)] == [1.0, None]


@pytest.mark.parametrize(
    "told_at", [None, datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)]
)
def test_news_without_a_believable_time_is_news_once(engine: Engine, told_at: datetime | None) -> None:
    odd = event(1, told_at=told_at)
    assert insert(engine, 0, odd, event(2, told_at=told_at)) == ["1|pulse", "2|pulse"]
    late = msgspec.structs.replace(odd, occurred_at=NOW + timedelta(days=2), received_at=NOW)
    assert insert(engine, 2, late) == []


def test_the_same_key_of_another_device_or_school_is_other_news(engine: Engine) -> None:
    others = [event(1), event(1, device="cam2"), event(1, school=OTHER_SCHOOL)]
    assert len(insert(engine, 0, *others)) == 3
    shifted = [event(1, device="a", dedup_key="bc"), event(1, device="ab", dedup_key="c")]
    assert len(insert(engine, 3, *shifted)) == 2


def test_every_field_comes_back(engine: Engine) -> None:
    full = event(
        1,
        event_id="e-1",
        value=4.5,
        unit="°C",
        severity_hint="major",
        zone="kitchen",
        snapshot_url="http://recorder/1.jpg",
        attributes={"名": ["a", 1, None, {"b": 2.5}]},
        retained=True,
        clock_suspect=True,
        source_time="yesterday",
        sequence=2**62,
        gateway="gw",
        position=7,
    )
    insert(engine, 6, full, event(2))
    rows = stored(engine)
    for name in msgspec.structs.asdict(full).keys() - {"dedup_key", "told_at", "zone_type"}:
        assert getattr(rows[0], name) == getattr(full, name), name
    assert rows[0].id == 7 * event_log.PARTITIONS_AT_MOST + 1
    assert rows[1].attributes is None
    assert rows[1].occurred_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("source_time", "short"),
    [
        (None, None),
        ("2026-09-01T00:00:00Z", "~0Z"),
        ("2026-09-01T08:00:00.000+08:00", "~3+08:00"),
        ("2026-08-31T18:30:00.000000-05:30", "~6-05:30"),
        ("2026-09-01T00:00:01Z", "2026-09-01T00:00:01Z"),
        ("2026-09-01T00:00:00.0Z", "2026-09-01T00:00:00.0Z"),
        ("2026-09-01 00:00:00", "2026-09-01 00:00:00"),
        ("1788220800", "1788220800"),
        ("~3Z", "~~3Z"),
        ("~", "~~"),
        ("", ""),
        ("2026-09-01T00:00:00+99:99", "2026-09-01T00:00:00+99:99"),
    ],
)
def test_a_written_time_is_kept_short_and_comes_back(source_time: str | None, short: str | None) -> None:
    assert shortened(source_time, NOW) == short
    assert written(short, NOW) == source_time


def test_a_day_without_a_piece_is_made_when_something_happens_on_it(engine: Engine) -> None:
    distant = [NOW + timedelta(days=days) for days in (-400, 400)]
    assert len(insert(engine, 0, *(event(1, occurred_at=at, told_at=at) for at in distant))) == 2
    assert insert(engine, 2, event(1, occurred_at=distant[0], told_at=distant[0])) == []
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        messages.append(session, 1, [Message(topic="t", payload=b"", received_at=at) for at in distant])
    with session_scope(engine, EVERY_SCHOOL) as session:
        assert [m.received_at for m in messages.read_after(session, 1, 0, 10)] == distant


def test_a_piece_that_another_process_dropped_is_made_again(engine: Engine) -> None:
    ancient = NOW - timedelta(days=500)
    insert(engine, 0, event(1, occurred_at=ancient))
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text(f"DROP TABLE {pieces.day('event', ancient.date()).name}"))
        with pytest.raises(Exception, match="no partition"):
            insert(engine, 1, event(2, occurred_at=ancient))
    assert insert(engine, 1, event(2, occurred_at=ancient)) == ["2|pulse"]


def test_messages_come_back_as_they_came(engine: Engine) -> None:
    sent = [
        Message(topic="campus/v1/x", payload=b"\x00\xff", received_at=NOW, qos=1, retained=True),
        Message(topic="é", payload=b"", received_at=NOW + timedelta(microseconds=1), origin="service"),
        Message(topic="t", payload=b"3", received_at=NOW),
    ]
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        assert messages.append(session, 1, sent) == 3
        assert messages.append(session, 2, sent[:1]) == 1
    with session_scope(engine, EVERY_SCHOOL) as session:
        found = messages.read_after(session, 1, 1, 2)
        assert found == [msgspec.structs.replace(m, position=n) for n, m in enumerate(sent[1:], 2)]
        assert all(message.received_at.tzinfo is UTC for message in found)


def test_a_hole_in_the_log_hides_nothing_behind_it(engine: Engine) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        messages.append(session, 1, [Message(topic=f"t{n}", payload=b"", received_at=NOW) for n in range(12)])
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM message WHERE position BETWEEN 3 AND 8"))
    found: list[int] = []
    with session_scope(engine, EVERY_SCHOOL) as session:
        while batch := messages.read_after(session, 1, found[-1] if found else 0, 3):
            found += [message.position for message in batch]
    assert found == [1, 2, 9, 10, 11, 12]


def test_a_batch_of_a_backlog_is_read_without_touching_the_rest(engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        pytest.skip("SQLite walks the primary key whatever is stored; PostgreSQL plans by what it believes")
    backlog = [Message(topic="t", payload=b"x", received_at=NOW) for _ in range(20_000)]
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        messages.append(session, 1, backlog)
    counted = (
        "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
        " WHERE relname LIKE 'message%'"
    )
    with session_scope(engine, EVERY_SCHOOL) as session:
        # From its sixth time on a statement is prepared, from its eleventh it may have a plan for any values.
        for batch in range(19):
            assert len(messages.read_after(session, 1, batch * 1_000, 1_000)) == 1_000
        assert 19 * 1_000 <= session.execute(text(counted)).scalar_one() <= 19 * 1_010


QUERIES = {
    "newest of all": "SELECT * FROM event ORDER BY occurred_at DESC, id DESC LIMIT 100",
    "the next page": (
        "SELECT * FROM event WHERE (occurred_at, id) < ({now}, 5)"
        " ORDER BY occurred_at DESC, id DESC LIMIT 100"
    ),
    "newest of a school": (
        "SELECT * FROM event WHERE school = 'x' ORDER BY occurred_at DESC, id DESC LIMIT 100"
    ),
    "the log": "SELECT * FROM message WHERE partition = 1 AND position > 7 ORDER BY position LIMIT 100",
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_every_walk_follows_an_index(engine: Engine, query: str) -> None:
    sqlite = engine.dialect.name == "sqlite"
    now = "1788220800000000" if sqlite else "'2026-09-01T00:00:00Z'"
    explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
    with engine.begin() as connection:
        if not sqlite:
            # Empty tables would be read whole and sorted.
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            connection.execute(text("SET LOCAL enable_bitmapscan = off"))
        plan = "\n".join(str(row) for row in connection.execute(text(explain + query.format(now=now))))
    assert "Sort  (" not in plan, plan
    assert "TEMP B-TREE" not in plan, plan
