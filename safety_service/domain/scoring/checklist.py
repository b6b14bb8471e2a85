"""From the answers on a checklist to the inputs of its scheme: section scores and key items, or tallies."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from safety_service.domain.errors import Refused
from safety_service.domain.scoring.fields import SectionsField
from safety_service.domain.scoring.numbers import exact, shown
from safety_service.domain.scoring.scheme import Checklist, Item, Scheme
from safety_service.domain.scoring.text import read_text

RESULTS = ("pass", "fail", "absent")
_FIELDS = ("code", "result", "points", "note", "owner", "due")
LONGEST_NOTE = 2000
Problems = list[tuple[str, str]]


class Answer(msgspec.Struct, frozen=True):
    """One item as the inspector answered it; `points` are the points it earned (None when absent)."""

    item: Item
    result: str
    points: Fraction | None
    note: str | None


def items_to_inputs(scheme: Scheme, items: object, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The scheme's inputs: `facts` plus section scores and failed key items, or the tallies of both kinds.

    `items` is a list of `{code, result: pass|fail|absent, points?, note?}`. Raises Refused with every wrong
    place. Where sections are scored every item of the grade must be answered; those outside it may be.
    """
    return inputs_of(scheme, _checklist(scheme), read_answers(scheme, items), facts)


def inputs_of(
    scheme: Scheme, checklist: Checklist, answers: Sequence[Answer], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """`facts` plus what the answers inside the grade decide."""
    graded = [answer for answer in answers if answer.item.section]
    if checklist.key_tally is not None and checklist.general_tally is not None:
        return {**facts, checklist.key_tally: _key_tally(graded), checklist.general_tally: _tally(graded)}
    assert checklist.sections_input is not None
    assert checklist.key_failed_input is not None
    sections = scheme.field(checklist.sections_input)
    maximum = sections.maximum if isinstance(sections, SectionsField) else Decimal(10)
    scores = [
        _section_score(maximum, [answer for answer in graded if answer.item.section == number])
        for number in range(1, len(checklist.sections) + 1)
    ]
    failed = sum(answer.result == "fail" and answer.item.key for answer in graded)
    return {**facts, checklist.sections_input: scores, checklist.key_failed_input: failed}


def _key_tally(answers: Sequence[Answer]) -> dict[str, int]:
    """A key item that is reasonably absent was not checked: the rule takes nothing off for it."""
    results = [answer.result for answer in answers if answer.item.key]
    return {"checked": len(results) - results.count("absent"), "failed": results.count("fail")}


def _tally(answers: Sequence[Answer]) -> dict[str, int]:
    results = [answer.result for answer in answers if not answer.item.key]
    return {
        "checked": len(results),
        "not_applicable": results.count("absent"),
        "passed": results.count("pass"),
    }


def read_answers(scheme: Scheme, items: object) -> list[Answer]:
    """The answers in the checklist's own order, so that the order they came in changes nothing."""
    checklist = _checklist(scheme)
    if not isinstance(items, Sequence) or isinstance(items, str | bytes):
        raise Refused("a list of answers (code, result) is needed", place="items")
    known = {item.code: item for item in checklist.all_items()}
    problems: Problems = []
    answers: dict[str, Answer] = {}
    for index, entry in enumerate(items):
        answer = _answer(scheme, known, entry, f"items[{index}]", problems)
        if answer is not None and answer.item.code in answers:
            problems.append((f"items[{index}].code", f"{answer.item.code} is answered twice"))
        elif answer is not None:
            answers[answer.item.code] = answer
    named = {str(entry.get("code")) for entry in items if isinstance(entry, Mapping)}
    problems += _missing(checklist, named)
    if problems:
        place, reason = problems[0]
        raise Refused(reason, place=place, problems=problems)
    return [answers[code] for code in known if code in answers]


def _checklist(scheme: Scheme) -> Checklist:
    if scheme.checklist is None:
        raise Refused(f"{scheme.id} has no checklist", place="items")
    return scheme.checklist


def _missing(checklist: Checklist, named: set[str]) -> Problems:
    if checklist.sections_input is None:
        return []  # a visit need not check every item; how many it must is the tallies' own rule
    return [
        ("items", f"{'key item' if item.key else 'item'} {item.code} is not answered (pass, fail or absent)")
        for item in checklist.items
        if item.code not in named
    ]


def _answer(
    scheme: Scheme, known: Mapping[str, Item], entry: object, place: str, problems: Problems
) -> Answer | None:
    if not isinstance(entry, Mapping):
        problems.append((place, "is not an object with code and result"))
        return None
    before = len(problems)
    problems += [
        (f"{place}.{shown(name)}", f"is not a field of an answer (fields: {', '.join(_FIELDS)})")
        for name in entry
        if name not in _FIELDS
    ]
    item = known.get(entry["code"]) if isinstance(entry.get("code"), str) else None
    if item is None:
        problems.append((f"{place}.code", f'"{shown(entry.get("code"))}" is not in scheme {scheme.id}'))
    result = entry.get("result")
    if result not in RESULTS:
        problems.append((f"{place}.result", f'"{shown(result)}" is not one of {", ".join(RESULTS)}'))
    note = read_text(entry.get("note"), f"{place}.note", LONGEST_NOTE, problems)
    if item is None or len(problems) > before:
        return None
    points = _points(item, str(result), entry.get("points"), f"{place}.points", problems)
    return Answer(item, str(result), points, note)


def _points(item: Item, result: str, given: object, place: str, problems: Problems) -> Fraction | None:
    """Points earned: all of a passed item, none of a failed one unless the inspector gave a part."""
    full = Fraction(item.points)
    if given is None:
        return {"pass": full, "fail": Fraction(0), "absent": None}[result]
    number = exact(given)
    if number is None:
        problems.append((place, f'"{shown(given)}" is not a number'))
    elif number < 0:
        problems.append((place, f"{shown(given)} is below the minimum of 0"))
    elif number > full:
        problems.append((place, f"{shown(given)} is above the maximum of {item.points}"))
    elif result == "absent":
        problems.append((place, "an absent item has no points"))
    elif (result == "pass") != (number == full):
        rule = "a passed item has its full" if result == "pass" else "a failed item has fewer than its"
        problems.append((place, f"{rule} {item.points} points, not {shown(given)}"))
    return number


def _section_score(maximum: Decimal, answers: list[Answer]) -> Fraction | None:
    """maximum × points earned / points present; an absent item rescales its section, all absent: none."""
    present = sum((Fraction(a.item.points) for a in answers if a.points is not None), Fraction(0))
    if not present:
        return None
    earned = sum((a.points for a in answers if a.points is not None), Fraction(0))
    return Fraction(maximum) * earned / present
