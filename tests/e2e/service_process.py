"""Runs the service, the simulator and brokers as processes of their own, the way an operator would."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import iotcore

from tests.postgres import free_port

SECRET = "a long enough secret of the tests"
DEADLINE_SECONDS = 60.0


def until(
    condition: Callable[[], bool],
    what: str,
    seconds: float = DEADLINE_SECONDS,
    *,
    every_seconds: float = 0.05,
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain: {what}"
        threading.Event().wait(every_seconds)


@contextmanager
def embedded_broker() -> Iterator[str]:
    broker = iotcore.Broker(
        port=free_port(), listen="127.0.0.1", max_payload_size=8 << 20, max_inflight_count=5000
    )
    with broker:
        yield f"mqtt://127.0.0.1:{broker.port}"


class Service:
    """`campus-safety serve` against one database and broker; may be killed and started again.

    `settings`: further ones by their variable, `CAMPUS_RULES_FILE="…"`.
    """

    def __init__(self, database_url: str, broker_url: str, home: Path, **settings: str) -> None:
        self.port = free_port()
        self._log = home / "service.log"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CAMPUS_")},
            "CAMPUS_DATABASE_URL": database_url,
            "CAMPUS_BROKER_URL": broker_url,
            "CAMPUS_SECRET_KEY": SECRET,
            "CAMPUS_HTTP_PORT": str(self.port),
            "CAMPUS_DATA_DIR": str(home),
            "CAMPUS_LOG_LEVEL": "WARNING",
            **settings,
        }
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of the process that was started last."""
        assert self._process is not None
        return self._process.pid

    def command(self, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs one `campus-safety` command in the service's environment."""
        return subprocess.run(
            [sys.executable, "-m", "safety_service.cli", *arguments],
            env=self._environment,
            cwd=self._home,
            input=text or "",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "safety_service.cli", "serve"],
                env=self._environment,
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not self._is_ready():
            waiting = time.monotonic() < deadline and self._process.poll() is None
            assert waiting, f"not ready; its log: {self.log()[-2000:]}"
            threading.Event().wait(0.05)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def end_by(self, ending: signal.Signals, seconds: float = 15) -> int:
        """Sends the signal, as Ctrl-C or a container's stop does; returns the exit code."""
        assert self._process is not None
        self._process.send_signal(ending)
        return self._process.wait(seconds)

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/readyz", timeout=2) as answer:
                return bool(json.load(answer)["ready"])
        except OSError:
            return False


def simulator(*arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "device_simulator", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
