"""The credit index: the published example exactly, each hundredth on a fact, nothing that people denied."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from safety_service.domain.credit_facts import AlertFact, Known, MissedDuty, RectificationFact, VisitFact
from safety_service.domain.credit_index import Index, Part, credit_index
from safety_service.domain.credit_weights import CreditWeights
from safety_service.domain.decay import decayed
from safety_service.domain.shares import hundredths, in_hundredths
from safety_service.services import periods

TODAY = date(2026, 9, 1)
AT = datetime(2026, 9, 1, tzinfo=UTC)
SHIPPED = Path(periods.__file__).resolve().parent.parent / "data" / "credit_index.yaml"
WEIGHTS = periods.read_file(CreditWeights, SHIPPED)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def visits(*scores_and_ages: tuple[str | None, int]) -> tuple[VisitFact, ...]:
    return tuple(VisitFact(n, ago(age), score) for n, (score, age) in enumerate(scores_and_ages, 1))


def alert(
    number: int, kind: str, age: int = 0, disposition: str | None = "confirmed", **more: str
) -> AlertFact:
    given = {"rule": kind, "severity": "minor", **more}
    return AlertFact(number, given["rule"], kind, given["severity"], ago(age), disposition)


def reckoned(**known: Any) -> Index:
    return credit_index(WEIGHTS, Known(**{"visits": visits(("10", 0)), **known}), TODAY)


def part(index: Index, name: str) -> Part:
    return next(one for one in index.parts if one.component.id == name)


def test_the_published_example() -> None:
    """Half-life 180, 8.0 today and 9.0 180 days ago: 12.5 / 1.5 = 8.3."""
    index = reckoned(visits=visits(("8.0", 0), ("9.0", 180)))
    found = part(index, "inspections").weighed
    assert found is not None
    assert Decimal(found.steps["weights"]) == Decimal("1.5")
    assert Decimal(found.steps["mean"]) * Decimal("1.5") - Decimal("12.5") < Decimal("1e-30")
    assert Decimal(found.steps["mean"]).quantize(Decimal("0.1")) == Decimal("8.3")
    assert index.value == Decimal("83.33")
    assert [lost.points for lost in part(index, "inspections").facts] == [Decimal("13.34"), Decimal("3.33")]


@pytest.mark.parametrize(("age", "weight"), [(0, "1"), (180, "0.5"), (360, "0.25"), (-3, "1")])
def test_half_of_it_after_each_half_life(age: int, weight: str) -> None:
    assert decayed(age, 180) == Decimal(weight)


def test_without_a_scored_visit_there_is_no_index() -> None:
    assert reckoned(visits=()).value is None
    unscored = reckoned(visits=visits((None, 3)), alerts=(alert(1, "rodent"),))
    assert unscored.value is None
    assert part(reckoned(visits=visits(("9", 0), (None, 3))), "inspections").weighed.left_out == {  # type: ignore[union-attr]
        "without_score": 1
    }


def test_what_cannot_be_observed_is_left_out_and_the_others_share_its_weight() -> None:
    alone = reckoned()
    assert [one.of for one in alone.parts] == [Decimal(100), 0, 0, 0, 0]
    watched = reckoned(watched=frozenset({"kitchen"}), inspected=True)
    assert {one.component.id: one.of for one in watched.parts if one.of} == {
        "inspections": Decimal("62.50"),
        "kitchen_cameras": Decimal("18.75"),
        "rectifications": Decimal("18.75"),
    }
    assert alone.value == watched.value == Decimal(100)


@pytest.mark.parametrize("disposition", ["false_alarm", "drill", "test", "duplicate"])
def test_what_people_called_no_real_alert_costs_nothing(disposition: str) -> None:
    index = reckoned(alerts=(alert(1, "rodent", disposition=disposition),))
    assert index.value == Decimal(100)
    weighed = part(index, "kitchen_cameras").weighed
    assert weighed is not None
    assert weighed.left_out == {disposition: 1}


def test_a_confirmed_alert_costs_twice_an_unconfirmed_one_and_half_of_it_a_month_later() -> None:
    def lost(**more: Any) -> Decimal:
        index = reckoned(alerts=(alert(1, "rodent", **more),))
        return part(index, "kitchen_cameras").facts[0].points

    # 15 of 65 points are the camera's: four of its fifteen are 6.15.
    assert (lost(), lost(disposition=None), lost(age=30)) == (
        Decimal("6.15"),
        Decimal("3.08"),
        Decimal("3.08"),
    )


def test_one_fault_of_a_kind_a_day_and_the_confirmed_one_of_them() -> None:
    same_day = (
        alert(1, "no_mask", disposition=None),
        alert(2, "no_mask"),
        alert(3, "no_mask"),
        alert(4, "no_chef_hat"),
        alert(5, "no_mask", age=1),
    )
    found = part(reckoned(alerts=same_day), "kitchen_cameras")
    assert [lost.fact.id for lost in found.facts] == [2, 4, 5]
    assert found.weighed is not None
    assert found.weighed.left_out == {"same_day": 2}


def test_alerts_of_other_rooms_and_rules_are_none_of_the_cafeteria() -> None:
    assert reckoned(alerts=(alert(1, "fight"),)).value == Decimal(100)
    assert part(reckoned(alerts=(alert(1, "fight"),)), "kitchen_cameras").weighed is None


def test_the_severity_of_a_cold_store_breach_counts() -> None:
    def cost(severity: str) -> Decimal:
        breach = alert(1, "temperature", rule="cold-store-warm", severity=severity, disposition=None)
        return part(reckoned(alerts=(breach,)), "cold_store").facts[0].fact.cost

    assert (cost("critical"), cost("minor")) == (Decimal(4), Decimal(2))


def test_a_component_costs_no_more_than_its_weight() -> None:
    many = tuple(alert(n, "rodent", age=n // 3) for n in range(60))
    found = part(reckoned(alerts=many), "kitchen_cameras")
    assert found.capped
    assert found.points == 0
    assert sum(lost.points for lost in found.facts) == found.of


def test_rectifications_by_their_state() -> None:
    def lost(state: str, age: int = 0, *, key: bool = False) -> Decimal:
        one = RectificationFact(1, state, ago(age), key)
        return part(reckoned(rectifications=(one,), inspected=True), "rectifications").facts[0].fact.cost

    assert (lost("open"), lost("overdue"), lost("done_late"), lost("done_in_time")) == (
        Decimal("0.5"),
        Decimal(3),
        Decimal("1.5"),
        Decimal(0),
    )
    assert lost("overdue", 400) == Decimal(3), "what still is to be done has no age"
    assert lost("done_late", 180) == Decimal("0.75")
    assert lost("overdue", key=True) == Decimal(6)


def test_missed_duties() -> None:
    missed = (MissedDuty("a", "food-sample", ago(60), AT), MissedDuty("b", "fire-patrol", ago(0), AT))
    found = part(reckoned(missed=missed), "duties")
    assert [(lost.fact.id, lost.fact.cost) for lost in found.facts] == [("a", Decimal("0.5"))]
    assert part(reckoned(duties_owed=True), "duties").of > 0


def test_facts_outside_the_window_and_of_tomorrow_are_left_out() -> None:
    far = (alert(1, "rodent", age=180), alert(2, "rodent", age=-1), alert(3, "rodent", age=179))
    assert [lost.fact.id for lost in part(reckoned(alerts=far), "kitchen_cameras").facts] == [3]


FACTS = st.fixed_dictionaries(
    {
        "visits": st.lists(
            st.builds(
                VisitFact,
                st.integers(1, 99),
                st.integers(0, 1200).map(ago),
                st.one_of(st.none(), st.integers(0, 100).map(lambda tenths: str(Decimal(tenths) / 10))),
            ),
            max_size=12,
        ).map(tuple),
        "alerts": st.lists(
            st.builds(
                AlertFact,
                st.integers(1, 99),
                st.sampled_from(["cold-store-warm", "kitchen-pest"]),
                st.sampled_from(["rodent", "smoking", "no_mask", "temperature"]),
                st.sampled_from(["critical", "minor"]),
                st.integers(0, 400).map(ago),
                st.sampled_from([None, "confirmed", "false_alarm"]),
            ),
            max_size=30,
        ).map(tuple),
        "rectifications": st.lists(
            st.builds(
                RectificationFact,
                st.integers(1, 99),
                st.sampled_from(["open", "overdue", "done_late", "done_in_time"]),
                st.integers(0, 800).map(ago),
                st.booleans(),
            ),
            max_size=8,
        ).map(tuple),
        "duties_owed": st.booleans(),
        "inspected": st.booleans(),
    }
)


@given(FACTS)
def test_every_point_that_is_missing_lies_on_a_fact(known: dict[str, Any]) -> None:
    index = credit_index(WEIGHTS, Known(**known), TODAY)
    for one in index.parts:
        assert one.of - sum((lost.points for lost in one.facts), Decimal(0)) == one.points >= 0
        assert all(lost.points >= 0 for lost in one.facts)
    if index.value is not None:
        assert sum(one.of for one in index.parts) == Decimal(100)
        assert sum(one.points for one in index.parts) == index.value
        assert 0 <= index.value <= 100


@given(FACTS, st.integers(0, 99))
def test_a_better_score_never_lowers_the_index(known: dict[str, Any], tenths: int) -> None:
    score, better = Decimal(tenths) / 10, Decimal(tenths + 1) / 10
    values = [
        credit_index(
            WEIGHTS, Known(**{**known, "visits": (*known["visits"], VisitFact(0, TODAY, str(s)))}), TODAY
        ).value
        for s in (score, better)
    ]
    assert values[0] is not None
    assert values[1] is not None
    assert values[0] <= values[1]


@given(st.lists(st.decimals(0, 100, places=6), max_size=20))
def test_rounded_parts_add_up_to_the_rounded_whole(parts: list[Decimal]) -> None:
    rounded = in_hundredths(parts)
    assert sum(rounded, Decimal(0)) == hundredths(sum(parts, Decimal(0)))
    assert all(abs(one - other) <= Decimal("0.01") for one, other in zip(parts, rounded, strict=True))


def test_weights_that_do_not_hang_together_are_refused() -> None:
    good = WEIGHTS.model_dump()
    assert CreditWeights.model_validate(good) == WEIGHTS
    wrong: list[tuple[str, Any]] = [
        ("add up to", lambda file: file["components"][0].update(weight=49)),
        ("given twice", lambda file: file["components"][1].update(id="inspections")),
        ("name kinds or rules", lambda file: file["components"][1]["reads"]["costs"][0].update(kinds=())),
        ("half_life_days", lambda file: file["components"][0].update(half_life_days=0)),
        ("colour", lambda file: file["components"][0].update(colour="red")),
        ("source", lambda file: file["components"][0]["reads"].update(source="rumours")),
    ]
    for reason, spoil in wrong:
        file = WEIGHTS.model_dump()
        spoil(file)
        with pytest.raises(ValidationError, match=reason):
            CreditWeights.model_validate(file)
