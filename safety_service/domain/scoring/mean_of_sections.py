"""Measure mean_of_sections: total of the sections checked, divided by how many were checked."""

from safety_service.domain.scoring.inputs import Facts
from safety_service.domain.scoring.measured import Measured, mean
from safety_service.domain.scoring.numbers import exact_text
from safety_service.domain.scoring.scheme import MeanOfSections, Scheme, SectionsField


def mean_of_sections(scheme: Scheme, measure: MeanOfSections, facts: Facts) -> Measured:
    """The mean over the sections that are present (国食药监食〔2012〕5号: absent ones drop out)."""
    scores = facts.sections[measure.of]
    result = mean([score for score in scores if score is not None], measure.rounding)
    field = scheme.field(measure.of)
    labels = field.labels if isinstance(field, SectionsField) else ()
    sections = [
        {"section": number, "labels": label.model_dump(), "score": exact_text(score), "absent": score is None}
        for number, (label, score) in enumerate(zip(labels, scores, strict=True), start=1)
    ]
    return Measured(result.value, result.count, {"sections": sections, **result.steps})
