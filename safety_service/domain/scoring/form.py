"""Scores what an inspector filled in: either the scheme's own inputs, or the answers of its checklist."""

from collections.abc import Mapping
from typing import Any

import msgspec

from safety_service.domain.errors import Refused
from safety_service.domain.scoring.checklist import Answer, inputs_of, read_answers
from safety_service.domain.scoring.numbers import exact_text
from safety_service.domain.scoring.scheme import Checklist, Scheme
from safety_service.domain.scoring.score import ScoreResult, score

VISIT_DATE = "date"


def score_form(scheme: Scheme, form: Mapping[str, Any]) -> ScoreResult:
    """Scores `form`: the inputs of the scheme, or the same with `items` in place of what items decide.

    With items, the reckoning names the checklist's sections instead of the form's, and lists each answer
    with its points under `items` (graded or not). Raises Refused with every wrong place.
    """
    if not isinstance(form, Mapping) or "items" not in form:
        return score(scheme, form)
    facts = {name: value for name, value in form.items() if name != "items"}
    answers = read_answers(scheme, form["items"])
    checklist = scheme.checklist
    assert checklist is not None  # read_answers refuses a scheme without one
    doubled = [
        (name, "comes from the items; send one or the other") for name in checklist.decides() if name in facts
    ]
    if doubled:
        raise Refused(doubled[0][1], place=doubled[0][0], problems=doubled)
    try:
        result = score(scheme, inputs_of(scheme, checklist, answers, facts))
    except Refused as error:
        raise _about_items(error, checklist) from None
    return msgspec.structs.replace(result, reckoning=_with_items(result.reckoning, checklist, answers))


def score_visit(scheme: Scheme, form: Mapping[str, Any]) -> ScoreResult:
    """Scores a visit that is to be stored: what a scheme would report as its result is refused here.

    Every visit has a date; a scheme whose rules do not ask for it is not given it.
    """
    dated = scheme.field(VISIT_DATE) is not None
    result = score_form(scheme, {name: value for name, value in form.items() if dated or name != VISIT_DATE})
    if result.problems:
        place, reason = result.problems[0]
        raise Refused(reason, place=place, problems=list(result.problems))
    return result


def _about_items(error: Refused, checklist: Checklist) -> Refused:
    """A refusal of what the items decide means the items: too few were answered, or all of them absent."""
    decided = checklist.decides()
    problems = [
        ("items" if place.partition(".")[0] in decided else place, _of_items(place, reason))
        for place, reason in error.problems
    ]
    return Refused(problems[0][1], place=problems[0][0], problems=problems)


def _of_items(place: str, reason: str) -> str:
    tally = place.partition(".")[0] if place.endswith(".checked") else None
    return f"{tally} items checked: {reason}" if tally else reason


def _with_items(reckoning: dict[str, Any], checklist: Checklist, answers: list[Answer]) -> dict[str, Any]:
    items = [
        {
            "code": answer.item.code,
            "section": answer.item.section,
            "key": answer.item.key,
            "labels": answer.item.labels.as_json(),
            "result": answer.result,
            "points": exact_text(answer.points),
            "of": str(answer.item.points),
            "note": answer.note,
        }
        for answer in answers
    ]
    if checklist.sections_input is None:
        return {**reckoning, "items": items}
    sections = [
        {**section, "labels": labels.as_json()}
        for section, labels in zip(reckoning["sections"], checklist.sections, strict=True)
    ]
    return {**reckoning, "sections": sections, "items": items}
