"""One alert of the caller's schools as a CAP document."""

from sqlmodel import Session

from safety_service.domain.cap import MEDIA_TYPE as MEDIA_TYPE
from safety_service.domain.cap import TOLD_CHANGES, Issuer, cap_of
from safety_service.domain.places import desk_link
from safety_service.settings import Settings
from safety_service.store import alerts, places


def document(session: Session, alert_id: int, settings: Settings) -> bytes:
    """The message of the alert's latest change; raises NotFound for an alert that the caller cannot see."""
    alert = alerts.to_alert(alerts.read(session, alert_id))
    place = places.of_alerts(session, [alert], settings.timezone)[alert.id]
    history = alerts.steps_of(session, alert_id, TOLD_CHANGES)
    link = desk_link(settings.public_url, alert.school, alert.id)
    return cap_of(alert, history, place, _issuer(settings), link=link)


def _issuer(settings: Settings) -> Issuer:
    return Issuer(
        sender=f"campus-safety-{settings.county_code}",
        name_zh=settings.county_name_zh,
        name_en=settings.county_name_en,
    )
