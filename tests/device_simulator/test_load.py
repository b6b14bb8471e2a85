"""The load: every id it calls acknowledged has arrived, also over a connection that breaks."""

import io
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from device_simulator.broker_url import BrokerUrl
from device_simulator.county import build_county
from device_simulator.errors import BrokerUnreachableError
from device_simulator.load import Figures, Load, LoadOrder
from device_simulator.load_events import MIX, LoadEvents
from tests.device_simulator.conftest import Listener
from tests.device_simulator.wire_schema import KINDS, cloud_events
from tests.postgres import free_port


def test_events_are_native_and_foretellable() -> None:
    events = LoadEvents(build_county(5, 1), "t", devices=12)
    made = events.some(0, 3000)
    kinds: Counter[str] = Counter()
    sequences: Counter[bytes] = Counter()
    for number, topic, payload, school, sequence in made:
        (event,) = cloud_events(payload)
        assert event.id == events.identity(number) == f"load-t-{number}"
        assert event.type in KINDS
        sequences[topic] += 1
        assert event.sequence == str(sequences[topic]) == str(sequence)
        assert f"/{school}/".encode() in topic
        assert event.source == f"load-{number % 12 + 1:05d}"
        kinds[event.type] += 1
    assert len(sequences) == 5
    assert set(kinds) == {kind for kind, _ in MIX}
    assert kinds["panic_button"] == 3


@pytest.mark.parametrize("connections", [1, 3])
def test_what_is_acknowledged_has_arrived(
    broker_url: str, listen: Callable[[str], Listener], tmp_path: Path, connections: int
) -> None:
    name = f"whole-{connections}"
    listener = listen(f"campus/v1/+/native/load-{name}/events")
    command = [sys.executable, "-m", "device_simulator", "load", "--broker", broker_url, "--messages", "4000"]
    command += ["--run", name, "--acked-file", str(tmp_path / "acked"), "--connections", str(connections)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("sent 4000, acknowledged 4000, ")
    assert " per second, " in done.stdout
    assert "4000/4000" in done.stderr
    acknowledged = (tmp_path / "acked").read_text().split()
    assert sorted(acknowledged) == sorted(f"load-{name}-{number}" for number in range(4000))
    listener.until(lambda heard: len(heard) >= 4000)
    assert {cloud_events(bytes(message.payload))[0].id for message in listener.heard} == set(acknowledged)


def test_a_rate_is_kept(broker_url: str) -> None:
    order = LoadOrder(_url(broker_url), messages=300, rate=600)
    figures = Load(order, _events("rate")).run(threading.Event(), _ignore)
    assert figures.acknowledged == 300
    assert 0.45 < figures.seconds < 2
    assert figures.per_second == pytest.approx(300 / figures.seconds)


def test_it_stops_when_told(broker_url: str) -> None:
    stop = threading.Event()
    load = Load(LoadOrder(_url(broker_url), messages=10_000_000, rate=2000), _events("stop"))

    def after_a_hundred(figures: Figures) -> None:
        if figures.acknowledged >= 100:
            stop.set()

    figures = load.run(stop, after_a_hundred)
    assert 100 <= figures.acknowledged <= figures.sent < 10_000_000


def test_after_a_break_the_unacknowledged_are_sent_again() -> None:
    broker = BreakingBroker(breaks_after=(7, 30))
    acked = io.StringIO()
    order = LoadOrder(broker.url, messages=100, window=64, patience_seconds=10)
    figures = Load(order, _events("break"), acked).run(threading.Event(), _ignore)
    broker.close()
    assert (figures.sent, figures.acknowledged) == (100, 100)
    assert figures.resent >= 2
    assert broker.connections == 3
    assert sorted(acked.getvalue().split()) == sorted(f"load-break-{number}" for number in range(100))
    assert broker.seen == {f"load-break-{number}" for number in range(100)}
    # what was on its way when the connection broke was resent, but never read
    assert 0 < broker.marked_again <= figures.resent


def test_patience_ends() -> None:
    broker = BreakingBroker(breaks_after=(7,), closes_for_good=True)
    order = LoadOrder(broker.url, messages=100, patience_seconds=0.5)
    load = Load(order, _events("gone"))
    began = time.monotonic()
    with pytest.raises(BrokerUnreachableError, match="cannot reach"):
        load.run(threading.Event(), _ignore)
    assert time.monotonic() - began < 10
    assert load.figures.acknowledged == 7


def test_no_broker_is_said_at_once() -> None:
    load = Load(LoadOrder(BrokerUrl("127.0.0.1", free_port()), messages=10), _events("none"))
    with pytest.raises(BrokerUnreachableError, match="Connection refused"):
        load.run(threading.Event(), _ignore)


def _events(run: str) -> LoadEvents:
    return LoadEvents(build_county(5, 1), run, devices=20)


def _url(text: str) -> BrokerUrl:
    host, port = text.removeprefix("mqtt://").split(":")
    return BrokerUrl(host, int(port))


def _ignore(_figures: Figures) -> None:
    pass


class BreakingBroker:
    """Takes one connection after the other, cuts each after so many acknowledgements; the last one stays."""

    def __init__(self, breaks_after: tuple[int, ...], *, closes_for_good: bool = False) -> None:
        self._breaks_after = list(breaks_after)
        self._closes_for_good = closes_for_good
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = BrokerUrl("127.0.0.1", self._listening.getsockname()[1])
        self.connections = 0
        self.seen: set[str] = set()
        self.marked_again = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._listening.close()

    def _serve(self) -> None:
        last = False
        while not last:
            connection, _ = self._listening.accept()
            self.connections += 1
            limit = self._breaks_after.pop(0) if self._breaks_after else None
            last = limit is None or (self._closes_for_good and not self._breaks_after)
            if last and limit is not None:
                self._listening.close()
            with connection, connection.makefile("rb") as stream:
                self._speak(connection, stream, limit)

    def _speak(self, connection: socket.socket, stream: io.BufferedReader, limit: int | None) -> None:
        acknowledged = 0
        while limit is None or acknowledged < limit:
            first = stream.read(1)
            if not first:
                return
            body = stream.read(_length(stream))
            if first[0] & 0xF0 == 0x10:
                connection.sendall(b"\x20\x02\x00\x00")
            elif first[0] & 0xF0 == 0x30:
                topic_length = int.from_bytes(body[:2], "big")
                packet_id, payload = body[2 + topic_length : 4 + topic_length], body[4 + topic_length :]
                self.seen.add(cloud_events(payload)[0].id)
                self.marked_again += bool(first[0] & 0x08)
                connection.sendall(b"\x40\x02" + packet_id)
                acknowledged += 1
        connection.shutdown(socket.SHUT_WR)
        while stream.read(4096):
            pass


def _length(stream: io.BufferedReader) -> int:
    length, shift = 0, 0
    while True:
        digit = stream.read(1)[0]
        length |= (digit & 0x7F) << shift
        shift += 7
        if not digit & 0x80:
            return length
