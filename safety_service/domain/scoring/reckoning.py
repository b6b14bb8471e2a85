"""The reckoning of a score: each number and each comparison on the way, in the order they were made."""

from collections.abc import Sequence
from typing import Any

from safety_service.domain.scoring.bands import Choice, shown_limits
from safety_service.domain.scoring.measured import Measured
from safety_service.domain.scoring.overrides import Verdict
from safety_service.domain.scoring.standing import Standing


def reckoning(
    first: Measured,
    heard: Measured | None,
    verdicts: Sequence[Verdict],
    choice: Choice,
    standing: Standing,
) -> dict[str, Any]:
    """The steps of the measure, then overrides, bands and what followed; `band` is the grade that stands."""
    steps = dict(first.steps)
    if heard is not None:
        steps["after_hearing"] = heard.steps
    chosen, following = choice.band, standing.next_band
    if chosen is not None and chosen is not standing.band:
        steps["band_before"] = shown_limits(chosen)
    if following is not None and following is not standing.band:
        steps["next_band"] = shown_limits(following)
    return {
        **steps,
        "overrides": [
            {"reason": verdict.override.reason, "applies": verdict.applies, "because": verdict.because}
            for verdict in verdicts
        ],
        "bands_passed_over": choice.passed_over,
        "band": shown_limits(standing.band) if standing.band else None,
    }
