"""The form to fill in at one cafeteria: beside each item what was found last, and what is still owed."""

from datetime import date
from typing import Any

import msgspec
from sqlmodel import Session

from safety_service.domain.errors import Refused
from safety_service.domain.inspections import DEFAULT_SCHEME, FACTS
from safety_service.domain.scoring.book import SchemeBook, pick
from safety_service.domain.scoring.scheme import Item, Scheme
from safety_service.store import inspections, rectifications
from safety_service.store.tables_cafeteria import Cafeteria
from safety_service.store.tables_rectification import Rectification

VISITS_LOOKED_AT = 10


class Previous(msgspec.Struct, frozen=True):
    """How an item was answered the last time that it was."""

    inspection: int
    date: date
    result: str
    note: str | None


class FormItem(msgspec.Struct, frozen=True):
    """One line of the form; `item.section` is None for what is recorded beside the grade.

    `rectification`: what an earlier visit found, and nobody has accepted as put right yet.
    """

    item: Item
    previous: Previous | None
    rectification: Rectification | None


class Form(msgspec.Struct, frozen=True):
    """The checklist of a scheme in force; `facts` are the dates that the county knows of the cafeteria."""

    scheme: Scheme
    facts: dict[str, date | None]
    items: list[FormItem]


def form_of(session: Session, place: Cafeteria, scheme_id: str | None, book: SchemeBook, today: date) -> Form:
    """The form under this scheme (default: that of the last visit); Refused for one without a checklist."""
    wanted = scheme_id or place.scheme or DEFAULT_SCHEME
    if wanted not in book:
        raise Refused(f'"{wanted}" is not a scheme (schemes: {", ".join(book)})', place="query.scheme")
    scheme = pick(book, wanted, today)
    if scheme.checklist is None:
        raise Refused(f"{scheme.id} has no checklist", place="query.scheme")
    before = _previous(session, place.id, scheme.id)
    owed = rectifications.open_by_item(session, place.id, scheme.id)
    return Form(
        scheme,
        {name: getattr(place, name) for name in FACTS if scheme.field(name) is not None},
        [FormItem(item, before.get(item.code), owed.get(item.code)) for item in scheme.checklist.all_items()],
    )


def _previous(session: Session, cafeteria: str, scheme: str) -> dict[str, Previous]:
    """By code; an item that a visit left out, or that was scored by sections, is looked for further back."""
    found: dict[str, Previous] = {}
    for visit in inspections.recent(session, cafeteria, scheme, VISITS_LOOKED_AT):
        answers: list[dict[str, Any]] = visit.result.get("reckoning", {}).get("items", [])
        for answer in answers:
            known = Previous(visit.id, visit.visited_on, answer["result"], answer.get("note"))
            found.setdefault(answer["code"], known)
    return found
