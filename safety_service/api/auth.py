"""Logging in and out, renewing tokens, and who one is."""

from typing import Annotated

from fastapi import Cookie, Depends, Request, Response
from fastapi.security import OAuth2PasswordRequestForm
from pydantic import BaseModel, Field

from safety_service.api.deps import (
    ACCESS_COOKIE,
    AnyCaller,
    EngineDep,
    Now,
    SessionDep,
    SettingsDep,
    address_of,
)
from safety_service.api.routing import new_router
from safety_service.services import auth
from safety_service.services.auth import Tokens
from safety_service.services.throttle import LoginThrottle
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

router = new_router("auth")

REFRESH_COOKIE = "campus_refresh"
_API_PATH = "/api/v1"
_AUTH_PATH = "/api/v1/auth"


class TokenOut(BaseModel):
    access_token: str
    token_type: str = "bearer"  # noqa: S105 - the scheme's name
    expires_in: int = Field(description="Seconds")


class MeOut(BaseModel):
    """`schools` lists what the caller is limited to; it is empty where `every_school` holds."""

    name: str
    role: str
    rights: list[str]
    every_school: bool
    schools: list[str]


class PasswordIn(BaseModel):
    current: str = Field(max_length=200)
    new: str = Field(max_length=200)


@router.post("/auth/token")
def log_in(
    request: Request,
    response: Response,
    engine: EngineDep,
    settings: SettingsDep,
    now: Now,
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
) -> TokenOut:
    """Name and password into an access token; a browser also gets cookies for reading and for renewing."""
    throttle: LoginThrottle = request.app.state.throttle
    with session_scope(engine, EVERY_SCHOOL) as session:
        tokens = auth.log_in(
            session,
            settings,
            throttle,
            name=form.username,
            password=form.password,
            address=address_of(request),
            now=now,
        )
    return _hand_out(request, response, tokens)


@router.post("/auth/refresh")
def refresh(
    request: Request,
    response: Response,
    engine: EngineDep,
    settings: SettingsDep,
    now: Now,
    cookie: Annotated[str | None, Cookie(alias=REFRESH_COOKIE)] = None,
) -> TokenOut:
    """A new access token for the refresh cookie."""
    with session_scope(engine, EVERY_SCHOOL) as session:
        tokens = auth.renew(session, settings, cookie, now)
    return _hand_out(request, response, tokens)


@router.post("/auth/logout", status_code=204)
def log_out(response: Response, session: SessionDep, caller: AnyCaller, now: Now) -> None:
    """Ends every session of this user, on all devices, and removes the cookies."""
    auth.end_sessions(session, caller.name, now)
    response.delete_cookie(ACCESS_COOKIE, path=_API_PATH)
    response.delete_cookie(REFRESH_COOKIE, path=_AUTH_PATH)


@router.post("/auth/password", status_code=204)
def change_password(session: SessionDep, caller: AnyCaller, now: Now, body: PasswordIn) -> None:
    """Sets one's own password; every session of the user ends."""
    auth.change_password(session, caller.name, body.current, body.new, now)


@router.get("/auth/me")
def me(caller: AnyCaller) -> MeOut:
    """Who the credential belongs to, and what it may do."""
    return MeOut(
        name=caller.name,
        role=caller.role,
        rights=sorted(caller.rights),
        every_school=caller.every_school,
        schools=sorted(caller.schools),
    )


def _hand_out(request: Request, response: Response, tokens: Tokens) -> TokenOut:
    secure = request.url.scheme == "https"
    for name, value, seconds, path in (
        (ACCESS_COOKIE, tokens.access, tokens.access_seconds, _API_PATH),
        (REFRESH_COOKIE, tokens.refresh, tokens.refresh_seconds, _AUTH_PATH),
    ):
        response.set_cookie(
            name, value, max_age=seconds, path=path, secure=secure, httponly=True, samesite="strict"
        )
    response.headers["Cache-Control"] = "no-store"
    return TokenOut(access_token=tokens.access, expires_in=tokens.access_seconds)
