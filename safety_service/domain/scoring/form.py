"""Scores what an inspector filled in: either the scheme's own inputs, or the answers of its checklist."""

from collections.abc import Mapping
from typing import Any

import msgspec

from safety_service.domain.errors import Refused
from safety_service.domain.scoring.checklist import Answer, items_to_inputs, read_answers
from safety_service.domain.scoring.numbers import exact_text
from safety_service.domain.scoring.scheme import Checklist, Scheme
from safety_service.domain.scoring.score import ScoreResult, score


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
    decided = (checklist.sections_input, checklist.key_failed_input)
    doubled = [(name, "comes from the items; send one or the other") for name in decided if name in facts]
    if doubled:
        raise Refused(doubled[0][1], place=doubled[0][0], problems=doubled)
    try:
        result = score(scheme, items_to_inputs(scheme, form["items"], facts))
    except Refused as error:
        raise _about_items(error, checklist) from None
    return msgspec.structs.replace(result, reckoning=_with_items(result.reckoning, checklist, answers))


def _about_items(error: Refused, checklist: Checklist) -> Refused:
    """A refusal of derived sections means the items: every one of them was answered absent."""
    problems = [
        ("items" if place == checklist.sections_input else place, reason) for place, reason in error.problems
    ]
    return Refused(problems[0][1], place=problems[0][0], problems=problems)


def _with_items(reckoning: dict[str, Any], checklist: Checklist, answers: list[Answer]) -> dict[str, Any]:
    sections = [
        {**section, "labels": labels.model_dump()}
        for section, labels in zip(reckoning["sections"], checklist.sections, strict=True)
    ]
    items = [
        {
            "code": answer.item.code,
            "section": answer.item.section,
            "key": answer.item.key,
            "labels": answer.item.labels.model_dump(),
            "result": answer.result,
            "points": exact_text(answer.points),
            "of": str(answer.item.points),
            "note": answer.note,
        }
        for answer in answers
    ]
    return {**reckoning, "sections": sections, "items": items}
