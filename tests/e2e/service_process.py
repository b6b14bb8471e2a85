"""Runs the service, the simulator and brokers as processes of their own, the way an operator would."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import iotcore
import psutil

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

    `roles` as `serve` takes them; `more` are further environment variables.
    """

    def __init__(
        self,
        database_url: str,
        broker_url: str,
        home: Path,
        *,
        roles: str = "api,pipeline",
        more: Mapping[str, str] | None = None,
    ) -> None:
        self.port = free_port()
        self.roles = roles
        self._log = home / f"service-{self.port}.log"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CAMPUS_")},
            "CAMPUS_DATABASE_URL": database_url,
            "CAMPUS_BROKER_URL": broker_url,
            "CAMPUS_SECRET_KEY": SECRET,
            "CAMPUS_HTTP_PORT": str(self.port),
            "CAMPUS_DATA_DIR": str(home),
            "CAMPUS_LOG_LEVEL": "WARNING",
            **(more or {}),
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
                [sys.executable, "-m", "safety_service.cli", "serve", "--roles", self.roles],
                env=self._environment,
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        try:
            until(self.is_ready, "the service is ready")
        except AssertionError as error:
            raise AssertionError(f"{error}; its log: {self.log()[-2000:]}") from None

    def kill(self) -> None:
        """SIGKILL of the service with every process that it has started; returns when they are gone."""
        self.signal_all(signal.SIGKILL)
        assert self._process is not None
        self._process.wait(10)

    def signal_all(self, number: signal.Signals) -> None:
        """Sends it to every process of the service that still lives."""
        members = self.processes()
        for process in members:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        if number == signal.SIGKILL:
            until(lambda: all(map(_is_gone, members)), "the killed processes are gone", 10)

    def processes(self) -> list[psutil.Process]:
        """Those that run now: the one that was started, and all that it started."""
        if self._process is None or self._process.poll() is not None:
            return []
        try:
            first = psutil.Process(self._process.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def end_by(self, ending: signal.Signals, seconds: float = 15) -> int:
        """Sends the signal, as Ctrl-C or a container's stop does; returns the exit code."""
        assert self._process is not None
        self._process.send_signal(ending)
        return self._process.wait(seconds)

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/readyz", timeout=2) as answer:
                return bool(json.load(answer)["ready"])
        except OSError:
            return False


def _is_gone(process: psutil.Process) -> bool:
    # What was killed stays a zombie where nobody waits for it: the first process of a container may not.
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def simulator(*arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "device_simulator", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
