"""A database of the first schema keeps what is in it, and what is sent again after the step is no news."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import Engine, MetaData, text

from safety_service.domain.decoding import decode
from safety_service.domain.types import Event, Message
from safety_service.services import integrity
from safety_service.store import event_log, messages, migrations, rejected
from safety_service.store.driver import microseconds
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import open_engine, session_scope
from tests import postgres
from tests.conftest import NOW, SCHOOL

TOPIC = f"campus/v1/{SCHOOL}/native/gw"
SENT = {
    "told": (
        "events",
        b'{"specversion":"1.0","id":"1","source":"cam","type":"fire","time":"2026-09-01T07:59:58+08:00"}',
    ),
    "without a zone": (
        "events",
        b'{"specversion":"1.0","id":"2","source":"cam","type":"fire","time":"2026-09-01 07:59:58"}',
    ),
    "untold": ("events", b'{"specversion":"1.0","id":"3","source":"cam","type":"fire"}'),
    "no clock": (
        "events",
        b'{"specversion":"1.0","id":"4","source":"cam","type":"fire","time":"2000-01-01T00:00:00Z"}',
    ),
    "word": ("status", b"offline"),
}


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of the first schema."""
    if request.param == "sqlite":
        engine = open_engine(f"sqlite:///{tmp_path / 'old.db'}")
    else:
        server: str = request.getfixturevalue("postgres_server")
        postgres.execute(server, "CREATE DATABASE old_rows")
        engine = open_engine(f"{server}/old_rows")
    migrations.upgrade(engine, "0001")
    yield engine
    engine.dispose()
    if request.param == "postgresql":
        postgres.execute(server, "DROP DATABASE old_rows WITH (FORCE)")


def messages_sent() -> list[Message]:
    return [
        Message(topic=f"{TOPIC}/{rest}", payload=payload, received_at=NOW + timedelta(days=n), position=n)
        for n, (rest, payload) in enumerate(SENT.values(), 1)
    ]


def events_sent() -> list[Event]:
    zone = ZoneInfo("Asia/Shanghai")
    found = [item for message in messages_sent() for item in decode(message, zone)]
    return [item for item in found if isinstance(item, Event)]


def fill(engine: Engine) -> None:
    """What the first schema would hold of `SENT`, and three refusals, two of them of one message."""

    def at(moment: datetime) -> Any:
        return moment if engine.dialect.name == "postgresql" else microseconds(moment)

    metadata = MetaData()
    metadata.reflect(engine)
    event, message = metadata.tables["event"], metadata.tables["message"]
    with engine.begin() as connection:
        for number, e in enumerate(events_sent(), 1):
            row = {name: value for name, value in msgspec.structs.asdict(e).items() if name in event.c}
            row |= {"id": number, "attributes": None}
            row |= {"occurred_at": at(e.occurred_at), "received_at": at(e.received_at)}
            connection.execute(event.insert().values(row))
        for m in messages_sent()[2:]:
            row = msgspec.structs.asdict(m) | {"partition": 1, "received_at": at(m.received_at)}
            connection.execute(message.insert().values(row))
        for position in (1, 4, 4):
            row = {"partition": 1, "position": position, "topic": "t", "received_at": at(NOW)}
            row |= {"reason": "not_json", "place": "payload", "detail": ""}
            connection.execute(metadata.tables["message_rejected"].insert().values(row))
        row = {"id": 1, "name": "county", "client_id": "c", "filters": "[]", "deaf": "[]", "cursor": 5}
        connection.execute(metadata.tables["partition"].insert().values(row | {"event_position": 5}))
        connection.execute(metadata.tables["counter"].insert().values(name="message:1", value=5))


def count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608


def test_nothing_is_lost_and_nothing_is_news_again(old: Engine) -> None:
    fill(old)
    migrations.upgrade(old)
    assert [count(old, name) for name in ("event", "event_key", "message")] == [5, 5, 3]
    assert [found for found in integrity.check(old) if found.problems] == []
    with session_scope(old, EVERY_SCHOOL, write=True) as session:
        assert event_log.insert_new(session, 1, 5, events_sent()) == []
        assert [m.position for m in messages.read_after(session, 1, 0, 10)] == [3, 4, 5]
        kept = rejected.kept_messages(session, [(1, 1), (1, 4)])
        assert {place: m.payload for place, m in kept.items()} == {(1, 4): SENT["no clock"][1]}
        assert rejected.newest(session) == 3


def test_and_nothing_on_the_way_back(old: Engine) -> None:
    fill(old)
    migrations.upgrade(old)
    migrations.downgrade(old, "0001")
    assert [count(old, name) for name in ("event", "message", "message_rejected")] == [5, 3, 3]
    migrations.upgrade(old)
    assert [found for found in integrity.check(old) if found.problems] == []
