"""The `data` of a native event: phase, value, severity, zone, snapshot and the sender's own attributes."""

import hashlib
import math
import re
from typing import Any

import msgspec

from safety_service.domain.decoding.cleaning import LONGEST_NAME, clean_name, clean_value
from safety_service.domain.decoding.kinds import MEASUREMENTS
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.types import PHASES, SEVERITIES, Phase, Rejected

WEB_ADDRESS = re.compile(r"https?://[^\s\x00-\x20]{1,2040}", re.IGNORECASE)
LONGEST_UNIT = 32


class Details(msgspec.Struct):
    """What `data` says, and what in it had to be left out."""

    phase: Phase
    value: float | None = None
    unit: str | None = None
    severity_hint: str | None = None
    zone: str | None = None
    snapshot_url: str | None = None
    attributes: dict[str, Any] = msgspec.field(default_factory=dict)
    warnings: list[Rejected] = msgspec.field(default_factory=list)
    digest: str = ""


def read_details(kind: str, data: Any, place: str) -> Details | Rejected:
    """`data` in its parts, or why the event cannot stand; `place` is where it sits (`[3].data`)."""
    if data is None:
        data = {}
    if not isinstance(data, dict):
        return refused("bad_value", place, f"data is an object, not {type(data).__name__}.")
    if kind == "inspection_submitted":
        return Details(phase="pulse", attributes={"inspection": clean_value(data, longest=None)})
    raw = data.get("value")
    value = _number(raw)
    phase: Phase = "pulse" if value is None else "measure"
    if (told := data.get("phase")) is not None:
        if told not in PHASES:
            return refused("bad_value", f"{place}.phase", f"A phase is one of {', '.join(PHASES)}.")
        phase = told
    if value is None and raw is not None and (phase == "measure" or kind in MEASUREMENTS):
        return refused("bad_value", f"{place}.value", "A value is a finite number, not in quotes.")
    if value is None and phase == "measure":
        return refused("missing_field", f"{place}.value", "A measurement needs a value.")
    details = Details(phase=phase, value=value)
    if phase == "update":
        details.digest = digest(data)
    _read_optional(details, data, place)
    return details


def digest(content: Any) -> str:
    """Sixteen hex digits of the content, the same whatever the order of its keys."""
    canonical = msgspec.json.encode(content, order="sorted")
    return hashlib.blake2b(canonical, digest_size=8).hexdigest()


def _read_optional(details: Details, data: dict[str, Any], place: str) -> None:
    def left_out(name: str, why: str) -> None:
        detail = f"{why}; the event is kept without it."
        details.warnings.append(refused("bad_value", f"{place}.{name}", detail))

    if details.value is None and data.get("value") is not None:
        left_out("value", "A value is a finite number, not in quotes")
    if (severity := data.get("severity")) is not None:
        if severity in SEVERITIES:
            details.severity_hint = severity
        else:
            left_out("severity", f"A severity is one of {', '.join(SEVERITIES)}")
    if (zone := data.get("zone")) is not None:
        details.zone = _name(zone, LONGEST_NAME)
        if details.zone is None:
            left_out("zone", f"A zone is a text of 1 to {LONGEST_NAME} characters")
    if (unit := data.get("unit")) is not None:
        details.unit = _name(unit, LONGEST_UNIT)
        if details.unit is None:
            left_out("unit", f"A unit is a text of 1 to {LONGEST_UNIT} characters")
    if (address := data.get("snapshot_url")) is not None:
        if isinstance(address, str) and WEB_ADDRESS.fullmatch(address):
            details.snapshot_url = address
        else:
            left_out("snapshot_url", "A snapshot_url is an http or https address")
    if (attributes := data.get("attributes")) is not None:
        if isinstance(attributes, dict):
            details.attributes = clean_value(attributes)
        else:
            left_out("attributes", "attributes is an object")


def _number(raw: Any) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        return None
    try:
        number = float(raw)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _name(raw: Any, longest: int) -> str | None:
    name = clean_name(raw) if isinstance(raw, str) else ""
    return name if 0 < len(name) <= longest else None
