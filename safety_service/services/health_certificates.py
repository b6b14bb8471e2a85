"""The register of health certificates: each is owed anew by the end of the day on which it expires."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from safety_service.domain.names import masked
from safety_service.domain.obligations import Obligation
from safety_service.store import audit, obligations, registry
from safety_service.store import health_certificates as store
from safety_service.store.tables_cafeteria import Cafeteria
from safety_service.store.tables_duties import HealthCertificate

TYPE = "health-certificate"


def put(
    session: Session,
    place: Cafeteria,
    reference: str,
    *,
    person: str,
    expires_on: date,
    by: str,
    now: datetime,
    timezone: str,
) -> HealthCertificate:
    """Adds one, or renews it. An expired one is late from the end of its last day on, where the school is."""
    row = store.find(session, place.id, reference) or HealthCertificate(
        cafeteria=place.id,
        reference=reference,
        school=place.school,
        person="",
        expires_on=expires_on,
        updated_at=now,
        updated_by=by,
    )
    row.person, row.expires_on = masked(person), expires_on
    row.updated_at, row.updated_by = now, by
    store.put(session, row)
    zone = ZoneInfo(registry.get_school(session, place.school).timezone or timezone)
    due_at = datetime.combine(expires_on + timedelta(days=1), time(0), zone).astimezone(UTC)
    obligations.put(session, [_owed(place, row, due_at)])
    _record(session, "put", row, now)
    return row


def remove(session: Session, place: Cafeteria, reference: str, now: datetime) -> None:
    """Somebody works there no longer. Raises NotFound."""
    row = store.get(session, place.id, reference)
    store.remove(session, row)
    obligations.close(session, "duty", [_name(row)], now, cancelled=True)
    _record(session, "delete", row, now)


def _owed(place: Cafeteria, row: HealthCertificate, due_at: datetime) -> Obligation:
    # By the number alone: an alert and its messages are kept for good, and the name is nobody's business.
    return Obligation(
        of="duty",
        id=_name(row),
        school=row.school,
        subject=row.cafeteria,
        type=TYPE,
        title={
            "zh": f"{place.name_zh} {row.reference}号健康证更新",
            "en": f"{place.name_en}, health certificate {row.reference}",
        },
        due_at=due_at,
    )


def _name(row: HealthCertificate) -> str:
    return f"{TYPE}/{row.cafeteria}/{row.reference}"


def _record(session: Session, action: str, row: HealthCertificate, now: datetime) -> None:
    detail = {"cafeteria": row.cafeteria, "expires_on": row.expires_on.isoformat()}
    audit.record(
        session,
        f"health_certificate.{action}",
        "health_certificate",
        row.reference,
        now=now,
        school=row.school,
        detail=detail,
    )
