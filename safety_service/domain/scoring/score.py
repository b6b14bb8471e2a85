"""Scores one visit or one year under one scheme: the result with every step that led to it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from safety_service.domain.scoring.bands import Choice, choose
from safety_service.domain.scoring.inputs import Facts, read_inputs
from safety_service.domain.scoring.measured import Measured
from safety_service.domain.scoring.measures import MEASURES
from safety_service.domain.scoring.numbers import exact_text
from safety_service.domain.scoring.outputs import invalid_outputs, valid_outputs
from safety_service.domain.scoring.overrides import Verdict, judge
from safety_service.domain.scoring.points_added import with_added_points
from safety_service.domain.scoring.reasons import (
    NOTHING_TO_MEASURE,
    VALUE_NOT_ALLOWED,
    decided_by,
    not_allowed,
)
from safety_service.domain.scoring.reckoning import reckoning
from safety_service.domain.scoring.scheme import Scheme
from safety_service.domain.scoring.standing import Standing, stand


class ScoreResult(msgspec.Struct, frozen=True):
    """One scoring. All fields are JSON-able; exact numbers are text.

    `outputs` has the names the scheme gives them; `reckoning` the intermediate numbers and every override
    with the comparison made; `decided_by` the one rule that decided: `{rule, reason, why: {zh, en}}`.
    `headline` says the same of every scheme: `{score, grade, icon, reason}`. `rank` is 0 without a grade, 1
    for the lowest and n for the best of n grades. `problems`: what the scheme reports instead of refusing it.
    """

    scheme: str
    version: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    reckoning: dict[str, Any]
    decided_by: dict[str, Any]
    headline: dict[str, str | None]
    rank: int
    problems: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """One flat object: scheme, version, the outputs by their names, then all that explains them."""
        return {
            "scheme": self.scheme,
            "version": self.version,
            **self.outputs,
            "headline": {**self.headline, "rank": self.rank},
            "decided_by": self.decided_by,
            "reckoning": self.reckoning,
            "inputs": self.inputs,
        }


class _Weighed(msgspec.Struct, frozen=True):
    """What was measured and how the overrides stand to it."""

    measured: Measured
    verdicts: list[Verdict]


def score(scheme: Scheme, inputs: Mapping[str, Any]) -> ScoreResult:
    """Scores `inputs` under `scheme`; raises Refused naming every wrong input.

    Order: measure, round half-up, points added, bands, the first override that holds, the kind of visit,
    next year. Where a hearing dismissed violations the grade comes from what is left, and the first score
    stays. A withheld score stays visible in the reckoning, so that the visit can still be explained.
    """
    facts = read_inputs(scheme, inputs)
    if facts.not_allowed:
        return _reported(scheme, facts)
    first = _weigh(scheme, facts)
    left = _after_hearing(scheme, facts)
    heard = None if left is None else _weigh(scheme, left)
    counting = heard or first
    choice = choose(scheme, counting.measured)
    standing = stand(scheme, facts, choice, counting.verdicts)
    return _result(scheme, facts, first, heard, choice, standing)


def _weigh(scheme: Scheme, facts: Facts) -> _Weighed:
    measured = MEASURES[scheme.measure.op](scheme, scheme.measure, facts)
    verdicts = judge(scheme, facts, measured)
    added = with_added_points(scheme, measured, verdicts)
    if added is measured:
        return _Weighed(measured, verdicts)
    again = judge(scheme, facts, added)
    kept = [
        before if before.override.effect == "add_points" else after
        for before, after in zip(verdicts, again, strict=True)
    ]
    return _Weighed(added, kept)


def _after_hearing(scheme: Scheme, facts: Facts) -> Facts | None:
    """The facts without the violations that a hearing dismissed, None where there was none."""
    dismissed = facts.codes[scheme.hearing.dismissed] if scheme.hearing else ()
    if not dismissed:
        return None
    violations = {
        name: tuple(one for one in found if one.code not in dismissed)
        for name, found in facts.violations.items()
    }
    return msgspec.structs.replace(facts, violations=violations)


def _result(
    scheme: Scheme, facts: Facts, first: _Weighed, heard: _Weighed | None, choice: Choice, standing: Standing
) -> ScoreResult:
    counting = heard or first
    band, measured = standing.band, counting.measured
    nothing = NOTHING_TO_MEASURE if measured.value is None and band is None else None
    reason = standing.reason or nothing
    score_text = None if standing.withheld else measured.text
    return ScoreResult(
        scheme=scheme.id,
        version=scheme.version,
        inputs=facts.as_json(),
        outputs=valid_outputs(scheme, first.measured, heard.measured if heard else None, standing, reason),
        reckoning=reckoning(
            first.measured, heard.measured if heard else None, counting.verdicts, choice, standing
        ),
        decided_by=decided_by(measured, standing),
        headline={
            "score": score_text,
            "grade": band.grade if band else None,
            "icon": band.icon if band else None,
            "reason": reason,
        },
        rank=scheme.rank(band.grade if band else None),
    )


def _reported(scheme: Scheme, facts: Facts) -> ScoreResult:
    """A value that the scheme does not know is its own result, and no grade."""
    found = [not_allowed(scheme, name, facts.numbers[name]) for name in facts.not_allowed]
    first = facts.not_allowed[0]
    return ScoreResult(
        scheme=scheme.id,
        version=scheme.version,
        inputs=facts.as_json(),
        outputs=invalid_outputs(scheme, VALUE_NOT_ALLOWED, first),
        reckoning={
            "not_allowed": [
                {"input": name, "value": exact_text(facts.numbers[name])} for name in facts.not_allowed
            ],
            "overrides": [],
            "band": None,
        },
        decided_by={"rule": f"inputs.{first}", "reason": VALUE_NOT_ALLOWED, "why": found[0]},
        headline={"score": None, "grade": None, "icon": None, "reason": VALUE_NOT_ALLOWED},
        rank=0,
        problems=tuple((name, why["en"]) for name, why in zip(facts.not_allowed, found, strict=True)),
    )
