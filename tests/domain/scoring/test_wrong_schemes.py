"""What cannot be right in a scheme file of the newer kinds is refused, with its line, place and reason."""

import pytest

from safety_service.domain.errors import Refused
from safety_service.domain.scoring.schemefile import load_scheme
from safety_service.services.schemes import SHIPPED

RISK, FHRS, NYC, SUPERVISION, ANNUAL = (
    "cn.risk_2016", "uk.fhrs", "us.nyc", "cn.checklist_2016", "cn.annual_2012",
)  # fmt: skip
JOIN = "so that bands meet without gap or overlap"


@pytest.mark.parametrize(
    ("name", "old", "new", "place", "reason"),
    [
        (RISK, "min: 30, min_incl: false", "min: 30", "bands[1].min_incl",
         f"30 belongs to one of two bands, {JOIN}"),
        (RISK, "min: 30, min_incl: false", "min: 31", "bands[1].min", f"must be 30, {JOIN}"),
        (RISK, "max: 45", "max: 46", "bands[2].min", f"must be 46, {JOIN}"),
        (RISK, "max: 30, next", "next", "bands[0].max", f"is needed, {JOIN}"),
        (RISK, "en: Level D}, min: 60", "en: Level D}, max: 90, min: 60", "bands[3].max",
         "nothing says what a value above 90 gets"),
        (RISK, "{up_to: 300, points: 4}", "{up_to: 40, points: 4}", "inputs.fields[0].points[1].up_to",
         "must be above 50"),
        (RISK, "{points: 10}", "{up_to: 900, points: 10}", "inputs.fields[0].points[3].up_to",
         "the last step has no end, so that every count is worth something"),
        (RISK, "static: [diners,", "static: [raise_levels,", "measure.subtotals.static[0]",
         "raise_levels is not among what is added"),
        (RISK, "of: [diners,", "of: [cooks,", "measure.of[0]", "cooks is not an input that sum can take"),
        (RISK, "raise_input: raise_levels", "raise_input: dynamic_points", "adjust.raise_input",
         "dynamic_points is not a count of this scheme"),
        (RISK, "blocks_lower\n", "blocks_lower\n  floor: E\n", "adjust.floor",
         "E is not a grade of this scheme"),
        (RISK, "scores: year", "scores: year\non_sign: true", "on_sign", "is for schemes that score a visit"),
        (RISK, "level: grade", "level: rank", "outputs.level",
         "rank is nothing that can be put out (value, count, grade, icon, letter, label_zh, label_en, reason,"
         " status, adjudicated, next_visit_not_before, next_grade, visits_per_year, valid, error, component,"
         " static, max_component)"),
        (RISK, "total: value", "inputs: value", "outputs.inputs", "is a name that every result has"),
        (FHRS, "max: 20, max_component: 10", "max: 20, max_component: 4", "bands[1].max_component",
         "is stricter than the better band before it"),
        (FHRS, "max: 40,", "max: 25,", "bands[3].max", "is stricter than the better band before it"),
        (FHRS, "en: Urgent improvement necessary}", "en: Urgent improvement necessary}, max: 75", "bands[5]",
         "the last band takes whatever no better one does: it has no limits"),
        (FHRS, "max_component: 5}", "min_rate: 5}", "bands[0].min_rate", "sum gives no rate"),
        (FHRS, "allowed_values: [0, 5, 10, 20, 30], not", "not", "inputs.fields[2].not_allowed",
         "needs allowed_values"),
        (NYC, "max: 13}", "max: 14}", "bands[1].min", f"must be 15, {JOIN}"),
        (NYC, "min: 0, max: 13", "min: 1, max: 13", "bands[0].min",
         "must be 0 or open, so that the best value has a grade"),
        (NYC, "max: 13}", "max: 13.5}", "bands[0].max", "13.5 is finer than the rounding (1)"),
        (NYC, 'fact: ordered_closed, equals: "true"', 'fact: ordered_closed, equals: "yes"',
         "overrides[0].when.fact", "ordered_closed is never yes"),
        (NYC, 'fact: ordered_closed, equals: "true"', 'fact: date, equals: "true"', "overrides[0].when.fact",
         "date is not a choice or a flag of this scheme"),
        (NYC, "leads_to: reinspection", "leads_to: compliance", "visit_types.types[0].leads_to",
         "compliance is not a kind of visit here"),
        (NYC, "values: [initial, reinspection]", "values: [initial, other]", "visit_types.input",
         "visit is not a choice of exactly initial, reinspection"),
        (NYC, "dismissed: dismissed_at_hearing", "dismissed: violations", "hearing.dismissed",
         "violations is not an input with codes"),
        (NYC, "{code: 02B, severity: public", "{code: 02A, severity: public",
         "inputs.fields[2].codes[0].code",
         "02A is named twice"),
        (NYC, "{code: 02B, severity: public_health_hazard", "{code: 02B, severity: grave",
         "inputs.fields[2].codes[1].severity", "grave is not a severity here"),
        (NYC, "points: {III: 4, IV: 5}", "points: {III: 4, VI: 5}", "inputs.fields[2].codes[49].points.VI",
         "is not one of the levels (I, II, III, IV, V)"),
        (NYC, "effect: no_grade\n", "effect: cap\n", "overrides[0]", "cap needs grade"),
        (NYC, "score: kept\n", "score: kept\n    grade: C\n", "overrides[0]", "no_grade has no grade"),
        (NYC, "      reason: reinspection_required\n", "", "visit_types.types[0]",
         "a visit that may end without a grade needs reason and labels"),
        (SUPERVISION, "key_tally: key\n", "key_tally: general\n", "checklist.key_tally",
         "is not a tally of checked, failed"),
        (SUPERVISION, "absent_item: not_applicable", "absent_item: rescale", "checklist",
         "rescale needs sections_input and key_failed_input; "
         "not_applicable needs key_tally and general_tally"),
        (SUPERVISION, "counts: [checked, failed]", "counts: [passed, failed]", "inputs.fields[0]",
         "checked is needed among the counts"),
        (SUPERVISION, "  key: key\n", "  key: general\n", "measure.key",
         "general is not a tally with checked and failed"),
        (ANNUAL, "scores: year\n", "", "inputs.as_of", "must be date: that is what a visit calls its day"),
    ],
)  # fmt: skip
def test_a_wrong_scheme(name: str, old: str, new: str, place: str, reason: str) -> None:
    text = (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8")
    assert old in text
    changed = text.replace(old, new, 1)
    with pytest.raises(Refused) as refusal:
        load_scheme(changed, "own.yaml")
    found = [(at.partition(" ")[2], why) for at, why in refusal.value.problems]
    assert (place, reason) in found, found
    lines = [int(at.partition(" ")[0].removeprefix("own.yaml:")) for at, _ in refusal.value.problems]
    assert all(1 <= line <= len(changed.splitlines()) for line in lines)
