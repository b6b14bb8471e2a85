"""SIGKILL of the broker under a spooled load: receipts and spools lose nothing and double nothing."""

import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from device_simulator.spool import Spool
from safety_service.store.session import open_engine
from tests.broker import Broker, mosquitto
from tests.e2e.service_process import Service, simulator, until

MESSAGES = 12_000
RATE = 1_500
SCHOOLS = 12


@pytest.fixture
def broker() -> Iterator[Broker]:
    # Not below tmp_path, which Mosquitto's own account may not enter.
    with tempfile.TemporaryDirectory(prefix="campus-mqtt-") as home:
        broker = mosquitto(Path(home))
        broker.start()
        yield broker
        broker.end()


@pytest.fixture
def service(database_url: str, broker: Broker, tmp_path: Path) -> Iterator[Service]:
    service = Service(database_url, broker.url, tmp_path)
    made = simulator("county", "--schools", str(SCHOOLS), "--seed", "1", "--out", str(tmp_path))
    assert made.returncode == 0
    assert service.command("school", "import", str(tmp_path / "schools.csv")).returncode == 0
    service.start()
    service.wait_until_ready()
    yield service
    service.end()


@pytest.mark.production
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("service")
def test_killed_twice_under_load(broker: Broker, database_url: str, tmp_path: Path) -> None:
    spools, told = tmp_path / "spools", tmp_path / "load.log"
    order = ["load", "--broker", broker.url, "--messages", str(MESSAGES), "--rate", str(RATE), "--run", "k"]
    order += ["--schools", str(SCHOOLS), "--devices", "60", "--spool", str(spools), "--resend-after", "5"]
    engine = open_engine(database_url)
    with told.open("wb") as log:
        load = subprocess.Popen(
            [sys.executable, "-m", "device_simulator", *order],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        for stored in (MESSAGES // 6, MESSAGES // 2):
            until(_at_least(engine, stored), f"{stored} events are stored")
            broker.kill()
            threading.Event().wait(0.3)
            broker.start()
        assert load.wait(120) == 0, told.read_text()[-1000:]
    finally:
        load.kill()
        load.wait()
    with engine.connect() as connection:
        stored_ids = Counter(connection.execute(text("SELECT event_id FROM event")).scalars())
        gateways = connection.execute(text("SELECT covered, gap_since FROM gateway")).all()
    engine.dispose()
    assert stored_ids == Counter(f"load-k-{number}" for number in range(MESSAGES))
    assert [tuple(gateway) for gateway in gateways] == [(MESSAGES // SCHOOLS, None)] * SCHOOLS
    files = sorted(spools.iterdir())
    assert len(files) == SCHOOLS
    assert [Spool(file).waiting for file in files] == [0] * SCHOOLS
    assert f"sent {MESSAGES}, acknowledged {MESSAGES}, resent " in told.read_text()
    assert f", covered {MESSAGES}, " in told.read_text()


def _at_least(engine: Engine, count: int) -> Callable[[], bool]:
    def holds() -> bool:
        with engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM event")).scalar_one()) >= count

    return holds
