"""A real Mosquitto on a free port for tests, configured as the service needs it."""

import shutil
import socket
import subprocess
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


class Mosquitto:
    """One broker with its own home and port, which may be killed and started again."""

    def __init__(self, program: str, home: Path) -> None:
        # As root, Mosquitto changes to its own account, which must be able to write here.
        home.chmod(0o777)
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self._command = [program, "-c", str(home / "mosquitto.conf")]
        (home / "mosquitto.conf").write_text(_CONFIGURATION.format(port=self.port, home=home))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once the broker takes connections."""
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)
        _wait_until_open(self._process, self.port)

    def kill(self) -> None:
        """SIGKILL: what it had not yet written to its home is gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)


@contextmanager
def mosquitto() -> Iterator[Mosquitto]:
    """A broker that was started."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        missing("Mosquitto")
        raise AssertionError
    with tempfile.TemporaryDirectory(prefix="campus-mqtt-") as home:
        broker = Mosquitto(program, Path(home))
        try:
            broker.start()
            yield broker
        finally:
            broker.stop()


@contextmanager
def mosquitto_broker() -> Iterator[str]:
    """Yields `mqtt://127.0.0.1:PORT` once the broker takes connections."""
    with mosquitto() as broker:
        yield broker.url


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
