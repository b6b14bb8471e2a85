"""The county's own calendars."""

from sqlmodel import Session, col, select

from safety_service.store.tables_suppression import StoredCalendar


def every(session: Session) -> list[StoredCalendar]:
    """By name; there are a handful."""
    return list(session.exec(select(StoredCalendar).order_by(col(StoredCalendar.name))))


def find(session: Session, name: str) -> StoredCalendar | None:
    return session.exec(select(StoredCalendar).where(StoredCalendar.name == name)).one_or_none()


def put(session: Session, row: StoredCalendar) -> None:
    session.add(row)
    session.flush()


def remove(session: Session, row: StoredCalendar) -> None:
    session.delete(row)
    session.flush()
