"""Users and their schools; whoever is limited to schools sees only users within those schools."""

from collections.abc import Iterable

from sqlalchemy import exists
from sqlmodel import Session, col, delete, select
from sqlmodel.sql.expression import SelectOfScalar

from safety_service.store.paging import Key, Page, page
from safety_service.store.scope import Scope, scope_of
from safety_service.store.tables_people import User, UserSchool


def find(session: Session, name: str) -> User | None:
    """The user with this name, active or not, whatever the session's scope: for logging in."""
    return session.exec(select(User).where(User.name == name)).one_or_none()


def find_visible(session: Session, name: str) -> User | None:
    """The user with this name, unless it is beyond the scope of the session."""
    return session.exec(_visible(session).where(col(User.name) == name)).one_or_none()


def list_users(session: Session, after: Key | None, limit: int) -> Page[User]:
    return page(session, _visible(session), [User.name], after=after, limit=limit)


def schools_of(session: Session, names: Iterable[str]) -> dict[str, list[str]]:
    """The listed schools of each user, sorted; users without a list are left out."""
    found: dict[str, list[str]] = {}
    statement = (
        select(UserSchool).where(col(UserSchool.user).in_(list(names))).order_by(col(UserSchool.school))
    )
    for row in session.exec(statement):
        found.setdefault(row.user, []).append(row.school)
    return found


def set_schools(session: Session, name: str, schools: Iterable[str]) -> None:
    session.flush()
    session.execute(delete(UserSchool).where(col(UserSchool.user) == name))
    session.add_all(UserSchool(user=name, school=school) for school in sorted(set(schools)))


def another_admin(session: Session, name: str) -> bool:
    """Whether an active administrator of every school is left besides `name`; held until the commit."""
    statement = (
        select(User)
        .where(User.name != name, User.role == "admin", col(User.active), col(User.every_school))
        .limit(1)
        .with_for_update()
    )
    return session.exec(statement).first() is not None


def _visible(session: Session) -> SelectOfScalar[User]:
    scope: Scope = scope_of(session)
    statement = select(User)
    if scope.every_school:
        return statement
    own = exists().where(col(UserSchool.user) == col(User.name), col(UserSchool.school).in_(scope.schools))
    foreign = exists().where(
        col(UserSchool.user) == col(User.name), col(UserSchool.school).not_in(scope.schools)
    )
    return statement.where(~col(User.every_school), own, ~foreign)
