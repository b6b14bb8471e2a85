"""Every state with every step: what each allows, what it leaves, and who may accept whose work."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from safety_service.domain import rectifications as life
from safety_service.domain.deadlines import Deadlines, RectificationPeriods, end_of_day
from safety_service.domain.errors import Conflict, Forbidden, Refused
from safety_service.domain.failed_items import failed_items, passed_codes
from safety_service.domain.inspection_parts import Attached, FollowUp
from safety_service.domain.rectified import MOST_PHOTOS, STATUSES, Change, Rectified, check_due, check_photos
from safety_service.services.periods import known_deadlines

NOW = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)
TODAY = date(2026, 9, 1)
BEFORE, AFTER = "a" * 64, "b" * 64
PERIODS = RectificationPeriods(days=10, key_days=0)


def at(status: str, **more: Any) -> Rectified:
    """One in that state, as the steps leave it."""
    fields: dict[str, Any] = {"owner": "wang", "due_on": TODAY, "photos_before": (BEFORE,), **more}
    if status in ("done", "accepted"):
        fields |= {"done_at": NOW, "done_by": "li", "photos_after": (AFTER,), **more}
    if status in ("accepted", "cancelled"):
        fields |= {"ended_at": NOW, "ended_by": "zhao"}
    return Rectified(status=status, **fields)  # type: ignore[arg-type]


STEPS: dict[str, Callable[[Rectified], Change]] = {
    "assign": lambda before: life.assign(before, "sun", "zhao", NOW),
    "done": lambda before: life.report_done(before, [AFTER], "li", NOW),
    "accept": lambda before: life.accept(before, "zhao", NOW),
    "return": lambda before: life.send_back(before, "still dirty", "zhao", NOW, today=TODAY),
    "cancel": lambda before: life.cancel(before, "the kitchen is closed", "zhao", NOW),
    "comment": lambda before: life.remark(before, "seen", "zhao", NOW),
    "find_again": lambda before: life.find_again(before, 7, "zhao", NOW, today=TODAY),
    "keep": lambda before: life.keep(before, 7, 5, "zhao", NOW),
    "take_back": lambda before: life.take_back(before, 7, 5, "zhao", NOW),
}
LEAVES = {
    "open": {"assign": "open", "done": "done", "cancel": "cancelled", "find_again": "open"},
    "returned": {"assign": "returned", "done": "done", "cancel": "cancelled", "find_again": "returned"},
    "done": {"accept": "accepted", "return": "returned", "cancel": "cancelled", "find_again": "returned"},
    "accepted": {},
    "cancelled": {},
}
ALWAYS = ("comment", "keep", "take_back")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("step", STEPS)
def test_each_step_from_each_state(status: str, step: str) -> None:
    before = at(status)
    expected = status if step in ALWAYS else LEAVES[status].get(step)
    if expected is None:
        with pytest.raises(Conflict) as conflict:
            STEPS[step](before)
        ended = status in ("accepted", "cancelled")
        assert conflict.value.slug == ("rectification-ended" if ended else "rectification-state")
        return
    after, row = STEPS[step](before)
    assert after.status == row.status == expected
    assert (row.at, row.by) == (NOW, "li" if step == "done" else "zhao")
    stays_done = expected in ("done", "accepted") or (status, step) == ("done", "cancel")
    assert (after.done_at is not None) == stays_done
    assert (after.ended_at is None) == (expected not in ("accepted", "cancelled"))
    if step in ALWAYS:
        assert after == before


def test_the_whole_way_with_a_return() -> None:
    state, _ = life.assign(at("open", owner=None), "wang", "zhao", NOW, comment=" today please ")
    state, done = life.report_done(state, [AFTER, AFTER], "li", NOW)
    assert (state.done_by, state.photos_after, done.detail) == ("li", (AFTER,), {"photos": [AFTER]})
    state, returned = life.send_back(state, " still dirty ", "zhao", NOW, today=TODAY)
    assert (state.done_at, state.done_by, state.photos_after) == (None, None, ())
    assert (state.reason, returned.comment) == ("still dirty", "still dirty")
    assert returned.detail == {"done_by": "li", "photos": [AFTER]}
    state, _ = life.report_done(state, ["c" * 64], "li", NOW + timedelta(hours=1))
    state, _ = life.accept(state, "zhao", NOW + timedelta(hours=2))
    assert (state.status, state.ended_by, state.reason) == ("accepted", "zhao", None)


@pytest.mark.parametrize(
    ("by", "names", "own"),
    [
        ("zhao", (), False),
        ("li", (), True),
        ("wang", (), True),
        ("zhao", ("zhao", "赵敏"), False),
        ("w.wang", ("w.wang", "wang"), True),
    ],
)
def test_nobody_accepts_their_own_work(by: str, names: tuple[str, ...], own: bool) -> None:
    if own:
        with pytest.raises(Forbidden, match="somebody else"):
            life.accept(at("done"), by, NOW, names=names)
    else:
        assert life.accept(at("done"), by, NOW, names=names)[0].status == "accepted"


@pytest.mark.parametrize(
    ("photos", "places"),
    [
        ([], ["photos"]),
        (["A" * 64], ["photos[0]"]),
        ([AFTER, "b" * 63, "../x"], ["photos[1]", "photos[2]"]),
        ([f"{number:064x}" for number in range(21)], ["photos"]),
    ],
)
def test_done_needs_photos_that_are_hashes(photos: list[str], places: list[str]) -> None:
    with pytest.raises(Refused) as refused:
        life.report_done(at("open"), photos, "li", NOW)
    assert [place for place, _ in refused.value.problems] == places


@pytest.mark.parametrize(
    ("step", "place"),
    [
        (lambda: life.assign(at("open"), "  ", "zhao", NOW), "owner"),
        (lambda: life.send_back(at("done"), " ", "zhao", NOW, today=TODAY), "reason"),
        (lambda: life.cancel(at("open"), "", "zhao", NOW), "reason"),
        (lambda: life.remark(at("open"), "\n", "zhao", NOW), "comment"),
        (lambda: life.remark(at("open"), "x" * 4001, "zhao", NOW), "comment"),
    ],
)
def test_what_must_be_said(step: Callable[[], Change], place: str) -> None:
    with pytest.raises(Refused) as refused:
        step()
    assert refused.value.place == place


def test_assigning_says_what_moved_and_nothing_twice() -> None:
    later = TODAY + timedelta(days=3)
    after, step = life.assign(at("open"), " sun ", "zhao", NOW, due_on=later)
    assert (after.owner, after.due_on) == ("sun", later)
    assert step.detail == {"from": "wang", "to": "sun", "due_from": "2026-09-01", "due_to": "2026-09-04"}
    with pytest.raises(Conflict, match="already"):
        life.assign(after, "sun", "zhao", NOW, due_on=later)


@pytest.mark.parametrize(
    ("due_on", "wanted", "expected"),
    [
        (date(2026, 8, 20), None, date(2026, 9, 1)),
        (date(2026, 9, 9), None, date(2026, 9, 9)),
        (date(2026, 8, 20), date(2026, 9, 5), date(2026, 9, 5)),
    ],
)
def test_a_return_leaves_the_rest_of_the_day(due_on: date, wanted: date | None, expected: date) -> None:
    done = at("done", due_on=due_on)
    assert life.send_back(done, "no", "zhao", NOW, today=TODAY, due_on=wanted)[0].due_on == expected


@pytest.mark.parametrize(
    ("key", "wanted", "expected"),
    [
        (False, None, date(2026, 9, 11)),
        (False, date(2026, 9, 3), date(2026, 9, 3)),
        (True, None, TODAY),
        (True, date(2026, 9, 3), TODAY),
        (True, date(2026, 8, 30), date(2026, 8, 30)),
    ],
)
def test_when_it_is_due(key: bool, wanted: date | None, expected: date) -> None:
    assert life.due_day(PERIODS, key, TODAY, wanted) == expected


def test_a_set_day_is_neither_past_nor_beyond_a_year() -> None:
    check_due(TODAY, TODAY, "due_on")
    check_due(TODAY + timedelta(days=366), TODAY, "due_on")
    for day in (TODAY - timedelta(days=1), TODAY + timedelta(days=367)):
        with pytest.raises(Refused):
            check_due(day, TODAY, "due_on")


def test_the_day_ends_on_the_clock_of_the_school() -> None:
    assert end_of_day(TODAY, ZoneInfo("Asia/Shanghai")) == datetime(2026, 9, 1, 16, 0, tzinfo=UTC)
    summer_ends = end_of_day(date(2026, 10, 25), ZoneInfo("Europe/London"))
    assert summer_ends == datetime(2026, 10, 26, 0, 0, tzinfo=UTC)


def test_found_again_gives_no_more_time_unless_it_was_reported_done() -> None:
    late = date(2026, 8, 20)
    owed, step = life.find_again(at("open", due_on=late), 7, "zhao", NOW, today=TODAY, note="again")
    assert (owed.due_on, step.inspection, step.comment) == (late, 7, "again")
    done, step = life.find_again(at("done", due_on=late), 7, "zhao", NOW, today=TODAY)
    assert (done.status, done.due_on, done.done_by) == ("returned", TODAY, None)
    assert step.detail["done_by"] == "li"
    assert step.detail["photos_after"] == [AFTER]
    before, step = life.find_again(at("done"), 7, "zhao", NOW, today=TODAY, before_done=True)
    assert (before, step.status) == (at("done"), "done")


def test_an_inspector_orders_anew_when_it_is_found_again() -> None:
    orders = life.Orders(owner="sun", due_on=date(2026, 9, 4), photos=("c" * 64, BEFORE))
    for status in ("open", "returned", "done"):
        after, step = life.find_again(at(status), 7, "zhao", NOW, today=TODAY, orders=orders)
        assert (after.owner, after.due_on) == ("sun", date(2026, 9, 4))
        assert after.photos_before == (BEFORE, "c" * 64)
        assert step.detail["due_to"] == "2026-09-04"
    kept, _ = life.keep(at("open"), 7, 5, "zhao", NOW, orders=orders)
    assert (kept.owner, kept.status) == ("sun", "open")
    assert life.keep(at("accepted"), 7, 5, "zhao", NOW, orders=orders)[0] == at("accepted")


def test_photos_are_counted_once() -> None:
    assert check_photos([AFTER, BEFORE, AFTER], "photos") == (AFTER, BEFORE)


def test_the_shipped_periods() -> None:
    deadlines = known_deadlines()
    assert (deadlines.rectifications.days, deadlines.rectifications.key_days) == (10, 0)
    assert (deadlines.appeals.file_within_days, deadlines.appeals.decide_within_days) == (21, 21)
    assert isinstance(deadlines, Deadlines)


RESULT: dict[str, Any] = {
    "reckoning": {
        "items": [
            {"code": "2.1", "key": False, "labels": {"zh": "甲", "en": "A"}, "result": "fail", "note": "x"},
            {"code": "3.1", "key": True, "labels": {"zh": "乙", "en": "B"}, "result": "fail", "note": None},
            {"code": "4.1", "key": True, "labels": {"zh": "丙", "en": "C"}, "result": "pass", "note": None},
            {
                "code": "7.5",
                "key": False,
                "labels": {"zh": "丁", "en": "D"},
                "result": "absent",
                "note": None,
            },
        ]
    }
}


def test_failed_items_with_what_was_ordered() -> None:
    follow_ups = {
        "3.1": FollowUp(0, "王", date(2026, 9, 5)),
        "4.1": FollowUp(2, "李", date(2026, 9, 5)),
    }
    attachments = [
        Attached(BEFORE, "image/jpeg", 3, "photo", "2.1"),
        Attached(BEFORE, "image/png", 3, "photo", "2.1"),
        Attached(AFTER, "image/png", 3, "signature", "2.1"),
        Attached(AFTER, "image/jpeg", 3, "photo"),
    ]
    first, second = failed_items(RESULT, follow_ups, attachments)
    assert msgspec.to_builtins(first) == {
        "code": "2.1", "title": {"zh": "甲", "en": "A"}, "key": False, "note": "x",
        "owner": None, "due_on": None, "photos": (BEFORE,),
    }  # fmt: skip
    assert (second.code, second.key, second.owner, second.due_on) == ("3.1", True, "王", date(2026, 9, 5))
    assert second.photos == ()
    assert passed_codes(RESULT) == {"4.1"}


def test_of_many_photos_the_first_go_with_the_item() -> None:
    many = [Attached(f"{number:064x}", "image/jpeg", 3, "photo", "2.1") for number in range(MOST_PHOTOS + 1)]
    first, _ = failed_items(RESULT, {}, many)
    assert first.photos == tuple(file.sha256 for file in many[:-1])


def test_a_visit_without_a_checklist_has_no_failed_items() -> None:
    assert failed_items({"reckoning": {"sections": []}}, {"2.1": FollowUp(0, "王")}, []) == []
