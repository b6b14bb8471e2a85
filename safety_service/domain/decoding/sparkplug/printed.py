"""The JSON that bridges make of a Sparkplug B payload: the standard's own, protobuf's, or a library's."""

from typing import Any

from safety_service.domain.decoding.readings import number, truth
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.sparkplug.values import (
    DATATYPES,
    DEEPEST,
    MOST_METRICS,
    Metric,
    Payload,
    typed,
)
from safety_service.domain.types import Rejected

VALUES = tuple(
    key
    for sort in ("int", "long", "float", "double", "boolean", "string")
    for key in (f"{sort}Value", f"{sort}_value")
)
"""How protobuf names the value by its sort."""
WHOLE = frozenset({"intValue", "int_value", "longValue", "long_value"})
TEMPLATES = ("templateValue", "template_value")


def from_json(content: dict[str, Any]) -> Payload | Rejected:
    """The payload, also where the topic was put beside it."""
    inner = content.get("payload")
    if "metrics" not in content and isinstance(inner, dict):
        content = inner
    metrics = content.get("metrics", [])
    if not isinstance(metrics, list):
        return refused("bad_value", "metrics", "The field metrics is a list.")
    found: list[Metric] = []
    for place, metric in enumerate(metrics[: MOST_METRICS + 1]):
        if not isinstance(metric, dict):
            return refused("bad_value", f"metrics[{place}]", "A metric is an object.")
        _flatten(metric, "", found, 0)
    return Payload(_time(content.get("timestamp")), _whole(content.get("seq")), found)


def _flatten(metric: dict[str, Any], path: str, found: list[Metric], depth: int) -> None:
    """Templates give their members under their own name."""
    if len(found) > MOST_METRICS:
        return
    template = metric.get("value")
    if not isinstance(template, dict) or "metrics" not in template:
        template = next((metric[key] for key in TEMPLATES if key in metric), None)
    members = template.get("metrics") if isinstance(template, dict) else None
    if not isinstance(members, list):
        found.append(_metric(metric, path))
    elif depth < DEEPEST:
        name = metric.get("name")
        below = f"{path}{name}/" if isinstance(name, str) and name else path
        for member in members:
            if isinstance(member, dict):
                _flatten(member, below, found, depth + 1)


def _metric(metric: dict[str, Any], path: str) -> Metric:
    name, told = metric.get("name"), metric.get("dataType", metric.get("datatype", metric.get("type")))
    datatype = DATATYPES.get(told.lower(), 0) if isinstance(told, str) else _whole(told) or 0
    is_null = metric.get("isNull", metric.get("is_null"))
    properties = metric.get("properties")
    return Metric(
        f"{path}{name}" if isinstance(name, str) else None,
        _whole(metric.get("alias")),
        _time(metric.get("timestamp")),
        datatype,
        None if is_null is True else _value(metric, datatype),
        metric.get("isHistorical", metric.get("is_historical")) is True,
        _properties(properties) if isinstance(properties, dict) else {},
    )


def _value(metric: dict[str, Any], datatype: int) -> Any:
    key = "value"
    if key not in metric:
        key = next((name for name in VALUES if metric.get(name) is not None), key)
    value = _long(metric.get(key))
    if isinstance(value, dict) and "case" in value:
        value = _long(value.get("value"))
    if datatype == DATATYPES["boolean"]:
        return truth(value)
    if 0 < datatype <= DATATYPES["double"] and isinstance(value, str):
        value = number(value)
    if key in WHOLE:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return typed(value, datatype)
    return value


def _properties(told: dict[str, Any]) -> dict[str, Any]:
    """An object for each, or keys and values side by side."""
    keys, values = told.get("keys"), told.get("values")
    if isinstance(keys, list) and isinstance(values, list):
        told = {str(key): value for key, value in zip(keys, values, strict=False)}
    return {key.lower(): _property(value) for key, value in told.items()}


def _property(told: Any) -> Any:
    if not isinstance(told, dict):
        return told
    return _long(next((told[key] for key in ("value", *VALUES) if told.get(key) is not None), None))


def _long(raw: Any) -> Any:
    """64 bits as JavaScript writes them: two halves."""
    if not isinstance(raw, dict) or "low" not in raw or "high" not in raw:
        return raw
    low, high = raw["low"], raw["high"]
    if not isinstance(low, int) or not isinstance(high, int):
        return None
    value = (high & 0xFFFFFFFF) << 32 | low & 0xFFFFFFFF
    return value - (1 << 64) if value >= 1 << 63 and raw.get("unsigned") is not True else value


def _time(raw: Any) -> int | str | None:
    """A number, or the text of a time."""
    whole = _whole(raw)
    return raw if whole is None and isinstance(raw, str) and raw else whole


def _whole(raw: Any) -> int | None:
    value = number(_long(raw))
    return int(value) if value is not None and 0 <= value < 1 << 63 and value.is_integer() else None
