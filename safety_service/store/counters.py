"""Numbers in commit order: the row stays locked until the transaction ends, so there are no gaps to pass."""

from sqlmodel import Session, col, update

from safety_service.store.dialect import insert
from safety_service.store.tables_partition import Counter

TRANSITIONS = "transition"
INSPECTIONS = "inspection"


def message_log(partition: int) -> str:
    """The counter of one partition's message log."""
    return f"message:{partition}"


def take(session: Session, name: str, count: int) -> int:
    """Reserves `count` numbers and returns the first; 0 numbers only takes the lock."""
    connection = session.connection()
    statement = (
        update(Counter)
        .where(col(Counter.name) == name)
        .values(value=col(Counter.value) + count)
        .returning(col(Counter.value))
    )
    last = connection.execute(statement).scalar_one_or_none()
    if last is None:
        connection.execute(insert(session, Counter).values(name=name, value=0).on_conflict_do_nothing())
        last = connection.execute(statement).scalar_one()
    return int(last) - count + 1


def current(session: Session, name: str) -> int:
    """The last number that was taken and committed, 0 before the first."""
    counter = session.get(Counter, name)
    return counter.value if counter else 0
