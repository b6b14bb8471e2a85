"""Questions whose answer is empty as long as the database keeps what it promises. Reads whole tables."""

from sqlalchemy import func, select, text
from sqlmodel import Session, col

from safety_service.store import counters, retention
from safety_service.store.dialect import is_postgresql
from safety_service.store.tables import AlertTransition, LoggedMessage, StoredAlert
from safety_service.store.tables_partition import Partition


def faults_of_the_file(session: Session) -> list[str]:
    """SQLite: damaged pages, foreign keys to nowhere. PostgreSQL: invalid indexes, unchecked constraints."""
    if is_postgresql(session):
        invalid = session.execute(
            text(
                "SELECT 'index ' || indexrelid::regclass || ' is not valid' FROM pg_index"
                " WHERE NOT indisvalid"
                " UNION ALL SELECT 'constraint ' || conname || ' is not validated' FROM pg_constraint"
                " WHERE NOT convalidated"
            )
        )
        return [str(row[0]) for row in invalid]
    pages = [str(row[0]) for row in session.execute(text("PRAGMA integrity_check(10)"))]
    keys = session.execute(text("PRAGMA foreign_key_check")).fetchmany(10)
    return [page for page in pages if page != "ok"] + [
        f"row {row[1]} of {row[0]} points to a row of {row[2]} that is not there" for row in keys
    ]


def history_numbers(session: Session) -> tuple[int, int, int, int]:
    """(how many transitions, the first number, the last, the counter); 0 for a history that is empty."""
    number = col(AlertTransition.number)
    total, first, last = session.execute(select(func.count(), func.min(number), func.max(number))).one()
    return int(total), first or 0, last or 0, counters.current(session, counters.TRANSITIONS)


def alerts_unlike_their_history(session: Session, limit: int) -> list[tuple[int, str]]:
    """Open alerts without history, or whose last change left another condition or severity than they show."""
    last = (
        select(func.max(AlertTransition.number))
        .where(col(AlertTransition.alert_id) == col(StoredAlert.id))
        .correlate(StoredAlert)
        .scalar_subquery()
    )
    statement = (
        select(col(StoredAlert.id), col(AlertTransition.number))
        .outerjoin(AlertTransition, col(AlertTransition.number) == last)
        .where(
            col(StoredAlert.closed_at).is_(None),
            col(AlertTransition.number).is_(None)
            | (col(AlertTransition.condition) != col(StoredAlert.condition))
            | (col(AlertTransition.severity) != col(StoredAlert.severity)),
        )
        .order_by(col(StoredAlert.id))
        .limit(limit)
    )
    return [
        (alert, "has no history" if number is None else f"differs from its last change, number {number}")
        for alert, number in session.execute(statement)
    ]


def doubly_firing(session: Session, limit: int) -> list[tuple[str, str, int]]:
    """(rule, key, how many) where more than one alert fires."""
    statement = (
        select(col(StoredAlert.rule), col(StoredAlert.key), func.count())
        .where(col(StoredAlert.condition) == "firing")
        .group_by(col(StoredAlert.rule), col(StoredAlert.key))
        .having(func.count() > 1)
        .limit(limit)
    )
    return [(rule, key, total) for rule, key, total in session.execute(statement)]


def message_gaps(session: Session, partition: Partition) -> list[str]:
    """What is wrong with the numbers of one message log; only what retention has removed may be missing."""
    position = col(LoggedMessage.position)
    own = col(LoggedMessage.partition) == partition.id
    taken = counters.current(session, counters.message_log(partition.id))
    removed = retention.removed_up_to(session, partition.id)
    total, last = session.execute(
        select(func.count(), func.max(position)).where(own, position > removed)
    ).one()
    found = []
    if total != taken - removed:
        found.append(f"{taken - removed - total} messages are missing between {removed + 1} and {taken}")
    if last is not None and last > taken:
        found.append(f"message {last} is beyond the counter, which stands at {taken}")
    if partition.cursor > taken:
        found.append(f"the cursor {partition.cursor} is beyond the last message {taken}")
    if removed > partition.cursor:
        found.append(f"messages up to {removed} were removed, the cursor stands at {partition.cursor}")
    return found


def all_partitions(session: Session) -> list[Partition]:
    return list(session.execute(select(Partition).order_by(col(Partition.id))).scalars())
