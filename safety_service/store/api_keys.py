"""API keys of machines, found by the hash of the key; limited to schools like users."""

from collections.abc import Iterable

from sqlalchemy import exists
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from safety_service.store.paging import Key, Page, page
from safety_service.store.scope import Scope, scope_of
from safety_service.store.tables_people import ApiKey, ApiKeySchool


def find_by_hash(session: Session, key_hash: str) -> ApiKey | None:
    """The key with this hash, revoked and expired ones too, whatever the session's scope: for logging in."""
    return session.exec(select(ApiKey).where(ApiKey.key_hash == key_hash)).one_or_none()


def find_by_name(session: Session, name: str) -> ApiKey | None:
    """The key with this name, whatever the session's scope."""
    return session.exec(select(ApiKey).where(ApiKey.name == name)).one_or_none()


def find_visible(session: Session, key_id: int) -> ApiKey | None:
    return session.exec(_visible(session).where(col(ApiKey.id) == key_id)).one_or_none()


def name_taken(session: Session, name: str) -> bool:
    return session.exec(select(ApiKey.id).where(ApiKey.name == name)).first() is not None


def list_keys(session: Session, after: Key | None, limit: int) -> Page[ApiKey]:
    return page(session, _visible(session), [ApiKey.id], after=after, limit=limit)


def schools_of(session: Session, ids: Iterable[int]) -> dict[int, list[str]]:
    """The listed schools of each key, sorted."""
    found: dict[int, list[str]] = {}
    statement = (
        select(ApiKeySchool).where(col(ApiKeySchool.key_id).in_(list(ids))).order_by(col(ApiKeySchool.school))
    )
    for row in session.exec(statement):
        found.setdefault(row.key_id, []).append(row.school)
    return found


def _visible(session: Session) -> SelectOfScalar[ApiKey]:
    scope: Scope = scope_of(session)
    statement = select(ApiKey)
    if scope.every_school:
        return statement
    own = exists().where(
        col(ApiKeySchool.key_id) == col(ApiKey.id), col(ApiKeySchool.school).in_(scope.schools)
    )
    foreign = exists().where(
        col(ApiKeySchool.key_id) == col(ApiKey.id), col(ApiKeySchool.school).not_in(scope.schools)
    )
    return statement.where(~col(ApiKey.every_school), own, ~foreign)
