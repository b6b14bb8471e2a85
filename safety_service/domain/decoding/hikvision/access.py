"""AccessControllerEvent: door controllers and face terminals put what happened into two numbers."""

from collections.abc import Mapping
from typing import Any

from safety_service.domain.decoding.cameras import whole
from safety_service.domain.types import Phase

ACCESS = "AccessControllerEvent"
# A door that closes ends what its opening began; an input that is restored ends its alarm.
ENDS = frozenset({"5/26", "1/1027", "1/1029", "1/1031", "1/1040"})
BEGINS = frozenset({"5/25", "5/27", "5/28"})


def access_code(code: str, alert: Mapping[str, Any]) -> str:
    """`AccessControllerEvent/5/75`: the profile may map each pair, or all that begin alike."""
    detail = alert.get(ACCESS)
    if code != ACCESS or not isinstance(detail, Mapping):
        return code
    major, minor = whole(detail.get("majorEventType")), whole(detail.get("subEventType"))
    return code if major is None or minor is None else f"{ACCESS}/{major}/{minor}"


def access_phase(code: str) -> Phase | None:
    """What lasts and what is over at once; None for every other kind of event, whose state tells it.

    The state of these is always `active`, and no second alert takes it back.
    """
    kind, _, numbers = code.partition("/")
    if kind != ACCESS:
        return None
    return "end" if numbers in ENDS else "start" if numbers in BEGINS else "pulse"
