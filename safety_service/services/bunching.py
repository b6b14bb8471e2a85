"""Whose scores lie just above the limits of grades: reckoned for the county, and told to nobody else."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import structlog
from sqlalchemy import Engine
from sqlmodel import Session

from safety_service.domain.bunching import Bunching, bunchings
from safety_service.domain.inspections import DEFAULT_SCHEME
from safety_service.domain.types import Event
from safety_service.services.service_events import publish
from safety_service.store import inspections, registry
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

LOOKED_BACK = timedelta(days=365)
FINDING = "score_bunching"

log = structlog.get_logger(__name__)


def figures(session: Session, now: datetime) -> list[Bunching]:
    """Of every inspector with enough visits near the limits within the last year, the strangest first."""
    since = (now - LOOKED_BACK).date()
    return bunchings(inspections.scores_by_inspector(session, DEFAULT_SCHEME, since))


def tell(engine: Engine, unit: str | None, now: datetime) -> int:
    """Tells the rules of those whom somebody should look at, under the county's own unit of the register.

    An alert belongs to a school, and this one is no school's business: without such a unit nothing is told,
    and the figures are there to be asked for. Returns how many were told of.
    """
    if unit is None:
        return 0
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        if registry.find_school(session, unit) is None:
            log.error("the county's own unit is not in the register", unit=unit)
            return 0
        noticed: Sequence[Bunching] = [one for one in figures(session, now) if one.noticed]
        for one in noticed:
            publish(session, _event(unit, one, now))
    return len(noticed)


def _event(unit: str, one: Bunching, now: datetime) -> Event:
    at = now.astimezone(UTC)
    name = blake2b(one.inspector.encode(), digest_size=8).hexdigest()
    return Event(
        school=unit,
        device="inspections",
        kind="other",
        phase="pulse",
        occurred_at=at,
        received_at=at,
        format="service",
        dedup_key=f"bunching-{name}-{at:%Y%m%d}|pulse",
        event_id=f"bunching-{name}-{at:%Y%m%d}",
        value=one.share,
        attributes={
            "finding": FINDING,
            "inspector": one.inspector,
            "above": one.above,
            "below": one.below,
            "expected": one.expected,
            "chance": one.chance,
        },
    )
