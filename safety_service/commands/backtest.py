"""`campus-safety rules backtest`: what candidate rules would have raised, beside what was raised."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, NoReturn
from zoneinfo import ZoneInfo

import msgspec
import typer
from sqlmodel import Session

from safety_service import footprint
from safety_service.commands.backtest_text import lines_of
from safety_service.commands.database import database, progress_bars
from safety_service.commands.errors import WRONG_USAGE, one_line_errors, say
from safety_service.domain.backtest_report import Report
from safety_service.domain.decoding.times import parse
from safety_service.domain.errors import Refused, SafetyError
from safety_service.domain.rules.durations import parse_duration
from safety_service.services import backtest as backtests
from safety_service.services import rulesets
from safety_service.services.backtest import House, Plan, Wanted
from safety_service.settings import Settings
from safety_service.store import migrations
from safety_service.store.scope import EVERY_SCHOOL, Scope
from safety_service.store.session import session_scope


@one_line_errors
def backtest(
    file: Annotated[Path, typer.Argument(help="The candidate rule file")],
    since: Annotated[str, typer.Option("--from", metavar="TIME", help="Events received then or later")],
    until: Annotated[str, typer.Option("--to", metavar="TIME", help="Events received before")],
    school: Annotated[list[str] | None, typer.Option(metavar="CODE", help="Only these schools")] = None,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="How to answer")] = "text",
    examples: Annotated[int, typer.Option(min=0, help="Alerts to show of each rule")] = backtests.EXAMPLES,
    warm_up: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="Default: the longest time in the rules, at least 1d"),
    ] = None,
) -> None:
    """Replay stored events through candidate rules and compare with what was raised; nothing is written."""
    settings = Settings()
    zone = ZoneInfo(settings.timezone)
    wanted = Wanted(
        since=_time("--from", since, zone),
        until=_time("--to", until, zone),
        warm_up=None if warm_up is None else _duration("--warm-up", warm_up),
        examples=examples,
    )
    if wanted.until <= wanted.since:
        _wrong("--to must be later than --from")
    text = _read(file)
    house = House(zone, timedelta(seconds=settings.restart_tolerance_seconds))
    scope = Scope(every_school=False, schools=frozenset(school)) if school else EVERY_SCHOOL
    with database(settings) as engine:
        if migrations.current(engine) != migrations.head():
            raise SafetyError(f"this program needs revision {migrations.head()}: run db upgrade")
        with session_scope(engine, scope) as session:
            backtests.check_schools(session, school or ())
            rules = rulesets.checked(session, text, str(file))
            report = _run(session, backtests.prepare(session, rules, wanted, house))
    if form == "json":
        typer.echo(msgspec.json.encode(report).decode())
    else:
        typer.echo("\n".join(lines_of(report, zone)))


def _run(session: Session, plan: Plan) -> Report:
    footprint.expect_short_lives()
    with progress_bars() as progress:
        bar = progress.add_task("replayed", total=plan.events)
        return backtests.run(session, plan, lambda events: progress.advance(bar, events))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        _wrong(f"{file}: {error.strerror}")
    except UnicodeDecodeError as error:
        raise Refused(f"is not UTF-8 text at byte {error.start}", place=str(file)) from error


def _time(option: str, written: str, zone: ZoneInfo) -> datetime:
    try:
        return parse(written, zone)
    except (ValueError, OverflowError) as error:
        _wrong(f"{option}: {written!r}: {error}")


def _duration(option: str, written: str) -> timedelta:
    try:
        return parse_duration(written)
    except ValueError as error:
        _wrong(f"{option}: {error}")


def _wrong(sentence: str) -> NoReturn:
    say(sentence)
    raise typer.Exit(WRONG_USAGE)
