"""Rectifications and their history: added, held for a step, listed, counted, and told when they are due."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, and_, case, func, not_
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from safety_service.domain.errors import NotFound
from safety_service.domain.rectified import Rectified, Step
from safety_service.store.dialect import insert
from safety_service.store.paging import Key, Page, page
from safety_service.store.tables_rectification import Rectification, RectificationStep

_STATE = Rectified.__struct_fields__
_LISTS = ("photos_before", "photos_after")


class Due(NamedTuple):
    """One that is owed: `due_at` is the end of its day at the school."""

    school: str
    id: int
    title: dict[str, str]
    due_at: datetime
    key: bool
    owner: str | None
    cafeteria: str | None


class Owed(NamedTuple):
    """How many a cafeteria still owes: all, those whose day is over, those of key items."""

    total: int
    overdue: int
    key: int


class RectificationFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What to show; empty fields do not limit. `open`: neither accepted nor cancelled. `overdue`: owed, and
    its day was over at `now`."""

    now: datetime
    school: str | None = None
    cafeteria: str | None = None
    status: tuple[str, ...] = ()
    owner: str | None = None
    open: bool | None = None
    overdue: bool | None = None
    key: bool | None = None
    source: str | None = None
    inspection: int | None = None
    item: str | None = None


def add(session: Session, row: Mapping[str, Any], first: Rectified) -> Rectification | None:
    """The new one, or None where its inspection has opened one for the item, or one of the item is not ended.

    `row` holds the columns beside those of `first`.
    """
    statement = (
        insert(session, Rectification)
        .values({**_columns(first), **row})
        .on_conflict_do_nothing()
        .returning(Rectification.id)
    )
    number = session.connection().execute(statement).scalar_one_or_none()
    return None if number is None else get(session, number)


def state_of(row: Rectification) -> Rectified:
    values = {name: getattr(row, name) for name in _STATE}
    return Rectified(**{**values, **{name: tuple(values[name]) for name in _LISTS}})


def apply(session: Session, row: Rectification, after: Rectified, due_at: datetime, step: Step) -> None:
    """Writes the state after a step. The caller holds the row."""
    for name, value in _columns(after).items():
        setattr(row, name, value)
    row.due_at = due_at
    session.add(row)
    session.flush()
    add_step(session, row, step)


def add_step(session: Session, row: Rectification, step: Step) -> None:
    session.add(RectificationStep(rectification=row.id, school=row.school, **msgspec.structs.asdict(step)))
    session.flush()


def get(session: Session, number: int, *, hold: bool = False) -> Rectification:
    """The rectification, or NotFound: also when its school is not one of the session's.

    `hold`: read afresh and held until the transaction ends, so that steps follow one another.
    """
    statement = select(Rectification).where(Rectification.id == number)
    if hold:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = session.exec(statement).one_or_none()
    if found is None:
        raise NotFound(f"there is no rectification {number}", place="path.number")
    return found


def history(session: Session, number: int, limit: int) -> Sequence[RectificationStep]:
    """The steps of one, oldest first."""
    statement = (
        select(RectificationStep)
        .where(RectificationStep.rectification == number)
        .order_by(col(RectificationStep.id))
        .limit(limit)
    )
    return session.exec(statement).all()


def of_inspections(session: Session, inspections: Collection[int]) -> Sequence[Rectification]:
    """Those that come from these visits, ended or not; held."""
    statement = select(Rectification).where(col(Rectification.inspection).in_(sorted(inspections)))
    return _held(session, statement)


def hold_open(session: Session, cafeteria: str) -> Sequence[Rectification]:
    """All of a cafeteria that are not ended; held, and to be asked for before any step of one is written.

    A step takes a number that only one transaction can hold; who has it must not wait for a row any more.
    """
    return _held(session, select(Rectification).where(Rectification.cafeteria == cafeteria, _not_ended()))


def open_by_item(session: Session, cafeteria: str, scheme: str) -> dict[str, Rectification]:
    """The one that is not ended of each item of a scheme."""
    statement = select(Rectification).where(
        Rectification.cafeteria == cafeteria,
        Rectification.scheme == scheme,
        col(Rectification.item).is_not(None),
        _not_ended(),
    )
    return {row.item or "": row for row in session.exec(statement)}


def found_again_by(session: Session, inspection: int) -> Sequence[Rectification]:
    """Those not ended that this visit found failing after another had opened them; held."""
    steps = select(RectificationStep.rectification).where(
        RectificationStep.inspection == inspection,
        col(RectificationStep.action).in_(("found_again", "kept")),
    )
    statement = select(Rectification).where(
        col(Rectification.id).in_(steps), col(Rectification.inspection) != inspection, _not_ended()
    )
    return _held(session, statement)


def steps_of_visit(session: Session, inspection: int) -> frozenset[int]:
    """The rectifications on which this visit has left a step."""
    statement = select(RectificationStep.rectification).where(RectificationStep.inspection == inspection)
    return frozenset(session.exec(statement))


def list_page(
    session: Session, wanted: RectificationFilter, after: Key | None, limit: int
) -> Page[Rectification]:
    """Newest first."""
    statement = select(Rectification).where(*_conditions(wanted))
    return page(session, statement, [Rectification.id], after=after, limit=limit, descending=True)


def count_open(session: Session) -> int:
    return int(session.execute(select(func.count(col(Rectification.id))).where(_not_ended())).scalar_one())


def count_overdue(session: Session, now: datetime, school: str | None = None) -> int:
    late = select(func.count(col(Rectification.id))).where(_overdue(now))
    if school is not None:
        late = late.where(Rectification.school == school)
    return int(session.execute(late).scalar_one())


def from_visits(session: Session, cafeteria: str) -> Sequence[Rectification]:
    """All that visits have found at a cafeteria, the newest first; not held."""
    statement = select(Rectification).where(
        Rectification.cafeteria == cafeteria, Rectification.source == "inspection"
    )
    return session.exec(statement.order_by(col(Rectification.id).desc())).all()


def count_by_cafeteria(session: Session, now: datetime) -> dict[str, Owed]:
    """How much each cafeteria owes; those that owe nothing are left out."""
    late = func.sum(case((col(Rectification.due_at) <= now, 1), else_=0))
    key = func.sum(case((col(Rectification.key), 1), else_=0))
    statement = (
        select_columns(col(Rectification.cafeteria), func.count(), late, key)
        .where(col(Rectification.cafeteria).is_not(None), _owed())
        .group_by(col(Rectification.cafeteria))
    )
    return {cafeteria: Owed(*map(int, counts)) for cafeteria, *counts in session.execute(statement)}


def due(session: Session, schools: Collection[str]) -> list[Due]:
    """What is owed at these schools, the earliest first."""
    fields = (getattr(Rectification, name) for name in Due._fields)
    statement = (
        select(*fields)
        .where(col(Rectification.school).in_(sorted(schools)), _owed())
        .order_by(col(Rectification.due_at), col(Rectification.id))
    )
    return [Due(*row) for row in session.execute(statement)]


def _conditions(wanted: RectificationFilter) -> list[ColumnElement[bool]]:
    equal = ("school", "cafeteria", "owner", "key", "source", "inspection", "item")
    found: list[ColumnElement[bool]] = [
        getattr(Rectification, name) == getattr(wanted, name)
        for name in equal
        if getattr(wanted, name) is not None
    ]
    if wanted.status:
        found.append(col(Rectification.status).in_(wanted.status))
    if wanted.open is not None:
        found.append(_not_ended() if wanted.open else not_(_not_ended()))
    if wanted.overdue is not None:
        found.append(_overdue(wanted.now) if wanted.overdue else not_(_overdue(wanted.now)))
    return found


def _not_ended() -> ColumnElement[bool]:
    return col(Rectification.ended_at).is_(None)


def _owed() -> ColumnElement[bool]:
    return and_(col(Rectification.done_at).is_(None), _not_ended())


def _overdue(now: datetime) -> ColumnElement[bool]:
    return and_(_owed(), col(Rectification.due_at) <= now)


def _held(session: Session, statement: Any) -> Sequence[Rectification]:
    rows: Sequence[Rectification] = session.exec(
        statement.order_by(col(Rectification.id)).with_for_update().execution_options(populate_existing=True)
    ).all()
    return rows


def _columns(state: Rectified) -> dict[str, Any]:
    values = {name: getattr(state, name) for name in _STATE}
    return {**values, **{name: list(values[name]) for name in _LISTS}}
