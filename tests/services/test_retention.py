"""What is old goes, in small steps or whole pieces; what may still be needed stays."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text
from sqlmodel import select

from safety_service.domain.types import Event
from safety_service.services import growth, retention
from safety_service.settings import Settings
from safety_service.store import event_log, partitions, pieces
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import open_engine, session_scope
from safety_service.store.tables import StoredEvent
from tests.conftest import NOW, SCHOOL
from tests.services.test_upkeep import ANCIENT, OLD, add_event, log_messages, positions, problems, reject


def test_old_processed_messages_go(engine: Engine, settings: Settings) -> None:
    log_messages(engine, [OLD] * 5 + [NOW] * 2, cursor=7)
    assert retention.due(engine, settings, NOW).messages == 5
    assert retention.prune(engine, settings, NOW, first_rows=2).messages == 5
    assert positions(engine) == [6, 7]


def test_a_message_that_is_not_processed_stays(engine: Engine, settings: Settings) -> None:
    log_messages(engine, [OLD] * 5, cursor=3)
    retention.prune(engine, settings, NOW, first_rows=2)
    # On PostgreSQL a day goes as a whole, once all of it may.
    assert positions(engine) == ([4, 5] if engine.dialect.name == "sqlite" else [1, 2, 3, 4, 5])
    assert problems(engine) == {}
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        partitions.claim(session, 1).cursor = 5
    retention.prune(engine, settings, NOW)
    assert positions(engine) == []
    assert problems(engine) == {}


def test_a_rejection_outlives_the_raw_message(engine: Engine, settings: Settings) -> None:
    log_messages(engine, [OLD] * 3, cursor=3)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        reject(session, 2, ANCIENT)
        reject(session, 3, OLD)
    removed = retention.prune(engine, settings, NOW, first_rows=2)
    assert positions(engine) == []
    assert (removed.messages, removed.rejected) == (3, 1)


def test_exactly_the_age_that_is_kept_stays(engine: Engine, settings: Settings) -> None:
    edge = NOW - timedelta(days=settings.keep_messages_days)
    log_messages(engine, [edge - timedelta(microseconds=1), edge], cursor=2)
    retention.prune(engine, settings, NOW)
    assert positions(engine) == [2]


def test_old_events_go_in_steps(engine: Engine, settings: Settings) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        for number in range(1, 6):
            add_event(session, number, ANCIENT)
        add_event(session, 6, OLD)
    steps: list[tuple[str, int]] = []
    removed = retention.prune(
        engine, settings, NOW, first_rows=2, on_step=lambda what, rows: steps.append((what, rows))
    )
    assert removed.events == 5
    sizes = [rows for what, rows in steps if what == "events"]
    assert sum(sizes) == 5
    with session_scope(engine, EVERY_SCHOOL) as session:
        assert list(session.exec(select(StoredEvent.id))) == [6]


def test_steps_grow_and_shrink_with_the_time_they_take() -> None:
    target = retention.STEP_SECONDS
    assert retention.next_rows(1000, target) == 1000
    assert retention.next_rows(1000, target * 4) == 250
    assert retention.next_rows(1000, target / 100) == 1250
    assert retention.next_rows(1000, 60) == retention.FEWEST_ROWS
    assert retention.next_rows(retention.MOST_ROWS, 0) == retention.MOST_ROWS


def keys(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM event_key")).scalar_one())


def event(key: str, at: datetime, *, told_at: datetime | None) -> Event:
    return Event(
        school=SCHOOL,
        device="cam",
        kind="smoke",
        phase="pulse",
        occurred_at=at,
        received_at=at,
        format="native",
        dedup_key=key,
        told_at=told_at,
    )


def test_keys_go_with_their_events_and_those_of_broken_clocks_stay(
    engine: Engine, settings: Settings
) -> None:
    long_ago = NOW - timedelta(days=230)
    if engine.dialect.name == "postgresql":
        with session_scope(engine, EVERY_SCHOOL, write=True) as session:
            pieces.ensure(session, [pieces.month(long_ago)])
    batch = [
        event("old", long_ago, told_at=long_ago),
        event("young", NOW, told_at=NOW),
        event("untold", NOW, told_at=None),
        event("clock of 2000", NOW, told_at=datetime(2000, 1, 1, tzinfo=UTC)),
        event("clock of 2099", NOW, told_at=datetime(2099, 1, 1, tzinfo=UTC)),
    ]
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        assert len(event_log.insert_new(session, 1, 0, batch)) == 5
    assert retention.prune(engine, settings, NOW).events == 1
    assert keys(engine) == 4
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        assert event_log.insert_new(session, 1, 5, batch[1:]) == []


def test_a_replayed_copy_goes_and_no_gap_is_blamed_on_anybody(engine: Engine, settings: Settings) -> None:
    log_messages(engine, [OLD, NOW, OLD, NOW], cursor=4)
    retention.prune(engine, settings, NOW)
    # On SQLite it waits for its turn, on PostgreSQL it lies in an old day.
    assert positions(engine) == ([2, 3, 4] if engine.dialect.name == "sqlite" else [2, 4])
    assert problems(engine) == {}


def test_a_piece_in_use_holds_nobody_up_and_goes_later(postgresql_url: str, settings: Settings) -> None:
    engine = open_engine(postgresql_url)
    log_messages(engine, [OLD] * 3, cursor=3)
    with engine.connect() as reader, ThreadPoolExecutor(1) as pool:
        reader.execute(text("SELECT count(*) FROM message"))
        pruning = pool.submit(retention.prune, engine, settings, NOW)
        # It waits for the reader a moment at a time, and a writer gets in between.
        log_messages(engine, [NOW], cursor=3)
        assert positions(engine) == [1, 2, 3, 4]
        reader.rollback()
        assert pruning.result().messages == 3
    assert positions(engine) == [4]
    engine.dispose()


def test_months_come_ahead_and_take_their_keys_from_the_rest(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    later = NOW + timedelta(days=90)
    early = [event("a", NOW, told_at=later), event("b", NOW, told_at=later + timedelta(days=90))]
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        event_log.insert_new(session, 1, 0, early)
    assert growth.create_ahead(engine, later) > 0
    assert growth.create_ahead(engine, later) == 0
    with engine.connect() as connection:
        sizes = [
            connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()  # noqa: S608
            for name in (pieces.month(later).name, pieces.REST)
        ]
    assert sizes == [1, 1]
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        assert event_log.insert_new(session, 1, 2, early) == []
    assert problems(engine) == {}
    engine.dispose()


def test_a_step_leaves_the_connection_as_it_was(sqlite_engine: Engine, settings: Settings) -> None:
    def pragma(name: str) -> int:
        with sqlite_engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            return int(driver.execute(f"PRAGMA {name}").fetchone()[0])

    before = pragma("wal_autocheckpoint")
    log_messages(sqlite_engine, [OLD] * 500, cursor=500)
    assert retention.prune(sqlite_engine, settings, NOW).messages == 500
    assert pragma("wal_autocheckpoint") == before > 0
