"""What the leading process looks after: duties owed and missed, scores that bunch, the indexes of the day."""

from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from safety_service.services import bunching, credit_index, duties
from safety_service.services.credit_index import Moment
from safety_service.services.periods import known_credit_weights
from safety_service.store import obligations
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

MAKE_EVERY = timedelta(minutes=15)
"""So often new schools, cafeterias and days are looked for."""
KEPT_FOR = timedelta(days=180)
FORGOTTEN_AT_ONCE = 500
"""So few that nobody waits long for the one writer of a SQLite file."""


class Chores:
    """`unit`: the county's own in the register, None without one; `weights_file`: the bureau's own weights.

    Not thread-safe: one job runs `look`.
    """

    def __init__(
        self, engine: Engine, timezone: str, unit: str | None, weights_file: Path | None = None
    ) -> None:
        self._engine = engine
        self._timezone = timezone
        self._unit = unit
        self._weights = known_credit_weights(weights_file)
        self._made_at: datetime | None = None
        self._indexed_on: date | None = None

    def look(self, now: datetime) -> bool:
        """Notes what was missed and, once in a while, makes what is owed next; whether anything changed."""
        changed = duties.lapse(self._engine, now)
        if self._made_at is None or abs(now - self._made_at) >= MAKE_EVERY:
            changed += duties.create_ahead(self._engine, now, self._timezone)
            self._made_at = now
        self._index_of_today(Moment(now, self._timezone))
        return changed > 0

    def _index_of_today(self, at: Moment) -> None:
        """Also of a day whose night the service did not see."""
        if self._indexed_on != at.today:
            credit_index.reckon_once(self._engine, self._weights, at)
            self._indexed_on = at.today

    def nightly(self, now: datetime) -> bool:
        """Forgets what was owed long ago and is owed no longer; whether anybody is told of scores that bunch.

        Occurrences and records of duties are kept for good: they are what was missed and what was done.
        """
        forgotten = FORGOTTEN_AT_ONCE
        while forgotten == FORGOTTEN_AT_ONCE:
            with session_scope(self._engine, EVERY_SCHOOL, write=True) as session:
                forgotten = obligations.forget_before(session, now - KEPT_FOR, limit=FORGOTTEN_AT_ONCE)
        credit_index.reckon_all(self._engine, self._weights, Moment(now, self._timezone))
        return bunching.tell(self._engine, self._unit, now) > 0
