"""The `match` block of a rule: checked once, compiled once, then asked for every event."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from math import isfinite
from operator import attrgetter
from typing import Any

from pydantic import ValidationError

from safety_service.domain.decoding.kinds import KINDS, MEASUREMENTS, SERVICE_KINDS
from safety_service.domain.rules.comparing import EVERYTHING, Comparison, Interval
from safety_service.domain.types import PHASES, Event

Matcher = Callable[[Event], bool]
Read = Callable[[Event], Any]
Path = tuple[str | int, ...]

PLAIN_FIELDS = ("kind", "school", "device", "zone", "phase", "format", "severity_hint")
FIELDS = (*PLAIN_FIELDS, "value")
ATTRIBUTE = "attributes."


def check_match(match: Any) -> list[tuple[Path, str]]:
    """Every problem of a match block as (path below it, reason)."""
    if not isinstance(match, Mapping):
        return [((), "must be fields with the values they match, such as {kind: smoke}")]
    problems: list[tuple[Path, str]] = []
    for name, condition in match.items():
        if name == "value":
            problems += _check_value(condition)
        elif name in PLAIN_FIELDS:
            problems += [((name,), reason) for reason in _check_words(name, condition)]
        elif name.startswith(ATTRIBUTE) and len(name) > len(ATTRIBUTE):
            problems += [((name,), reason) for reason in _check_list(condition)]
        else:
            problems.append(((name,), f"unknown field {name!r}{did_you_mean(name, FIELDS)}"))
    return problems


def did_you_mean(word: str, known: Sequence[str] | frozenset[str]) -> str:
    """`; did you mean 'smoke'?`, or nothing where no known word is close."""
    close = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def accepted(condition: Any) -> tuple[list[Any], bool]:
    """The values of a condition, and whether it is met by all others instead (`{not: [...]}`)."""
    if isinstance(condition, Mapping):
        values = condition["not"]
        return (values if isinstance(values, list) else [values]), True
    return (condition if isinstance(condition, list) else [condition]), False


def named(match: Mapping[str, Any], field: str) -> list[Any] | None:
    """The values a field must have one of; None where the match leaves it open."""
    if field not in match:
        return None
    values, negated = accepted(match[field])
    return None if negated else values


def unmeasured(match: Mapping[str, Any]) -> list[tuple[Path, str]]:
    """The doubt about a rule over numbers that looks at kinds which hardly ever carry one."""
    kinds = named(match, "kind")
    if not kinds or set(kinds) & (MEASUREMENTS | SERVICE_KINDS):
        return []
    return [(("match", "kind"), "these kinds happen and are not measured: fires only where one has a value")]


def interval_of(match: Mapping[str, Any]) -> Interval:
    """The values that a checked match lets through."""
    if "value" not in match:
        return EVERYTHING
    return Comparison.model_validate(dict(match["value"])).interval()


def _check_list(condition: Any) -> list[str]:
    if isinstance(condition, Mapping) and set(condition) != {"not"}:
        return ["a value, a list of values, or {not: [...]}"]
    values, _ = accepted(condition)
    if not values:
        return ["the list is empty"]
    if any(not isinstance(value, (str, int, float, bool)) for value in values):
        return ["must be a text, a number, true or false, or a list of these"]
    return []


def _check_words(name: str, condition: Any) -> list[str]:
    problems = _check_list(condition)
    if problems:
        return problems
    values, _ = accepted(condition)
    for value in values:
        if not isinstance(value, str):
            problems.append(f'{value!r} is not a text; put it in quotes: "{value}"')
        elif name == "kind" and value not in KINDS:
            problems.append(f"{value!r} is no event kind{did_you_mean(value, KINDS)}")
        elif name == "phase" and value not in PHASES:
            problems.append(f"{value!r} is no phase{did_you_mean(value, PHASES)}")
    return problems


def _check_value(condition: Any) -> list[tuple[Path, str]]:
    if not isinstance(condition, Mapping):
        return [(("value",), "must be a comparison, such as {above: 50}")]
    try:
        Comparison.model_validate(dict(condition))
    except ValidationError as error:
        return [(("value", *found["loc"]), reason_of(found)) for found in error.errors()]
    return []


def reason_of(found: Any) -> str:
    """A pydantic error as a sentence of ours."""
    kind, name = found["type"], str(found["loc"][-1]) if found["loc"] else ""
    if kind == "extra_forbidden":
        return f"unknown field {name!r}"
    if kind == "missing":
        return f"{name} is missing"
    if kind == "literal_error":
        return f"{found['input']!r} is not one of {found['ctx']['expected']}"
    return str(found["msg"]).removeprefix("Value error, ")


def compile_match(match: Mapping[str, Any], *, without: frozenset[str] = frozenset()) -> Matcher:
    """One function that says whether an event meets every condition, those of `without` left out."""
    tests = [_compile_one(name, condition) for name, condition in match.items() if name not in without]
    if not tests:
        return lambda _event: True
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda event: first(event) and second(event)
    return lambda event: all(test(event) for test in tests)


def _compile_one(name: str, condition: Any) -> Matcher:
    if name == "value":
        holds = Comparison.model_validate(dict(condition)).compiled()
        return lambda event: event.value is not None and isfinite(event.value) and holds(event.value)
    values, negated = accepted(condition)
    if name == "zone":
        zones = frozenset(values)
        return lambda event: (event.zone in zones or event.zone_type in zones) is not negated
    if name.startswith(ATTRIBUTE):
        return _compile_attribute(name[len(ATTRIBUTE) :], values, negated)
    read: Read = attrgetter(name)
    words = frozenset(values)
    return lambda event: (read(event) in words) is not negated


def _compile_attribute(name: str, values: Sequence[Any], negated: bool) -> Matcher:
    # In Python 1 == True; on the wire they are different words.
    wanted = frozenset((value, isinstance(value, bool)) for value in values)

    def one(value: Any) -> bool:
        return isinstance(value, (str, int, float)) and (value, isinstance(value, bool)) in wanted

    def matches(event: Event) -> bool:
        found = event.attributes.get(name)
        hit = any(map(one, found)) if isinstance(found, list) else one(found)
        return hit is not negated

    return matches
