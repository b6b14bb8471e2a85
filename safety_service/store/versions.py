"""What tells the pipeline whether anything it remembers is outdated: read together, in one statement."""

from typing import NamedTuple

from sqlalchemy import ScalarSelect
from sqlmodel import Session, col, func, select

from safety_service.store import counters, devices, obligations
from safety_service.store.tables import RuleSetVersion
from safety_service.store.tables_partition import Counter


class Versions(NamedTuple):
    """Numbers that grow with every change, 0 before the first one.

    `rules`: the rule file in force. `registry`: schools, zones and devices. `obligations`: what is owed.
    `transitions`: the history of alerts.
    """

    rules: int
    registry: int
    obligations: int
    transitions: int


def read(session: Session) -> Versions:
    """As they are now; what is committed a moment later is seen the next time."""
    rules = select(func.max(RuleSetVersion.version)).scalar_subquery()
    names = (devices.REGISTRY, obligations.CHANGES, counters.TRANSITIONS)
    row = session.execute(select(rules, *map(_counter, names))).one()
    return Versions(*(int(number or 0) for number in row))


def _counter(name: str) -> ScalarSelect[int]:
    return select(col(Counter.value)).where(col(Counter.name) == name).scalar_subquery()
