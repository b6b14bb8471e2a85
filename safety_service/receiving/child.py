"""The child: receives and commits until its standard input ends, which it does with the parent."""

import signal
import sys
import threading
from typing import BinaryIO

import msgspec
from sqlalchemy import Engine

from safety_service import footprint, logs
from safety_service.domain.errors import Superseded, Unavailable
from safety_service.mqtt.receiver import Receiver
from safety_service.receiving.wire import Order, Publish, Report
from safety_service.services import ingest, leases
from safety_service.store.session import open_engine

REPORT_SECONDS = 1.0

_encode = msgspec.json.Encoder().encode
_publish: msgspec.json.Decoder[Publish] = msgspec.json.Decoder(Publish)


def main() -> None:
    # A Ctrl-C reaches the whole group of processes; our end is decided by the parent.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    footprint.share_pools()
    orders = sys.stdin.buffer
    first = orders.readline()
    if not first:
        return
    order = msgspec.json.decode(first, type=Order)
    logs.configure(order.log_level)
    engine = open_engine(order.database_url, pool_size=2)
    reporter = Reporter(sys.stdout.buffer)
    receiver = build(order, engine, reporter.wake)
    reporter.start(receiver)
    receiver.start()
    for line in orders:
        wanted = _publish.decode(line)
        receiver.publish(wanted.topic, wanted.payload.encode(), retain=True)
    receiver.stop()
    reporter.stop()
    engine.dispose()


def build(order: Order, engine: Engine, wake: threading.Event) -> Receiver:
    return Receiver(
        order.plan,
        store=ingest.Writer(engine, order.partition, order.lease, order.fence),
        on_stored=wake.set,
        may_connect=lambda: _may_connect(engine, order),
    )


def _may_connect(engine: Engine, order: Order) -> bool:
    """Two processes with one client id throw each other off the broker: only the lease's holder connects."""
    try:
        leases.check(engine, order.lease, order.fence)
    except Superseded:
        raise
    except Unavailable:
        return False
    return True


class Reporter:
    """A thread that tells the parent the latest state: a full pipe must not hold up the writer."""

    def __init__(self, out: BinaryIO) -> None:
        self.wake = threading.Event()
        self._out = out
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self, receiver: Receiver) -> None:
        self._thread = threading.Thread(target=self._run, args=[receiver], name="reporter", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self.wake.set()
        if self._thread is not None:
            self._thread.join(1.0)

    def _run(self, receiver: Receiver) -> None:
        try:
            while not self._stopping:
                self.wake.wait(REPORT_SECONDS)
                self.wake.clear()
                self._out.write(_encode(_report(receiver)) + b"\n")
                self._out.flush()
        except OSError:
            return  # the parent is gone; the end of standard input says so too


def _report(receiver: Receiver) -> Report:
    return Report(
        received=receiver.received,
        committed=receiver.committed,
        connections=receiver.connections,
        link_since=receiver.link_since,
        storing_fails_since=receiver.storing_fails_since,
        alive=receiver.alive,
        superseded=receiver.superseded,
    )
