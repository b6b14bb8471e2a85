"""What must be put right: opened by visits and patrols, carried on by people, each step on record."""

from collections.abc import Callable, Mapping, Sequence, Set
from datetime import date, datetime
from typing import Any

import msgspec
from sqlmodel import Session

from safety_service.domain import rectifications as life
from safety_service.domain.deadlines import Deadlines
from safety_service.domain.errors import Refused
from safety_service.domain.failed_items import FailedItem, passed_codes
from safety_service.domain.rectified import Change, Rectified, check_due, check_photos, problems_of
from safety_service.domain.rights import Caller
from safety_service.services.cafeterias import DEFAULT_ZONE
from safety_service.services.periods import known_deadlines
from safety_service.services.rectification_record import Occasion, add, occasion, write
from safety_service.services.who import names_of
from safety_service.store import cafeterias, inspections, registry
from safety_service.store import rectifications as store
from safety_service.store.session import after_commit
from safety_service.store.tables_cafeteria import Inspection
from safety_service.store.tables_rectification import Rectification

Move = Callable[[Rectified, date], Change]
"""A step of a person: the state and today at the school in, the change out."""


class Hazard(msgspec.Struct, frozen=True, kw_only=True):
    """Something found in a patrol, as it was sent."""

    school: str
    title: Mapping[str, str]
    cafeteria: str | None = None
    zone: str | None = None
    note: str | None = None
    key: bool = False
    owner: str | None = None
    due_on: date | None = None
    photos: Sequence[str] = ()


def open_for_inspection(
    session: Session,
    visit: Inspection,
    failed: Sequence[FailedItem],
    now: datetime,
    by: str,
    *,
    corrects: int | None = None,
    timezone: str = DEFAULT_ZONE,
    deadlines: Deadlines | None = None,
) -> list[Rectification]:
    """Each failed item of a stored visit becomes a rectification; returns the new ones.

    One that is not ended for the same item is not doubled: its history says that it was found again. Called
    again for the same visit it does nothing. A visit that `corrects` another takes its place: what no longer
    fails is cancelled. What a later visit has seen in order is not opened by an older one.
    """
    at = occasion(session, visit.school, by, now, timezone)
    held = store.hold_open(session, visit.cafeteria)
    touched = store.steps_of_visit(session, visit.id)
    if corrects is not None:
        touched |= _supersede(at, visit, corrects, {item.code: item for item in failed}, touched)
    done_with = {row.item for row in store.of_inspections(session, [visit.id])} | _in_order_since(at, visit)
    standing = {row.item: row for row in held if row.scheme == visit.scheme and row.ended_at is None}
    periods = (deadlines or known_deadlines()).rectifications
    opened = []
    for item in failed:
        row = standing.get(item.code)
        if item.code in done_with or (row is not None and row.id in touched):
            continue
        if row is not None:
            write(at, row, _find_again(at, row, visit, item))
        else:
            due_on = life.due_day(periods, item.key, at.today, item.due_on)
            first = Rectified(owner=item.owner, due_on=due_on, photos_before=item.photos)
            found = add(at, _from_visit(visit, item), first, item.note)
            opened += [found] if found is not None else []
    return opened


def _from_visit(visit: Inspection, item: FailedItem) -> dict[str, Any]:
    return {
        "cafeteria": visit.cafeteria,
        "source": "inspection",
        "inspection": visit.id,
        "scheme": visit.scheme,
        "item": item.code,
        "title": item.title,
        "key": item.key,
    }


def _orders(item: FailedItem) -> life.Orders:
    # A key item was due at once when it was first found; a form cannot put that off.
    return life.Orders(owner=item.owner, due_on=None if item.key else item.due_on, photos=item.photos)


def _find_again(at: Occasion, row: Rectification, visit: Inspection, item: FailedItem) -> Change:
    return life.find_again(
        store.state_of(row),
        visit.id,
        at.by,
        at.now,
        today=at.today,
        orders=_orders(item),
        before_done=row.done_at is not None and visit.visited_on < at.day_of(row.done_at),
        note=item.note,
    )


def _in_order_since(at: Occasion, visit: Inspection) -> frozenset[str]:
    last = inspections.last(at.session, visit.cafeteria, [visit.scheme])
    if last is None or last.visited_on <= visit.visited_on:
        return frozenset()
    return passed_codes(last.result)


def _supersede(
    at: Occasion, visit: Inspection, corrects: int, failing: Mapping[str, FailedItem], touched: Set[int]
) -> frozenset[int]:
    """Carries what the corrected visit opened or found again over to the one that corrects it."""
    written = set()
    for row in store.of_inspections(at.session, [corrects]):
        if row.id in touched or (row.ended_at is not None and row.item not in failing):
            continue
        before = store.state_of(row)
        item = failing.get(row.item or "")
        if item is not None:
            row.inspection = visit.id
            orders = _orders(item)
            write(at, row, life.keep(before, visit.id, corrects, at.by, at.now, orders=orders))
        else:
            why = (
                f"检查 {corrects} 已由检查 {visit.id} 更正，该项并非不合格 / "
                f"inspection {visit.id} corrects {corrects}: the item does not fail"
            )
            write(at, row, life.cancel(before, why, at.by, at.now, inspection=visit.id))
        written.add(row.id)
    for row in store.found_again_by(at.session, corrects):
        if row.id not in touched and row.id not in written:
            step = life.keep if row.item in failing else life.take_back
            write(at, row, step(store.state_of(row), visit.id, corrects, at.by, at.now))
            written.add(row.id)
    return frozenset(written)


def open_hazard(
    session: Session,
    hazard: Hazard,
    by: str,
    *,
    now: datetime,
    timezone: str,
    deadlines: Deadlines,
    wake: Callable[[], None],
) -> Rectification:
    """Opens what a patrol found. Raises NotFound for a school that is not there, Refused with every place."""
    at = occasion(session, hazard.school, by, now, timezone)
    _check(at, hazard)
    due_on = life.due_day(deadlines.rectifications, hazard.key, at.today, hazard.due_on)
    owner = hazard.owner.strip() if hazard.owner else None
    first = Rectified(owner=owner or None, due_on=due_on, photos_before=check_photos(hazard.photos, "photos"))
    row = {
        "cafeteria": hazard.cafeteria,
        "zone": hazard.zone,
        "source": "patrol",
        "title": {language: text.strip() for language, text in hazard.title.items()},
        "key": hazard.key,
    }
    found = add(at, row, first, hazard.note)
    assert found is not None  # without an item there is no key to be taken
    after_commit(session, wake)
    return found


def _check(at: Occasion, hazard: Hazard) -> None:
    problems = []
    if not all(text.strip() for text in hazard.title.values()):
        problems.append(("title", "must not be empty"))
    if hazard.cafeteria is not None:
        place = cafeterias.find(at.session, hazard.cafeteria)
        if place is None or place.school != hazard.school:
            problems.append(("cafeteria", f"{hazard.cafeteria} is not a cafeteria of school {hazard.school}"))
    if hazard.zone is not None and registry.find_zone(at.session, hazard.school, hazard.zone) is None:
        problems.append(("zone", f"{hazard.zone} is not a zone of school {hazard.school}"))
    problems += problems_of(check_photos, hazard.photos, "photos")
    if hazard.due_on is not None:
        problems += problems_of(check_due, hazard.due_on, at.today, "due_on")
    if problems:
        raise Refused(problems[0][1], place=problems[0][0], problems=problems)


def handle(
    session: Session,
    number: int,
    move: Move,
    caller: Caller,
    *,
    now: datetime,
    timezone: str,
    wake: Callable[[], None],
) -> Rectification:
    """Carries out a person's step; wakes the rules after the commit.

    Raises NotFound for one that the caller cannot see, Conflict where it does not allow the step.
    """
    row = store.get(session, number, hold=True)
    at = occasion(session, row.school, caller.name, now, timezone)
    write(at, row, move(store.state_of(row), at.today))
    after_commit(session, wake)
    return row


def assign(caller: Caller, to: str, due_on: date | None, comment: str | None, now: datetime) -> Move:
    """Whoever owes it may say who does it, but not put off the day."""
    if due_on is not None:
        caller.must("rectifications:accept")

    def move(before: Rectified, today: date) -> Change:
        if due_on is not None:
            check_due(due_on, today, "due_on")
        return life.assign(before, to, caller.name, now, due_on=due_on, comment=comment)

    return move


def report_done(caller: Caller, photos: Sequence[str], comment: str | None, now: datetime) -> Move:
    return lambda before, _today: life.report_done(before, photos, caller.name, now, comment)


def accept(session: Session, caller: Caller, comment: str | None, now: datetime) -> Move:
    names = names_of(session, caller.name)
    return lambda before, _today: life.accept(before, caller.name, now, names=names, comment=comment)


def send_back(caller: Caller, reason: str, due_on: date | None, now: datetime) -> Move:
    def move(before: Rectified, today: date) -> Change:
        if due_on is not None:
            check_due(due_on, today, "due_on")
        return life.send_back(before, reason, caller.name, now, today=today, due_on=due_on)

    return move


def cancel(caller: Caller, reason: str, now: datetime) -> Move:
    return lambda before, _today: life.cancel(before, reason, caller.name, now)


def remark(caller: Caller, text: str, now: datetime) -> Move:
    return lambda before, _today: life.remark(before, text, caller.name, now)
