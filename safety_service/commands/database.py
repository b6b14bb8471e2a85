"""What the commands that work on the database share: opening it, naming it, showing progress."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine

from safety_service.domain.errors import SafetyError
from safety_service.settings import Settings
from safety_service.store.session import open_engine


@contextmanager
def database(settings: Settings, *, made_here: bool = False) -> Iterator[Engine]:
    """The database of the settings; with `made_here` it need not exist yet."""
    engine = open_engine(settings.resolved_database_url)
    # SQLite would make an empty file out of a misspelt name, and everything after would be beside the point.
    if engine.dialect.name == "sqlite" and not made_here and not Path(engine.url.database or "").is_file():
        raise SafetyError(f"there is no database at {engine.url.database}: run db upgrade")
    try:
        yield engine
    finally:
        engine.dispose()


def shown(engine: Engine) -> str:
    """Its address without the password."""
    return engine.url.render_as_string(hide_password=True)


def progress_bars() -> Progress:
    """On standard error, so that what a command says can be read by a program."""
    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console)
