"""What the visit stands at: the band, or what an override, the kind of visit or a raise makes of it."""

from collections.abc import Sequence
from datetime import date

import msgspec

from safety_service.domain.scoring.bands import Choice
from safety_service.domain.scoring.fields import Labels
from safety_service.domain.scoring.inputs import Facts
from safety_service.domain.scoring.numbers import add_days
from safety_service.domain.scoring.overrides import Verdict
from safety_service.domain.scoring.scheme import Band, Override, Scheme

GRADED = "graded"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """`band` is the grade, `next_band` that of next year; `rule` is where in the scheme it was decided.

    `reason` and `why` are those of the rule, None where the band itself decided. `withheld`: the visit is not
    rated, so its score is not given either. `not_before`: the first day of the visit that must follow.
    """

    band: Band | None
    next_band: Band | None
    rule: str | None
    reason: str | None = None
    why: Labels | None = None
    status: str = GRADED
    withheld: bool = False
    not_before: date | None = None


def stand(scheme: Scheme, facts: Facts, choice: Choice, verdicts: Sequence[Verdict]) -> Standing:
    """The order: band, first override that holds, kind of visit, hearing (only a word), next year's grade."""
    band, rule, hit = choice.band, None, None
    for index, verdict in enumerate(verdicts):
        if verdict.applies and verdict.override.effect != "add_points":
            moved = _moved(scheme, verdict.override, band)
            # A cap that the grade does not reach has decided nothing, and still is the first that holds.
            if moved is not band or verdict.override.effect == "no_grade":
                band, rule, hit = moved, f"overrides[{index}]", verdict.override
            break
    ungraded = _without_grade(scheme, facts, band)
    if ungraded is not None:
        return ungraded
    if band is not None and scheme.adjust is not None:
        floor = _no_better_than(scheme, band, scheme.adjust.floor)
        if floor is not band:
            band, rule = floor, "adjust.floor"
    return Standing(
        band=band,
        next_band=_next_year(scheme, facts, band),
        rule=rule if rule is not None or band is None else f"bands[{scheme.bands.index(band)}]",
        reason=hit.reason if hit else None,
        why=hit.labels if hit else None,
        status=_status(scheme, facts, band, hit),
        withheld=hit is not None and hit.score == "withheld",
    )


def _status(scheme: Scheme, facts: Facts, band: Band | None, hit: Override | None) -> str:
    if band is None and hit is not None:
        return hit.reason
    if scheme.hearing is not None and facts.codes[scheme.hearing.dismissed]:
        return scheme.hearing.reason
    return GRADED


def _moved(scheme: Scheme, override: Override, band: Band | None) -> Band | None:
    if override.effect == "no_grade":
        return None
    named = next(one for one in scheme.bands if one.grade == override.grade)
    if override.effect == "set":
        return named
    if band is None:
        return None
    places = [scheme.bands.index(band), scheme.bands.index(named)]
    return scheme.bands[max(places) if override.effect == "cap" else min(places)]


def _without_grade(scheme: Scheme, facts: Facts, band: Band | None) -> Standing | None:
    """What the kind of visit leaves without a grade, or None where it can be graded."""
    if scheme.visit_types is None or band is None:
        return None
    names = [one.visit for one in scheme.visit_types.types]
    index = names.index(facts.words[scheme.visit_types.input])
    kind = scheme.visit_types.types[index]
    if kind.graded == "yes" or (kind.graded == "if_best" and band is scheme.bands[0]):
        return None
    as_of = facts.dates.get(scheme.inputs.as_of or "")
    return Standing(
        band=None,
        next_band=None,
        rule=f"visit_types.types[{index}]",
        reason=kind.reason,
        why=kind.labels,
        status=kind.reason or GRADED,
        not_before=add_days(as_of, kind.min_gap_days) if as_of and kind.min_gap_days else None,
    )


def _next_year(scheme: Scheme, facts: Facts, band: Band | None) -> Band | None:
    adjust = scheme.adjust
    if band is None or adjust is None:
        return band
    up, down = facts.counts[adjust.raise_input], facts.counts[adjust.lower_input]
    if up and adjust.precedence == "raise_blocks_lower":
        down = 0
    place = scheme.bands.index(band) + up - down
    shifted = scheme.bands[min(max(place, 0), len(scheme.bands) - 1)]
    return _no_better_than(scheme, shifted, adjust.floor)


def _no_better_than(scheme: Scheme, band: Band, grade: str | None) -> Band:
    if grade is None:
        return band
    named = next(one for one in scheme.bands if one.grade == grade)
    return named if scheme.bands.index(named) > scheme.bands.index(band) else band
