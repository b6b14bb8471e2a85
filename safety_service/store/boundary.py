"""The one map of the county, where the bureau has brought its own."""

from sqlmodel import Session, select

from safety_service.store.tables_boundary import Boundary


def find(session: Session) -> Boundary | None:
    return session.exec(select(Boundary)).one_or_none()


def put(session: Session, row: Boundary) -> None:
    """In the place of the one before."""
    remove(session)
    session.add(row)
    session.flush()


def remove(session: Session) -> bool:
    """Whether there was one."""
    found = find(session)
    if found is not None:
        session.delete(found)
        session.flush()
    return found is not None
