"""Measure window_mean: the plain mean of the visits inside a window of calendar months."""

from safety_service.domain.scoring.inputs import Facts
from safety_service.domain.scoring.measured import Measured, mean
from safety_service.domain.scoring.numbers import add_months, exact_text
from safety_service.domain.scoring.scheme import Scheme, WindowMean


def window_mean(scheme: Scheme, measure: WindowMean, facts: Facts) -> Measured:
    """The mean of the scored visits after as_of − window_months, up to and including as_of.

    A visit without a grade counts with its score; one without a score cannot count and is listed as such.
    """
    as_of = facts.dates[scheme.inputs.as_of]
    assert as_of is not None  # the scheme makes it a required date
    opens = add_months(as_of, -measure.window_months)
    visits = sorted(facts.visits[measure.of], key=lambda visit: visit.on)
    inside = [visit for visit in visits if opens < visit.on <= as_of]
    result = mean([visit.score for visit in inside if visit.score is not None], measure.rounding)
    steps = {
        "window": {"after": opens.isoformat(), "up_to": as_of.isoformat()},
        "counted": [
            {"date": visit.on.isoformat(), "score": exact_text(visit.score)}
            for visit in inside
            if visit.score is not None
        ],
        "without_score": [visit.on.isoformat() for visit in inside if visit.score is None],
        "outside_window": [visit.on.isoformat() for visit in visits if visit not in inside],
    }
    return Measured(result.value, result.count, {**steps, **result.steps})
