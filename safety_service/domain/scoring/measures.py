"""The table of measures: how the facts of a scheme become one number, and the steps on the way."""

from collections.abc import Callable
from typing import Any

from safety_service.domain.scoring.inputs import Facts
from safety_service.domain.scoring.mean_of_sections import mean_of_sections
from safety_service.domain.scoring.measured import Measured
from safety_service.domain.scoring.scheme import Scheme
from safety_service.domain.scoring.window_mean import window_mean

MEASURES: dict[str, Callable[[Scheme, Any, Facts], Measured]] = {
    "mean_of_sections": mean_of_sections,
    "window_mean": window_mean,
}
