"""Scores one visit or one year under one scheme: the result with every step that led to it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from safety_service.domain.scoring.inputs import read_inputs
from safety_service.domain.scoring.measured import Measured
from safety_service.domain.scoring.measures import MEASURES
from safety_service.domain.scoring.overrides import Verdict, judge
from safety_service.domain.scoring.scheme import Band, Scheme

NOTHING_TO_MEASURE = "no_scored_visit_in_window"


class ScoreResult(msgspec.Struct, frozen=True):
    """One scoring. All fields are JSON-able; exact numbers are text.

    `outputs` has the names the scheme gives them; `reckoning` the intermediate numbers and every override
    with the comparison made; `decided_by` the one rule that decided: `{rule, reason, why: {zh, en}}`.
    `rank` is 0 without a grade, 1 for the lowest and n for the best of n grades.
    """

    scheme: str
    version: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    reckoning: dict[str, Any]
    decided_by: dict[str, Any]
    rank: int

    def as_json(self) -> dict[str, Any]:
        """One flat object: scheme, version, the outputs by their names, decided_by, reckoning, inputs."""
        return {
            "scheme": self.scheme,
            "version": self.version,
            **self.outputs,
            "decided_by": self.decided_by,
            "reckoning": self.reckoning,
            "inputs": self.inputs,
        }


def score(scheme: Scheme, inputs: Mapping[str, Any]) -> ScoreResult:
    """Scores `inputs` under `scheme`; raises Refused naming every wrong input.

    Order: measure, round half-up, overrides in the scheme's order (the first that holds decides), bands.
    A withheld score stays visible in the reckoning, so that the visit can still be explained.
    """
    facts = read_inputs(scheme, inputs)
    measured = MEASURES[scheme.measure.op](scheme, scheme.measure, facts)
    verdicts = judge(scheme, facts, measured.value)
    hit = next((index for index, verdict in enumerate(verdicts) if verdict.applies), None)
    band = None if hit is not None else _band(scheme, measured.value)
    return ScoreResult(
        scheme=scheme.id,
        version=scheme.version,
        inputs=facts.as_json(),
        outputs=_outputs(scheme, measured, verdicts[hit] if hit is not None else None, band),
        reckoning=_reckoning(measured, verdicts, band),
        decided_by=_decided_by(scheme, measured, verdicts, hit, band),
        rank=scheme.rank(band.grade if band else None),
    )


def _band(scheme: Scheme, value: Decimal | None) -> Band | None:
    if value is None:
        return None
    return next((band for band in scheme.bands if band.min <= value <= band.max), None)


def _outputs(scheme: Scheme, measured: Measured, hit: Verdict | None, band: Band | None) -> dict[str, Any]:
    withheld = measured.value is None or (hit is not None and hit.override.score == "withheld")
    nothing = NOTHING_TO_MEASURE if measured.value is None else None
    values = {
        "value": None if withheld else str(measured.value),
        "count": measured.count,
        "grade": band.grade if band else None,
        "icon": band.icon if band else None,
        "letter": band.letter if band else None,
        "reason": hit.override.reason if hit else nothing,
    }
    return {name: values[source] for name, source in scheme.outputs.items()}


def _reckoning(measured: Measured, verdicts: list[Verdict], band: Band | None) -> dict[str, Any]:
    overrides = [
        {"reason": verdict.override.reason, "applies": verdict.applies, "because": verdict.because}
        for verdict in verdicts
    ]
    chosen = None
    if band is not None:
        chosen = {"grade": band.grade, "min": str(band.min), "max": str(band.max)}
    return {**measured.steps, "overrides": overrides, "band": chosen}


def _decided_by(
    scheme: Scheme, measured: Measured, verdicts: list[Verdict], hit: int | None, band: Band | None
) -> dict[str, Any]:
    if hit is not None:
        override = verdicts[hit].override
        why = override.labels.model_dump()
        return {"rule": f"overrides[{hit}]", "reason": override.reason, "why": why}
    if band is not None:
        value = f"{measured.value}"
        why = {
            "zh": f"{value} 分在 {band.min} 至 {band.max} 之间：{band.labels.zh}",
            "en": f"{value} is from {band.min} to {band.max}: {band.labels.en}",
        }
        return {"rule": f"bands[{scheme.bands.index(band)}]", "reason": band.grade, "why": why}
    why = {"zh": "期间内没有计分的检查", "en": "No scored visit in the window"}
    return {"rule": "measure", "reason": NOTHING_TO_MEASURE, "why": why}
