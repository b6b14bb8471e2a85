"""What the database tells about how the service is doing, for health checks and Prometheus."""

from sqlalchemy import Engine

from safety_service.domain.errors import SafetyError
from safety_service.domain.health import Reading
from safety_service.store import alerts, counters, snapshot_fetches
from safety_service.store.partitions import read as read_partition
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope


def of_database(engine: Engine, partition: str) -> tuple[dict[str, str], dict[str, Reading]]:
    """The part `database` with ok or what is wrong with it, and the figures that stand in it."""
    try:
        with session_scope(engine, EVERY_SCHOOL) as session:
            row = read_partition(session, partition)
            written = counters.current(session, counters.message_log(row.id)) if row else 0
            newest = alerts.last_transition(session)
            waiting = snapshot_fetches.waiting(session)
    except SafetyError as error:
        return {"database": error.reason}, {}
    behind = float(written - row.cursor if row else 0)
    gauges = {
        "backlog_messages": ("Committed messages not yet processed", behind),
        "newest_transition": ("Number of the newest change of an alert", float(newest)),
        "snapshots_waiting": ("Images still to be fetched from where an event linked to", float(waiting)),
    }
    return {"database": "ok"}, gauges
