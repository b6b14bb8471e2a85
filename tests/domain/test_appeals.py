"""Appeals: in time, once, and decided by somebody who neither inspected nor filed."""

from datetime import date

import pytest

from safety_service.domain import appeals
from safety_service.domain.deadlines import AppealPeriods
from safety_service.domain.errors import Conflict, Forbidden, Refused

PERIODS = AppealPeriods(file_within_days=21, decide_within_days=21)


def test_an_appeal_is_filed_within_the_period() -> None:
    given = date(2026, 9, 1)
    appeals.check_filed(PERIODS, given, date(2026, 9, 22), ["2.1"], {"2.1", "3.1"})
    with pytest.raises(Refused, match="until 2026-09-22") as late:
        appeals.check_filed(PERIODS, given, date(2026, 9, 23), [], set())
    assert late.value.slug == "appeal-too-late"
    with pytest.raises(Refused) as refused:
        appeals.check_filed(PERIODS, given, given, ["2.1", "9.9"], {"2.1"})
    assert refused.value.place == "items[1]"


@pytest.mark.parametrize(
    ("earlier", "slug"),
    [
        ([], None),
        (["withdrawn"], None),
        (["withdrawn", "pending"], "appeal-pending"),
        (["upheld"], "appeal-decided"),
        (["withdrawn", "dismissed"], "appeal-decided"),
        (["changed"], "appeal-decided"),
    ],
)
def test_an_inspection_is_decided_about_once(earlier: list[str], slug: str | None) -> None:
    if slug is None:
        appeals.check_first(earlier)
        return
    with pytest.raises(Conflict) as conflict:
        appeals.check_first(earlier)
    assert conflict.value.slug == slug


@pytest.mark.parametrize("names", [{"li"}, {"zhao", "李敏"}, {"wang"}])
def test_neither_the_inspector_nor_who_filed_decides(names: set[str]) -> None:
    appeals.check_decider({"admin"}, {"li", "李敏"}, "wang")
    with pytest.raises(Forbidden, match="somebody else"):
        appeals.check_decider(names, {"li", "李敏"}, "wang")


@pytest.mark.parametrize("status", ["upheld", "dismissed", "changed", "withdrawn"])
def test_only_a_pending_appeal_is_decided(status: str) -> None:
    appeals.check_pending("pending")
    with pytest.raises(Conflict):
        appeals.check_pending(status)


@pytest.mark.parametrize(
    ("decision", "revision", "right"),
    [
        ("upheld", None, True),
        ("upheld", 6, False),
        ("dismissed", 6, False),
        ("changed", None, False),
        ("changed", 5, False),
        ("changed", 6, True),
    ],
)
def test_a_changed_result_names_its_revision(
    decision: appeals.Decision, revision: int | None, right: bool
) -> None:
    if right:
        appeals.check_revision(decision, 5, revision)
        return
    with pytest.raises(Refused) as refused:
        appeals.check_revision(decision, 5, revision)
    assert refused.value.place == "revision"
