"""Users and API keys: who may be added, changed and let in, each with its audit entry."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from sqlmodel import Session, select

from safety_service.domain.errors import Conflict, Forbidden, NotFound, Refused
from safety_service.domain.rights import DEVICE, KEY_ROLES, ROLES, sees_every_school
from safety_service.services.auth import hash_key
from safety_service.services.digest import ha1_of
from safety_service.services.passwords import hash_password
from safety_service.store import api_keys, audit, registry, users
from safety_service.store.scope import scope_of
from safety_service.store.tables import School
from safety_service.store.tables_people import ApiKey, ApiKeySchool, User
from safety_service.store.tables_push import KeyDigest

KEY_PREFIX = "csk_"
_SHOWN_OF_KEY = 10


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A role and its schools; county roles without a list see every school."""

    role: str
    schools: frozenset[str] = frozenset()
    all_schools: bool = False

    @property
    def every_school(self) -> bool:
        return sees_every_school(self.role, self.schools, self.all_schools)


def create_user(
    session: Session,
    name: str,
    password: str,
    grant: Grant,
    *,
    now: datetime,
    display_name: str | None = None,
) -> User:
    """Adds a user. Raises Conflict for a taken name, Refused for what the grant or password lacks."""
    _check(session, grant)
    if users.find(session, name) is not None:
        raise Conflict(f"the name {name} is taken", slug="name-taken")
    user = User(
        name=name,
        display_name=display_name or name,
        password_hash=hash_password(password, place="body.password"),
        role=grant.role,
        every_school=grant.every_school,
        created_at=now,
        updated_at=now,
    )
    session.add(user)
    users.set_schools(session, name, _listed(grant))
    _record(session, "user.create", "user", name, grant, now)
    return user


def change_user(
    session: Session,
    name: str,
    grant: Grant,
    *,
    now: datetime,
    active: bool = True,
    display_name: str | None = None,
    password: str | None = None,
) -> User:
    """Replaces role, schools and state; the password where one is given. Every session of the user ends."""
    user = get_user(session, name)
    _check(session, grant)
    if not (active and grant.role == "admin" and grant.every_school):
        _keep_an_admin(session, user)
    user.role, user.every_school, user.active = grant.role, grant.every_school, active
    user.display_name = display_name or name
    if password is not None:
        user.password_hash = hash_password(password, place="body.password")
    user.token_version += 1
    user.updated_at = now
    session.add(user)
    users.set_schools(session, name, _listed(grant))
    _record(
        session, "user.change", "user", name, grant, now, active=active, new_password=password is not None
    )
    return user


def deactivate_user(session: Session, name: str, now: datetime) -> None:
    """Nobody is deleted: the audit trail keeps its names."""
    user = get_user(session, name)
    _keep_an_admin(session, user)
    user.active = False
    user.token_version += 1
    user.updated_at = now
    session.add(user)
    audit.record(session, "user.deactivate", "user", name, now=now)


def get_user(session: Session, name: str) -> User:
    """The user, or NotFound: also when it is beyond the schools of the session."""
    user = users.find_visible(session, name)
    if user is None:
        raise NotFound(f"there is no user {name}")
    return user


def create_key(
    session: Session, name: str, grant: Grant, *, now: datetime, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Adds a machine's credential and returns it with the key itself, which is kept nowhere.

    The key of a device works as the password of HTTP digest too: many can do nothing else.
    """
    _check(session, grant, KEY_ROLES)
    if grant.role == DEVICE and not (grant.schools or grant.every_school):
        raise Refused("the key of a device names the schools it pushes for", place="body.schools")
    if expires_at is not None and expires_at <= now:
        raise Refused("a key cannot expire in the past", place="body.expires_at")
    if api_keys.name_taken(session, name):
        raise Conflict(f"the name {name} is taken", slug="name-taken")
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    row = ApiKey(
        name=name,
        prefix=key[:_SHOWN_OF_KEY],
        key_hash=hash_key(key),
        role=grant.role,
        every_school=grant.every_school,
        created_at=now,
        created_by=audit.actor_of(session).name,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    session.add_all(ApiKeySchool(key_id=row.id, school=school) for school in sorted(_listed(grant)))
    if grant.role == DEVICE:
        session.add(KeyDigest(key_id=row.id, ha1=ha1_of(name, key)))
    _record(session, "api_key.create", "api_key", name, grant, now)
    return row, key


def revoke_key(session: Session, key_id: int, now: datetime) -> None:
    """The key stops working with the commit; revoking it again changes nothing."""
    row = api_keys.find_visible(session, key_id)
    if row is None:
        raise NotFound(f"there is no API key {key_id}")
    if row.revoked_at is None:
        row.revoked_at = now
        session.add(row)
        audit.record(session, "api_key.revoke", "api_key", row.name, now=now)


def ensure_sample_account(session: Session, role: str, password: str, *, schools: int, now: datetime) -> None:
    """An account named after its role, for a demo; roles without county rights get the first few schools."""
    codes: Iterable[str] = session.exec(select(School.code).order_by(School.code).limit(schools)).all()
    county = sees_every_school(role, frozenset(), False)
    grant = Grant(
        role=role, schools=frozenset() if county else frozenset(codes), all_schools=role == "viewer"
    )
    if users.find(session, role) is None:
        create_user(session, role, password, grant, now=now)
    else:
        change_user(session, role, grant, now=now, password=password)


def _listed(grant: Grant) -> frozenset[str]:
    return frozenset() if grant.every_school else grant.schools


def _check(session: Session, grant: Grant, roles: Sequence[str] = ROLES) -> None:
    if grant.role not in roles:
        raise Refused(f"there is no role {grant.role}; the roles are {', '.join(roles)}", place="body.role")
    if grant.every_school and not scope_of(session).every_school:
        raise Forbidden("whoever is limited to some schools cannot give away all of them")
    unknown = grant.schools - registry.known_schools(session, grant.schools)
    if unknown:
        raise Refused(f"there is no school {', '.join(sorted(unknown))}", place="body.schools")


def _keep_an_admin(session: Session, user: User) -> None:
    sole = user.role == "admin" and user.every_school and user.active
    if sole and not users.another_admin(session, user.name):
        raise Conflict(f"{user.name} is the last administrator of every school", slug="last-admin")


def _record(
    session: Session, action: str, noun: str, name: str, grant: Grant, now: datetime, **more: bool
) -> None:
    listed = sorted(_listed(grant))
    # An account of one school alone belongs into the trail that this school's people see.
    school = listed[0] if len(listed) == 1 else None
    detail = {"role": grant.role, "schools": listed, "every_school": grant.every_school, **more}
    audit.record(session, action, noun, name, now=now, school=school, detail=detail)
