"""The cafeterias' part of the wall screen: grades, red and black list, the latest falls."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

import msgspec
from sqlmodel import Session

from safety_service.domain.inspections import DEFAULT_SCHEME
from safety_service.domain.scoring.book import SchemeBook, pick
from safety_service.domain.scoring.scheme import Band
from safety_service.services import view_shapes as shapes
from safety_service.services.cafeterias import county_day
from safety_service.services.credit import Credit, credits_of
from safety_service.services.view import Viewpoint
from safety_service.services.view_figures import figure, link, rfc3339
from safety_service.store import view_cafeterias as rows
from safety_service.store.tables import School
from safety_service.store.tables_cafeteria import Cafeteria

LISTED = 10
DROP_DAYS = 30
VISITS_LOOKED_AT = 500
UNGRADED = "none"


class _Place(msgspec.Struct, frozen=True):
    """One cafeteria and everything its place on a list depends on."""

    cafeteria: Cafeteria
    school: School
    credit: Credit
    rank: int

    @property
    def letter(self) -> str | None:
        letter: str | None = self.credit.annual.get("letter")
        return letter

    @property
    def average(self) -> str | None:
        average = self.credit.annual.get("average")
        return None if average is None else str(average)


def cafeterias(
    session: Session, at: Viewpoint, book: SchemeBook, *, letter: str | None = None
) -> shapes.Cafeterias:
    """Counts by annual letter and by last visit, the red and the black list, the latest falls.

    Red: the best annual grade, highest average first. Black: the sign withdrawn, a visit without a grade, or
    the lowest grade; worst first. `letter` (or `none`) also lists the cafeterias of that annual letter.
    """
    today = county_day(at.timezone, at.now)
    bands = pick(book, DEFAULT_SCHEME).bands
    ranks = {band.grade: len(bands) - place for place, band in enumerate(bands)}
    places = _places(session, book, today, ranks)
    letters, grades = (
        Counter(place.letter or UNGRADED for place in places),
        Counter(place.cafeteria.grade or UNGRADED for place in places),
    )
    return {
        "as_of": rfc3339(at.now),
        "annual": {
            name: figure(letters[name], "view/cafeterias", {"letter": name})
            for name in [*(band.letter for band in bands if band.letter), UNGRADED]
        },
        "dynamic": {
            name: figure(grades[name], "cafeterias", {"grade": name})
            for name in [*(band.grade for band in bands), UNGRADED]
        },
        "grades": {band.grade: _grade(band) for band in bands},
        "red": [_item(place) for place in sorted(_red(places, bands), key=_best_first)[:LISTED]],
        "black": [_item(place) for place in sorted(_black(places), key=_worst_first)[:LISTED]],
        "drops": _drops(session, today, ranks),
        "items": [
            _item(place) for place in places if letter is not None and (place.letter or UNGRADED) == letter
        ],
    }


def _places(session: Session, book: SchemeBook, today: date, ranks: Mapping[str, int]) -> Sequence[_Place]:
    found = rows.cafeterias(session)
    credit = credits_of(session, [cafeteria for cafeteria, _ in found], book, today)
    return [
        _Place(cafeteria, school, credit[cafeteria.id], ranks.get(cafeteria.grade or "", 0))
        for cafeteria, school in found
    ]


def _red(places: Sequence[_Place], bands: Sequence[Band]) -> list[_Place]:
    best = bands[0].letter
    return [place for place in places if place.letter == best and place.rank and not place.credit.withdrawn]


def _black(places: Sequence[_Place]) -> list[_Place]:
    return [
        place
        for place in places
        if place.credit.withdrawn or (place.cafeteria.inspection is not None and place.rank <= 1)
    ]


def _best_first(place: _Place) -> tuple[Decimal, Decimal, str]:
    return -Decimal(place.average or "0"), -Decimal(place.cafeteria.score or "0"), place.cafeteria.id


def _worst_first(place: _Place) -> tuple[bool, int, Decimal, str]:
    score = Decimal(place.cafeteria.score or "0")
    return place.credit.withdrawn is None, place.rank, score, place.cafeteria.id


def _grade(band: Band) -> shapes.GradeName:
    return {"zh": band.labels.zh, "en": band.labels.en, "letter": band.letter, "icon": band.icon}


def _item(place: _Place) -> shapes.CafeteriaItem:
    cafeteria, withdrawn = place.cafeteria, place.credit.withdrawn
    return {
        "id": cafeteria.id,
        "school": cafeteria.school,
        "name_zh": cafeteria.name_zh,
        "name_en": cafeteria.name_en,
        "score": cafeteria.score,
        "grade": cafeteria.grade,
        "letter": place.letter,
        "average": place.average,
        "reason": withdrawn.override.reason if withdrawn else cafeteria.reason,
        "visited_on": cafeteria.visited_on.isoformat() if cafeteria.visited_on else None,
        "list": link(f"cafeterias/{cafeteria.id}/credit", {}),
    }


def _drops(session: Session, today: date, ranks: Mapping[str, int]) -> list[shapes.GradeDrop]:
    looked_at = rows.latest_regraded(session, today - timedelta(days=DROP_DAYS), VISITS_LOOKED_AT)
    fallen = [one for one in looked_at if ranks.get(one.now or "", 0) < ranks.get(one.before or "", 0)]
    return [
        {
            "id": one.cafeteria,
            "school": one.school,
            "name_zh": one.name_zh,
            "name_en": one.name_en,
            "visited_on": one.visited_on.isoformat(),
            "before": one.before,
            "now": one.now,
            "why": one.comparison.get("why", {}),
            "list": link(f"cafeterias/{one.cafeteria}/credit", {}),
        }
        for one in fallen[:LISTED]
    ]
