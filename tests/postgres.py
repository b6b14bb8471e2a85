"""A PostgreSQL cluster of our own for a test run: made by initdb, gone afterwards."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


@contextmanager
def cluster(*, durable: bool = False) -> Iterator[str]:
    """Yields `postgresql://postgres@127.0.0.1:PORT` of a running cluster, without a database name.

    `durable`: on the disk and as careful as an operator's, for whoever measures; else as quick as it gets.
    """
    binaries = programs()
    if binaries is None:
        missing("PostgreSQL")
        raise AssertionError
    home = Path(tempfile.mkdtemp(prefix="campus-pg-", dir=None if durable else _quick_directory()))
    # PostgreSQL refuses to run as root; Debian's package brings an account for it.
    unprivileged = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if unprivileged:
        shutil.chown(home, "postgres")
    port = free_port()
    options = (
        f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c max_connections=200 "
        f"{_DURABLE if durable else _QUICK}"
    )
    data = str(home / "data")
    try:
        _run([*unprivileged, str(binaries / "initdb"), "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8"])
        start = [str(binaries / "pg_ctl"), "-D", data, "-w", "-l", str(home / "log"), "-o", options, "start"]
        _run([*unprivileged, *start])
        try:
            yield f"postgresql://{USER}@127.0.0.1:{port}"
        finally:
            _run([*unprivileged, str(binaries / "pg_ctl"), "-D", data, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(home, ignore_errors=True)


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
