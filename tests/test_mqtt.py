"""The receiver against a real broker: what is acknowledged is stored, what is not comes again."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from safety_service.domain.errors import Refused, Unavailable
from safety_service.domain.types import Message
from safety_service.mqtt import BrokerAddress, Inbox, Received, Receiver, ReceiverPlan, parse_broker_url
from safety_service.mqtt.client import ReadAhead

DEADLINE_SECONDS = 15.0
_names = count(1)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        threading.Event().wait(0.01)


class Store:
    """Keeps what it is given; fails while `away` is set."""

    def __init__(self) -> None:
        self.kept: list[Message] = []
        self.away = threading.Event()
        self.refusals = 0

    def __call__(self, batch: list[Message]) -> None:
        if self.away.is_set():
            self.refusals += 1
            raise Unavailable("the database is away")
        self.kept += batch

    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.kept]


def make_receiver(
    url: str, store: Store, client_id: str, root: str, buffer_messages: int = 10_000
) -> Receiver:
    plan = ReceiverPlan(
        broker_url=url,
        client_id=client_id,
        filters=[f"{root}/#"],
        batch_messages=500,
        linger_seconds=0.002,
        buffer_messages=buffer_messages,
        buffer_bytes=64 << 20,
    )
    return Receiver(plan, store=store, on_stored=lambda: None)


def publish(url: str, root: str, payloads: list[bytes], retain: bool = False) -> None:
    address = parse_broker_url(url)
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect(address.host, address.port)
    client.loop_start()
    try:
        for payload in payloads:
            client.publish(f"{root}/events", payload, qos=1, retain=retain).wait_for_publish(10)
    finally:
        client.disconnect()
        client.loop_stop()


@pytest.fixture
def names() -> tuple[str, str]:
    number = next(_names)
    return f"receiver-{number}", f"test/{number}"


@pytest.mark.production
def test_receives_in_order_and_acknowledges(mosquitto: str, names: tuple[str, str]) -> None:
    client_id, root = names
    store = Store()
    receiver = make_receiver(mosquitto, store, client_id, root)
    receiver.start()
    until(lambda: receiver.link_since is not None)
    sent = [b"%d" % i for i in range(300)]
    publish(mosquitto, root, sent)
    until(lambda: len(store.kept) >= 300)
    receiver.stop()
    assert store.payloads() == sent

    again = Store()
    second = make_receiver(mosquitto, again, client_id, root)
    second.start()
    until(lambda: second.link_since is not None)
    publish(mosquitto, root, [b"last"])
    until(lambda: b"last" in again.payloads())
    second.stop()
    assert again.payloads() == [b"last"], "what was acknowledged must not come again"


@pytest.mark.production
def test_nothing_is_acknowledged_while_the_store_is_away(mosquitto: str, names: tuple[str, str]) -> None:
    client_id, root = names
    store = Store()
    receiver = make_receiver(mosquitto, store, client_id, root)
    receiver.start()
    until(lambda: receiver.link_since is not None)
    store.away.set()
    publish(mosquitto, root, [b"1", b"2"])
    until(lambda: store.refusals >= 2)
    assert receiver.storing_fails_since is not None
    receiver.stop()
    assert store.kept == []

    again = Store()
    second = make_receiver(mosquitto, again, client_id, root)
    second.start()
    until(lambda: len(again.kept) >= 2)
    second.stop()
    assert again.payloads() == [b"1", b"2"], "the broker must still hold what was never stored"


@pytest.mark.production
def test_waits_out_an_absent_database_without_reconnecting(mosquitto: str, names: tuple[str, str]) -> None:
    client_id, root = names
    store = Store()
    receiver = make_receiver(mosquitto, store, client_id, root)
    receiver.start()
    until(lambda: receiver.link_since is not None)
    since = receiver.link_since
    store.away.set()
    publish(mosquitto, root, [b"1"])
    until(lambda: store.refusals >= 1)
    store.away.clear()
    until(lambda: store.payloads() == [b"1"])
    assert receiver.link_since == since
    assert receiver.storing_fails_since is None
    receiver.stop()


@pytest.mark.production
def test_messages_published_while_away_are_kept_by_the_session(
    mosquitto: str, names: tuple[str, str]
) -> None:
    client_id, root = names
    first = make_receiver(mosquitto, Store(), client_id, root)
    first.start()
    until(lambda: first.link_since is not None)
    first.stop()
    publish(mosquitto, root, [b"while away"])
    store = Store()
    second = make_receiver(mosquitto, store, client_id, root)
    second.start()
    until(lambda: len(store.kept) == 1)
    second.stop()
    assert store.payloads() == [b"while away"]


@pytest.mark.production
def test_retained_messages_are_marked(mosquitto: str, names: tuple[str, str]) -> None:
    client_id, root = names
    publish(mosquitto, root, [b"state"], retain=True)
    store = Store()
    receiver = make_receiver(mosquitto, store, client_id, root)
    receiver.start()
    until(lambda: len(store.kept) == 1)
    receiver.stop()
    assert [(m.retained, m.qos) for m in store.kept] == [(True, 1)]


def test_a_full_inbox_says_so_and_loses_nothing() -> None:
    inbox = Inbox(max_messages=2, max_bytes=100)
    message = Message(topic="t", payload=b"x" * 60, received_at=datetime(2026, 9, 1, tzinfo=UTC))
    inbox.put([Received(message, 0, 1)])
    assert not inbox.full
    inbox.put([Received(message, 0, 2)])
    assert inbox.full
    inbox.put([Received(message, 0, 3)])
    assert [received.mid for received in inbox.take(1, 0)] == [1]
    assert inbox.full, "two are left, of 120 bytes"
    assert [received.mid for received in inbox.take(9, 0)] == [2, 3]
    assert not inbox.full
    inbox.close()
    assert inbox.take(1, 0) == []


@pytest.mark.production
def test_a_full_inbox_stops_the_reading_and_keeps_the_connection(
    mosquitto: str, names: tuple[str, str]
) -> None:
    client_id, root = names
    store = Store()
    receiver = make_receiver(mosquitto, store, client_id, root, buffer_messages=50)
    receiver.start()
    until(lambda: receiver.link_since is not None)
    since = receiver.link_since
    store.away.set()
    publish(mosquitto, root, [b"%d" % i for i in range(2000)])
    until(lambda: store.refusals >= 3)
    # What was read with one look at the network is taken in; beyond that nothing.
    assert receiver.received < 2000
    store.away.clear()
    until(lambda: len(store.kept) == 2000)
    assert store.payloads() == [b"%d" % i for i in range(2000)]
    assert receiver.link_since == since
    receiver.stop()


@pytest.mark.production
def test_acknowledgements_of_a_batch_are_one_packet(mosquitto: str, names: tuple[str, str]) -> None:
    """Pins two seams of paho that the client's speed rests on."""
    client_id, root = names
    store = Store()
    receiver = make_receiver(mosquitto, store, client_id, root)
    receiver.start()
    until(lambda: receiver.link_since is not None)
    wire: Any = receiver._client.socket()
    assert isinstance(wire, ReadAhead)
    sent: list[bytes] = []
    send = wire.send

    def record(packet: bytes) -> int:
        sent.append(bytes(packet))
        written: int = send(packet)
        return written

    wire.send = record  # type: ignore[attr-defined]
    store.away.set()
    publish(mosquitto, root, [b"%d" % i for i in range(40)])
    until(lambda: store.refusals >= 1 and receiver.received == 40)
    store.away.clear()
    until(lambda: len(store.kept) == 40)
    receiver.stop()
    acknowledgements = [data for data in sent if data[:1] == b"\x40"]
    assert sum(map(len, acknowledgements)) == 40 * 4
    assert len(acknowledgements) <= 3


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://broker", BrokerAddress("broker", 1883, False)),
        ("mqtts://broker", BrokerAddress("broker", 8883, True)),
        ("mqtt://u:p%40ss@10.0.0.1:1884", BrokerAddress("10.0.0.1", 1884, False, "u", "p@ss")),
    ],
)
def test_broker_url(url: str, address: BrokerAddress) -> None:
    assert parse_broker_url(url) == address


@pytest.mark.parametrize("url", ["http://broker", "broker:1883", "mqtt://"])
def test_bad_broker_url_names_the_setting_and_not_the_secret(url: str) -> None:
    with pytest.raises(Refused, match="CAMPUS_BROKER_URL"):
        parse_broker_url(url)
