"""Failed items become rectifications: once, linked when found again, carried over by a correction."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, col, select

from safety_service.domain.deadlines import Deadlines
from safety_service.domain.errors import Forbidden, Refused
from safety_service.domain.failed_items import FailedItem
from safety_service.domain.rights import Caller
from safety_service.services import cafeterias, inspections, rectifications
from safety_service.services.inspections import SubmittedInspection
from safety_service.services.periods import known_deadlines
from safety_service.store import rectifications as store
from safety_service.store.registry import get_school
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_cafeteria import Inspection
from safety_service.store.tables_people import AuditEntry
from safety_service.store.tables_rectification import Rectification
from tests.services.test_inspections import by_items, by_sections

SCHOOL, OTHER = "370828-001", "370828-002"
CAFETERIA = f"{SCHOOL}-c1"
NOW = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)
PHOTO = "b" * 64
LI = Caller(name="li", role="security", every_school=True)
ZHAO = Caller(name="zhao", role="inspector", every_school=True)


@pytest.fixture
def session(two_schools: Engine) -> Iterator[Session]:
    """One transaction with a cafeteria at each of two schools, on each database."""
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        cafeterias.create_for_schools(session, [get_school(session, code) for code in (SCHOOL, OTHER)])
        yield session


def submit(session: Session, body: dict[str, Any], key: str, **more: Any) -> SubmittedInspection:
    given = {"school": SCHOOL, "submitted_by": "zhao", "now": NOW, **more}
    return inspections.submit(session, body=body, source_key=key, **given)


def stored(session: Session, *wanted: Any) -> list[Rectification]:
    return list(session.exec(select(Rectification).where(*wanted).order_by(col(Rectification.id))))


def story(session: Session, row: Rectification) -> list[tuple[str, str, int | None]]:
    return [(step.action, step.status, step.inspection) for step in store.history(session, row.id, 100)]


def do(
    session: Session, row: Rectification, caller: Caller, move: rectifications.Move, now: datetime = NOW
) -> None:
    rectifications.handle(session, row.id, move, caller, now=now, timezone="Asia/Shanghai", wake=lambda: None)


def done(session: Session, row: Rectification, now: datetime = NOW) -> None:
    do(session, row, LI, rectifications.report_done(LI, [PHOTO], None, now), now)


def accepted(session: Session, row: Rectification) -> None:
    done(session, row)
    do(session, row, ZHAO, rectifications.accept(session, ZHAO, None, NOW))


def item(code: str, **more: Any) -> FailedItem:
    return FailedItem(code=code, title={"zh": code, "en": code}, **more)


def again(
    session: Session, visit: Inspection, *failed: str, corrects: int | None = None
) -> list[Rectification]:
    items = [item(code) for code in failed]
    return rectifications.open_for_inspection(session, visit, items, NOW, "zhao", corrects=corrects)


def test_each_failed_item_becomes_one(session: Session) -> None:
    body = by_items("2.1", "3.1")
    body["items"][1] |= {"note": "许可证未悬挂", "owner": "王老师", "due": "2026-09-04"}
    visit = submit(session, body, "k1").inspection
    first, second = stored(session)
    assert (first.item, first.title["zh"], first.key) == ("2.1", "许可证挂在醒目处", False)
    assert (first.owner, first.due_on, first.note) == ("王老师", date(2026, 9, 4), "许可证未悬挂")
    assert first.due_at == datetime(2026, 9, 4, 16, 0, tzinfo=UTC)
    assert (second.item, second.key, second.due_on) == ("3.1", True, date(2026, 9, 1))
    for row in (first, second):
        assert (row.school, row.cafeteria, row.inspection) == (SCHOOL, CAFETERIA, visit.id)
        assert (row.status, row.source, row.scheme, row.opened_by) == (
            "open",
            "inspection",
            visit.scheme,
            "zhao",
        )
        assert story(session, row) == [("opened", "open", visit.id)]
    trail = select(AuditEntry.object_id).where(AuditEntry.action == "rectification.open")
    assert list(session.exec(trail)) == [str(first.id), str(second.id)]


def test_days_of_the_county_count_where_none_was_set(session: Session) -> None:
    own = {
        "rectifications": {"days": 3, "key_days": 1},
        "appeals": {"file_within_days": 5, "decide_within_days": 5},
    }
    submit(session, by_items("2.1", "3.1"), "k1", deadlines=Deadlines.model_validate(own))
    assert [row.due_on for row in stored(session)] == [date(2026, 9, 4), date(2026, 9, 2)]
    session.get_one(type(get_school(session, OTHER)), OTHER).timezone = "America/New_York"
    submit(session, by_items("3.1", date="2026-08-31"), "k1", school=OTHER)
    (row,) = stored(session, Rectification.school == OTHER)
    assert (row.due_on, row.due_at) == (date(2026, 9, 1), datetime(2026, 9, 2, 4, 0, tzinfo=UTC))


def test_a_repeat_opens_nothing_twice(session: Session) -> None:
    visit = submit(session, by_items("2.1", id="f00"), "k1").inspection
    assert submit(session, by_items("2.1", id="f00"), "k2").repeated
    assert again(session, visit, "2.1") == []
    (row,) = stored(session)
    accepted(session, row)
    assert again(session, visit, "2.1") == []
    assert len(stored(session)) == 1


def test_by_sections_nothing_is_named_and_nothing_opened(session: Session) -> None:
    submit(session, by_sections(7), "k1")
    assert stored(session) == []


def test_found_again_is_linked_and_not_doubled(session: Session) -> None:
    first = submit(session, by_items("2.1"), "k1").inspection
    second = submit(session, by_items("2.1", "2.2", date="2026-09-01"), "k2").inspection
    row, new = stored(session)
    assert (row.item, row.inspection, new.item, new.inspection) == ("2.1", first.id, "2.2", second.id)
    assert story(session, row) == [("opened", "open", first.id), ("found_again", "open", second.id)]
    assert again(session, second, "2.1", "2.2") == []
    assert len(story(session, row)) == 2


def test_found_again_takes_back_what_was_reported_done(session: Session) -> None:
    submit(session, by_items("3.1", date="2026-08-25"), "k1", now=NOW - timedelta(days=7))
    (row,) = stored(session)
    done(session, row, NOW - timedelta(days=1))
    late = submit(session, by_items("3.1", date="2026-08-25"), "late").inspection
    assert (row.status, story(session, row)[-1]) == ("done", ("found_again", "done", late.id))
    submit(session, by_items("3.1"), "k2")
    assert (row.status, row.due_on, row.done_at, row.photos_after) == ("returned", date(2026, 9, 1), None, [])


def test_after_acceptance_the_same_item_is_opened_anew(session: Session) -> None:
    submit(session, by_items("2.1"), "k1")
    accepted(session, stored(session)[0])
    submit(session, by_items("2.1"), "k2")
    assert [row.status for row in stored(session)] == ["accepted", "open"]


def test_an_older_visit_opens_nothing_that_was_in_order_since(session: Session) -> None:
    submit(session, by_items("2.2", date="2026-08-30"), "k1")
    submit(session, by_items("2.1", "2.2", date="2026-08-20"), "late")
    (row,) = stored(session)
    assert (row.item, len(story(session, row))) == ("2.2", 2)


def test_a_correction_takes_the_place_of_what_it_corrects(session: Session) -> None:
    first = submit(session, by_items("2.1", "2.2", "2.3"), "k1").inspection
    accepted(session, stored(session)[2])
    second = submit(session, by_sections(9), "k2").inspection
    third = submit(session, by_sections(9), "k3").inspection
    opened = again(session, second, "2.1", "2.3", "9.1", corrects=first.id)
    assert [row.item for row in opened] == ["9.1"]
    kept, gone, ended, new = stored(session)
    assert (kept.item, kept.status, kept.inspection) == ("2.1", "open", second.id)
    assert story(session, kept) == [("opened", "open", first.id), ("kept", "open", second.id)]
    assert (gone.item, gone.status, gone.ended_by) == ("2.2", "cancelled", "zhao")
    assert gone.reason is not None
    assert f"检查 {first.id} 已由检查 {second.id} 更正" in gone.reason
    assert (ended.item, ended.status, ended.inspection) == ("2.3", "accepted", second.id)
    assert (new.item, new.inspection) == ("9.1", second.id)
    assert again(session, second, "2.1", "2.3", "9.1", corrects=first.id) == []
    # A correction of the correction finds them through the one before it; what was cancelled is opened anew.
    opened = again(session, third, "2.1", "2.2", "2.3", corrects=second.id)
    assert [row.item for row in opened] == ["2.2"]
    assert [row.status for row in stored(session)] == ["open", "cancelled", "accepted", "cancelled", "open"]


def test_a_corrected_find_is_taken_back_and_the_first_one_stands(session: Session) -> None:
    first = submit(session, by_items("2.1", "2.2"), "k1").inspection
    second = submit(session, by_items("2.1", "2.2"), "k2").inspection
    third = submit(session, by_sections(9), "k3").inspection
    assert again(session, third, "2.2", corrects=second.id) == []
    taken_back, kept = stored(session)
    assert (taken_back.status, taken_back.inspection) == ("open", first.id)
    assert [step[0] for step in story(session, taken_back)] == ["opened", "found_again", "taken_back"]
    assert [step[0] for step in story(session, kept)] == ["opened", "found_again", "kept"]


def test_one_open_of_an_item_for_each_cafeteria_and_scheme(session: Session) -> None:
    submit(session, by_items("2.1"), "k1")
    submit(session, by_items("2.1"), "k1", school=OTHER)
    assert [row.school for row in stored(session)] == [SCHOOL, OTHER]
    (row, other) = stored(session)
    assert store.open_by_item(session, CAFETERIA, row.scheme or "") == {"2.1": row}
    assert store.open_by_item(session, CAFETERIA, "us.nyc") == {}
    twice = {name: getattr(row, name) for name in ("school", "cafeteria", "scheme", "item", "title", "key")}
    taken = {**twice, "source": "inspection", "due_at": NOW, "opened_at": NOW, "opened_by": "x"}
    assert store.add(session, taken, store.state_of(row)) is None
    assert store.due(session, [SCHOOL, OTHER]) == [
        (code, one.id, one.title, one.due_at, False, None, f"{code}-c1")
        for code, one in ((SCHOOL, row), (OTHER, other))
    ]


def test_a_wrong_order_refuses_the_whole_visit(session: Session) -> None:
    body = by_items("2.1")
    body["items"][1] |= {"due": "2026-08-31"}
    with pytest.raises(Refused) as refused, session.begin_nested():
        submit(session, body, "k1")
    assert refused.value.place == "items[1].due"
    assert session.exec(select(Inspection)).all() == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"cafeteria": f"{OTHER}-c1"}, "cafeteria"),
        ({"zone": "roof"}, "zone"),
        ({"title": {"zh": " ", "en": "x"}}, "title"),
        ({"photos": ["x"]}, "photos[0]"),
        ({"due_on": date(2026, 8, 31)}, "due_on"),
    ],
)
def test_a_hazard_names_what_is_there(session: Session, change: dict[str, Any], place: str) -> None:
    fields: dict[str, Any] = {"school": SCHOOL, "title": {"zh": "消防通道", "en": "Fire exit"}, **change}
    with pytest.raises(Refused) as refused:
        rectifications.open_hazard(
            session,
            rectifications.Hazard(**fields),
            "li",
            now=NOW,
            timezone="Asia/Shanghai",
            deadlines=known_deadlines(),
            wake=lambda: None,
        )
    assert [where for where, _ in refused.value.problems] == [place]


def test_whoever_owes_it_may_not_put_it_off(session: Session) -> None:
    with pytest.raises(Forbidden):
        rectifications.assign(LI, "sun", date(2026, 9, 9), None, NOW)


def test_history_counts_and_dues_cost_few_queries(session: Session) -> None:
    """Twenty failed items of one visit are found again without a query for each that reads."""
    codes = ["2.1", "2.2", "2.3", "5.1", "5.2", "5.3", "5.4", "7.1", "7.2", "7.3"]
    submit(session, by_items(*codes), "k1")
    assert (store.count_open(session), store.count_overdue(session, NOW)) == (10, 0)
    assert store.count_overdue(session, NOW + timedelta(days=11)) == 10
    with counted(session) as reads:
        submit(session, by_items(*codes), "k2")
    assert sum("FROM rectification" in statement for statement in reads) <= 3


class counted:  # noqa: N801 - reads as a word
    """The SELECT statements that a session sends meanwhile."""

    def __init__(self, session: Session) -> None:
        self._engine = session.get_bind()
        self.statements: list[str] = []
        self._listen: Callable[..., None] = self._keep

    def _keep(self, _conn: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.lstrip().startswith("SELECT"):
            self.statements.append(statement)

    def __enter__(self) -> list[str]:
        event.listen(self._engine, "before_cursor_execute", self._listen)
        return self.statements

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._listen)


def test_sqlite_counts_in_the_indexes_of_what_is_open_and_owed(session: Session) -> None:
    if session.get_bind().dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by what is stored; SQLite by the statement alone")
    late = store.RectificationFilter(now=NOW, overdue=True)
    with counted(session) as reads:
        store.count_open(session)
        store.list_page(session, store.RectificationFilter(now=NOW, open=True), None, 10)
        store.count_overdue(session, NOW)
        store.list_page(session, late, None, 10)
    for statement in reads:
        given = (1,) * statement.count("?")
        rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
        plan = " ".join(row[3] for row in rows)
        assert re.search(r"USING (COVERING )?INDEX ix_rectification_(open|due)", plan), plan
