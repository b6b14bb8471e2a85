"""The simulator against a real broker: what it says arrives, it ends clean, it keeps what is not covered."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import msgspec
import pytest

from device_simulator.broker_url import parse_broker_url
from device_simulator.county import build_county
from device_simulator.formats.wire import WireMessage
from device_simulator.publisher import Publisher, Voice
from device_simulator.runner import Run, run
from device_simulator.scenarios import SCENARIOS
from device_simulator.scenarios.setting import Setting
from device_simulator.spool import Spool
from tests.device_simulator.conftest import Listener, wait_for
from tests.device_simulator.wire_schema import cloud_events

Listen = Callable[[str], Listener]
SCHOOL = "370828-001"
_gateways = count(1)


@contextmanager
def simulator(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "device_simulator", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=10)


def test_a_story_arrives_whole_and_in_order(broker_url: str, listen: Listen) -> None:
    listener = listen("campus/v1/#")
    setting = Setting(build_county(6, 1), speed=200)
    order = Run(SCENARIOS["intruder_at_night"], setting, parse_broker_url(broker_url))
    outcome = run(order, threading.Event(), pytest.fail)
    listener.until(lambda heard: len(heard) >= outcome.messages.sent)
    assert outcome.messages.acknowledged == outcome.messages.sent == len(listener.heard)
    assert outcome.messages.dropped == 0
    numbers = [
        int(event.sequence)
        for message in listener.heard
        if "/native/" in message.topic
        for event in cloud_events(bytes(message.payload))
    ]
    assert numbers == list(range(1, len(numbers) + 1))
    assert any(message.topic.endswith("/frigate/reviews") for message in listener.heard)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_school_day_shows_its_gateways_and_ends_clean(
    broker_url: str, listen: Listen, number: signal.Signals
) -> None:
    listener = listen("campus/v1/+/+/#")
    with simulator("run", "--scenario", "school_day", "--broker", broker_url, "--schools", "3") as process:
        # three gateways and one NVR, then the first panic button's test press
        listener.until(lambda _: sorted(_last_words(listener).values()) == [b"online"] * 4)
        listener.until(lambda heard: any(b'"panic_button"' in m.payload for m in heard), 20)
        asked = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        assert time.monotonic() - asked < 2.5
        assert process.returncode == 0, err
    sent, acknowledged, dropped = (int(part.split()[1]) for part in out.strip().split(", "))
    assert sent == acknowledged > 10
    assert dropped == 0
    listener.until(lambda _: sorted(_last_words(listener).values()) == [b"offline"] * 4)


def _last_words(listener: Listener) -> dict[str, bytes]:
    """What each gateway and NVR said of itself last; retained words of earlier runs come first."""
    return {m.topic: bytes(m.payload) for m in listener.heard if m.payload in (b"online", b"offline")}


def test_a_killed_gateway_leaves_its_last_will(broker_url: str, listen: Listen) -> None:
    listener = listen("campus/v1/+/native/gw-1/status")
    with simulator("run", "--scenario", "school_day", "--broker", broker_url, "--schools", "2") as process:
        listener.until(lambda _: list(_last_words(listener).values()).count(b"online") == 2)
        process.kill()
        listener.until(lambda _: b"online" not in _last_words(listener).values())


def test_it_ends_with_its_parent(broker_url: str) -> None:
    arguments = ["run", "--scenario", "school_day", "--broker", broker_url, "--schools", "1", "--until-eof"]
    with simulator(*arguments) as process:
        assert process.stderr is not None
        assert "school_day" in process.stderr.readline()
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
        _, err = process.communicate(timeout=10)
        assert process.returncode == 0, err


def test_many_schools_share_a_bounded_number_of_connections(broker_url: str, listen: Listen) -> None:
    listener = listen("campus/v1/+/native/g/events")
    voices = [Voice(f"s-{n}", "native", f"sim-many-{n}") for n in range(10)]
    publisher = Publisher(parse_broker_url(broker_url), voices, gateway="g", connection_limit=3)
    assert len(publisher.connections) == 3
    publisher.open()
    for voice in voices:
        publisher.publish(
            WireMessage(voice.school, "native", f"campus/v1/{voice.school}/native/g/events", b"{}")
        )
    listener.until(lambda heard: len({m.topic for m in heard}) == 10)
    assert publisher.close().acknowledged == 10


class Gateway:
    """A publisher of one school with a spool, and a receiver's receipts for it."""

    def __init__(self, url: str, directory: Path, name: str) -> None:
        self.name = name
        voice = Voice(SCHOOL, "native", f"sim-{name}")
        self.publisher = Publisher(parse_broker_url(url), [voice], gateway=name, spool_directory=directory)
        self.spool = self.publisher.spools[SCHOOL]
        self.publisher.open()

    def send(self, *numbers: int) -> None:
        for number in numbers:
            topic = f"campus/v1/{SCHOOL}/native/{self.name}/events"
            payload = b'{"sequence":"%d"}' % number
            self.publisher.publish(WireMessage(SCHOOL, "native", topic, payload, sequence=number))

    def wait_for(self, condition: Callable[[], bool]) -> None:
        def ticked() -> bool:
            self.publisher.tick()
            return condition()

        wait_for(ticked)


@pytest.fixture
def gateway_name() -> str:
    return f"gw-{os.getpid()}-{next(_gateways)}"


def _numbers(listener: Listener) -> list[int]:
    return [int(msgspec.json.decode(message.payload)["sequence"]) for message in listener.heard]


def test_a_receipt_empties_the_spool(
    broker_url: str, listen: Listen, tmp_path: Path, gateway_name: str
) -> None:
    listener = listen(f"campus/v1/{SCHOOL}/native/{gateway_name}/events")
    gateway = Gateway(broker_url, tmp_path, gateway_name)
    gateway.send(1, 2, 3, 4)
    listener.until(lambda heard: len(heard) >= 4)
    listener.say(f"campus/v1/{SCHOOL}/receipts/{gateway_name}", '{"sequence": 3}')
    gateway.wait_for(lambda: gateway.spool.covered == 3)
    listener.say(f"campus/v1/{SCHOOL}/receipts/{gateway_name}", "not a receipt")
    listener.say(f"campus/v1/{SCHOOL}/receipts/{gateway_name}", '{"sequence": 4}')
    gateway.wait_for(lambda: gateway.spool.covered == 4)
    assert gateway.publisher.close().uncovered == 0


def test_what_no_receipt_covered_is_sent_again_after_a_restart(
    broker_url: str, listen: Listen, tmp_path: Path, gateway_name: str
) -> None:
    before = listen(f"campus/v1/{SCHOOL}/native/{gateway_name}/events")
    gateway = Gateway(broker_url, tmp_path, gateway_name)
    gateway.send(1, 2, 3, 4, 5)
    before.until(lambda heard: len(heard) >= 5)
    assert gateway.publisher.close().uncovered == 5
    # the receipt came while the gateway was away: it is retained
    before.say(f"campus/v1/{SCHOOL}/receipts/{gateway_name}", '{"sequence": 2}', retain=True)

    after = listen(f"campus/v1/{SCHOOL}/native/{gateway_name}/events")
    again = Gateway(broker_url, tmp_path, gateway_name)
    assert again.spool.last == 5
    again.wait_for(lambda: len(after.heard) >= 3)
    assert _numbers(after) == [3, 4, 5]
    again.send(6)
    after.until(lambda heard: len(heard) >= 4)
    assert again.publisher.close().uncovered == 4
    assert _numbers(after) == [3, 4, 5, 6]


def test_numbers_go_on_in_the_next_run(broker_url: str, tmp_path: Path) -> None:
    setting = Setting(build_county(1, 1), speed=1000)
    order = Run(SCENARIOS["intruder_at_night"], setting, parse_broker_url(broker_url), tmp_path)
    first, second = (run(order, threading.Event(), pytest.fail).messages.uncovered for _ in range(2))
    assert second == 2 * first > 0
    spool = Spool(tmp_path / f"{SCHOOL}.gw-intruder.spool")
    sequences = [event.sequence for kept in spool.pending() for event in cloud_events(kept.payload)]
    assert sequences == [str(number) for number in range(1, second + 1)]


def test_a_spool_that_lost_its_file_does_not_use_covered_numbers_again(
    broker_url: str, listen: Listen, tmp_path: Path
) -> None:
    listener = listen(f"campus/v1/{SCHOOL}/native/gw-intruder/events")
    receipt = f"campus/v1/{SCHOOL}/receipts/gw-intruder"
    listener.say(receipt, '{"sequence": 1042}', retain=True)
    setting = Setting(build_county(1, 1), speed=1000)
    order = Run(SCENARIOS["intruder_at_night"], setting, parse_broker_url(broker_url), tmp_path)
    waiting = run(order, threading.Event(), pytest.fail).messages.uncovered
    listener.say(receipt, "", retain=True)
    assert waiting > 0
    spool = Spool(tmp_path / f"{SCHOOL}.gw-intruder.spool")
    assert (spool.covered, spool.last, spool.waiting) == (1042, 1042 + waiting, waiting)
    assert min(_numbers(listener)) == 1043


def test_a_run_waits_until_everything_is_covered(broker_url: str, listen: Listen, tmp_path: Path) -> None:
    topic = f"campus/v1/{SCHOOL}/native/gw-intruder/events"
    receipt = f"campus/v1/{SCHOOL}/receipts/gw-intruder"
    order = ["run", "--scenario", "intruder_at_night", "--broker", broker_url, "--schools", "1"]
    order += ["--speed", "1000", "--spool", str(tmp_path), "--resend-after", "1"]
    listener = listen(topic)
    with simulator(*order, "--until-covered", "0.1") as process:
        out, _ = process.communicate(timeout=30)
        assert process.returncode == 1, "nobody sent a receipt"
        assert "waiting for a receipt" in out
    first = len(listener.heard)
    assert first > 0
    with simulator(*order, "--until-covered", "60") as process:
        # its own messages, and those of the run before: after the reconnect and after each silent second
        listener.until(lambda heard: len(heard) >= 4 * first)
        last = max(_numbers(listener))
        listener.say(receipt, f'{{"sequence": {last}}}', retain=True)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 0, err
        assert "waiting for a receipt" not in out
    listener.say(receipt, "", retain=True)
    assert Spool(tmp_path / f"{SCHOOL}.gw-intruder.spool").waiting == 0
