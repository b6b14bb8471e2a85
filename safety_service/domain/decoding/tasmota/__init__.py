"""Tasmota: telemetry (`SENSOR`, `STATE`), the last will (`LWT`) and answers to a press (`RESULT`).

The full topic may put `tele` and `stat` anywhere before its last word. Times are local and mostly without a
zone; a sensor that occurs twice, or tells what another one tells too, is a device of its own.
"""

import re
from datetime import tzinfo
from typing import Any

from safety_service.domain.decoding.cleaning import clean_name, clean_value
from safety_service.domain.decoding.liveness import liveness, read_word, word_event
from safety_service.domain.decoding.readings import Telling, device_of, mark_of, read_object
from safety_service.domain.decoding.tasmota.parts import BUTTON, SWITCH, acted, is_part
from safety_service.domain.decoding.tasmota.receivers import RECEIVERS, tell_own_topic
from safety_service.domain.decoding.tasmota.sensors import tell_telemetry
from safety_service.domain.decoding.times import read_time
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Rejected

PREFIXES = ("tele", "stat")
COMMANDS = "cmnd"
BLUETOOTH = "tasmota_ble"
"""A Bluetooth sensor that the board is told to give a topic of its own: `tele/tasmota_ble/NAME`."""
RELAY = re.compile(r"POWER([0-9]{0,2})")


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
        acted(telling, last, read_word(message.payload).upper())
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
        acted(telling, last, content)
    else:
        READERS[last](telling, content, prefix)
    return telling.close()


def _split(rest: tuple[str, ...]) -> tuple[str, tuple[str, ...], str] | None:
    """Prefix, name and last word of `tele/NAME/SENSOR`, `NAME/tele/SENSOR` or `A/tele/B/SENSOR`.

    A full topic without a prefix (`NAME/SENSOR`) tells its answers and its news alike.
    """
    names, last = rest[:-1], rest[-1] if rest else ""
    if COMMANDS in names:
        return None
    for prefix in PREFIXES:
        if prefix in names:
            at = names.index(prefix)
            if len(names) == 1:
                return None
            if names[at + 1 :] == (BLUETOOTH,):
                return prefix, (*names, last)[at + 1 :], "SENSOR"
            return prefix, names[:at] + names[at + 1 :], last
    return ("", names, last) if names and (last == "LWT" or last in READERS) else None


def _telling(message: Message, topic: Topic, device: str, content: dict[str, Any], zone: tzinfo) -> Telling:
    told = content.get("Time")
    if isinstance(told, str) and told[4:5] == ".":
        # `2018.02.15 01:00:50`, as old versions wrote it.
        told = told.replace(".", "-", 2)
    time = read_time(told, message.received_at, zone)
    return Telling(message, topic, device, device, time, mark_of(message, time))


def _state(telling: Telling, content: dict[str, Any], _prefix: str) -> None:
    """Every few minutes: that it lives, and the voltage of its chip."""
    event = telling.event("heartbeat")
    event.kind = "heartbeat"
    if isinstance(content.get("UptimeSec"), int):
        event.attributes["uptime_seconds"] = clean_value(content["UptimeSec"])
    telling.measure("voltage", "Vcc", content.get("Vcc"))


def _result(telling: Telling, content: dict[str, Any], prefix: str) -> None:
    """What a button, a switch, a relay or a remote did just now; answers to commands are no news."""
    for name, value in content.items():
        relay = RELAY.fullmatch(name)
        if isinstance(value, dict) and (receiver := RECEIVERS.get(name)) is not None:
            receiver(telling, name, value)
        elif is_part(name):
            acted(telling, name, value)
        elif relay is not None and prefix != "tele" and str(value).upper() in ("ON", "OFF"):
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


READERS = {
    "SENSOR": tell_telemetry,
    "STATE": _state,
    "RESULT": _result,
    "INFO1": _started,
    "STATUS8": tell_telemetry,
    "STATUS10": tell_telemetry,
    "ENERGY": tell_telemetry,
    "ZbReceived": tell_own_topic,
}
ANSWERS = frozenset({"STATUS8", "STATUS10"})
