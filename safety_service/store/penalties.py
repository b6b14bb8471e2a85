"""Penalties of cafeterias and the applications to end their publication."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from sqlmodel import Session, col, select

from safety_service.domain.credit_repair import PenaltyFacts
from safety_service.domain.errors import NotFound
from safety_service.store.dialect import insert
from safety_service.store.paging import Key, Page, page
from safety_service.store.tables_credit import Penalty, Repair

_FACTS = ("id", "kind", "subject", "decided_on", "published_on", "repaired_on")


class PenaltyFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What to show; empty fields do not limit. `repair`: the state of an application, such as pending."""

    school: str | None = None
    cafeteria: str | None = None
    kind: str | None = None
    repair: str | None = None


def add(session: Session, row: dict[str, Any]) -> Penalty | None:
    """The new penalty, or None where the cafeteria has one with this reference."""
    statement = insert(session, Penalty).values(row).on_conflict_do_nothing().returning(Penalty.id)
    number = session.connection().execute(statement).scalar_one_or_none()
    return None if number is None else get(session, number)


def get(session: Session, number: int, *, hold: bool = False) -> Penalty:
    """The penalty, or NotFound: also where its school is not one of the session's. `hold`: to the commit."""
    statement = select(Penalty).where(Penalty.id == number)
    if hold:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = session.exec(statement).one_or_none()
    if found is None:
        raise NotFound(f"there is no penalty {number}", place="path.number")
    return found


def facts_of(row: Penalty) -> PenaltyFacts:
    amount = Decimal(row.amount) if row.amount is not None else None
    return PenaltyFacts(amount=amount, **{name: getattr(row, name) for name in _FACTS})


def facts_by_cafeteria(session: Session, cafeterias: Collection[str]) -> dict[str, list[PenaltyFacts]]:
    """All penalties of each cafeteria; one query for all of them."""
    found: dict[str, list[PenaltyFacts]] = {}
    statement = select(Penalty).where(col(Penalty.cafeteria).in_(sorted(set(cafeterias))))
    for row in session.exec(statement.order_by(col(Penalty.id))):
        found.setdefault(row.cafeteria, []).append(facts_of(row))
    return found


def list_page(session: Session, wanted: PenaltyFilter, after: Key | None, limit: int) -> Page[Penalty]:
    """Newest first."""
    statement = select(Penalty)
    for name in ("school", "cafeteria", "kind"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(Penalty, name) == value)
    if wanted.repair is not None:
        asked = select(Repair.penalty).where(Repair.status == wanted.repair)
        statement = statement.where(col(Penalty.id).in_(asked))
    return page(session, statement, [Penalty.id], after=after, limit=limit, descending=True)


def add_repair(session: Session, row: dict[str, Any]) -> Repair | None:
    """The new application, or None where one is pending for the same penalty."""
    statement = insert(session, Repair).values(row).on_conflict_do_nothing().returning(Repair.id)
    number = session.connection().execute(statement).scalar_one_or_none()
    if number is None:
        return None
    return session.exec(select(Repair).where(Repair.id == number)).one()


def repairs_of(session: Session, penalties: Collection[int]) -> dict[int, list[Repair]]:
    """The applications for each penalty, the first one first."""
    found: dict[int, list[Repair]] = {}
    statement = select(Repair).where(col(Repair.penalty).in_(sorted(penalties)))
    for row in session.exec(statement.order_by(col(Repair.id))):
        found.setdefault(row.penalty, []).append(row)
    return found


def save(session: Session, rows: Sequence[Penalty | Repair]) -> None:
    session.add_all(rows)
    session.flush()
