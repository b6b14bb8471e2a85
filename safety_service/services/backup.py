"""A copy of the database as of one instant, taken while the service runs, complete or not there at all."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, Engine

from safety_service.domain.errors import Refused, SafetyError


def back_up(engine: Engine, target: Path) -> None:
    """SQLite: a database file; PostgreSQL: an archive for pg_restore, which needs pg_dump on this machine.

    Raises Refused where the target exists, SafetyError where the copy cannot be made; then no target is left.
    """
    if target.exists():
        raise Refused("exists already; a backup never replaces another", place=str(target))
    # A name of its own until it is complete: whoever finds the target finds a whole backup.
    partial = target.with_name(f"{target.name}.partial-{os.getpid()}")
    try:
        if engine.dialect.name == "sqlite":
            _copy_sqlite(engine.url, partial)
        else:
            _dump_postgresql(engine.url, partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _copy_sqlite(url: URL, partial: Path) -> None:
    source = Path(url.database or "")
    if not source.is_file():
        raise SafetyError(f"there is no database at {source}")
    try:
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(partial)) as copy:
            # All pages in one step: step by step, every commit of the service would start it over.
            live.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            answer = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise SafetyError(f"the copy cannot be made: {error}") from error
    if answer != "ok":
        raise SafetyError(f"the copy is damaged: {answer}")
    with partial.open("rb+") as file:
        os.fsync(file.fileno())


def _dump_postgresql(url: URL, partial: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise SafetyError("pg_dump is not on this machine: install the PostgreSQL client (postgresql-client)")
    # The password goes through the environment: arguments are readable by every process of the machine.
    environment = {**os.environ, "PGPASSWORD": url.password or ""} if url.password else dict(os.environ)
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    done = subprocess.run(
        [program, "--format=custom", f"--file={partial}", f"--dbname={address}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.strip() or "no reason given").splitlines()[0]
        raise SafetyError(f"pg_dump failed: {reason}")
