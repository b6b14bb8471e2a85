"""A backtest of stored events: how fast the command replays them through fifty rules, in how much memory."""

import os
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from safety_service.store import partitions
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import open_engine, session_scope
from tests.benchmarks import preload, rules_file
from tests.benchmarks.scene import Bench
from tests.benchmarks.sizes import FULL
from tests.benchmarks.table import Row, at_least, told

REQUIRED = 1_000_000 / 60
"""A million events in a minute."""
DAYS = 1.0
"""So that each device is heard every few minutes: sparser, most would count as silent."""


def measure(bench: Bench) -> list[Row]:
    count = bench.sizes.backtest_events
    home = bench.home / "backtest"
    home.mkdir(exist_ok=True)
    url = bench.database(home)
    engine = open_engine(url)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        partitions.ensure(session, "county")
    engine.dispose()
    preload.fill_events(url, bench.sizes, count, bench.say, DAYS * count / FULL.backtest_events)
    bench.say(f"replaying {count:,} events")
    began = time.perf_counter()
    usage = _replay(url, home, count)
    took = time.perf_counter() - began
    cpu = usage.ru_utime + usage.ru_stime
    return [
        at_least("backtest: from the start of the command", count / took, "events/s", REQUIRED),
        told("backtest: the whole", took, "s"),
        told("backtest: CPU of the command", cpu * 1e6 / count, "µs/event"),
        told("backtest: largest memory of the command", usage.ru_maxrss / 1024, "MiB"),
    ]


def _replay(url: str, home: Path, count: int) -> resource.struct_rusage:
    """Runs the command to its end, looks whether it heard every event, and returns what it used."""
    now = datetime.now(UTC)
    since = now - timedelta(days=DAYS, hours=1)
    command = [sys.executable, "-m", "safety_service.cli", "rules", "backtest", str(rules_file.write(home))]
    command += ["--from", since.isoformat(), "--to", now.isoformat(), "--format", "json"]
    report = home / "report.json"
    with report.open("wb") as out, (home / "log").open("wb") as log:
        environment = {**os.environ, "CAMPUS_DATABASE_URL": url}
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=log, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (home / "log").read_text()[-2000:]
    heard = msgspec.json.decode(report.read_bytes())["events"]
    assert heard == count, (heard, count)
    return usage
