"""Measures of a form's sections: the mean of those that were checked, or the worst of them."""

from fractions import Fraction
from typing import Any

import msgspec

from safety_service.domain.scoring.fields import SectionsField
from safety_service.domain.scoring.inputs import Facts
from safety_service.domain.scoring.measure_params import MeanOfSections, Worst
from safety_service.domain.scoring.measured import Measured, mean, rounded
from safety_service.domain.scoring.numbers import exact_text
from safety_service.domain.scoring.scheme import Scheme


def mean_of_sections(scheme: Scheme, measure: MeanOfSections, facts: Facts) -> Measured:
    """The mean over the sections that are present (国食药监食〔2012〕5号: absent ones drop out)."""
    scores = facts.sections[measure.of]
    failed = {"key_failed": Fraction(facts.counts[measure.key])} if measure.key else {}
    result = mean([score for score in scores if score is not None], measure.rounding, **failed)
    return msgspec.structs.replace(result, steps={**_sections(scheme, measure.of, facts), **result.steps})


def worst(scheme: Scheme, measure: Worst, facts: Facts) -> Measured:
    """The worst section that is present, with its number: the whole is no better than its worst part."""
    scores = facts.sections[measure.of]
    present = [score for score in scores if score is not None]
    value = min(present) if scheme.direction == "higher_is_better" else max(present)
    steps = {**_sections(scheme, measure.of, facts), "worst_section": scores.index(value) + 1}
    return rounded(value, measure.rounding, len(present), steps)


def _sections(scheme: Scheme, name: str, facts: Facts) -> dict[str, Any]:
    field = scheme.field(name)
    labels = field.labels if isinstance(field, SectionsField) else ()
    sections = [
        {"section": number, "labels": label.as_json(), "score": exact_text(score), "absent": score is None}
        for number, (label, score) in enumerate(zip(labels, facts.sections[name], strict=True), start=1)
    ]
    return {"sections": sections}
