"""One body, one meaning: scored once, stored for good, told to the rules, whichever way it came."""

import threading
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from safety_service.domain.decoding import decode
from safety_service.domain.errors import Conflict, Refused, SafetyError
from safety_service.domain.types import Event
from safety_service.services import cafeterias, credit, inspections
from safety_service.services.inspections import SubmittedInspection
from safety_service.services.schemes import known_schemes
from safety_service.services.service_events import as_message
from safety_service.store import cafeterias as rows
from safety_service.store.registry import get_school
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_cafeteria import Cafeteria, Inspection

SCHOOL, OTHER = "370828-001", "370828-002"
CAFETERIA = f"{SCHOOL}-c1"
NOW = datetime(2026, 9, 1, 0, 0, tzinfo=UTC)
ITEMS_OF_SECTION = (1, 3, 2, 4, 4, 3, 6, 4, 3)
CODES = [
    f"{section}.{item}"
    for section, items in enumerate(ITEMS_OF_SECTION, start=1)
    for item in range(1, items + 1)
]


def by_sections(*sections: object, key: int = 0, **more: Any) -> dict[str, Any]:
    scores = list(sections) if len(sections) == 9 else [sections[0]] * 9
    return {"date": "2026-09-01", "sections": scores, "key_items_failed": key, **more}


def by_items(*failed: str, **more: Any) -> dict[str, Any]:
    answers = [{"code": code, "result": "fail" if code in failed else "pass"} for code in CODES]
    return {"date": "2026-09-01", "items": answers, **more}


@pytest.fixture
def county(two_schools: Engine) -> Engine:
    """Two schools with a cafeteria each."""
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        schools = [get_school(session, code) for code in (SCHOOL, OTHER)]
        assert cafeterias.create_for_schools(session, schools) == 2
        assert cafeterias.create_for_schools(session, schools) == 0
    return two_schools


def submit(engine: Engine, body: object, key: str = "mqtt:t:1", **more: Any) -> SubmittedInspection:
    given = {"school": SCHOOL, "submitted_by": "device:t", "now": NOW, **more}
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        return inspections.submit(session, body=body, source_key=key, **given)


def place(engine: Engine, cafeteria: str = CAFETERIA) -> Cafeteria:
    with session_scope(engine, EVERY_SCHOOL) as session:
        found = rows.get(session, cafeteria)
        session.expunge_all()
        return found


def stored(engine: Engine) -> list[Inspection]:
    with session_scope(engine, EVERY_SCHOOL) as session:
        found = list(session.exec(select(Inspection).order_by(col(Inspection.id))))
        session.expunge_all()
        return found


def event_of(submitted: SubmittedInspection) -> Event:
    assert submitted.event is not None
    return submitted.event


def test_a_first_visit_is_stored_with_its_reckoning_and_told(county: Engine) -> None:
    submitted = submit(county, by_sections(10, 9, 9, 8.5, 9, 10, 9, 8, 9, inspector="李敏"))

    visit = submitted.inspection
    assert (visit.score, visit.grade, visit.icon, visit.reason) == ("9.1", "优秀", "大笑", None)
    assert (visit.scheme, visit.scheme_version, visit.inspector) == ("cn.dynamic_2012", "1", "李敏")
    assert visit.result["reckoning"]["unrounded"] == "163/18"
    assert visit.visited_on == date(2026, 9, 1)
    now = place(county)
    assert (now.inspection, now.grade, now.score) == (visit.id, "优秀", "9.1")
    event = event_of(submitted)
    assert (event.kind, event.phase, event.value) == ("inspection_graded", "measure", 3.0)
    assert (event.school, event.device) == (SCHOOL, CAFETERIA)
    assert event.attributes["previous_grade"] is None
    assert event.attributes["inspection"] == str(visit.id)


def test_worse_sections_lower_the_grade_and_the_event_says_from_what_to_what_and_why(county: Engine) -> None:
    submit(county, by_items(), "mqtt:t:1")
    event = event_of(submit(county, by_items("9.3", "7.1", "7.2", "7.4", "2.1", "2.2"), "mqtt:t:2"))

    told = event.attributes
    assert event.value == 2.0
    assert (told["previous_grade"], told["grade"]) == ("优秀", "良好")
    assert (told["previous_score"], told["score"]) == ("10.0", "8.1")
    assert told["change"] == {
        "zh": "由优秀（10.0分）变为良好（8.1分）",
        "en": "from Excellent (10.0) to Good (8.1)",
    }
    assert told["why"] == {
        "zh": "关键项不合格：9.3 餐具及直接入口容器洗净消毒，炊具洗净；"
        "得分下降：信息公示 10→3、加工制作 10→4、餐饮具清洗消毒 10→6",
        "en": "key items failed: 9.3 Tableware and ready-to-eat containers washed and disinfected; "
        "cookware washed; lower: Disclosure 10→3, Processing 10→4, Dishwashing 10→6",
    }
    assert [(worse["section"], worse["before"], worse["now"]) for worse in told["sections_worse"]] == [
        (2, "10", "3"),
        (7, "10", "4"),
        (9, "10", "6"),
    ]


def test_two_key_items_take_the_grade_and_the_reason_is_said(county: Engine) -> None:
    submit(county, by_sections(9), "mqtt:t:1")
    event = event_of(submit(county, by_sections(9, key=2), "mqtt:t:2"))
    assert (event.value, event.attributes["grade"]) == (0.0, None)
    assert event.attributes["reason"] == "two_or_more_key_items"
    assert event.attributes["change"]["zh"] == "由优秀（9.0分）变为无等级（9.0分）"
    assert event.attributes["why"]["zh"] == "两项及以上关键项不合格，不评定等级；关键项不合格2项"


@pytest.mark.parametrize("key", [{"key": "mqtt:t:1"}, {"key": "rest:li:other"}])
def test_the_same_submission_again_gives_the_first_result(county: Engine, key: dict[str, str]) -> None:
    body = by_items("2.1", "5.1", id="8c1d")
    first = submit(county, body)
    shuffled = {**body, "items": list(reversed(body["items"])), "note": None}
    again = submit(county, shuffled, **key)

    assert again.repeated
    assert again.event is None
    assert again.inspection.id == first.inspection.id
    assert len(stored(county)) == 1


def test_the_same_key_without_an_id_is_the_same_submission(county: Engine) -> None:
    first = submit(county, by_sections(9.0))
    again = submit(county, by_sections(9), cafeteria=CAFETERIA)
    assert (again.repeated, again.inspection.id) == (True, first.inspection.id)


def test_the_same_key_with_other_content_is_a_conflict_and_changes_nothing(county: Engine) -> None:
    submit(county, by_sections(9, id="8c1d"))
    with pytest.raises(Conflict, match="other content") as conflict:
        submit(county, by_sections(8, id="8c1d"), "mqtt:t:2")
    assert conflict.value.slug == "inspection-key-reused"
    assert len(stored(county)) == 1
    assert place(county).grade == "优秀"


def test_one_key_at_two_schools_is_two_submissions(county: Engine) -> None:
    submit(county, by_sections(9, id="8c1d"))
    other = submit(county, by_sections(8, id="8c1d"), school=OTHER)
    assert not other.repeated
    assert other.inspection.cafeteria == f"{OTHER}-c1"


@pytest.mark.parametrize(
    ("body", "at", "reason"),
    [
        (None, "body", "an inspection is an object"),
        ([], "body", "an inspection is an object"),
        (by_sections(9, cafeteria=f"{OTHER}-c1"), "cafeteria", f"{OTHER}-c1 is not a cafeteria of school"),
        (by_sections(9, cafeteria="no"), "cafeteria", "no is not a cafeteria of school"),
        (by_sections(9, cafeteria=7), "cafeteria", '"7" is not a text'),
        (by_sections(9, scheme="cn.dynamik"), "scheme", '"cn.dynamik" is not a scheme (schemes: cn.annual'),
        (by_sections(9, scheme="cn.annual_2012"), "scheme", "cn.annual_2012 does not score a single visit"),
        (by_sections(9, date=None), "date", "is missing"),
        (by_sections(9, date="1 Sept"), "date", "is not a date (YYYY-MM-DD)"),
        (by_sections(9, date="2026-09-02"), "date", "2026-09-02 is in the future (today is 2026-09-01)"),
        (by_sections(9, date="2011-12-31"), "date", "no version of cn.dynamic_2012 was in force"),
        (by_sections(9, 9, 9, 11, 9, 9, 9, 9, 9), "sections[3]", "11 is above the maximum of 10"),
        (by_sections(9, licence_issued="x"), "licence_issued", '"x" is not a date (YYYY-MM-DD)'),
        (by_sections(9, colour="red"), "colour", "is not an input of cn.dynamic_2012"),
        (by_sections(9, note="x" * 4001), "note", "has 4001 characters, 4000 are allowed"),
        (by_sections(9, inspector="a\x00"), "inspector", "holds a character that cannot be stored"),
        ({"date": "2026-09-01", "items": [{"code": "0.0"}]}, "items[0].code", '"0.0" is not in scheme'),
    ],
)
def test_a_wrong_submission_is_refused_with_its_place_and_stores_nothing(
    county: Engine, body: object, at: str, reason: str
) -> None:
    with pytest.raises(Refused) as refusal:
        submit(county, body)
    found_at, found = refusal.value.problems[0]
    assert found_at == at
    assert found.startswith(reason)
    assert stored(county) == []
    assert place(county).grade is None


def test_a_missing_key_item_is_named(county: Engine) -> None:
    body = by_items()
    body["items"] = [answer for answer in body["items"] if answer["code"] != "6.1"]
    with pytest.raises(Refused, match=r"items: key item 6\.1 is not answered"):
        submit(county, body)


def test_the_cafeteria_must_be_named_where_a_school_has_two(county: Engine) -> None:
    with session_scope(county, EVERY_SCHOOL, write=True) as session:
        cafeterias.put(session, f"{SCHOOL}-c2", {"name_zh": "南食堂"}, now=NOW, timezone="Asia/Shanghai")
    with pytest.raises(Refused, match="cafeteria: is missing"):
        submit(county, by_sections(9))
    assert submit(county, by_sections(9, cafeteria=f"{SCHOOL}-c2")).inspection.grade == "优秀"


def test_an_older_visit_that_comes_late_is_kept_and_changes_no_grade(county: Engine) -> None:
    last = submit(county, by_sections(9), "mqtt:t:1")
    late = submit(county, by_sections(7, date="2026-08-20"), "mqtt:t:2")
    assert late.event is None
    assert late.inspection.grade == "一般"
    assert place(county).inspection == last.inspection.id
    same_day = submit(county, by_sections(8), "mqtt:t:3")
    assert event_of(same_day).attributes["previous_grade"] == "优秀"


def test_today_is_today_at_the_school(county: Engine) -> None:
    late_evening = datetime(2026, 9, 1, 15, 59, tzinfo=UTC)
    with pytest.raises(Refused, match="in the future"):
        submit(county, by_sections(9, date="2026-09-02"), now=late_evening)
    midnight = late_evening + timedelta(minutes=1)
    assert submit(county, by_sections(9, date="2026-09-02"), now=midnight).inspection.grade == "优秀"


@pytest.mark.parametrize(
    ("known", "sent", "reason"),
    [
        ({"licence_issued": date(2026, 8, 1)}, {}, "new_licence_lt_3_months"),
        ({"licence_issued": date(2026, 8, 1)}, {"licence_issued": "2020-01-01"}, "new_licence_lt_3_months"),
        ({"licence_issued": date(2020, 1, 1)}, {"licence_issued": "2026-08-01"}, "new_licence_lt_3_months"),
        ({"accident": date(2026, 8, 1)}, {"accident": "2025-01-01"}, "accident_lt_6_months"),
        ({"accident": date(2026, 9, 1)}, {}, "accident_lt_6_months"),
        ({"accident": date(2026, 9, 1)}, {"date": "2026-08-31"}, None),
        ({}, {"penalty_beyond_warning": "2026-08-15"}, "penalty_lt_2_months"),
        ({}, {}, None),
    ],
)
def test_the_later_of_a_known_and_a_sent_date_counts(
    county: Engine, known: Mapping[str, date], sent: dict[str, Any], reason: str | None
) -> None:
    with session_scope(county, EVERY_SCHOOL, write=True) as session:
        cafeterias.put(session, CAFETERIA, known, now=NOW, timezone="Asia/Shanghai")
    assert submit(county, by_sections(9, **sent)).inspection.reason == reason


def test_a_stored_inspection_cannot_be_changed_or_removed(county: Engine) -> None:
    submit(county, by_sections(9))
    for statement in ("UPDATE inspection SET score = '10.0'", "DELETE FROM inspection"):
        with pytest.raises(DBAPIError, match="append-only"), county.begin() as connection:
            connection.execute(text(statement))
    assert stored(county)[0].score == "9.0"


def test_the_event_survives_the_way_through_the_message_log(county: Engine) -> None:
    submit(county, by_items(), "mqtt:t:1")
    event = event_of(submit(county, by_items("9.3", "7.1"), "mqtt:t:2"))
    (read,) = decode(as_message(event), ZoneInfo("Asia/Shanghai"))
    assert isinstance(read, Event)
    for field in ("school", "device", "kind", "phase", "value", "dedup_key", "event_id", "format"):
        assert getattr(read, field) == getattr(event, field), field
    assert read.attributes == event.attributes
    assert read.occurred_at == event.occurred_at


def test_a_visit_under_a_scheme_beside_the_sign_is_told_and_moves_no_grade(county: Engine) -> None:
    """Its rank has another scale: five ratings must not look like a rise, nor the next grade like a fall."""
    submit(county, by_sections(9), "mqtt:t:1")
    rated = {"date": "2026-09-01", "hygiene": 5, "structural": 5, "confidence_in_management": 5}
    event = event_of(submit(county, {**rated, "scheme": "uk.fhrs"}, "mqtt:t:2"))
    assert (event.phase, event.value) == ("pulse", None)
    assert (event.attributes["grade"], event.attributes["previous_grade"]) == ("5", None)
    (read,) = decode(as_message(event), ZoneInfo("Asia/Shanghai"))
    assert isinstance(read, Event)
    assert (read.phase, read.value, read.dedup_key) == (event.phase, event.value, event.dedup_key)
    now = place(county)
    assert (now.scheme, now.grade, now.score) == ("cn.dynamic_2012", "优秀", "9.0")
    after = event_of(submit(county, by_sections(8), "mqtt:t:3"))
    assert (after.value, after.attributes["previous_grade"]) == (2.0, "优秀")


def test_a_visit_entered_under_the_wrong_scheme_leaves_the_sign_when_it_is_corrected(county: Engine) -> None:
    first = submit(county, by_sections(9), "mqtt:t:1").inspection
    rated = {"date": "2026-09-01", "hygiene": 5, "structural": 5, "confidence_in_management": 5}
    wrong = {**rated, "scheme": "uk.fhrs", "corrects": first.id, "note": "the wrong form"}
    event = event_of(submit(county, wrong, "mqtt:t:2"))
    assert (event.phase, event.value, event.attributes["corrects"]) == ("pulse", None, str(first.id))
    now = place(county)
    assert (now.inspection, now.scheme, now.grade, now.visited_on) == (None, None, None, None)
    right = by_sections(8, corrects=stored(county)[-1].id, note="it was the right one")
    back = event_of(submit(county, right, "mqtt:t:3"))
    assert (back.phase, back.value, back.attributes["previous_grade"]) == ("measure", 2.0, None)
    assert place(county).score == "8.0"


def test_simultaneous_submissions_are_graded_in_turn_and_each_once(county: Engine) -> None:
    """Four senders, each twice with one key: four visits, each compared with the one before it."""
    results: list[SubmittedInspection] = []
    failures: list[SafetyError] = []

    def send(number: int) -> None:
        try:
            results.append(submit(county, by_sections(6 + number % 4, id=f"n{number % 4}"), f"k{number}"))
        except SafetyError as error:
            failures.append(error)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    visits = stored(county)
    assert len(visits) == 4
    assert [visit.previous for visit in visits] == [None, *(visit.id for visit in visits[:-1])]
    assert sum(result.event is not None for result in results) == 4
    assert place(county).inspection == visits[-1].id


def annual_of(session: Session, as_of: date) -> Any:
    book = known_schemes()
    row = rows.get(session, CAFETERIA)
    in_full = credit.annual_in_full(session, row, book, as_of)
    assert in_full is not None
    # What a list shows is reckoned in another way, and is the same; also when it is asked for again.
    for _ in range(2):
        assert credit.credits_of(session, [row], book, as_of)[CAFETERIA].annual == in_full.outputs
    return in_full


def test_the_annual_grade_is_the_mean_of_the_stored_scores(county: Engine) -> None:
    for number, (day, score) in enumerate(
        [("2025-09-01", 1), ("2025-09-10", 9.1), ("2026-01-12", 8.9), ("2026-05-08", 8.9)]
    ):
        submit(county, by_sections(score, date=day), f"k{number}")
    submit(county, by_sections(1, date="2026-05-09", accident="2026-05-09"), "withheld: no score to count")
    with session_scope(county, EVERY_SCHOOL) as session:
        year = annual_of(session, date(2026, 9, 1))
        assert year.outputs == {
            "counted": 3, "average": "9.0", "grade": "优秀", "letter": "A", "reason": None,
        }  # fmt: skip
        assert year.reckoning["unrounded"] == "269/30"
        assert year.reckoning["without_score"] == ["2026-05-09"]
        assert annual_of(session, date(2026, 8, 31)).outputs["counted"] == 4


def test_an_accident_takes_the_sign_at_once_and_leaves_the_grade_of_the_visit(county: Engine) -> None:
    submit(county, by_sections(9))
    with session_scope(county, EVERY_SCHOOL, write=True) as session:
        row = cafeterias.put(
            session, CAFETERIA, {"accident": date(2026, 8, 30)}, now=NOW, timezone="Asia/Shanghai"
        )
        found = credit.credits_of(session, [row], known_schemes(), date(2026, 9, 1))
    withdrawn = found[CAFETERIA].withdrawn
    assert withdrawn is not None
    assert withdrawn.until == date(2027, 2, 28)
    assert place(county).grade == "优秀"
