"""Switches and buttons on the pins of a Tasmota board: `Switch2`, `Button1`."""

import re
from typing import Any

from safety_service.domain.decoding.readings import Telling

SWITCH = re.compile(r"Switch([0-9]{0,2})(T?)", re.IGNORECASE)
BUTTON = re.compile(r"Button([0-9]{0,2})(T?)", re.IGNORECASE)
NO_PRESS = frozenset({"CLEAR", "RELEASE", "OFF"})


def is_part(name: str) -> bool:
    return SWITCH.fullmatch(name) is not None or BUTTON.fullmatch(name) is not None


def acted(telling: Telling, name: str, told: Any) -> None:
    """`ON`, `{"Action": "SINGLE"}` or `{"STATE": "ON"}` of a switch or a button."""
    if isinstance(told, dict):
        told = next((told[key] for key in ("Action", "ACTION", "STATE", "TRIG") if key in told), None)
    if not isinstance(told, str) or not told:
        return
    word = told.upper()[:32].replace("\x00", "")
    button = BUTTON.fullmatch(name)
    part = button or SWITCH.fullmatch(name)
    digits = part[1] if part is not None else ""
    channel = "" if digits in ("", "1") else f"{'Switch' if button is None else 'Button'}{digits}"
    if button is not None:
        if word not in NO_PRESS:
            telling.press("button", name, word, channel)
    elif word in ("ON", "OFF"):
        telling.say("alarm_input", f"Switch{digits or '1'}", word == "ON", channel)
    elif word not in NO_PRESS:
        # In its other modes a switch tells of pushes: TOGGLE, HOLD, INC_DEC …
        telling.press("button", name, word, channel)
