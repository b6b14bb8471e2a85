"""Who is calling: passwords into tokens, tokens and API keys into a caller."""

import hashlib
from datetime import datetime, timedelta
from typing import Any, Literal

import jwt
import msgspec
from sqlmodel import Session

from safety_service.domain.errors import NotAuthenticated, Refused
from safety_service.domain.rights import Caller
from safety_service.services.passwords import hash_password, verify_password
from safety_service.services.throttle import LoginThrottle
from safety_service.settings import Settings
from safety_service.store import api_keys, audit, users
from safety_service.store.tables_people import ApiKey, User

TokenUse = Literal["access", "refresh"]

_ALGORITHM = "HS256"
_BAD_LOGIN = "the name or the password is wrong"
_BAD_TOKEN = "the token is not valid or has expired; log in again"  # noqa: S105 - a sentence
_BAD_KEY = "the API key is not valid, was revoked or has expired"


class Tokens(msgspec.Struct, frozen=True):
    """A short-lived access token and the long-lived one that renews it (seconds of life beside)."""

    access: str
    access_seconds: int
    refresh: str
    refresh_seconds: int


def log_in(
    session: Session,
    settings: Settings,
    throttle: LoginThrottle,
    *,
    name: str,
    password: str,
    address: str | None,
    now: datetime,
) -> Tokens:
    """Tokens for a right password. Raises NotAuthenticated, and TooMany after repeated failures.

    Nothing tells a name that exists from one that doesn't: the same sentence, the same work, the same limit.
    """
    throttle.check(name, address, now)
    user = users.find(session, name)
    usable = user is not None and user.active
    if not verify_password(user.password_hash if user and usable else None, password) or user is None:
        throttle.failed(name, address, now)
        raise NotAuthenticated(_BAD_LOGIN, slug="bad-login")
    throttle.succeeded(name, address)
    return _issue(user, settings, now)


def renew(session: Session, settings: Settings, refresh_token: str | None, now: datetime) -> Tokens:
    """New tokens for a refresh token that is still good."""
    return _issue(_user_of(session, settings, refresh_token, "refresh", now), settings, now)


def end_sessions(session: Session, name: str, now: datetime) -> None:
    """Every token of this user stops working with the commit."""
    user = users.find(session, name)
    if user is None:
        return
    user.token_version += 1
    session.add(user)
    audit.record(session, "auth.logout", "user", name, now=now)


def change_password(session: Session, name: str, current: str, new: str, now: datetime) -> None:
    """Sets an own password; every session of the user ends. Raises Refused when `current` is wrong."""
    user = users.find(session, name)
    if user is None or not verify_password(user.password_hash, current):
        raise Refused("this is not the current password", place="body.current")
    user.password_hash = hash_password(new, place="body.new")
    user.token_version += 1
    user.updated_at = now
    session.add(user)
    audit.record(session, "user.password", "user", name, now=now)


def caller_of_token(
    session: Session, settings: Settings, token: str, *, address: str | None, now: datetime
) -> Caller:
    """The user behind an access token, with role and schools as they are now."""
    user = _user_of(session, settings, token, "access", now)
    schools = users.schools_of(session, [user.name]).get(user.name, [])
    return Caller(
        name=user.name,
        role=user.role,
        every_school=user.every_school,
        schools=frozenset(schools),
        address=address,
    )


def caller_of_key(session: Session, key: str, *, address: str | None, now: datetime) -> Caller:
    """The machine behind an API key."""
    found = api_keys.find_by_hash(session, hash_key(key))
    if found is None or found.revoked_at is not None or (found.expires_at and found.expires_at <= now):
        raise NotAuthenticated(_BAD_KEY, slug="bad-api-key")
    schools = api_keys.schools_of(session, [found.id]).get(found.id, [])
    return Caller(
        name=f"key:{found.name}",
        role=found.role,
        every_school=found.every_school,
        schools=frozenset(schools),
        address=address,
    )


def hash_key(key: str) -> str:
    """SHA-256 in hex; a plain hash is enough for 32 random bytes."""
    return hashlib.sha256(key.encode()).hexdigest()


def _issue(user: User, settings: Settings, now: datetime) -> Tokens:
    access, refresh = settings.access_token_seconds, settings.refresh_token_seconds
    return Tokens(
        access=_sign(user, settings, "access", access, now),
        access_seconds=access,
        refresh=_sign(user, settings, "refresh", refresh, now),
        refresh_seconds=refresh,
    )


def _sign(user: User, settings: Settings, use: TokenUse, seconds: int, now: datetime) -> str:
    claims = {
        "sub": user.name,
        "ver": user.token_version,
        "use": use,
        "iat": now,
        "exp": now + timedelta(seconds=seconds),
    }
    return jwt.encode(claims, _secret(settings), algorithm=_ALGORITHM)


def _user_of(session: Session, settings: Settings, token: str | None, use: TokenUse, now: datetime) -> User:
    claims = _claims(settings, token or "", now)
    user = users.find(session, str(claims["sub"]))
    if user is None or not user.active or claims["use"] != use or claims["ver"] != user.token_version:
        raise NotAuthenticated(_BAD_TOKEN, slug="bad-token")
    return user


def _claims(settings: Settings, token: str, now: datetime) -> dict[str, Any]:
    # The library would compare with the machine's clock; the caller's `now` decides here.
    options: Any = {
        "require": ["sub", "ver", "use", "exp"],
        "verify_exp": False,
        "verify_iat": False,
        "verify_sub": True,
    }
    try:
        claims: dict[str, Any] = jwt.decode(
            token, _secret(settings), algorithms=[_ALGORITHM], options=options
        )
    except jwt.InvalidTokenError as error:
        raise NotAuthenticated(_BAD_TOKEN, slug="bad-token") from error
    if float(claims["exp"]) <= now.timestamp():
        raise NotAuthenticated(_BAD_TOKEN, slug="bad-token")
    return claims


def _secret(settings: Settings) -> bytes:
    # Derived, so that a token can never be mistaken for another thing signed with the same secret, and
    # long enough for HS256 whatever the operator typed.
    return hashlib.sha256(b"token:" + settings.secret_key.get_secret_value().encode()).digest()


def still_valid(session: Session, caller: Caller) -> bool:
    """Whether the account behind a long-lived connection is still there with the same role and schools."""
    if caller.name.startswith("key:"):
        key = api_keys.find_by_name(session, caller.name.removeprefix("key:"))
        if key is None or key.revoked_at is not None or key.id is None:
            return False
        account: User | ApiKey = key
        schools = api_keys.schools_of(session, [key.id]).get(key.id, [])
    else:
        user = users.find(session, caller.name)
        if user is None or not user.active:
            return False
        account = user
        schools = users.schools_of(session, [user.name]).get(user.name, [])
    same_sight = account.every_school == caller.every_school and frozenset(schools) == caller.schools
    return same_sight and account.role == caller.role
