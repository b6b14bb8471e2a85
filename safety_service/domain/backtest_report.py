"""The report of a backtest: what would have been raised beside what was, and the difference."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from safety_service.domain.alerts import AlertKey
from safety_service.domain.backtest import SAME_WITHIN, not_replayed
from safety_service.domain.backtest_tally import CHANGES, Example, Figures, Tally
from safety_service.domain.rules.model import RuleSet

NOISIEST = 20


class Comparison(msgspec.Struct, kw_only=True):
    """`difference` is would minus was, by transition."""

    would: Figures
    was: Figures
    difference: dict[str, int]


class RuleComparison(Comparison, kw_only=True):
    """`same`: raised in both within a minute of each other. `title` None: the file lacks the rule."""

    rule: str
    title: dict[str, str] | None
    same: int
    only_would: int
    only_was: int


class SchoolComparison(Comparison, kw_only=True):
    school: str


class DayComparison(Comparison, kw_only=True):
    day: str


class DeviceComparison(Comparison, kw_only=True):
    school: str
    device: str


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that was raised and would not have been."""

    rule: str
    key: tuple[str, ...]
    raised_at: datetime


class Report(msgspec.Struct, kw_only=True):
    """Times are aware, in UTC; days are those of the county. `warm_up_from`: the rules listened since then.

    `until` is earlier than asked for where the pipeline had come no further. `not_replayed`: rules about what
    is owed, which are left out on both sides.
    """

    since: datetime
    until: datetime
    warm_up_from: datetime
    events: int
    warm_up_events: int
    total: Comparison
    rules: list[RuleComparison]
    schools: list[SchoolComparison]
    days: list[DayComparison]
    noisiest_devices: list[DeviceComparison]
    examples: list[Example]
    missed: list[Missed]
    not_replayed: list[str]


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    """What the backtest went over."""

    since: datetime
    until: datetime
    warm_up_from: datetime
    events: int
    warm_up_events: int


def make_report(
    rules: RuleSet, covered: Covered, would: Tally, was: Tally, examples: Iterable[Example], shown: int
) -> Report:
    """`shown`: how many of the missed alerts of each rule to name. Both tallies are finished."""
    same, missed = _pair(would.raised, was.raised, shown)
    return Report(
        **msgspec.structs.asdict(covered),
        total=Comparison(**_sides(would.total(), was.total())),
        rules=_by_rule(rules, would, was, same),
        schools=[
            SchoolComparison(school=name, **_two(would.schools, was.schools, name))
            for name in sorted({*would.schools, *was.schools})
        ],
        days=[
            DayComparison(day=name, **_two(would.days, was.days, name))
            for name in sorted({*would.days, *was.days})
        ],
        noisiest_devices=_noisiest(would, was),
        examples=list(examples),
        missed=missed,
        not_replayed=not_replayed(rules),
    )


def _by_rule(rules: RuleSet, would: Tally, was: Tally, same: Mapping[str, int]) -> list[RuleComparison]:
    """In the order of the file; those that it lacks come last."""
    names = list(rules.rules) + sorted({*would.rules, *was.rules} - set(rules.rules))
    compared, passed_over = [], not_replayed(rules)
    for name in names:
        if name in passed_over:
            continue
        sides, rule = _two(would.rules, was.rules, name), rules.rules.get(name)
        compared.append(
            RuleComparison(
                rule=name,
                title=rule.title if rule is not None else None,
                same=same.get(name, 0),
                only_would=sides["would"].raised - same.get(name, 0),
                only_was=sides["was"].raised - same.get(name, 0),
                **sides,
            )
        )
    return compared


def _noisiest(would: Tally, was: Tally) -> list[DeviceComparison]:
    """By what they would tell people; what stands first would be looked at first."""

    def noise(figures: Figures) -> int:
        return figures.raised + figures.reopened + figures.severity_raised

    loud = sorted(would.devices.items(), key=lambda item: (-noise(item[1]), item[0]))
    return [
        DeviceComparison(school=school, device=device, **_two(would.devices, was.devices, (school, device)))
        for (school, device), figures in loud[:NOISIEST]
        if noise(figures)
    ]


def _two(would: Mapping[Any, Figures], was: Mapping[Any, Figures], name: Any) -> dict[str, Any]:
    return _sides(would.get(name) or Figures(), was.get(name) or Figures())


def _sides(would: Figures, was: Figures) -> dict[str, Any]:
    difference = {name: getattr(would, name) - getattr(was, name) for name in CHANGES}
    return {"would": would, "was": was, "difference": difference}


def _pair(
    would: Mapping[AlertKey, Sequence[datetime]], was: Mapping[AlertKey, Sequence[datetime]], shown: int
) -> tuple[Counter[str], list[Missed]]:
    """How many alerts of each rule are the same on both sides, and the first that only one of them has."""
    same: Counter[str] = Counter()
    missed: list[Missed] = []
    named: Counter[str] = Counter()
    for (rule, key), times in was.items():
        candidates = sorted(would.get((rule, key), ()))
        place = 0
        for at in sorted(times):
            while place < len(candidates) and candidates[place] < at - SAME_WITHIN:
                place += 1
            if place < len(candidates) and candidates[place] <= at + SAME_WITHIN:
                same[rule] += 1
                place += 1
            elif named[rule] < shown:
                named[rule] += 1
                missed.append(Missed(rule=rule, key=key, raised_at=at))
    return same, missed
