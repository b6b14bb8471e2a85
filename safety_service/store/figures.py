"""Narrow reads for the figures: their cost follows the alerts of the range, not all that are stored."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import BigInteger, ColumnElement, case, cast, exists, extract, or_, select, true, type_coerce
from sqlmodel import Session, col, func
from sqlmodel import select as select_model

from safety_service.domain.alerts import SYSTEM
from safety_service.domain.figures import Handling, Range
from safety_service.store.dialect import is_postgresql, table_of
from safety_service.store.paging import Key, Page, page
from safety_service.store.scope import scope_of
from safety_service.store.tables import AlertTransition, Device, School, StoredAlert

By = Literal["all", "school", "kind", "severity", "rule", "device"]
Unattended = Literal["waiting", "unseen"]

_AT_ONCE = 10_000
_LOOKING = ("acknowledged", "closed")
_BY_PERSON = (col(AlertTransition.alert_id) == col(StoredAlert.id)) & (col(AlertTransition.actor) != SYSTEM)
_COLUMNS: dict[By, tuple[Any, ...]] = {
    "all": (),
    "school": (StoredAlert.school,),
    "kind": (StoredAlert.kind,),
    "severity": (StoredAlert.severity,),
    "rule": (StoredAlert.rule,),
    "device": (StoredAlert.school, StoredAlert.device),
}


class FigureFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Whose alerts; empty fields do not limit.

    None of these columns stands first in an index that could lure SQLite away from the range, but `school`,
    for which `_within` knows a way.
    """

    raised: Range
    school: str | None = None
    kind: str | None = None
    severity: tuple[str, ...] = ()


def read_handling(session: Session, wanted: FigureFilter, by: By) -> Iterator[Handling]:
    """The alerts of the range, grouped `by`; those without a device belong to no device.

    The history is asked in subqueries, by the index of each alert: a join would let SQLite walk all of it.
    """
    group, raised = _COLUMNS[by], col(StoredAlert.raised_at)
    first_look = (
        select(func.min(_microseconds_between(session, raised, col(AlertTransition.at))))
        .where(_BY_PERSON, col(AlertTransition.change).in_(_LOOKING))
        .correlate(StoredAlert)
        .scalar_subquery()
    )
    statement = select(
        col(StoredAlert.id),
        case((col(StoredAlert.closed_at).is_(None), raised), else_=None),
        col(StoredAlert.count),
        col(StoredAlert.acknowledged_at).is_not(None),
        first_look,
        _microseconds_between(session, raised, col(StoredAlert.closed_at)),
        col(StoredAlert.closed_by),
        col(StoredAlert.disposition),
        case((col(StoredAlert.closed_by) == SYSTEM, exists().where(_BY_PERSON)), else_=true()),
        *group,
    ).where(*_within(session, wanted))
    if by == "device":
        statement = statement.where(col(StoredAlert.device).is_not(None))
    for row in session.execute(statement.execution_options(yield_per=_AT_ONCE)):
        yield Handling._make((*row[:9], tuple(row[9:])))


def list_unattended(
    session: Session,
    wanted: FigureFilter,
    why: Unattended | None,
    waits_since: datetime,
    after: Key | None,
    limit: int,
) -> Page[StoredAlert]:
    """The alerts that nobody looked at, newest first; both reasons as `domain.figures` defines them."""
    unlooked = col(StoredAlert.acknowledged_at).is_(None)
    waiting = col(StoredAlert.closed_at).is_(None) & (col(StoredAlert.raised_at) <= waits_since)
    unseen = (col(StoredAlert.closed_by) == SYSTEM) & ~exists().where(_BY_PERSON)
    which = {"waiting": waiting, "unseen": unseen, None: or_(waiting, unseen)}[why]
    statement = select_model(StoredAlert).where(*_within(session, wanted, by_number=True), unlooked, which)
    return page(session, statement, [StoredAlert.id], after=after, limit=limit, descending=True)


def titles_of(session: Session, ids: list[int]) -> dict[int, dict[str, str]]:
    """The titles of these alerts by id."""
    statement = select(col(StoredAlert.id), col(StoredAlert.title)).where(col(StoredAlert.id).in_(ids))
    return {row[0]: row[1] for row in session.execute(statement)}


def school_names(session: Session, codes: list[str]) -> dict[str, dict[str, str]]:
    statement = select(col(School.code), col(School.name_zh), col(School.name_en))
    rows = session.execute(statement.where(col(School.code).in_(codes)))
    return {code: {"zh": name_zh, "en": name_en} for code, name_zh, name_en in rows}


def device_names(session: Session, pairs: list[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """The registered names of (school, device)."""
    schools, devices = {school for school, _ in pairs}, {device for _, device in pairs}
    statement = select(col(Device.school), col(Device.device), col(Device.name)).where(
        col(Device.school).in_(schools), col(Device.device).in_(devices)
    )
    return {(school, device): name for school, device, name in session.execute(statement)}


def _within(session: Session, wanted: FigureFilter, *, by_number: bool = False) -> list[ColumnElement[bool]]:
    """The alerts asked for; `by_number` for statements in the order of the ids, which SQLite would walk."""
    table = table_of(StoredAlert).alias("raised")
    limits: list[ColumnElement[bool]] = []
    if scope_of(session).every_school and wanted.school is None and not by_number:
        limits += _raised(col(StoredAlert.raised_at), wanted.raised)
    else:
        # A limit to schools makes SQLite walk all that these schools ever had. The numbers of the range
        # come from the bare table, so that this part stays without that limit; the rows are limited as ever.
        numbers = select(table.c.id).where(*_raised(table.c.raised_at, wanted.raised))
        limits.append(col(StoredAlert.id).in_(numbers))
    for field in ("school", "kind"):
        value = getattr(wanted, field)
        if value is not None:
            limits.append(getattr(StoredAlert, field) == value)
    if wanted.severity:
        limits.append(col(StoredAlert.severity).in_(wanted.severity))
    return limits


def _raised(column: Any, raised: Range) -> list[ColumnElement[bool]]:
    limits: list[ColumnElement[bool]] = [column >= raised.since]
    return limits if raised.until is None else [*limits, column < raised.until]


def _microseconds_between(session: Session, start: Any, end: Any) -> ColumnElement[Any]:
    """Whole numbers, so that both databases say exactly the same."""
    if is_postgresql(session):
        return cast(extract("epoch", end - start) * 1_000_000, BigInteger)
    return type_coerce(end, BigInteger) - type_coerce(start, BigInteger)
