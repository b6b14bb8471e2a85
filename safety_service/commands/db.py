"""`campus-safety db`: migrations, integrity, retention and backup of the database of the settings."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from safety_service.blobs import FolderBlobs
from safety_service.commands.database import database, progress_bars, shown
from safety_service.commands.errors import FAILED, one_line_errors
from safety_service.domain.chain import Head, read_head
from safety_service.domain.errors import Refused, SafetyError
from safety_service.services import backup as backups
from safety_service.services import integrity, retention, snapshot_retention, snapshots
from safety_service.settings import Settings
from safety_service.store import migrations

app = typer.Typer(help="Migrations, integrity check, retention and backup.", no_args_is_help=True)


@app.command("upgrade")
@one_line_errors
def upgrade() -> None:
    """Bring the schema up to date; changes nothing when it is."""
    settings = Settings()
    if settings.database_url is None:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    with database(settings, made_here=True) as engine:
        before = migrations.current(engine)
        migrations.upgrade(engine)
        after = migrations.current(engine)
        steps = "nothing to do" if before == after else f"from {before or 'an empty database'}"
        typer.echo(f"{shown(engine)} is at revision {after} ({steps})")


@app.command("check")
@one_line_errors
def check(
    head: Annotated[
        Path | None, typer.Option(help="A head of the inspection chain, as the API gave it some time ago")
    ] = None,
    files: Annotated[bool, typer.Option("--files", help="Read every photo and signature too")] = False,
) -> None:
    """Verify schema and records, one line for each; exits with 1 when something is wrong."""
    settings, sound = Settings(), True
    exported = _exported(head) if head is not None else None
    with database(settings) as engine:
        blobs = FolderBlobs(settings.files_dir)
        for finding in integrity.check(engine, blobs=blobs, exported=exported, read_files=files):
            sound = sound and not finding.problems
            for problem in finding.problems:
                typer.echo(f"PROBLEM  {finding.subject}: {problem}")
            if not finding.problems:
                typer.echo(f"ok       {finding.subject}: {finding.sound}")
    if not sound:
        raise typer.Exit(FAILED)


def _exported(file: Path) -> Head:
    try:
        return read_head(file.read_bytes(), str(file))
    except OSError as error:
        raise Refused(f"cannot be read: {error.strerror}", place=str(file)) from None


@app.command("prune")
@one_line_errors
def prune() -> None:
    """Remove what is older than CAMPUS_KEEP_MESSAGES_DAYS, …_EVENTS_DAYS and …_SNAPSHOTS_DAYS."""
    settings, now = Settings(), datetime.now(UTC)
    with database(settings) as engine:
        if problems := migrations.check(engine):
            raise SafetyError(problems[0])
        waiting = retention.due(engine, settings, now)
        with progress_bars() as progress:
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
        images = snapshot_retention.prune(engine, snapshots.open_blobs(settings), settings, now)
    typer.echo(
        f"removed {removed.messages} messages, {removed.events} events, "
        f"{removed.rejected} rejections, {removed.answers} kept answers, {images.files} images"
    )


@app.command("backup")
@one_line_errors
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes; must not exist yet")],
    files: Annotated[
        Path | None, typer.Option(help="A folder for the photos and signatures; gets those it has not yet")
    ] = None,
) -> None:
    """Copy the whole database while the service runs (SQLite: a file; PostgreSQL: for pg_restore)."""
    settings = Settings()
    with database(settings) as engine:
        backups.back_up(engine, file)
        typer.echo(f"{shown(engine)} is in {file} ({file.stat().st_size:,} bytes)")
    if files is not None:
        copied = backups.copy_files(FolderBlobs(settings.files_dir), FolderBlobs(files))
        typer.echo(f"{files} got {copied} files that it had not")


@app.command("restore")
@one_line_errors
def restore(
    file: Annotated[Path, typer.Argument(help="What db backup has written")],
    files: Annotated[Path | None, typer.Option(help="The folder that db backup --files has filled")] = None,
) -> None:
    """Put a backup into an empty database, with the service stopped; then run db check."""
    settings = Settings()
    if settings.database_url is None:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    with database(settings, made_here=True) as engine:
        backups.restore(engine, file)
        typer.echo(f"{shown(engine)} is as {file} holds it, at revision {migrations.current(engine)}")
    if files is not None:
        copied = backups.copy_files(FolderBlobs(files), FolderBlobs(settings.files_dir))
        typer.echo(f"{settings.files_dir} got {copied} files that it had not")
