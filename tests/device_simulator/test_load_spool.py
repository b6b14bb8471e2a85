"""A load with spools: nothing is forgotten before its receipt, whoever is killed or silent in between."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from device_simulator.broker_url import parse_broker_url
from device_simulator.county import build_county
from device_simulator.errors import WrongUsageError
from device_simulator.load import Figures, Load, LoadOrder
from device_simulator.load_events import LoadEvents
from device_simulator.pipe import Pipe
from device_simulator.spool import Spool
from tests.device_simulator.conftest import Listener, wait_for
from tests.device_simulator.wire_schema import cloud_events

SCHOOLS = 5


class Service(Listener):
    """Sends each gateway its receipts, once it is told to answer; may overlook messages the first time."""

    def __init__(self, url: str, run: str, *, overlooks: frozenset[int] = frozenset()) -> None:
        self.answers = threading.Event()
        self.ids: list[str] = []
        self._overlooks = set(overlooks)
        self._receipts: set[str] = set()
        self._covered: dict[str, int] = {}
        self._beyond: dict[str, set[int]] = {}
        super().__init__(url, f"campus/v1/+/native/load-{run}/events")

    def _on_message(self, client: mqtt.Client, user: object, message: mqtt.MQTTMessage) -> None:
        [event] = cloud_events(bytes(message.payload))
        school, number = message.topic.split("/")[2], int(event.sequence or 0)
        if number in self._overlooks:
            self._overlooks.discard(number)
            return
        self.ids.append(event.id)
        beyond = self._beyond.setdefault(school, set())
        beyond.add(number)
        covered = self._covered.get(school, 0)
        while covered + 1 in beyond:
            covered += 1
        self._covered[school] = covered
        if self.answers.is_set():
            topic = message.topic.replace("/native/", "/receipts/").removesuffix("/events")
            self._receipts.add(topic)
            client.publish(topic, f'{{"sequence": {covered}}}', qos=1, retain=True)

    def close(self) -> None:
        """Takes its receipts back: other tests listen to the same broker."""
        for topic in self._receipts:
            self.say(topic, "", retain=True)
        super().close()


@pytest.fixture
def serve(broker_url: str) -> Iterator[Callable[..., Service]]:
    services: list[Service] = []

    def start(run: str, **options: frozenset[int]) -> Service:
        services.append(Service(broker_url, run, **options))
        return services[-1]

    yield start
    for service in services:
        service.close()


def load(
    url: str, spools: Path, run: str, messages: int = 500, patience: float = 20, **options: float
) -> Load:
    order = LoadOrder(
        parse_broker_url(url),
        messages,
        patience_seconds=patience,
        spool_directory=spools,
        resend_after_seconds=options.get("resend_after", 30.0),
        connections=int(options.get("connections", 1)),
    )
    return Load(order, LoadEvents(build_county(SCHOOLS, 1), run, devices=20))


def play(load: Load) -> Figures:
    return load.run(threading.Event(), lambda _: None)


def waiting(spools: Path) -> int:
    return sum(Spool(path).waiting for path in spools.glob("*.spool"))


def names(run: str, count: int = 500) -> set[str]:
    return {f"load-{run}-{number}" for number in range(count)}


@pytest.mark.parametrize("connections", [1, 3])
def test_it_ends_when_everything_is_covered(
    broker_url: str, serve: Callable[..., Service], tmp_path: Path, connections: int
) -> None:
    run = f"covered-{connections}"
    service = serve(run)
    service.answers.set()
    figures = play(load(broker_url, tmp_path, run, connections=connections))
    assert (figures.sent, figures.acknowledged, figures.covered) == (500, 500, 500)
    assert len(list(tmp_path.glob("*.spool"))) == SCHOOLS
    assert waiting(tmp_path) == 0
    assert sorted(service.ids) == sorted(names(run)), "nothing went out twice"


def test_what_was_lost_on_the_way_is_sent_again_after_silence(
    broker_url: str, serve: Callable[..., Service], tmp_path: Path
) -> None:
    service = serve("silence", overlooks=frozenset({7, 60}))
    service.answers.set()
    figures = play(load(broker_url, tmp_path, "silence", resend_after=0.5))
    assert (figures.covered, waiting(tmp_path)) == (500, 0)
    assert figures.resent > 0
    assert set(service.ids) == names("silence")


def test_patience_ends_where_no_receipt_comes_and_the_next_run_goes_on(
    broker_url: str, serve: Callable[..., Service], tmp_path: Path
) -> None:
    service = serve("patience", overlooks=frozenset({5}))
    figures = play(load(broker_url, tmp_path, "patience", messages=300, patience=0.5))
    assert (figures.acknowledged, figures.covered, waiting(tmp_path)) == (300, 0, 300)
    service.answers.set()
    figures = play(load(broker_url, tmp_path, "patience"))
    assert (figures.sent, figures.covered, waiting(tmp_path)) == (200, 500, 0)
    assert figures.resent > 0
    assert set(service.ids) == names("patience")


def test_a_killed_load_has_lost_nothing(
    broker_url: str, serve: Callable[..., Service], tmp_path: Path
) -> None:
    service = serve("killed")
    command = [sys.executable, "-m", "device_simulator", "load", "--broker", broker_url, "--run", "killed"]
    command += ["--messages", "500", "--schools", str(SCHOOLS), "--devices", "20", "--spool", str(tmp_path)]
    first = subprocess.Popen([*command, "--rate", "500"], stderr=subprocess.DEVNULL)
    try:
        service.until(lambda _: len(service.ids) > 100)
    finally:
        first.kill()
        first.wait(10)
    service.answers.set()
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert ", covered 500, " in done.stdout
    assert " per second, " in done.stdout
    assert set(service.ids) == names("killed")
    assert waiting(tmp_path) == 0


def test_a_name_that_has_receipts_but_no_spool_is_refused(
    broker_url: str, serve: Callable[..., Service], tmp_path: Path
) -> None:
    service = serve("again")
    service.answers.set()
    play(load(broker_url, tmp_path / "one", "again"))
    with pytest.raises(WrongUsageError, match="a load of this name was here before"):
        play(load(broker_url, tmp_path / "two", "again"))


def test_a_connection_that_owes_acknowledgements_too_long_is_given_up(broker_url: str) -> None:
    """A black hole takes everything and answers nothing; here nobody reads the answers."""
    pipe = Pipe(parse_broker_url(broker_url), "load-hole", 64)
    pipe.open()
    pipe.send(LoadEvents(build_county(SCHOOLS, 1), "hole", devices=20).some(0, 1))

    def given_up() -> bool:
        pipe.break_if_silent(0.05)
        return not pipe.connected

    wait_for(given_up)
    assert not pipe.idle, "it is still owed, and goes out with the next connection"
    assert pipe.open() == 1
    wait_for(lambda: pipe.receive(0.05) == [0])
    pipe.close()
