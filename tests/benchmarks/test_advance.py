"""How fast the inbox becomes everything else, beside a bare insert of as many rows in the same run.

By hand, longer: `CAMPUS_BENCH_MESSAGES=200000 python -m pytest -s tests/benchmarks`.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import Engine, insert

from safety_service.domain.types import Message
from safety_service.services import growth, ingest, rulesets
from safety_service.services.intake import GradingHouse
from safety_service.services.pipeline import Pipeline, PipelineOptions
from safety_service.store import partitions
from safety_service.store.dialect import table_of
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import LoggedMessage
from tests.conftest import SCHOOL

MESSAGES = int(os.environ.get("CAMPUS_BENCH_MESSAGES", "10000"))
BATCH = 2000
KINDS = ("person", "vehicle", "motion", "temperature", "door_open", "heartbeat")


def _messages(now: datetime) -> list[Message]:
    return [
        Message(
            topic=f"campus/v1/{SCHOOL}/native/gw/events",
            payload=msgspec.json.encode(
                {
                    "specversion": "1.0",
                    "id": f"b-{number}",
                    "source": f"dev-{number % 500}",
                    "type": KINDS[number % len(KINDS)],
                    "data": {"value": 4.5} if KINDS[number % len(KINDS)] == "temperature" else {},
                }
            ),
            received_at=now,
            qos=1,
        )
        for number in range(MESSAGES)
    ]


@pytest.mark.bench
@pytest.mark.timeout(900)
def test_advance(two_schools: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    now = datetime.now(UTC)
    growth.create_ahead(two_schools, now)
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        partition = partitions.ensure(session, "county")
        rulesets.seed(session, None, now=now)
    options = PipelineOptions(
        partition=partition,
        lease="county",
        fence=0,
        schools=frozenset(),
        zone=ZoneInfo("Asia/Shanghai"),
        batch=BATCH,
        tolerance=timedelta(minutes=30),
        max_payload_bytes=1 << 20,
        grading=GradingHouse(None, "Asia/Shanghai"),
    )
    pipeline = Pipeline(two_schools, options, lambda _newest: None)
    sent = _messages(now)
    limit = _rate(lambda: _bare_insert(two_schools, sent))
    stored = _rate(lambda: _store(two_schools, partition, sent))
    processed = 0

    def advance() -> None:
        nonlocal processed
        more = True
        while more:
            step = pipeline.advance(now + timedelta(seconds=1), now)
            processed, more = processed + step.events, step.more

    advanced = _rate(advance)
    assert processed == MESSAGES
    with capsys.disabled():
        print(f"\n{two_schools.dialect.name}, {MESSAGES} messages, {BATCH} a commit, the built-in rules")
        for name, rate in (("bare insert (limit)", limit), ("stored raw", stored), ("advanced", advanced)):
            print(f"  {name:20} {rate:9,.0f}/s   ratio {rate / limit:.2f}")


def _rate(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return MESSAGES / (time.perf_counter() - started)


def _bare_insert(engine: Engine, sent: list[Message]) -> None:
    table = table_of(LoggedMessage)
    fields = ("topic", "payload", "qos", "retained", "origin", "received_at")
    for start in range(0, len(sent), BATCH):
        rows = [
            {"partition": 999, "position": start + n, **{name: getattr(message, name) for name in fields}}
            for n, message in enumerate(sent[start : start + BATCH], 1)
        ]
        with engine.execution_options(writes=True).begin() as connection:
            connection.execute(insert(table), rows)


def _store(engine: Engine, partition: int, sent: list[Message]) -> None:
    for start in range(0, len(sent), BATCH):
        ingest.store_batch(engine, partition, sent[start : start + BATCH])
