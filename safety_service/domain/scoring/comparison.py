"""Two visits side by side: from which grade to which, and why, in sentences a title can carry."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from safety_service.domain.scoring.numbers import exact, round_half_up

SECTIONS_NAMED = 4
Result = Mapping[str, Any]
"""A scoring as it is stored (`ScoreResult.as_json()`)."""


class Comparison(msgspec.Struct, frozen=True):
    """What changed since the visit before.

    `change` is from what to what and `why` what made the grade what it is, both `{zh, en}`.
    `sections_worse`: `{section, labels, before, now}`, the largest fall first. `key_items_failed`:
    `{code, labels, new}` where the visit was a checklist.
    """

    change: dict[str, str]
    why: dict[str, str]
    sections_worse: list[dict[str, Any]]
    key_items_failed: list[dict[str, Any]]


def compare(before: Result | None, now: Result, grade_labels: Mapping[str, Mapping[str, str]]) -> Comparison:
    """Compares two stored results; `grade_labels` names every grade (`{grade: {zh, en}}`).

    Sections are compared only between visits on the same form: its sections have the same names.
    """
    worse = _sections_worse(before, now)
    key_items = _key_items(before, now)
    count = int(now["inputs"].get("key_items_failed") or 0)
    return Comparison(
        change={language: _change(before, now, grade_labels, language) for language in ("zh", "en")},
        why={language: _why(now, worse, key_items, count, language) for language in ("zh", "en")},
        sections_worse=worse,
        key_items_failed=key_items,
    )


def _sections_worse(before: Result | None, now: Result) -> list[dict[str, Any]]:
    old = before["reckoning"].get("sections", []) if before else []
    new = now["reckoning"].get("sections", [])
    if [section["labels"] for section in old] != [section["labels"] for section in new]:
        return []
    found = []
    for then, today in zip(old, new, strict=True):
        was, is_now = exact(then["score"]), exact(today["score"])
        if was is not None and is_now is not None and is_now < was:
            entry = {"section": today["section"], "labels": today["labels"]}
            found.append((was - is_now, {**entry, "before": then["score"], "now": today["score"]}))
    return [entry for _, entry in sorted(found, key=lambda pair: (-pair[0], pair[1]["section"]))]


def _key_items(before: Result | None, now: Result) -> list[dict[str, Any]]:
    old = before["reckoning"].get("items", []) if before else []
    known = {item["code"] for item in old if item["result"] == "fail"}
    return [
        {"code": item["code"], "labels": item["labels"], "new": item["code"] not in known}
        for item in now["reckoning"].get("items", [])
        if item["key"] and item["section"] is not None and item["result"] == "fail"
    ]


def _change(
    before: Result | None, now: Result, grade_labels: Mapping[str, Mapping[str, str]], language: str
) -> str:
    to = _standing(now, grade_labels, language)
    if before is None:
        return f"首次评定：{to}" if language == "zh" else f"first visit: {to}"
    was = _standing(before, grade_labels, language)
    return f"由{was}变为{to}" if language == "zh" else f"from {was} to {to}"


def _standing(result: Result, grade_labels: Mapping[str, Mapping[str, str]], language: str) -> str:
    headline = _headline(result)
    grade, score = headline.get("grade"), headline.get("score")
    nothing = "无等级" if language == "zh" else "no grade"
    name = grade_labels.get(grade, {}).get(language, grade) if grade else nothing
    if score is None:
        return str(name)
    return f"{name}（{score}分）" if language == "zh" else f"{name} ({score})"


def _headline(result: Result) -> Mapping[str, Any]:
    """Score and grade under the names that all schemes share; the first results have no others."""
    headline: Mapping[str, Any] = result.get("headline", result)
    return headline


def _why(
    now: Result, worse: list[dict[str, Any]], key_items: list[dict[str, Any]], count: int, language: str
) -> str:
    chinese = language == "zh"
    parts = []
    if _headline(now).get("grade") is None:
        parts.append(str(now["decided_by"]["why"][language]))
    if key_items:
        named = ("、" if chinese else ", ").join(
            f"{item['code']} {item['labels'][language]}" for item in key_items
        )
        parts.append(f"关键项不合格：{named}" if chinese else f"key items failed: {named}")
    elif count:
        parts.append(f"关键项不合格{count}项" if chinese else f"{count} key item(s) failed")
    if worse:
        parts.append(_named_sections(worse, language))
    if not parts:
        parts.append(str(now["decided_by"]["why"][language]))
    return ("；" if chinese else "; ").join(parts)


def _named_sections(worse: list[dict[str, Any]], language: str) -> str:
    chinese = language == "zh"
    named = [
        f"{entry['labels'][language]} {_one_place(entry['before'])}→{_one_place(entry['now'])}"
        for entry in worse[:SECTIONS_NAMED]
    ]
    text = ("、" if chinese else ", ").join(named)
    if len(worse) > SECTIONS_NAMED:
        left = len(worse) - SECTIONS_NAMED
        text += f"等{len(worse)}项" if chinese else f" and {left} more"
    return f"得分下降：{text}" if chinese else f"lower: {text}"


@lru_cache(maxsize=4096)
def _one_place(score: str) -> str:
    number = exact(score)
    return score if number is None else str(round_half_up(number, 1)).removesuffix(".0")
