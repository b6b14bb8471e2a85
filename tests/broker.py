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


@contextmanager
def mosquitto_broker() -> Iterator[str]:
    """Yields `mqtt://127.0.0.1:PORT` once the broker takes connections."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        missing("Mosquitto")
        raise AssertionError
    with tempfile.TemporaryDirectory(prefix="campus-mqtt-") as home:
        # As root, Mosquitto changes to its own account, which must be able to write here.
        Path(home).chmod(0o777)
        port = free_port()
        configuration = Path(home) / "mosquitto.conf"
        configuration.write_text(_CONFIGURATION.format(port=port, home=home))
        process = subprocess.Popen([program, "-c", str(configuration)], stdin=subprocess.DEVNULL)
        try:
            _wait_until_open(process, port)
            yield f"mqtt://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=10)


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
