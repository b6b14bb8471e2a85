"""Why a grade is what it is, in Chinese and English: the one rule that decided, and what it compared."""

from fractions import Fraction
from typing import Any

from safety_service.domain.scoring.fields import NumberField
from safety_service.domain.scoring.measured import Measured
from safety_service.domain.scoring.numbers import exact_text
from safety_service.domain.scoring.scheme import Band, Scheme
from safety_service.domain.scoring.standing import Standing

NOTHING_TO_MEASURE = "no_scored_visit_in_window"
VALUE_NOT_ALLOWED = "value_not_allowed"

_NOTHING = {"zh": "期间内没有计分的检查", "en": "No scored visit in the window"}


def decided_by(measured: Measured, standing: Standing) -> dict[str, Any]:
    """`{rule, reason, why}`: `rule` is a place in the scheme, `reason` its word, or the grade of its band."""
    if standing.why is not None:
        return {"rule": standing.rule, "reason": standing.reason, "why": standing.why.model_dump()}
    if standing.band is None:
        return {"rule": "measure", "reason": NOTHING_TO_MEASURE, "why": _NOTHING}
    why = _why_band(standing.band, measured)
    if standing.rule == "adjust.floor":
        labels = standing.band.labels
        why = {"zh": f"不得优于：{labels.zh}", "en": f"may not be better than: {labels.en}"}
    return {"rule": standing.rule, "reason": standing.band.grade, "why": why}


def not_allowed(scheme: Scheme, name: str, value: Fraction) -> dict[str, str]:
    field = scheme.field(name)
    values = field.allowed_values if isinstance(field, NumberField) else ()
    given = exact_text(value)
    return {
        "zh": f"{given} 不是允许的值（{'、'.join(map(str, values))}）",
        "en": f"{given} is not one of {', '.join(map(str, values))}",
    }


def _why_band(band: Band, measured: Measured) -> dict[str, str]:
    zh, en = _edges(band, measured.text)
    if band.max_component is not None:
        largest = exact_text(measured.facts["max_component"])
        zh.append(f"最大单项 {largest} 不高于 {band.max_component}")
        en.append(f"the largest component {largest} is at most {band.max_component}")
    if band.max_key_failed is not None:
        failed = exact_text(measured.facts["key_failed"])
        zh.append(f"关键项不合格 {failed} 项，不超过 {band.max_key_failed} 项")
        en.append(f"{failed} key items failed, at most {band.max_key_failed}")
    if band.min_rate is not None and measured.facts["rate"] is not None:
        zh.append(f"合格率 {measured.text}% 不低于 {band.min_rate}%")
        en.append(f"the pass rate {measured.text}% is at least {band.min_rate}%")
    if not zh:
        zh, en = ["不符合更高各档的条件"], ["no better band holds"]
    return {"zh": f"{'；'.join(zh)}：{band.labels.zh}", "en": f"{', '.join(en)}: {band.labels.en}"}


def _edges(band: Band, value: str | None) -> tuple[list[str], list[str]]:
    if band.min is not None and band.max is not None and band.min_incl and band.max_incl:
        return (
            [f"{value} 分在 {band.min} 至 {band.max} 之间"],
            [f"{value} is from {band.min} to {band.max}"],
        )
    zh, en = [], []
    if band.min is not None:
        zh.append(f"{value} 分{'不低于' if band.min_incl else '高于'} {band.min}")
        en.append(f"{value} is {'at least' if band.min_incl else 'above'} {band.min}")
    if band.max is not None:
        zh.append(f"{value} 分{'不高于' if band.max_incl else '低于'} {band.max}")
        en.append(f"{value} is {'at most' if band.max_incl else 'below'} {band.max}")
    return zh, en
