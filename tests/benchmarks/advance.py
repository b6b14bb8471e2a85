"""Inside one process, without a broker: how fast each part of the way is, for whoever profiles it.

CPU microseconds beside each rate: on a machine that others use too, they are what can be compared.
"""

import cProfile
import pstats
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from safety_service.domain.rules.engine import Engine as Rules
from safety_service.domain.types import Event, Message
from safety_service.services import ingest, rulesets
from safety_service.services.intake import Decoder, GradingHouse
from safety_service.services.pipeline import Pipeline, PipelineOptions
from safety_service.settings import Settings
from safety_service.store import devices, event_log, partitions
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import open_engine, session_scope
from tests.benchmarks import preload, rules_file
from tests.benchmarks.scene import Bench
from tests.benchmarks.table import Row, told

BATCH: int = Settings.model_fields["advance_batch"].default
ZONE = ZoneInfo("Asia/Shanghai")
LARGEST = 1 << 20
SHOWN_LINES = 45


def measure(bench: Bench) -> list[Row]:
    count = bench.sizes.advance_messages
    batches = [
        big[start : start + BATCH]
        for big in preload.messages(bench.sizes, count, "inside")
        for start in range(0, len(big), BATCH)
    ]
    engine = open_engine(bench.database(bench.home / "advance"))
    try:
        with session_scope(engine, EVERY_SCHOOL, write=True) as session:
            partition = partitions.ensure(session, "county")
            rulesets.seed(session, rules_file.write(bench.home), now=datetime.now(UTC))
        bench.say("decoding, judging and storing apart from each other")
        rows = _parts(engine, partition, batches)
        bench.say("storing raw, then advancing")
        rows += _timed("stored raw", count, lambda: _store(engine, partition, batches))
        return rows + _advanced(bench, engine, partition, count)
    finally:
        engine.dispose()


def _timed(name: str, count: int, work: Callable[[], object]) -> list[Row]:
    began, cpu = time.perf_counter(), time.process_time()
    work()
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    return [
        told(f"advance: {name}", count / took, "/s"),
        told(f"advance: {name}, CPU of this process", cpu * 1e6 / count, "µs"),
    ]


def _parts(engine: Engine, partition: int, batches: list[list[Message]]) -> list[Row]:
    """Decoded, judged by the fifty rules, inserted: each for all batches, nothing else beside it."""
    with session_scope(engine, EVERY_SCHOOL) as session:
        schools = devices.school_codes(session)
        decoder = Decoder(devices.load(session, schools), schools, ZONE, LARGEST)
        zones = {school: decoder.zone_of(school) for school in schools}
        judging = Rules(rulesets.in_force(session), tolerance=timedelta(minutes=30), zones=zones, zone=ZONE)
    judging.load([], [])
    events: list[list[Event]] = []
    now = datetime.now(UTC)
    count = sum(map(len, batches))
    rows = _timed("decoded", count, lambda: events.extend(decoder.read(batch).events for batch in batches))
    rows += _timed("judged", count, lambda: [judging.observe(batch, now) for batch in events])
    rows += _timed("events inserted", count, lambda: _insert(engine, partition, events))
    return rows


def _insert(engine: Engine, partition: int, batches: list[list[Event]]) -> None:
    """Under keys of their own, so that the same events are news again when the pipeline stores them."""
    for batch in batches:
        for event in batch:
            event.dedup_key = f"apart-{event.dedup_key}"
        with session_scope(engine, EVERY_SCHOOL, write=True) as session:
            row = partitions.claim(session, partition)
            event_log.insert_new(session, partition, row.event_position, batch)
            row.event_position += len(batch)
            session.add(row)


def _store(engine: Engine, partition: int, batches: list[list[Message]]) -> None:
    for batch in batches:
        ingest.store_batch(engine, partition, batch)


def _advanced(bench: Bench, engine: Engine, partition: int, count: int) -> list[Row]:
    options = PipelineOptions(
        partition=partition,
        lease="county",
        fence=0,
        schools=frozenset(),
        zone=ZONE,
        batch=BATCH,
        tolerance=timedelta(minutes=30),
        max_payload_bytes=LARGEST,
        grading=GradingHouse(None, ZONE.key),
    )
    pipeline = Pipeline(engine, options, lambda _newest: None)
    rows = _timed("advanced", count, lambda: _advance(pipeline, count, bench.profile))
    if bench.profile is not None:
        bench.say(f"the profile of the advance is in {bench.profile}")
    return rows


def _advance(pipeline: Pipeline, count: int, profile: Path | None) -> None:
    profiler = cProfile.Profile()
    if profile is not None:
        profiler.enable()
    processed, more, link_since = 0, True, datetime.now(UTC)
    while more:
        step = pipeline.advance(datetime.now(UTC), link_since)
        processed, more = processed + step.events, step.more
    profiler.disable()
    assert processed == count, (processed, count)
    if profile is not None:
        with profile.open("w", encoding="utf-8") as file:
            figures = pstats.Stats(profiler, stream=file)
            figures.sort_stats("tottime").print_stats(SHOWN_LINES)
            figures.sort_stats("cumulative").print_stats(SHOWN_LINES)
