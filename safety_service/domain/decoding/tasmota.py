"""Tasmota: telemetry (`SENSOR`, `STATE`), the last will (`LWT`) and answers to a press (`RESULT`).

The full topic may put `tele` and `stat` before the device's name or behind it. Times are local and mostly
without a zone; a sensor that occurs twice, or tells what another one tells too, is a device of its own.
"""

import re
from datetime import tzinfo
from typing import Any

from safety_service.domain.decoding.cleaning import clean_name, clean_value
from safety_service.domain.decoding.liveness import liveness, read_word, word_event
from safety_service.domain.decoding.readings import (
    Telling,
    device_of,
    mark_of,
    number,
    read_object,
)
from safety_service.domain.decoding.times import read_time
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Rejected

PREFIXES = ("tele", "stat")
FIELDS: dict[str, str] = {
    "Temperature": "temperature",
    "Humidity": "humidity",
    "Illuminance": "illuminance",
    "CarbonDioxide": "co2",
    "CO2": "co2",
    "PM2.5": "pm25",
    "TVOC": "tvoc",
    "Noise": "noise",
    "Power": "power",
    "Voltage": "voltage",
    "Battery": "battery",
    "BatteryPercentage": "battery",
}
SWITCH = re.compile(r"Switch([0-9]{0,2})(T?)", re.IGNORECASE)
BUTTON = re.compile(r"Button([0-9]{0,2})(T?)", re.IGNORECASE)
RELAY = re.compile(r"POWER([0-9]{0,2})")
NUMBERED = re.compile(r"(Temperature|Illuminance|Humidity|CO2)([0-9]{1,2})")
CHIPS = frozenset({"ESP32"})
"""How warm its own processor is tells nothing of the room."""
TWIN = re.compile(r".+-[0-9A-F]{1,16}")
NO_PRESS = frozenset({"CLEAR", "RELEASE", "OFF"})


def decode_tasmota(message: Message, topic: Topic, zone: tzinfo) -> list[Event | Rejected]:
    """Events of one device. Commands and answers that tell of no sensor carry no news: an empty list."""
    split = _split(topic.rest)
    if split is None:
        return []
    prefix, segments, last = split
    device = device_of(segments)
    if isinstance(device, Rejected):
        return [device]
    if last == "LWT":
        return liveness(message, topic, device=device, gateway=device)
    word = SWITCH.fullmatch(last) or BUTTON.fullmatch(last)
    if word is not None and message.payload and not message.payload.lstrip().startswith(b"{"):
        telling = _telling(message, topic, device, {}, zone)
        _acted(telling, last, read_word(message.payload).upper())
        return telling.close()
    if not message.payload or (word is None and last not in READERS):
        return []
    content = read_object(message.payload)
    if isinstance(content, Rejected):
        return [content]
    # An answer to the question for all sensors: nothing has changed.
    answer = content.get("StatusSNS") if last in ANSWERS else None
    if isinstance(answer, dict):
        content = answer
    telling = _telling(message, topic, device, content, zone)
    telling.cached = last in ANSWERS
    if word is not None:
        _acted(telling, last, content)
    else:
        READERS[last](telling, content, prefix)
    return telling.close()


def _split(rest: tuple[str, ...]) -> tuple[str, tuple[str, ...], str] | None:
    """Prefix, name and last word of `tele/NAME/SENSOR` or `NAME/tele/SENSOR`."""
    if len(rest) < 3:
        return None
    if rest[0] in PREFIXES:
        return rest[0], rest[1:-1], rest[-1]
    if rest[-2] in PREFIXES:
        return rest[-2], rest[:-2], rest[-1]
    return None


def _telling(message: Message, topic: Topic, device: str, content: dict[str, Any], zone: tzinfo) -> Telling:
    time = read_time(content.get("Time"), message.received_at, zone)
    return Telling(message, topic, device, device, time, mark_of(message, time))


def _sensor(telling: Telling, content: dict[str, Any], _prefix: str) -> None:
    """Switches, buttons and sensors, in the order of the object."""
    fahrenheit = content.get("TempUnit") == "F"
    told: set[str] = set()
    for name, value in content.items():
        if isinstance(value, dict) and not _is_part(name) and name not in CHIPS:
            _readings(telling, name, value, told, fahrenheit)
        elif isinstance(value, (str, dict)) and _is_part(name):
            _acted(telling, name, value)


def _readings(
    telling: Telling, sensor: str, content: dict[str, Any], told: set[str], fahrenheit: bool
) -> None:
    is_twin = TWIN.fullmatch(sensor) is not None
    for field, raw in content.items():
        numbered = NUMBERED.fullmatch(field)
        kind = FIELDS.get(field if numbered is None else numbered[1])
        if kind is None:
            continue
        channel = sensor if is_twin or kind in told else ""
        if numbered is not None and numbered[2] != "1":
            channel = f"{sensor}-{numbered[2]}"
        told.add(kind)
        values = raw if isinstance(raw, list) else [raw]
        for place, value in enumerate(values[:8]):
            if kind == "temperature" and fahrenheit and (degrees := number(value)) is not None:
                value = round((degrees - 32) / 1.8, 2)
            part = f"{channel or sensor}-{place + 1}" if place else channel
            telling.measure(kind, f"{sensor}.{field}{place or ''}", value, part)


def _state(telling: Telling, content: dict[str, Any], _prefix: str) -> None:
    """Every few minutes: that it lives, and the voltage of its chip."""
    event = telling.event("heartbeat")
    event.kind = "heartbeat"
    if isinstance(content.get("UptimeSec"), int):
        event.attributes["uptime_seconds"] = clean_value(content["UptimeSec"])
    telling.measure("voltage", "Vcc", content.get("Vcc"))


def _result(telling: Telling, content: dict[str, Any], prefix: str) -> None:
    """What a button, a switch or a relay did just now; answers to commands are no news."""
    for name, value in content.items():
        relay = RELAY.fullmatch(name)
        if _is_part(name):
            _acted(telling, name, value)
        elif relay is not None and prefix == "stat" and str(value).upper() in ("ON", "OFF"):
            channel = "" if relay[1] in ("", "1") else name
            telling.say("other", name, str(value).upper() == "ON", channel)


def _started(telling: Telling, content: dict[str, Any], _prefix: str) -> None:
    """The first of three messages after a start: what it is, and which version."""
    about = content.get("Info1", content)
    event = word_event(
        telling.message, telling.topic, telling.device, telling.device, "device_announce", "pulse", "started"
    )
    if isinstance(about, dict):
        for name, key in (("Module", "model"), ("Version", "version")):
            if isinstance(about.get(name), str):
                event.attributes[key] = clean_value(clean_name(about[name]))
    telling.found.append(event)


def _is_part(name: str) -> bool:
    return SWITCH.fullmatch(name) is not None or BUTTON.fullmatch(name) is not None


def _acted(telling: Telling, name: str, told: Any) -> None:
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


READERS = {
    "SENSOR": _sensor,
    "STATE": _state,
    "RESULT": _result,
    "INFO1": _started,
    "STATUS8": _sensor,
    "STATUS10": _sensor,
}
ANSWERS = frozenset({"STATUS8", "STATUS10"})
