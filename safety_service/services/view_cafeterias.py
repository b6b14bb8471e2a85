"""The cafeterias' part of the wall screen: grades, red and black list, the latest falls."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta

from sqlmodel import Session

from safety_service.domain.inspections import DEFAULT_SCHEME
from safety_service.domain.scoring.book import pick
from safety_service.domain.scoring.scheme import Band
from safety_service.services import view_shapes as shapes
from safety_service.services.cafeterias import county_day
from safety_service.services.red_black_list import ListRules, black_of, item, places_of, red_of
from safety_service.services.view import Viewpoint
from safety_service.services.view_figures import figure, link, rfc3339
from safety_service.store import view_cafeterias as rows

LISTED = 10
DROP_DAYS = 30
VISITS_LOOKED_AT = 500
UNGRADED = "none"


def cafeterias(
    session: Session, at: Viewpoint, rules: ListRules, *, letter: str | None = None
) -> shapes.Cafeterias:
    """Counts by annual letter and by last visit, the heads of the red and the black list, the latest falls.

    `letter` (or `none`) also lists the cafeterias of that annual letter.
    """
    today = county_day(at.timezone, at.now)
    bands = pick(rules.book, DEFAULT_SCHEME).bands
    ranks = {band.grade: len(bands) - place for place, band in enumerate(bands)}
    places = places_of(session, rules, at.now, today)
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
        "red": [item(place) for place in red_of(places)[:LISTED]],
        "black": [item(place) for place in black_of(places)[:LISTED]],
        "drops": _drops(session, today, ranks),
        "items": [
            item(place) for place in places if letter is not None and (place.letter or UNGRADED) == letter
        ],
    }


def red_black_list(session: Session, at: Viewpoint, rules: ListRules) -> shapes.RedBlackList:
    """Both lists whole, every cafeteria with each reason."""
    places = places_of(session, rules, at.now, county_day(at.timezone, at.now))
    return {
        "as_of": rfc3339(at.now),
        "red": [item(place) for place in red_of(places)],
        "black": [item(place) for place in black_of(places)],
        "criteria": rules.criteria.model_dump(mode="json", by_alias=True, exclude_none=True),
    }


def _grade(band: Band) -> shapes.GradeName:
    return {"zh": band.labels.zh, "en": band.labels.en, "letter": band.letter, "icon": band.icon}


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
