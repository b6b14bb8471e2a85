"""Who is on the red and who on the black list today: every cafeteria with what the criteria look at."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import cast

import msgspec
from sqlmodel import Session

from safety_service.domain.credit_repair import CreditRepair, PenaltyFacts, is_published, on_severe_list
from safety_service.domain.inspections import DEFAULT_SCHEME
from safety_service.domain.red_black_list import (
    ListCriteria,
    Listed,
    Standing,
    best_first,
    judge,
    worst_first,
)
from safety_service.domain.scoring.book import SchemeBook, pick
from safety_service.services import view_shapes as shapes
from safety_service.services.credit import Credit, credits_of
from safety_service.services.view_figures import link
from safety_service.store import appeals, penalties, rectifications
from safety_service.store import view_cafeterias as rows
from safety_service.store.rectifications import Owed
from safety_service.store.tables_cafeteria import Cafeteria

_OWES_NOTHING = Owed(0, 0, 0)


class ListRules(msgspec.Struct, frozen=True):
    """The schemes, the criteria and the classes of penalties of the county."""

    book: SchemeBook
    criteria: ListCriteria
    repair: CreditRepair


class Place(msgspec.Struct, frozen=True):
    """One cafeteria, what it stands at, and the list it is on."""

    cafeteria: Cafeteria
    credit: Credit
    standing: Standing
    listed: Listed
    contested: bool

    @property
    def letter(self) -> str | None:
        return self.standing.annual_letter


def places_of(session: Session, rules: ListRules, now: datetime, today: date) -> list[Place]:
    """Every cafeteria of the session's schools, by id; a few queries for all of them."""
    found = [cafeteria for cafeteria, _ in rows.cafeterias(session)]
    credit = credits_of(session, found, rules.book, today)
    owed = rectifications.count_by_cafeteria(session, now)
    penalised = penalties.facts_by_cafeteria(session, [one.id for one in found])
    contested = appeals.pending_about(
        session, [one.inspection for one in found if one.inspection is not None]
    )
    letters = _Letters(rules.book)
    places = []
    for one in found:
        standing = _standing(
            one,
            credit[one.id],
            letters,
            owed.get(one.id, _OWES_NOTHING),
            penalised.get(one.id, []),
            rules,
            today,
        )
        places.append(
            Place(one, credit[one.id], standing, judge(rules.criteria, standing), one.inspection in contested)
        )
    return places


def red_of(places: Sequence[Place]) -> list[Place]:
    """The red list, the best first."""
    red = [place for place in places if place.listed.side == "red"]
    return sorted(red, key=lambda place: (*best_first(place.standing), place.cafeteria.id))


def black_of(places: Sequence[Place]) -> list[Place]:
    """The black list, the worst first."""
    black = [place for place in places if place.listed.side == "black"]
    return sorted(black, key=lambda place: (*worst_first(place.standing), place.cafeteria.id))


def item(place: Place) -> shapes.CafeteriaItem:
    """One line of a list."""
    cafeteria, withdrawn, average = place.cafeteria, place.credit.withdrawn, place.standing.annual_average
    return {
        "id": cafeteria.id,
        "school": cafeteria.school,
        "name_zh": cafeteria.name_zh,
        "name_en": cafeteria.name_en,
        "score": cafeteria.score,
        "grade": cafeteria.grade,
        "letter": place.letter,
        "average": None if average is None else str(average),
        "reason": withdrawn.override.reason if withdrawn else cafeteria.reason,
        "reasons": [cast(shapes.ListReason, dict(reason)) for reason in place.listed.reasons],
        "contested": place.contested,
        "visited_on": cafeteria.visited_on.isoformat() if cafeteria.visited_on else None,
        "list": link(f"cafeterias/{cafeteria.id}/credit", {}),
    }


class _Letters:
    """The letter of each grade of each scheme, looked up once."""

    def __init__(self, book: SchemeBook) -> None:
        self._book = book
        self._known: dict[str, Mapping[str, str | None]] = {}

    def of(self, scheme: str, grade: str | None) -> str | None:
        if scheme not in self._known:
            self._known[scheme] = {band.grade: band.letter for band in pick(self._book, scheme).bands}
        return self._known[scheme].get(grade or "")


def _standing(
    one: Cafeteria,
    credit: Credit,
    letters: _Letters,
    owed: Owed,
    penalised: Sequence[PenaltyFacts],
    rules: ListRules,
    today: date,
) -> Standing:
    return Standing(
        visited=one.inspection is not None,
        annual_letter=credit.annual.get("letter"),
        dynamic_letter=letters.of(one.scheme or DEFAULT_SCHEME, one.grade),
        annual_average=_number(credit.annual.get("average")),
        score=_number(one.score),
        sign_withdrawn=credit.withdrawn is not None,
        listed=on_severe_list(rules.repair, penalised, today),
        rectifications_open=owed.total,
        rectifications_overdue=owed.overdue,
        key_items_open=owed.key,
        penalties_published=sum(is_published(rules.repair, one, today) for one in penalised),
    )


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(str(text))
