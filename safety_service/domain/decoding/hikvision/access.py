"""Codes that say more than their event type: door controllers, alarm panels, door stations, captures.

An AccessControllerEvent puts what happened into two numbers, a cidEvent into a Contact ID code, and others
into a word; the vendor table holds them behind a slash.
"""

from collections.abc import Mapping
from typing import Any

from safety_service.domain.decoding.cameras import text, whole
from safety_service.domain.types import Phase

ACCESS = "AccessControllerEvent"
PANEL = "CIDEvent"
# A door that closes ends what its opening began; an input that is restored ends its alarm.
ENDS = frozenset(
    {"5/26", "1/1027", "1/1029", "1/1031", "1/1033", "1/1040", "1/1047", "1/1049", "1/1053", "2/1030"}
)
BEGINS = frozenset(
    {"5/25", "5/27", "5/28", "1/1028", "1/1030", "1/1032", "1/1039", "1/1048", "1/1052", "2/1029"}
)
# Where other events have the word that tells what they are, by their type in lower case.
WORDS = {
    "voicetalkevent": ("cmdType",),
    "videointercomevent": ("cmdType", "status"),
    "videointercom": ("status", "cmdType"),
    "aid": ("illegalTrafficEvent",),
}
TARGETS = ("Vehicle", "NonMotor", "Human", "Face")
CAPTURES = "mixedtargetdetection"


def exact_code(code: str, alert: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    """`AccessControllerEvent/5/75`: the profile may map each of them, or all that begin alike."""
    lowered = code.lower()
    if lowered == ACCESS.lower():
        return _access_code(alert.get(ACCESS))
    if lowered == "cidevent":
        return _panel_code(alert.get(PANEL))
    if lowered in WORDS:
        word = next((found for name in WORDS[lowered] if (found := text(details.get(name)))), None)
        return f"{code}/{word}" if word else code
    if lowered == CAPTURES:
        target = _target(alert.get("CaptureResult"))
        return f"{code}/{target}" if target else code
    return code


def exact_phase(code: str, alert: Mapping[str, Any]) -> Phase | None:
    """What lasts and what is over at once; None for every other kind of event, whose state tells it.

    The state of these is always `active`, and no second alert takes it back.
    """
    kind, _, numbers = code.partition("/")
    if kind == PANEL:
        return _panel_phase(alert.get(PANEL))
    if kind != ACCESS:
        return None
    return "end" if numbers in ENDS else "start" if numbers in BEGINS else "pulse"


def port_of(alert: Mapping[str, Any]) -> str | None:
    """The alarm input, or the zone of an alarm panel: each hangs in a place of its own."""
    port = text(alert.get("inputIOPortID")) or text(alert.get("dynInputIOPortID"))
    panel = alert.get(PANEL)
    return text(panel.get("zone")) if port is None and isinstance(panel, Mapping) else port


def _access_code(detail: Any) -> str:
    if not isinstance(detail, Mapping):
        return ACCESS
    major, minor = whole(detail.get("majorEventType")), whole(detail.get("subEventType"))
    return ACCESS if major is None or minor is None else f"{ACCESS}/{major}/{minor}"


def _panel_code(detail: Any) -> str:
    """`CIDEvent/130`: without the digit in front, which says that it begins (1) or is restored (3)."""
    number = _contact_id(detail)
    return PANEL if number is None else f"{PANEL}/{number % 1000:03}"


def _panel_phase(detail: Any) -> Phase:
    number = _contact_id(detail)
    return "pulse" if number is None else "end" if number // 1000 == 3 else "start"


def _contact_id(detail: Any) -> int | None:
    """The code of the standard where the panel tells it, else its maker's own."""
    if not isinstance(detail, Mapping):
        return None
    told = whole(detail.get("standardCIDcode"))
    return whole(detail.get("code")) if told is None else told


def _target(captures: Any) -> str | None:
    """What was captured: a vehicle with its driver is a vehicle."""
    listed = captures if isinstance(captures, list) else [captures]
    held = [item for item in listed[:16] if isinstance(item, Mapping)]
    return next((name for name in TARGETS if any(name in item for item in held)), None)
