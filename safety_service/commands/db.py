"""`campus-safety db`: migrations, integrity, retention and backup of the database of the settings."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine

from safety_service.commands.errors import FAILED, one_line_errors
from safety_service.domain.errors import SafetyError
from safety_service.services import backup as backups
from safety_service.services import integrity, retention
from safety_service.settings import Settings
from safety_service.store import migrations
from safety_service.store.session import open_engine

app = typer.Typer(help="Migrations, integrity check, retention and backup.", no_args_is_help=True)


@app.command("upgrade")
@one_line_errors
def upgrade() -> None:
    """Bring the schema up to date; changes nothing when it is."""
    settings = Settings()
    if settings.database_url is None:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    with _database(settings, made_here=True) as engine:
        before = migrations.current(engine)
        migrations.upgrade(engine)
        after = migrations.current(engine)
        steps = "nothing to do" if before == after else f"from {before or 'an empty database'}"
        typer.echo(f"{_shown(engine)} is at revision {after} ({steps})")


@app.command("check")
@one_line_errors
def check() -> None:
    """Verify schema and records, one line for each; exits with 1 when something is wrong."""
    sound = True
    with _database(Settings()) as engine:
        for finding in integrity.check(engine):
            sound = sound and not finding.problems
            for problem in finding.problems:
                typer.echo(f"PROBLEM  {finding.subject}: {problem}")
            if not finding.problems:
                typer.echo(f"ok       {finding.subject}: {finding.sound}")
    if not sound:
        raise typer.Exit(FAILED)


@app.command("prune")
@one_line_errors
def prune() -> None:
    """Remove what is older than CAMPUS_KEEP_MESSAGES_DAYS and CAMPUS_KEEP_EVENTS_DAYS."""
    settings, now = Settings(), datetime.now(UTC)
    with _database(settings) as engine:
        if problems := migrations.check(engine):
            raise SafetyError(problems[0])
        waiting = retention.due(engine, settings, now)
        with _progress() as progress:
            bars = {
                what: progress.add_task(what, total=getattr(waiting, what))
                for what in ("rejected", "events", "messages")
            }
            removed = retention.prune(
                engine,
                settings,
                now,
                on_step=lambda what, rows: progress.advance(bars[what], rows) if what in bars else None,
            )
    typer.echo(
        f"removed {removed.messages} messages, {removed.events} events, "
        f"{removed.rejected} rejections, {removed.answers} kept answers"
    )


@app.command("backup")
@one_line_errors
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes; must not exist yet")],
) -> None:
    """Copy the whole database while the service runs (SQLite: a file; PostgreSQL: for pg_restore)."""
    with _database(Settings()) as engine:
        backups.back_up(engine, file)
        typer.echo(f"{_shown(engine)} is in {file} ({file.stat().st_size:,} bytes)")


@contextmanager
def _database(settings: Settings, *, made_here: bool = False) -> Iterator[Engine]:
    engine = open_engine(settings.resolved_database_url)
    # SQLite would make an empty file out of a misspelt name, and everything after would be beside the point.
    if engine.dialect.name == "sqlite" and not made_here and not Path(engine.url.database or "").is_file():
        raise SafetyError(f"there is no database at {engine.url.database}: run db upgrade")
    try:
        yield engine
    finally:
        engine.dispose()


def _shown(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)


def _progress() -> Progress:
    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console)
