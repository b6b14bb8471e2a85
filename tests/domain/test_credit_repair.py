"""Classes, days and conditions of credit repair, and files that do not hang together."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from safety_service.domain.credit_repair import (
    CreditRepair,
    PenaltyFacts,
    check_repairable,
    class_of,
    outlook,
)
from safety_service.domain.errors import Refused
from safety_service.services.periods import known_credit_repair, read_file

RULES = known_credit_repair()
EVERY = ["duties_done", "harm_removed", "no_repeat", "not_listed"]
PUBLISHED = date(2026, 3, 31)


def penalty(kind: str = "fine", **more: Any) -> PenaltyFacts:
    fields: dict[str, Any] = {"id": 1, "subject": "food", "decided_on": PUBLISHED, "published_on": PUBLISHED}
    return PenaltyFacts(kind=kind, **{**fields, **more})


@pytest.mark.parametrize(
    ("facts", "expected", "repairable_on"),
    [
        (penalty("warning"), "minor", date(2026, 6, 30)),
        (penalty("criticism", subject="other"), "minor", date(2026, 6, 30)),
        (penalty("fine", amount=Decimal("5000.00")), "minor", date(2026, 6, 30)),
        (penalty("fine", amount=Decimal("5000.01")), "safety", date(2027, 3, 31)),
        (penalty("fine"), "safety", date(2027, 3, 31)),
        (penalty("fine", subject="drug", amount=Decimal(20_000)), "safety", date(2027, 3, 31)),
        (penalty("suspension", subject="special_equipment"), "safety", date(2027, 3, 31)),
        (penalty("suspension", subject="other"), "other", date(2026, 9, 30)),
        (penalty("severe_list"), "severe_list", date(2027, 3, 31)),
        (penalty("fine", published_on=None), "safety", None),
    ],
)
def test_class_and_day_of_each_penalty(
    facts: PenaltyFacts, expected: str, repairable_on: date | None
) -> None:
    view = outlook(RULES, facts, [facts], PUBLISHED)
    assert class_of(RULES, facts).id == view.repair_class.id == expected
    assert view.repairable_on == repairable_on
    assert view.ends_on == (date(2029, 3, 31) if expected == "severe_list" else None)


def test_never_before_its_day() -> None:
    view = outlook(RULES, penalty("warning"), [], PUBLISHED)
    with pytest.raises(Refused, match="not before 2026-06-30") as early:
        check_repairable(view, EVERY, date(2026, 6, 29))
    assert early.value.slug == "repair-too-early"
    check_repairable(view, EVERY, date(2026, 6, 30))
    unpublished = outlook(RULES, penalty("warning", published_on=None), [], PUBLISHED)
    with pytest.raises(Refused, match="not published"):
        check_repairable(unpublished, EVERY, date(2099, 1, 1))


def test_every_condition_must_be_claimed_and_be_one_of_its_class() -> None:
    view = outlook(RULES, penalty("severe_list"), [], PUBLISHED)
    with pytest.raises(Refused) as refused:
        check_repairable(view, ["duties_done", "not_listed"], date(2027, 3, 31))
    assert refused.value.slug == "repair-conditions"
    assert [place for place, _ in refused.value.problems] == ["conditions", "conditions", "conditions[1]"]


@pytest.mark.parametrize(
    ("other", "contradicted"),
    [
        (penalty("warning", id=2, decided_on=PUBLISHED + timedelta(days=1)), ["no_repeat"]),
        (penalty("warning", id=2, decided_on=PUBLISHED), []),
        (penalty("fine", id=2, subject="other", decided_on=PUBLISHED + timedelta(days=1)), []),
        (penalty("severe_list", id=2, decided_on=PUBLISHED + timedelta(days=1)), ["not_listed"]),
        (penalty("severe_list", id=2, repaired_on=date(2027, 5, 1)), []),
        (penalty("severe_list", id=2, published_on=date(2024, 3, 31)), []),
        (penalty("severe_list", id=2, published_on=date(2024, 4, 1)), ["not_listed"]),
        (penalty("warning", id=1, decided_on=PUBLISHED + timedelta(days=1)), []),
    ],
)
def test_the_record_contradicts(other: PenaltyFacts, contradicted: list[str]) -> None:
    view = outlook(RULES, penalty(), [penalty(), other], date(2027, 3, 31))
    assert [one.id for one in view.contradicted] == contradicted
    if contradicted:
        with pytest.raises(Refused, match="does not hold by the record"):
            check_repairable(view, EVERY, date(2027, 3, 31))


def test_kinds_that_take_the_grade() -> None:
    heavier = {one.id for one in RULES.kinds if one.beyond_warning}
    assert heavier == {
        "fine", "confiscation", "suspension", "licence_suspended", "licence_revoked",
    }  # fmt: skip
    with pytest.raises(Refused, match='"flogging" is not a kind'):
        RULES.kind("flogging")
    with pytest.raises(Refused, match='"music" is not a field'):
        RULES.subject("music")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda file: file["classes"].pop(), "the last class must hold for everything"),
        (lambda file: file["classes"][0]["conditions"].append("luck"), "class severe_list names luck"),
        (lambda file: file["classes"][0]["when"].append({"kind": ["x"]}), "class severe_list names x"),
        (lambda file: file["kinds"].append(dict(file["kinds"][0])), "an id is given twice"),
        (lambda file: file["classes"][1].update(repair_after_months="soon"), "classes.1.repair_after_months"),
        (lambda file: file.update(colour="red"), "own.yaml colour"),
    ],
)
def test_a_file_that_does_not_hang_together_is_refused(change: Any, reason: str, tmp_path: Path) -> None:
    content = RULES.model_dump(mode="json", exclude_none=True)
    change(content)
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(Refused) as refused:
        read_file(CreditRepair, path)
    assert reason in " ".join(f"{place}: {why}" for place, why in refused.value.problems)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("classes: [", encoding="utf-8")
    for name in ("own.yaml", "nowhere.yaml"):
        with pytest.raises(Refused, match="cannot be read"):
            read_file(CreditRepair, tmp_path / name)
