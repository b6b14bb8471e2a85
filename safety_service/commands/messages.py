"""`campus-safety messages`: what could not be read, counted by reason, and put in again after a fix."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from sqlalchemy import Engine

from safety_service.commands.database import database, progress_bars
from safety_service.commands.errors import one_line_errors
from safety_service.domain.decoding.times import parse
from safety_service.domain.errors import Refused, SafetyError
from safety_service.services import replay as replays
from safety_service.settings import Settings
from safety_service.store import migrations, rejected
from safety_service.store.rejected import RejectedFilter
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

app = typer.Typer(help="Messages that could not be read.", no_args_is_help=True)

Reason = Annotated[str | None, typer.Option(help="As `messages rejected` names it, e.g. unknown_school")]


@app.command("rejected")
@one_line_errors
def count_rejected(reason: Reason = None) -> None:
    """Count what was refused by reason, most first: all of it, and what nobody has replayed yet."""
    with database(Settings()) as engine:
        _expect_schema(engine)
        with session_scope(engine, EVERY_SCHOOL) as session:
            total = rejected.count_by_reason(session, RejectedFilter(reason=reason))
            waiting = dict(rejected.count_by_reason(session, RejectedFilter(reason=reason, replayed=False)))
    for name, count in total:
        typer.echo(f"{name}: {count} rejected, {waiting.get(name, 0)} not replayed")
    if not total:
        typer.echo("nothing was rejected" + (f" for {reason}" if reason else ""))


@app.command("replay")
@one_line_errors
def replay(
    reason: Reason = None,
    school: Annotated[str | None, typer.Option(help="Only of this school")] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Received then or later")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Received before")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many rejections")] = None,
) -> None:
    """Put rejected messages into the inbox again, each once; the service may run, and so may this again."""
    settings = Settings()
    wanted = RejectedFilter(
        school=school,
        reason=reason,
        replayed=False,
        since=_time("--from", since, settings),
        until=_time("--to", until, settings),
    )
    with database(settings) as engine:
        _expect_schema(engine)
        done, gone = _replay_all(engine, wanted, limit)
    typer.echo(f"{done} messages replayed" + (f", {gone} whose bytes are no longer stored" if gone else ""))


def _replay_all(engine: Engine, wanted: RejectedFilter, limit: int | None) -> tuple[int, int]:
    with session_scope(engine, EVERY_SCHOOL) as session:
        up_to = rejected.newest(session)
        waiting = sum(count for _, count in rejected.count_by_reason(session, wanted))
    left = waiting if limit is None else min(limit, waiting)
    done = gone = 0
    behind: int | None = 0
    with progress_bars() as progress:
        bar = progress.add_task("replayed", total=left)
        while behind is not None and left > 0:
            with session_scope(engine, EVERY_SCHOOL, write=True) as session:
                step = replays.replay_batch(
                    session,
                    wanted,
                    behind=behind,
                    up_to=up_to,
                    now=datetime.now(UTC),
                    limit=min(left, replays.BATCH),
                )
            done, gone, behind = done + step.messages, gone + step.gone, step.behind
            left -= step.rejections
            progress.advance(bar, step.rejections)
    return done, gone


def _expect_schema(engine: Engine) -> None:
    if migrations.current(engine) != migrations.head():
        raise SafetyError(f"this program needs revision {migrations.head()}: run db upgrade")


def _time(option: str, written: str | None, settings: Settings) -> datetime | None:
    if written is None:
        return None
    try:
        return parse(written, ZoneInfo(settings.timezone))
    except (ValueError, OverflowError) as error:
        raise Refused(str(error), place=option) from error
