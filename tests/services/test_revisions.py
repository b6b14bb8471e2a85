"""A correction is a revision of its own: the newest counts everywhere, the older stay readable."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from safety_service.domain.errors import Refused
from safety_service.services import credit
from safety_service.services.inspections import SubmittedInspection
from safety_service.services.schemes import known_schemes
from safety_service.store import cafeterias as places
from safety_service.store import inspections as rows
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from tests.canteens import HERE, THERE, add_canteens, by_sections, stored, submit
from tests.conftest import OTHER_SCHOOL


@pytest.fixture
def county(two_schools: Engine) -> Engine:
    add_canteens(two_schools)
    return two_schools


def visit(county: Engine, score: object, day: str, key: str, **more: Any) -> SubmittedInspection:
    return submit(county, by_sections(score, date=day, **more), key)


def correct(
    county: Engine, number: int, score: object, day: str, key: str, **more: Any
) -> SubmittedInspection:
    body = by_sections(score, date=day, corrects=number, note="a section was misread", **more)
    return submit(county, body, key)


def listed(county: Engine) -> list[int]:
    with session_scope(county, EVERY_SCHOOL) as session:
        return [row.id for row in rows.list_page(session, HERE, None, 10).rows]


def shown(county: Engine) -> tuple[int | None, str | None, date | None]:
    with session_scope(county, EVERY_SCHOOL) as session:
        place = places.get(session, HERE)
        return place.inspection, place.score, place.visited_on


def year(county: Engine) -> Any:
    with session_scope(county, EVERY_SCHOOL) as session:
        place = places.get(session, HERE)
        return credit.credits_of(session, [place], known_schemes(), date(2026, 9, 1))[HERE].annual


def test_the_newest_revision_counts_and_the_older_can_be_read(county: Engine) -> None:
    before = visit(county, 8, "2026-05-01", "a").inspection
    first = visit(county, 9, "2026-09-01", "b").inspection
    second = correct(county, first.id, 7, "2026-09-01", "c")
    third = correct(county, second.inspection.id, 6, "2026-09-01", "d").inspection

    assert listed(county) == [third.id, before.id]
    assert shown(county) == (third.id, "6.0", date(2026, 9, 1))
    assert (year(county)["counted"], year(county)["average"]) == (2, "7.0")
    assert [(row.revision, row.corrects, row.visit) for row in stored(county)] == [
        (0, None, 1), (0, None, 2), (1, first.id, 2), (2, second.inspection.id, 2),
    ]  # fmt: skip
    assert {row.previous for row in stored(county)[1:]} == {before.id}
    with session_scope(county, EVERY_SCHOOL) as session:
        assert [row.id for row in rows.revisions(session, HERE, first.visit)] == [
            third.id, second.inspection.id, first.id,
        ]  # fmt: skip
        assert rows.get(session, HERE, first.id).score == "9.0"
        assert rows.corrected_by(session, first.id) == second.inspection.id
    assert second.event is not None
    assert (second.event.value, second.event.attributes["corrects"]) == (1.0, str(first.id))
    assert second.event.attributes["previous_score"] == "8.0"


def test_correcting_an_older_visit_changes_the_year_and_not_the_grade(county: Engine) -> None:
    older = visit(county, 8, "2026-05-01", "a").inspection
    last = visit(county, 9, "2026-09-01", "b").inspection
    corrected = correct(county, older.id, 6, "2026-05-01", "c")
    assert corrected.event is None
    assert shown(county)[0] == last.id
    assert year(county)["average"] == "7.5"
    assert listed(county) == [last.id, corrected.inspection.id]


def test_of_two_visits_on_one_day_the_earlier_stays_the_earlier_when_corrected(county: Engine) -> None:
    first = visit(county, 8, "2026-09-01", "a").inspection
    second = visit(county, 9, "2026-09-01", "b").inspection
    corrected = correct(county, first.id, 7, "2026-09-01", "c").inspection
    assert shown(county)[0] == second.id
    assert listed(county) == [second.id, corrected.id]
    assert corrected.previous is None


def test_a_corrected_date_can_make_another_visit_the_last(county: Engine) -> None:
    other = visit(county, 9, "2026-08-20", "a").inspection
    last = visit(county, 7, "2026-08-30", "b").inspection
    corrected = correct(county, last.id, 7, "2026-08-03", "c")

    assert shown(county) == (other.id, "9.0", date(2026, 8, 20))
    assert listed(county) == [other.id, corrected.inspection.id]
    assert corrected.inspection.previous is None
    event = corrected.event
    assert event is not None
    assert (event.value, event.attributes["inspection"]) == (3.0, str(other.id))
    assert event.event_id == f"inspection-{corrected.inspection.id}"


def test_the_same_correction_again_is_the_same_correction(county: Engine) -> None:
    first = visit(county, 9, "2026-09-01", "a").inspection
    once = correct(county, first.id, 7, "2026-09-01", "b", id="f00")
    again = correct(county, first.id, 7, "2026-09-01", "c", id="f00")
    assert (again.repeated, again.inspection.id) == (True, once.inspection.id)
    assert len(stored(county)) == 2


def test_what_cannot_be_corrected_is_refused(county: Engine) -> None:
    first = visit(county, 9, "2026-09-01", "a").inspection
    there = submit(county, by_sections(9), "b", school=OTHER_SCHOOL).inspection
    second = correct(county, first.id, 7, "2026-09-01", "c").inspection
    for number, reason in (
        (there.id, f"{there.id} is not an inspection of cafeteria {HERE}"),
        (99, f"99 is not an inspection of cafeteria {HERE}"),
        (first.id, f"{first.id} was corrected by {second.id} already; correct that one"),
    ):
        with pytest.raises(Refused) as refusal:
            correct(county, number, 6, "2026-09-01", f"d{number}")
        assert (refusal.value.place, refusal.value.reason) == ("corrects", reason)
    with pytest.raises(Refused, match="note: is missing: a correction says why it is made"):
        submit(county, by_sections(6, corrects=second.id), "e")
    assert [row.cafeteria for row in stored(county)] == [HERE, THERE, HERE]
