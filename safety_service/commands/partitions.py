"""`campus-safety partition`: divides the schools of a province among pipelines."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from safety_service.commands.errors import one_line_errors
from safety_service.services import partitions
from safety_service.settings import Settings
from safety_service.store import partitions as rows
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import open_engine, session_scope

app = typer.Typer(help="How schools are divided among pipelines.", no_args_is_help=True)


@app.command("create")
@one_line_errors
def create(
    name: Annotated[str, typer.Argument(help="What `serve --partition` is told")],
    school: Annotated[list[str], typer.Option("--school", help="Code of a school; may be repeated")],
) -> None:
    """Give some schools a pipeline of their own; before the first message is received."""
    engine = open_engine(Settings().resolved_database_url)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        row = partitions.create(session, name, school, datetime.now(UTC))
        typer.echo(f"{row.name}: {len(row.schools)} schools, client id {row.client_id}")
    engine.dispose()


@app.command("list")
@one_line_errors
def list_partitions() -> None:
    """Every partition: name, client id, schools, who works on it."""
    engine = open_engine(Settings().resolved_database_url)
    with session_scope(engine, EVERY_SCHOOL) as session:
        for row in rows.every(session):
            schools = ",".join(row.schools) or "every school"
            typer.echo(
                f"{row.name}\t{row.client_id}\t{schools}\t{rows.holder(session, row.name) or 'nobody'}"
            )
    engine.dispose()
