"""A backtest of stored events: how fast they are replayed through fifty rules, and in how much memory."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psutil

from safety_service.domain.rules.loading import load_rules
from safety_service.services import backtest as backtests
from safety_service.services.backtest import House, Wanted
from safety_service.store import partitions
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import open_engine, session_scope
from tests.benchmarks import preload, rules_file
from tests.benchmarks.scene import Bench
from tests.benchmarks.table import Row, at_least, told

REQUIRED = 1_000_000 / 60
"""A million events in a minute."""
TOLERANCE = timedelta(minutes=30)


def measure(bench: Bench) -> list[Row]:
    count = bench.sizes.backtest_events
    url = bench.database(bench.home / "backtest")
    engine = open_engine(url)
    try:
        with session_scope(engine, EVERY_SCHOOL, write=True) as session:
            partitions.ensure(session, "county")
        preload.fill_events(url, bench.sizes, count, bench.say)
        bench.say(f"replaying {count:,} events")
        rules = load_rules(rules_file.write(bench.home).read_text(encoding="utf-8"), "fifty_rules.yaml")
        now = datetime.now(UTC)
        wanted = Wanted(since=now - timedelta(days=preload.DAYS, hours=1), until=now)
        process, largest = psutil.Process(), 0

        def look(_events: int) -> None:
            nonlocal largest
            largest = max(largest, process.memory_info().rss)

        before, began, cpu = process.memory_info().rss, time.perf_counter(), time.process_time()
        with session_scope(engine, EVERY_SCHOOL) as session:
            plan = backtests.prepare(session, rules, wanted, House(ZoneInfo("Asia/Shanghai"), TOLERANCE))
            report = backtests.run(session, plan, look)
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
    finally:
        engine.dispose()
    assert report.events == count, (report.events, count)
    return [
        at_least("backtest: events replayed", count / took, "events/s", REQUIRED),
        told("backtest: the whole", took, "s"),
        told("backtest: CPU of this process", cpu * 1e6 / count, "µs/event"),
        told("backtest: largest memory, of it before the start", before / 2**20, "MiB"),
        told("backtest: largest memory", largest / 2**20, "MiB"),
    ]
