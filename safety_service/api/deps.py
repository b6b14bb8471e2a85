"""What endpoints ask for: the time, the caller and its rights, a session limited to its schools."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, NamedTuple

from fastapi import Depends, Path, Request
from fastapi.security import APIKeyCookie, APIKeyHeader, OAuth2PasswordBearer
from sqlalchemy import Engine
from sqlmodel import Session

from safety_service.api.routing import SAFE_METHODS, Attempt, first_or_repeat
from safety_service.domain.errors import NotAuthenticated
from safety_service.domain.planning import Planning
from safety_service.domain.rights import Caller, Right
from safety_service.services import auth
from safety_service.settings import Settings
from safety_service.store import audit, idempotency, registry
from safety_service.store.scope import EVERY_SCHOOL, Scope
from safety_service.store.session import session_scope
from safety_service.store.tables import Device, School

ACCESS_COOKIE = "campus_access"

_bearer = OAuth2PasswordBearer("/api/v1/auth/token", auto_error=False, scheme_name="login")
_key_header = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="api_key")
_access_cookie = APIKeyCookie(
    name=ACCESS_COOKIE,
    auto_error=False,
    scheme_name="browser_cookie",
    description="Set at login; good for reading only, so that no other site can make a browser write",
)

RowId = Annotated[int, Path(ge=1, le=2**63 - 1)]
"""The number of a row as a path parameter."""


def get_engine(request: Request) -> Engine:
    engine = request.app.state.engine
    assert isinstance(engine, Engine)
    return engine


def get_settings(request: Request) -> Settings:
    settings = request.app.state.settings
    assert isinstance(settings, Settings)
    return settings


def get_now(request: Request) -> datetime:
    """The time of this request, from the clock that was given to create_app."""
    now = request.app.state.clock()
    assert isinstance(now, datetime)
    return now


def get_planning(request: Request) -> Planning:
    intervals: Planning = request.app.state.planning
    return intervals


def get_wake(request: Request) -> Callable[[], None]:
    """Wakes the pipeline of this process; for after_commit when a message was appended."""
    wake: Callable[[], None] = request.app.state.wake
    return wake


def get_stream_wake(request: Request) -> Callable[[], None]:
    """Wakes the live streams of this process; for after_commit when a transition was written."""
    wake: Callable[[], None] = request.app.state.hub.wake
    return wake


EngineDep = Annotated[Engine, Depends(get_engine)]
SettingsDep = Annotated[Settings, Depends(get_settings)]
Now = Annotated[datetime, Depends(get_now)]
PlanningDep = Annotated[Planning, Depends(get_planning)]
Wake = Annotated[Callable[[], None], Depends(get_wake)]


def address_of(request: Request) -> str | None:
    return request.client.host if request.client else None


class Credential(NamedTuple):
    """What a request brings to say who makes it, not yet looked at."""

    token: str | None
    key: str | None
    address: str | None


def get_credential(
    request: Request,
    token: Annotated[str | None, Depends(_bearer)],
    key: Annotated[str | None, Depends(_key_header)],
    cookie: Annotated[str | None, Depends(_access_cookie)],
) -> Credential:
    """Bearer token, API key, or (reading only) access cookie."""
    if token is None and request.method in SAFE_METHODS and key is None:
        token = cookie
    return Credential(token, key, address_of(request))


CredentialDep = Annotated[Credential, Depends(get_credential)]


def get_caller(credential: CredentialDep, engine: EngineDep, settings: SettingsDep, now: Now) -> Caller:
    """The caller behind a credential; else NotAuthenticated."""
    token, key, address = credential
    if token is None and key is None:
        raise NotAuthenticated("log in, or send an API key in X-API-Key")
    with session_scope(engine, EVERY_SCHOOL) as session:
        if token is not None:
            return auth.caller_of_token(session, settings, token, address=address, now=now)
        return auth.caller_of_key(session, key or "", address=address, now=now)


AnyCaller = Annotated[Caller, Depends(get_caller)]
"""Whoever has a valid credential, whatever the rights."""


def require(right: Right, *, county: bool = False) -> Callable[[Caller], Caller]:
    """A dependency: the caller, who has this right (and with `county` sees every school), else Forbidden.

    `caller: Annotated[Caller, Depends(require("alerts:handle"))]`
    """

    def check(caller: AnyCaller) -> Caller:
        caller.must(right, county=county)
        return caller

    return check


def get_session(request: Request, engine: EngineDep, caller: AnyCaller, now: Now) -> Iterator[Session]:
    """One transaction for the request, limited to the caller's schools; writes for unsafe methods only."""
    scope = Scope(every_school=caller.every_school, schools=caller.schools)
    with session_scope(engine, scope, write=request.method not in SAFE_METHODS) as session:
        audit.act_as(session, audit.Actor(caller.name, caller.address))
        attempt: Attempt | None = getattr(request.state, "attempt", None)
        if attempt is not None:
            found = idempotency.claim(session, caller.name, attempt.key, attempt.fingerprint, now)
            first_or_repeat(attempt, found)
            attempt.caller, attempt.session = caller.name, session
        yield session
    if request.method not in SAFE_METHODS:
        request.app.state.shared.forget()


# scope="function": the commit comes before the answer, so that no failed commit is answered with success.
SessionDep = Annotated[Session, Depends(get_session, scope="function")]


def get_reading_session(engine: EngineDep, caller: AnyCaller) -> Iterator[Session]:
    """For a POST that only computes: never takes the write lock."""
    scope = Scope(every_school=caller.every_school, schools=caller.schools)
    with session_scope(engine, scope) as session:
        yield session


ReadingSession = Annotated[Session, Depends(get_reading_session, scope="function")]


def school_or_404(school: str, session: SessionDep) -> School:
    """The school named in the path; one outside the caller's schools does not exist."""
    return registry.get_school(session, school)


def device_or_404(school: str, device: str, session: SessionDep) -> Device:
    return registry.get_device(session, school, device)


SchoolDep = Annotated[School, Depends(school_or_404)]
DeviceDep = Annotated[Device, Depends(device_or_404)]
