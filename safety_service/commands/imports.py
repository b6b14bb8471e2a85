"""`campus-safety school import` and `device import`: lists from CSV, every refused line reported."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine

from safety_service.commands.errors import INPUT_REFUSED, one_line_errors, say
from safety_service.services import registry_csv
from safety_service.services.registry_csv import Outcome, Tick
from safety_service.settings import Settings
from safety_service.store.session import open_engine

school_app = typer.Typer(help="The schools of the county.", no_args_is_help=True)
device_app = typer.Typer(help="The devices of the schools.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV file")]
Importer = Callable[[Engine, Settings, Path, datetime, Tick], Outcome]


@school_app.callback()
def _schools() -> None:
    """Keeps `import` a command of its own while it is the only one."""


@device_app.callback()
def _devices() -> None:
    """Keeps `import` a command of its own while it is the only one."""


@school_app.command("import")
@one_line_errors
def import_schools(file: File) -> None:
    """Add and update schools: code,name_zh,name_en,township,kind,latitude,longitude,pupils,timezone."""
    _import("schools", registry_csv.import_schools, file)


@device_app.command("import")
@one_line_errors
def import_devices(file: File) -> None:
    """Register and adopt devices: school,device,name,zone,zone_type,format,model."""
    _import("devices", registry_csv.import_devices, file)


def _import(noun: str, read: Importer, file: Path) -> None:
    settings = Settings()
    screen = Console(stderr=True)
    engine = open_engine(settings.resolved_database_url)
    try:
        with Progress(
            TextColumn(noun),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=screen,
            transient=True,
            disable=not screen.is_terminal,
        ) as progress:
            bar = progress.add_task(noun, total=registry_csv.count_lines(file))
            outcome = read(engine, settings, file, datetime.now(UTC), lambda n: progress.advance(bar, n))
    finally:
        engine.dispose()
    for refused in outcome.refused:
        say(f"{file.name}, {refused}")
    typer.echo(f"{noun}: {outcome.added} added, {outcome.updated} updated, {len(outcome.refused)} refused")
    if outcome.refused:
        raise typer.Exit(INPUT_REFUSED)
