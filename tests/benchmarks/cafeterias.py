"""A hundred thousand past inspections of a county: imported, listed, shown, graded, every index reckoned."""

import csv
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import httpx

from safety_service.services import credit_index
from safety_service.services.credit_index import Moment
from safety_service.services.periods import known_credit_weights
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import open_engine, session_scope
from safety_service.store.tables import StoredAlert
from tests.benchmarks.readings import quantile
from tests.benchmarks.scene import Bench, Scene
from tests.benchmarks.sizes import FULL
from tests.benchmarks.table import Row, at_most, told

P99_SECONDS = 0.05
INDEX_SECONDS = 2.0
IMPORT_SECONDS = 60.0
YEARS = 5
KITCHEN_ALERTS = 40_000
KINDS = ("no_chef_hat", "no_mask", "smoking", "rodent", "bin_uncovered", "flame_unattended")
ZONE = "Asia/Shanghai"


def measure(bench: Bench) -> list[Row]:
    sizes = bench.sizes
    share = sizes.past_inspections / FULL.past_inspections
    with bench.scene() as scene:
        with scene.api() as api:
            places = [place["id"] for place in _every(api, "/cafeterias?limit=1000")]
        assert len(places) == sizes.schools
        bench.say(f"importing {sizes.past_inspections:,} past inspections")
        file = _past(scene.home, places, sizes.past_inspections)
        took = _import(scene, file, sizes.past_inspections)
        _alerts(scene, int(KITCHEN_ALERTS * share), places)
        bench.say("reckoning every index")
        reckoned = _reckon(scene, sizes.schools)
        bench.say("reading")
        with scene.api() as api:
            seconds = _read(api, places, sizes.cafeteria_requests)
    return [
        at_most("cafeterias: import", took, "s", IMPORT_SECONDS),
        told("cafeterias: import, lines", sizes.past_inspections / took, "lines/s"),
        at_most(f"cafeterias: every index of {sizes.schools}", reckoned, "s", INDEX_SECONDS),
        *(
            at_most(f"cafeterias: {name} p99", quantile(found, 0.99), "s", P99_SECONDS)
            for name, found in seconds.items()
        ),
    ]


def _every(api: httpx.Client, path: str) -> list[dict[str, str]]:
    answer = api.get(path)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, str]] = answer.json()["items"]
    return items


def _past(home: Path, places: list[str], count: int) -> Path:
    """Visits of the last years at every cafeteria in turn, in no order of their days."""
    random, today = Random(5), datetime.now(UTC).date()
    file = home / "past.csv"
    sections = [f"sections.{n}" for n in range(1, 10)]
    with file.open("w", newline="", encoding="utf-8") as target:
        table = csv.writer(target)
        table.writerow(["cafeteria", "date", "inspector", "licence_issued", *sections, "key_items_failed"])
        for number in range(count):
            day = today - timedelta(days=1 + random.randrange(365 * YEARS))
            scores = [random.choice(("10", "9.5", "9", "8.5", "8", "7", "")) for _ in range(8)]
            failed = random.choice(("0",) * 30 + ("1", "2"))
            table.writerow([places[number % len(places)], day, "li", "2010-01-01", "9", *scores, failed])
    return file


def _import(scene: Scene, file: Path, count: int) -> float:
    """Seconds of the whole command, beside the service that runs."""
    command = [sys.executable, "-m", "safety_service.cli", "inspection", "import", str(file)]
    began = time.perf_counter()
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CAMPUS_DATABASE_URL": scene.database_url},
    )
    took = time.perf_counter() - began
    assert done.returncode == 0, done.stderr[-2000:]
    added, known = [int(word) for word in done.stdout.split() if word.isdigit()][:2]
    assert added + known == count, done.stdout
    return took


def _alerts(scene: Scene, count: int, places: list[str]) -> None:
    random, now = Random(6), datetime.now(UTC)
    engine = open_engine(scene.database_url)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        for number in range(count):
            raised = now - timedelta(days=random.uniform(0, 180))
            session.add(
                StoredAlert(
                    id=10_000_000 + number,
                    rule="kitchen",
                    rule_version="1",
                    key=f"bench-{number}",
                    school=places[number % len(places)].rpartition("-")[0],
                    kind=KINDS[number % len(KINDS)],
                    title={"zh": "厨房", "en": "Kitchen"},
                    severity="warning",
                    condition="resolved",
                    raised_at=raised,
                    last_seen_at=raised,
                    resolved_at=now,
                    disposition=random.choice((None, "confirmed", "false_alarm")),
                    closed_at=now,
                    closed_by="bench",
                )
            )
    engine.dispose()


def _reckon(scene: Scene, cafeterias: int) -> float:
    engine = open_engine(scene.database_url)
    began = time.perf_counter()
    counted = credit_index.reckon_all(engine, known_credit_weights(), Moment(datetime.now(UTC), ZONE))
    took = time.perf_counter() - began
    assert counted == cafeterias
    engine.dispose()
    return took


def _read(api: httpx.Client, places: list[str], requests: int) -> dict[str, list[float]]:
    """Seconds by what was read. The first look of a day counts the year; it is one of them."""
    random = Random(7)
    seconds: dict[str, list[float]] = {
        "county list": [],
        "annual grades of all": [],
        "one cafeteria with its grades": [],
        "its history": [],
        "its credit index": [],
    }
    for _ in range(requests):
        place = f"/cafeterias/{random.choice(places)}"
        paths = (
            "/cafeterias",
            "/cafeterias?limit=1000",
            f"{place}/credit",
            f"{place}/history",
            f"{place}/credit-index",
        )
        for name, path in zip(seconds, paths, strict=True):
            began = time.perf_counter()
            answer = api.get(path)
            seconds[name].append(time.perf_counter() - began)
            assert answer.status_code == 200, answer.text
    return seconds
