"""`campus-safety user` and `campus-safety apikey`: accounts of people and machines."""

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlmodel import Session

from safety_service.commands.errors import one_line_errors
from safety_service.domain.errors import Refused
from safety_service.domain.rights import KEY_ROLES, ROLES
from safety_service.services import people
from safety_service.settings import Settings
from safety_service.store import audit, users
from safety_service.store.paging import Key
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import open_engine, session_scope

user_app = typer.Typer(help="Accounts of people.", no_args_is_help=True)
apikey_app = typer.Typer(help="Credentials of machines.", no_args_is_help=True)

Role = Annotated[str, typer.Option(help=", ".join(ROLES))]
KeyRole = Annotated[str, typer.Option(help=", ".join(KEY_ROLES))]
Schools = Annotated[list[str] | None, typer.Option("--school", help="Code of a school; may be repeated")]
AllSchools = Annotated[bool, typer.Option("--all-schools", help="Every school, also later ones")]

_PAGE = 500


@user_app.command("create")
@one_line_errors
def create_user(
    name: Annotated[str, typer.Argument(help="Name to log in with")],
    role: Role,
    school: Schools = None,
    all_schools: AllSchools = False,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input")
    ] = False,
) -> None:
    """Add a user. The password comes from standard input or is asked for, never from the command line."""
    password = _password(password_stdin)
    with _session(write=True) as session:
        people.create_user(session, name, password, _grant(role, school, all_schools), now=datetime.now(UTC))
    typer.echo(f"{name} can log in as {role}")


@user_app.command("list")
@one_line_errors
def list_users() -> None:
    """Every user: name, role, schools, state."""
    with _session(write=False) as session:
        after: Key | None = None
        while True:
            page = users.list_users(session, after, _PAGE)
            schools = users.schools_of(session, [user.name for user in page.rows])
            for user in page.rows:
                seen = (
                    "every school" if user.every_school else ",".join(schools.get(user.name, ["no school"]))
                )
                typer.echo(f"{user.name}\t{user.role}\t{seen}\t{'active' if user.active else 'inactive'}")
            after = page.next
            if after is None:
                return


@apikey_app.callback()
def _keys() -> None:
    """Keeps `create` a command of its own while it is the only one."""


@apikey_app.command("create")
@one_line_errors
def create_key(
    name: Annotated[str, typer.Argument(help="What the key is for")],
    role: KeyRole,
    school: Schools = None,
    all_schools: AllSchools = False,
    expires: Annotated[datetime | None, typer.Option(help="UTC; without it the key has no end")] = None,
) -> None:
    """Make a key and print it: this is the only time it is shown."""
    end = expires.replace(tzinfo=UTC) if expires else None
    with _session(write=True) as session:
        grant = _grant(role, school, all_schools)
        _row, key = people.create_key(session, name, grant, now=datetime.now(UTC), expires_at=end)
    typer.echo(key)


def _grant(role: str, schools: list[str] | None, all_schools: bool) -> people.Grant:
    return people.Grant(role=role, schools=frozenset(schools or ()), all_schools=all_schools)


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Refused("give the password on standard input, with --password-stdin", place="password")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise Refused("the two are not the same", place="password")
    return first


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number that no account has.
        return str(os.getuid())


@contextmanager
def _session(*, write: bool) -> Iterator[Session]:
    engine = open_engine(Settings().resolved_database_url)
    try:
        with session_scope(engine, EVERY_SCHOOL, write=write) as session:
            audit.act_as(session, audit.Actor(f"command:{_who()}"))
            yield session
    finally:
        engine.dispose()
