"""`campus-safety export`: open data of the database of the settings, as files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from safety_service.commands.database import database
from safety_service.commands.errors import one_line_errors
from safety_service.services import feeds
from safety_service.services.schemes import known_schemes
from safety_service.settings import Settings
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

app = typer.Typer(help="Open data.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="Where it goes; an older file there is replaced")]
From = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Visits on this day or later")
]
To = Annotated[
    datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Visits on this day or earlier")
]
InEnglish = Annotated[bool, typer.Option("--english", help="Names and grades in English")]


@app.command("lives")
@one_line_errors
def lives(file: File, english: InEnglish = False, since: From = None, until: To = None) -> None:
    """Write the LIVES set: one ZIP of businesses, inspections, violations, feed_info and legend."""
    settings = Settings()
    wanted = msgspec.structs.replace(
        _feed(settings, english),
        since=since.date() if since else None,
        until=until.date() if until else None,
    )
    with database(settings) as engine, session_scope(engine, EVERY_SCHOOL) as session, file.open("wb") as out:
        feeds.write_lives(session, wanted, out)
    typer.echo(f"{file}: {file.stat().st_size:,} bytes")


@app.command("fhrs")
@one_line_errors
def fhrs(file: File, english: InEnglish = False) -> None:
    """Write every cafeteria with its last rating in the shape of the FHRS open data, as JSON."""
    settings = Settings()
    with database(settings) as engine, session_scope(engine, EVERY_SCHOOL) as session:
        found = feeds.fhrs(session, _feed(settings, english))
    file.write_bytes(msgspec.json.encode(found))
    typer.echo(f"{file}: {found['meta']['itemCount']} establishments")


def _feed(settings: Settings, english: bool) -> feeds.Feed:
    return feeds.Feed(
        book=known_schemes(settings.own_schemes),
        now=datetime.now(UTC),
        timezone=settings.timezone,
        municipality=settings.county_name_en if english else settings.county_name_zh,
        url=settings.public_url,
        language="en" if english else "zh",
    )
