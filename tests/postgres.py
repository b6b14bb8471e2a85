"""A PostgreSQL cluster of our own for a test run: made by initdb, gone afterwards."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
import pytest

USER = "postgres"
_ENOUGH_BYTES = 2 << 30
_QUICK = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=64MB"
_DURABLE = "-c fsync=on -c synchronous_commit=on -c full_page_writes=on -c shared_buffers=256MB"


def missing(what: str) -> None:
    """A server that is not on this machine fails the test in CI and skips it elsewhere."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not installed, and CI must test with it")
    pytest.skip(f"{what} is not installed")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def programs() -> Path | None:
    """The directory of initdb and pg_ctl: the newest of Debian's, else wherever PATH finds them."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


class Cluster:
    """A PostgreSQL server of our own: made once, then started, stopped and killed at will.

    `durable`: commits are on the disk before they are answered, as in production; otherwise it is only quick.
    `home` must exist and is the caller's to remove.
    """

    def __init__(self, home: Path, *, durable: bool = False) -> None:
        binaries = programs()
        if binaries is None:
            missing("PostgreSQL")
            raise AssertionError
        self._binaries = binaries
        # PostgreSQL refuses to run as root; Debian's package brings an account for it.
        self._unprivileged = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self.give(home)
        self._home = home
        self._data = home / "data"
        self.port = free_port()
        self._options = (
            f"-p {self.port} -k {home} -c listen_addresses=127.0.0.1 -c max_connections=200 "
            f"{_DURABLE if durable else _QUICK}"
        )
        self._control("initdb", "-D", str(self._data), "-U", USER, "-A", "trust", "-E", "UTF8")

    @property
    def server(self) -> str:
        """`postgresql://postgres@127.0.0.1:PORT`, without a database name."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}"

    def give(self, directory: Path) -> None:
        """Makes the directory one that the server can write in."""
        if self._unprivileged:
            shutil.chown(directory, "postgres")

    def start(self) -> None:
        """Returns once it takes connections."""
        log = str(self._home / "log")
        self._control("pg_ctl", "-D", str(self._data), "-w", "-l", log, "-o", self._options, "start")

    def stop(self) -> None:
        """At once: connections are closed, and the next start recovers from the log."""
        self._control("pg_ctl", "-D", str(self._data), "-m", "immediate", "stop")

    def kill(self) -> None:
        """SIGKILL of the server and all its processes; returns when they are gone."""
        postmaster = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        deadline = time.monotonic() + 10
        while any(_lives(process) for process in processes):
            assert time.monotonic() < deadline, "a killed process of PostgreSQL does not go"
            time.sleep(0.01)
        # Where nobody takes the dead off the list, their numbers are still known, and the next start would
        # believe that the old server runs.
        (self._data / "postmaster.pid").unlink()
        (self._home / f".s.PGSQL.{self.port}.lock").unlink(missing_ok=True)

    def _control(self, program: str, *arguments: str) -> None:
        _run([*self._unprivileged, str(self._binaries / program), *arguments])


@contextmanager
def cluster(*, durable: bool = False) -> Iterator[Cluster]:
    """A running cluster, gone afterwards; a durable one stands on a real disk."""
    home = Path(tempfile.mkdtemp(prefix="campus-pg-", dir=None if durable else _quick_directory()))
    try:
        one = Cluster(home, durable=durable)
        one.start()
        try:
            yield one
        finally:
            one.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _quick_directory() -> str | None:
    """Memory where there is enough of it: a database for each test means many small files."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ENOUGH_BYTES
    return str(memory) if roomy else None


def execute(server: str, statement: str) -> None:
    """Runs one statement outside a transaction, in the maintenance database."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(statement.encode())


def _run(command: list[str]) -> None:
    # No pipes: the server that pg_ctl starts would keep them open, and we would wait for it for ever.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False, cwd="/"
        )
        if done.returncode:
            output.seek(0)
            raise RuntimeError(f"{command}: {output.read().decode(errors='replace')}")
