"""Health certificates of kitchen staff: until when each of them holds, and no more of the person."""

import msgspec
from sqlmodel import Session, col, select

from safety_service.domain.errors import NotFound
from safety_service.store.paging import Key, Page, page
from safety_service.store.tables_duties import HealthCertificate


class CertificateFilter(msgspec.Struct, frozen=True, kw_only=True):
    school: str | None = None
    cafeteria: str | None = None


def find(session: Session, cafeteria: str, reference: str) -> HealthCertificate | None:
    statement = select(HealthCertificate).where(
        HealthCertificate.cafeteria == cafeteria, HealthCertificate.reference == reference
    )
    return session.exec(statement).one_or_none()


def get(session: Session, cafeteria: str, reference: str) -> HealthCertificate:
    row = find(session, cafeteria, reference)
    if row is None:
        raise NotFound(f"there is no health certificate {reference} of cafeteria {cafeteria}")
    return row


def put(session: Session, row: HealthCertificate) -> None:
    session.add(row)
    session.flush()


def remove(session: Session, row: HealthCertificate) -> None:
    session.delete(row)
    session.flush()


def list_page(
    session: Session, wanted: CertificateFilter, after: Key | None, limit: int
) -> Page[HealthCertificate]:
    """By school, cafeteria and reference."""
    statement = select(HealthCertificate)
    for name in ("school", "cafeteria"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(HealthCertificate, name) == value)
    order = [
        col(HealthCertificate.school),
        col(HealthCertificate.cafeteria),
        col(HealthCertificate.reference),
    ]
    return page(session, statement, order, after=after, limit=limit)
