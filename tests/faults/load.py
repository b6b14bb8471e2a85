"""The publisher of the bench: `device-simulator load` as a process of its own, leg after leg."""

import subprocess
import sys
from pathlib import Path

SCHOOLS = 12


class Load:
    """Publishes `messages` events at `rate` a second; with `spool` each is kept until a receipt covers it.

    Where harm outlasts the load, `go_on` adds a leg of a quarter of that under a name of its own.
    """

    def __init__(
        self, broker_url: str, messages: int, rate: float, devices: int, home: Path, *, spool: bool
    ) -> None:
        self.messages = 0
        self.failures: list[str] = []
        self._home = home
        self._spool = spool
        self._order = ["load", "--broker", broker_url, "--rate", f"{rate:g}", "--schools", str(SCHOOLS)]
        self._order += ["--devices", str(devices), "--patience", "300"]
        self._leg = 0
        self._seen = 0
        self._published = 0
        self._leg_messages = messages
        self._process = self._start(messages)

    def running(self) -> bool:
        """Whether it still publishes; a leg that ended badly is noted in `failures`."""
        if self._process.poll() is None:
            return True
        if self._process.returncode:
            told = self._log().read_text(errors="replace")[-300:].strip()
            self.failures = [f"leg {self._leg} of the load failed: {told}"]
        return False

    def go_on(self) -> None:
        """Starts a further leg where the last one has ended."""
        if not self.running():
            self.published()
            self._process = self._start(self._leg_messages // 4)

    def published(self) -> int:
        """How many events are acknowledged so far, as far as the publisher has told."""
        if self._acked().exists():
            with self._acked().open("rb") as file:
                file.seek(self._seen)
                piece = file.read()
            self._seen += len(piece)
            self._published += piece.count(b"\n")
        return self._published

    def ids(self) -> set[str]:
        """The ids of all events that were acknowledged."""
        return {line for file in self._home.glob("acknowledged-*") for line in file.read_text().split()}

    def end(self) -> None:
        self._process.kill()
        self._process.wait()

    def _start(self, messages: int) -> "subprocess.Popen[bytes]":
        self._leg += 1
        self._seen = 0
        self.messages += messages
        order = [*self._order, "--messages", str(messages), "--run", f"leg{self._leg}"]
        order += ["--acked-file", str(self._acked())]
        if self._spool:
            order += ["--spool", str(self._home / f"spool-{self._leg}"), "--resend-after", "3"]
        with self._log().open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "device_simulator", *order],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _acked(self) -> Path:
        return self._home / f"acknowledged-{self._leg}"

    def _log(self) -> Path:
        return self._home / f"load-{self._leg}.log"
