"""Duty rosters and their overrides."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from safety_service.domain.errors import NotFound
from safety_service.domain.roster_reading import read_roster
from safety_service.domain.rosters import Override, Roster
from safety_service.store.paging import Key, Page, page
from safety_service.store.scope import Scope, scope_of
from safety_service.store.tables_escalation import RosterOverride, StoredRoster


def find(session: Session, roster_id: str) -> StoredRoster | None:
    return session.exec(select(StoredRoster).where(StoredRoster.id == roster_id)).one_or_none()


def get(session: Session, roster_id: str) -> StoredRoster:
    """Raises NotFound, also for a roster that is for other schools than the session's."""
    row = find(session, roster_id)
    if row is None or not _concerns(scope_of(session), row):
        raise NotFound(f"there is no roster {roster_id!r}", place="path.roster_id")
    return row


def every(session: Session) -> Sequence[StoredRoster]:
    return session.exec(select(StoredRoster).order_by(StoredRoster.id)).all()


def list_page(session: Session, after: Key | None, limit: int) -> Page[StoredRoster]:
    """By id: the rosters of every school and those of the session's own schools."""
    scope = scope_of(session)
    if scope.every_school:
        return page(session, select(StoredRoster), [StoredRoster.id], after=after, limit=limit)
    # The schools are a list in the row, which the databases search differently; rosters are few.
    rows = [row for row in every(session) if _concerns(scope, row) and (after is None or row.id > after[0])]
    return Page(rows[:limit], (rows[limit - 1].id,) if len(rows) > limit else None)


def shown_schools(session: Session, row: StoredRoster) -> list[str]:
    """The schools of a roster as far as the session may see them."""
    return [school for school in row.schools if scope_of(session).allows(school)]


def known_ids(session: Session) -> frozenset[str]:
    return frozenset(session.exec(select(StoredRoster.id)))


def overrides_of(session: Session, roster_id: str, since: datetime) -> Sequence[RosterOverride]:
    """Those that are not over at `since`, in the order of their begin."""
    statement = (
        select(RosterOverride)
        .where(RosterOverride.roster == roster_id, col(RosterOverride.end_at) > since)
        .order_by(col(RosterOverride.start_at), col(RosterOverride.id))
    )
    return session.exec(statement).all()


def find_override(session: Session, roster_id: str, number: int) -> RosterOverride:
    """Raises NotFound where this roster has no such override."""
    statement = select(RosterOverride).where(RosterOverride.id == number, RosterOverride.roster == roster_id)
    row = session.exec(statement).one_or_none()
    if row is None:
        raise NotFound(f"the roster {roster_id!r} has no override {number}", place="path.override_id")
    return row


def load(session: Session, row: StoredRoster, since: datetime) -> Roster:
    """The roster as the core takes it, with the overrides that are not over at `since`."""
    overrides = [
        Override(id=one.id, start=one.start_at, end=one.end_at, member=one.member)
        for one in overrides_of(session, row.id, since)
    ]
    content = {"timezone": row.timezone, "members": row.members, "shifts": row.shifts}
    return read_roster(row.id, content, row.id, schools=row.schools, overrides=overrides)


def _concerns(scope: Scope, row: StoredRoster) -> bool:
    return not row.schools or scope.every_school or any(scope.allows(school) for school in row.schools)
