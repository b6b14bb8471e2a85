"""A copy of the database as of one instant, taken while the service runs, and its way back."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, Engine, inspect
from sqlalchemy.exc import DBAPIError

from safety_service.blobs import Blobs
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
            _copy_sqlite(Path(engine.url.database or ""), partial)
        else:
            _dump_postgresql(engine.url, partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _copy_sqlite(source: Path, partial: Path) -> None:
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


def copy_files(source: Blobs, target: Blobs) -> int:
    """Copies every file that the target does not have in full, and returns how many that were.

    To be called after the database was copied: files are never changed, and one is there before its row is.
    """
    copied = 0
    for sha256 in source:
        if target.size(sha256) == source.size(sha256):
            continue
        with source.open(sha256) as content:
            try:
                copied += target.put(sha256, content)
            except ValueError as error:
                raise SafetyError(f"a file is damaged: {error}") from error
    return copied


def restore(engine: Engine, source: Path) -> None:
    """Makes an empty database, or one that does not exist yet (SQLite), what the backup holds.

    Raises Refused where the source is none of ours or the database holds anything, SafetyError where the
    copy cannot be made; then the database is as empty as before.
    """
    if not source.is_file():
        raise Refused("there is no such backup", place=str(source))
    if engine.dialect.name == "sqlite":
        _restore_sqlite(engine, source)
    else:
        _restore_postgresql(engine, source)


def _restore_sqlite(engine: Engine, source: Path) -> None:
    target = Path(engine.url.database or "")
    if target.exists():
        _refuse_unless_empty(engine)
        engine.dispose()
    try:
        with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as backup:
            backup.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise Refused(f"is no backup of this service: {error}", place=str(source)) from error
    partial = target.with_name(f"{target.name}.partial-{os.getpid()}")
    try:
        _copy_sqlite(source, partial)
        for leftover in ("-wal", "-shm"):
            target.with_name(target.name + leftover).unlink(missing_ok=True)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _restore_postgresql(engine: Engine, source: Path) -> None:
    _refuse_unless_empty(engine)
    engine.dispose()
    _run_client(
        "pg_restore",
        ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"],
        engine.url,
        [str(source)],
    )


def _refuse_unless_empty(engine: Engine) -> None:
    try:
        tables = inspect(engine).get_table_names()
    except DBAPIError as error:
        raise SafetyError(f"the database cannot be read: {str(error.orig).splitlines()[0]}") from error
    if tables:
        raise Refused(
            f"holds {len(tables)} tables already; a backup goes into an empty database only",
            place=engine.url.render_as_string(hide_password=True),
        )


def _dump_postgresql(url: URL, partial: Path) -> None:
    _run_client("pg_dump", ["--format=custom", f"--file={partial}"], url)


def _run_client(name: str, options: Sequence[str], url: URL, operands: Sequence[str] = ()) -> None:
    program = shutil.which(name)
    if program is None:
        raise SafetyError(f"{name} is not on this machine: install the PostgreSQL client (postgresql-client)")
    # The password goes through the environment: arguments are readable by every process of the machine.
    environment = {**os.environ, "PGPASSWORD": url.password or ""} if url.password else dict(os.environ)
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    done = subprocess.run(
        [program, *options, f"--dbname={address}", *operands],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.strip() or "no reason given").splitlines()[0]
        raise SafetyError(f"{name} failed: {reason}")
