"""Real brokers on free ports for tests: Mosquitto, set up as the service needs it, and the embedded one."""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import free_port, missing

_CONFIGURATION = """
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {home}/
set_tcp_nodelay true
max_queued_messages 0
max_queued_bytes 0
max_inflight_messages 0
max_packet_size 4194304
log_dest none
"""

_EMBEDDED = """
import sys, threading, iotcore
with iotcore.Broker(
    port=int(sys.argv[1]), listen="127.0.0.1", max_payload_size=8 << 20, max_inflight_count=5000
):
    threading.Event().wait()
"""


class Broker:
    """A broker as a process of its own; may be killed and started again on the same port."""

    def __init__(self, command: list[str], port: int) -> None:
        self.port = port
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns once it takes connections."""
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)
        _wait_until_open(self._process, self.port)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def end(self) -> None:
        """As an operator stops it; once is enough."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)


def mosquitto(home: Path) -> Broker:
    """Mosquitto, not yet started, with its state in `home`."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        missing("Mosquitto")
        raise AssertionError
    # As root, Mosquitto changes to its own account, which must be able to write here.
    home.chmod(0o777)
    port = free_port()
    configuration = home / "mosquitto.conf"
    configuration.write_text(_CONFIGURATION.format(port=port, home=home))
    return Broker([program, "-c", str(configuration)], port)


def embedded() -> Broker:
    """The broker of the quick start, not yet started, outside the service's process."""
    port = free_port()
    return Broker([sys.executable, "-c", _EMBEDDED, str(port)], port)


@contextmanager
def mosquitto_broker() -> Iterator[str]:
    """Yields `mqtt://127.0.0.1:PORT` once the broker takes connections."""
    with tempfile.TemporaryDirectory(prefix="campus-mqtt-") as home:
        broker = mosquitto(Path(home))
        broker.start()
        try:
            yield broker.url
        finally:
            broker.end()


def _wait_until_open(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
