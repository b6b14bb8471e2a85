"""SIGKILL of the service under load: nothing lost, nothing doubled, no alert raised twice."""

import random
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from safety_service.store.session import open_engine
from tests.e2e.service_process import Service, simulator, until

MESSAGES = 12_000
RATE = 1_000
KILLS = 5


@pytest.mark.production
@pytest.mark.timeout(300)
def test_killed_five_times_under_load(pair: tuple[str, str], tmp_path: Path) -> None:
    database_url, broker_url = pair
    service = Service(database_url, broker_url, tmp_path)
    assert simulator("county", "--schools", "12", "--seed", "1", "--out", str(tmp_path)).returncode == 0
    assert service.command("school", "import", str(tmp_path / "schools.csv")).returncode == 0
    service.start()
    service.wait_until_ready()
    acknowledged = tmp_path / "acknowledged"
    told = tmp_path / "load.log"
    order = ["load", "--broker", broker_url, "--messages", str(MESSAGES), "--rate", str(RATE)]
    order += ["--schools", "12", "--devices", "60", "--acked-file", str(acknowledged)]
    load = subprocess.Popen(
        [sys.executable, "-m", "device_simulator", *order],
        stdin=subprocess.DEVNULL,
        stdout=told.open("wb"),
        stderr=subprocess.STDOUT,
    )
    chance = random.Random(7)
    try:
        for _ in range(KILLS):
            threading.Event().wait(chance.uniform(0.8, 2.2))
            service.kill()
            service.start()
            service.wait_until_ready()
        assert load.wait(120) == 0, told.read_text()[-1000:]
        sent = set(acknowledged.read_text().split())
        assert len(sent) == MESSAGES
        engine = open_engine(database_url)
        until(lambda: _stored(engine) >= len(sent), "every acknowledged message is stored as an event", 90)
        until(lambda: _backlog(engine) == 0, "the backlog is worked off", 60)
        _check(engine, sent)
        engine.dispose()
    finally:
        load.kill()
        load.wait()
        service.end()


def _stored(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM event")).scalar_one())


def _backlog(engine: Engine) -> int:
    with engine.connect() as connection:
        newest = connection.execute(text("SELECT coalesce(max(position), 0) FROM message")).scalar_one()
        return int(newest - connection.execute(text("SELECT cursor FROM partition")).scalar_one())


def _check(engine: Engine, sent: set[str]) -> None:
    with engine.connect() as connection:
        ids = list(connection.execute(text("SELECT event_id FROM event")).scalars())
        assert set(ids) >= sent, f"lost: {sorted(sent - set(ids))[:5]}"
        doubled = [event for event, times in Counter(ids).items() if times > 1]
        assert not doubled, f"doubled: {doubled[:5]}"
        raised = connection.execute(
            text("SELECT alert_id FROM alert_transition WHERE change = 'raised'")
        ).scalars()
        twice = [alert for alert, times in Counter(raised).items() if times > 1]
        assert not twice, f"raised twice: {twice[:5]}"
        numbers = list(
            connection.execute(text("SELECT number FROM alert_transition ORDER BY number")).scalars()
        )
        assert numbers == list(range(1, len(numbers) + 1)), "the history has a gap"
        presses = connection.execute(
            text("SELECT count(*) FROM event WHERE kind = 'panic_button' AND phase = 'pulse'")
        ).scalar_one()
        counted = connection.execute(
            text("SELECT coalesce(sum(count), 0) FROM alert WHERE rule = 'panic-button'")
        ).scalar_one()
        assert presses > 0
        assert counted == presses, "every press counts, and counts once"
        firing = "SELECT rule, key FROM alert WHERE condition = 'firing'"
        assert not connection.execute(text(f"{firing} GROUP BY rule, key HAVING count(*) > 1")).all()
