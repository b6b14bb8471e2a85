"""The table of measures: how the facts of a scheme become one number, and the steps on the way."""

from collections.abc import Callable
from typing import Any

from safety_service.domain.scoring.inputs import Facts
from safety_service.domain.scoring.measured import Measured
from safety_service.domain.scoring.over_time import weighted_mean, window_mean
from safety_service.domain.scoring.pass_rate import pass_rate
from safety_service.domain.scoring.scheme import Scheme
from safety_service.domain.scoring.sections import mean_of_sections, worst
from safety_service.domain.scoring.sums import start_minus_sum, sum_of

MEASURES: dict[str, Callable[[Scheme, Any, Facts], Measured]] = {
    "sum": sum_of,
    "start_minus_sum": start_minus_sum,
    "mean_of_sections": mean_of_sections,
    "worst": worst,
    "pass_rate": pass_rate,
    "window_mean": window_mean,
    "weighted_mean": weighted_mean,
}
