"""What can only be seen with the whole rule file at hand, and what is allowed but hardly meant."""

from collections.abc import Collection, Mapping

from safety_service.domain.rules.matching import did_you_mean, named
from safety_service.domain.rules.model import CommonFields, Rule
from safety_service.domain.rules.yamltree import Path
from safety_service.domain.types import LIFE_SAFETY_KINDS, SEVERITIES

HINTS = frozenset({*SEVERITIES, "alert", "detection"})
"""What decoders give as a hint: a severity, or a recorder's own word."""


def check_together(
    rules: Mapping[str, Rule],
    places: Mapping[str, Path],
    ids: Collection[str],
    problems: list[tuple[Path, str]],
) -> None:
    """`inhibited_by` names rules of the file and never leads back to where it began."""
    for rule in rules.values():
        where = (*places[rule.id], "inhibited_by")
        for position, inhibition in enumerate(rule.inhibited_by):
            if inhibition.rule not in ids:
                hint = did_you_mean(inhibition.rule, sorted(ids))
                problems.append(((*where, position, "rule"), f"there is no rule {inhibition.rule!r}{hint}"))
        chain = _cycle(rule.id, rules)
        if chain:
            problems.append((where, f"inhibition goes round in a circle: {' -> '.join(chain)}"))


def _cycle(start: str, rules: Mapping[str, Rule]) -> list[str]:
    """The way from a rule back to itself, told only by the first of its members by name."""
    stack = [[start]]
    seen: set[str] = set()
    while stack:
        way = stack.pop()
        for inhibition in rules[way[-1]].inhibited_by if way[-1] in rules else ():
            if inhibition.rule == start:
                return [*way, start] if start == min(way) else []
            if inhibition.rule not in seen:
                seen.add(inhibition.rule)
                stack.append([*way, inhibition.rule])
    return []


def warn_of(common: CommonFields) -> list[tuple[Path, str]]:
    """Doubts about the fields that every rule shares."""
    warnings: list[tuple[Path, str]] = []
    calendar = "active" if common.active is not None else "except" if common.outside is not None else None
    vital = sorted(LIFE_SAFETY_KINDS.intersection(map(str, named(common.match, "kind") or ())))
    if calendar is not None and vital:
        warnings.append(((calendar,), f"a calendar never holds back {', '.join(vital)}: life is at stake"))
    hints = named(common.match, "severity_hint")
    if hints and not set(hints) & HINTS:
        warnings.append(
            (("match", "severity_hint"), f"no device says {' or '.join(hints)}: it can never fire")
        )
    if "school" not in common.key:
        warnings.append((("key",), "the school is added to the key: an alert belongs to one school"))
    if not common.enabled:
        warnings.append((("enabled",), "the rule is switched off"))
    return warnings
