"""Room for what is to come: on PostgreSQL growing tables get their pieces before they are needed."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine

from safety_service.domain.errors import Unavailable
from safety_service.store import pieces
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

DAYS_AHEAD = 7
ATTEMPTS = 5

log = structlog.get_logger(__name__)


def create_ahead(engine: Engine, now: datetime) -> int:
    """Makes the days from yesterday to a week ahead and their months; says how many pieces were made.

    Nothing on SQLite. It gives way to whoever is writing, so it may not come to it now; writers then make the
    days they need by themselves, and keys of a month without a piece wait in the rest.
    """
    if engine.dialect.name != "postgresql":
        return 0
    days = [(now + timedelta(days=ahead)).date() for ahead in range(-1, DAYS_AHEAD + 1)]
    wanted = {piece.name: piece for of in days for piece in (pieces.month(of), *pieces.days_of(of))}
    for _ in range(ATTEMPTS):
        try:
            with session_scope(engine, EVERY_SCHOOL, write=True) as session:
                pieces.give_way(session)
                return pieces.ensure(session, wanted.values())
        except Unavailable:
            continue
    log.warning("no room was made for the days ahead: the database is busy or away")
    return 0
