"""`campus-safety school|device|inspection|boundary import`: from files, every refused line reported."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine

from safety_service import footprint
from safety_service.commands.errors import INPUT_REFUSED, one_line_errors, say
from safety_service.services import boundary, inspection_import, registry_csv
from safety_service.services.csv_lines import RefusedLine, Tick, count_lines
from safety_service.services.inspection_due import known_planning
from safety_service.services.inspection_import import Outcome as Imported
from safety_service.services.registry_csv import Outcome
from safety_service.services.schemes import known_schemes
from safety_service.settings import Settings
from safety_service.store.session import open_engine

inspection_app = typer.Typer(help="The inspections of the past.", no_args_is_help=True)
school_app = typer.Typer(help="The schools of the county.", no_args_is_help=True)
device_app = typer.Typer(help="The devices of the schools.", no_args_is_help=True)
boundary_app = typer.Typer(help="The bureau's own map of the county.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV file")]
OutcomeT = TypeVar("OutcomeT")
Importer = Callable[[Engine, Settings, Path, datetime, Tick], Outcome]


@school_app.callback()
def _schools() -> None:
    """Keeps `import` a command of its own while it is the only one."""


@device_app.callback()
def _devices() -> None:
    """Keeps `import` a command of its own while it is the only one."""


@inspection_app.callback()
def _inspections() -> None:
    """Keeps `import` a command of its own while it is the only one."""


@inspection_app.command("import")
@one_line_errors
def import_inspections(file: File) -> None:
    """Add past inspections: cafeteria,date and the inputs of a scheme; see docs/disclosure.md."""

    def read(engine: Engine, settings: Settings, path: Path, now: datetime, tick: Tick) -> Imported:
        book = known_schemes(settings.own_schemes)
        footprint.expect_short_lives()
        return inspection_import.import_inspections(
            engine,
            path,
            book,
            intervals=known_planning(settings.planning_file),
            timezone=settings.timezone,
            now=now,
            tick=tick,
        )

    outcome = _read("inspections", read, file)
    _tell("inspections", file, f"{outcome.added} added, {outcome.known} there already", outcome.refused)


@school_app.command("import")
@one_line_errors
def import_schools(file: File) -> None:
    """Add and update schools: code,name_zh,name_en,township,kind,latitude,longitude,pupils,timezone."""
    _import("schools", registry_csv.import_schools, file)


@device_app.command("import")
@one_line_errors
def import_devices(file: File) -> None:
    """Register and adopt devices: school,device,name,zone,zone_type,format,model,live_url."""
    _import("devices", registry_csv.import_devices, file)


@boundary_app.command("import")
@one_line_errors
def import_boundary(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, readable=True, help="GeoJSON: a polygon each township"),
    ],
    approval: Annotated[
        str | None, typer.Option(help="The approval number (审图号) to be shown beside the map")
    ] = None,
) -> None:
    """Show this map on the wall screen instead of the drawn one."""
    with _database() as engine:
        areas = boundary.import_file(engine, file, approval, datetime.now(UTC))
    typer.echo(f"boundary: {areas} areas")


@boundary_app.command("clear")
@one_line_errors
def clear_boundary() -> None:
    """Back to the map drawn from the schools' places."""
    with _database() as engine:
        boundary.clear(engine, datetime.now(UTC))
    typer.echo("boundary: cleared")


@contextmanager
def _database() -> Iterator[Engine]:
    engine = open_engine(Settings().resolved_database_url)
    try:
        yield engine
    finally:
        engine.dispose()


def _import(noun: str, read: Importer, file: Path) -> None:
    outcome = _read(noun, read, file)
    _tell(noun, file, f"{outcome.added} added, {outcome.updated} updated", outcome.refused)


def _read(
    noun: str, read: Callable[[Engine, Settings, Path, datetime, Tick], OutcomeT], file: Path
) -> OutcomeT:
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
            bar = progress.add_task(noun, total=count_lines(file))
            return read(engine, settings, file, datetime.now(UTC), lambda n: progress.advance(bar, n))
    finally:
        engine.dispose()


def _tell(noun: str, file: Path, done: str, refused: Sequence[RefusedLine]) -> None:
    for line in refused:
        say(f"{file.name}, {line}")
    typer.echo(f"{noun}: {done}, {len(refused)} refused")
    if refused:
        raise typer.Exit(INPUT_REFUSED)
