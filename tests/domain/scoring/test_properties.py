"""What holds for every visit: better is never worse, order is nothing, and every tenth has one verdict."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety_service.domain.scoring.form import score_form
from safety_service.domain.scoring.score import score
from safety_service.services.schemes import load_schemes

DYNAMIC = load_schemes()["cn.dynamic_2012"][-1]
ANNUAL = load_schemes()["cn.annual_2012"][-1]
FACTS = {"date": "2026-04-20", "licence_issued": "2023-01-05"}
ITEMS = DYNAMIC.checklist.items if DYNAMIC.checklist else ()

points = st.integers(0, 1000).map(lambda n: Decimal(n) / 100)
nine = st.lists(points | st.none(), min_size=9, max_size=9).filter(lambda s: any(x is not None for x in s))


def form(sections: list[Any], failed: int = 0) -> dict[str, Any]:
    return {**FACTS, "sections": sections, "key_items_failed": failed}


@given(nine, st.integers(0, 8), points, st.integers(0, 3))
def test_a_better_section_never_lowers_the_grade(
    sections: list[Decimal | None], index: int, better: Decimal, failed: int
) -> None:
    before = sections[index]
    if before is None:
        return
    raised = [*sections[:index], max(before, better), *sections[index + 1 :]]
    assert score(DYNAMIC, form(raised, failed)).rank >= score(DYNAMIC, form(sections, failed)).rank


@given(nine, st.integers(0, 5))
def test_one_more_failed_key_item_never_raises_the_grade(sections: list[Any], failed: int) -> None:
    more = score(DYNAMIC, form(sections, failed + 1))
    assert more.rank <= score(DYNAMIC, form(sections, failed)).rank


@given(nine, st.randoms(use_true_random=False))
def test_the_order_of_sections_changes_no_score(sections: list[Any], random: Any) -> None:
    shuffled = random.sample(sections, len(sections))
    assert score(DYNAMIC, form(shuffled)).outputs == score(DYNAMIC, form(sections)).outputs


@given(
    st.lists(st.sampled_from(["pass", "fail", "absent"]), min_size=len(ITEMS), max_size=len(ITEMS)).filter(
        lambda results: any(result != "absent" for result in results)
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_answers_changes_nothing_and_stored_inputs_score_the_same(
    results: list[str], random: Any
) -> None:
    items = [{"code": i.code, "result": result} for i, result in zip(ITEMS, results, strict=True)]
    first = score_form(DYNAMIC, {**FACTS, "items": items})
    shuffled = random.sample(items, len(items))
    assert score_form(DYNAMIC, {**FACTS, "items": shuffled}) == first
    again = score(DYNAMIC, first.inputs)
    assert (again.outputs, again.inputs, again.decided_by) == (first.outputs, first.inputs, first.decided_by)


@given(
    st.lists(
        st.tuples(st.dates(), st.integers(0, 100).map(lambda n: f"{n // 10}.{n % 10}") | st.none()),
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_visits_changes_no_annual_grade(visits: list[Any], random: Any) -> None:
    entries = [{"date": day.isoformat(), "score": value} for day, value in visits]
    year = score(ANNUAL, {"as_of": "2026-06-30", "inspections": entries})
    shuffled = random.sample(entries, len(entries))
    assert score(ANNUAL, {"as_of": "2026-06-30", "inspections": shuffled}).outputs == year.outputs


@pytest.mark.parametrize("tenths", range(101))
def test_every_tenth_has_exactly_one_verdict(tenths: int) -> None:
    value = Decimal(tenths) / 10
    bands = [band for band in DYNAMIC.bands if (band.min or 0) <= value <= (band.max or 0)]
    result = score(DYNAMIC, form([str(value)] * 9))
    assert len(bands) == (1 if tenths >= 60 else 0)
    assert result.outputs["grade"] == (bands[0].grade if bands else None)
    assert (result.outputs["reason"] == "score_below_6.0") is (tenths < 60)
    expected = "优秀" if tenths >= 90 else "良好" if tenths >= 75 else "一般" if tenths >= 60 else None
    assert result.outputs["grade"] == expected
