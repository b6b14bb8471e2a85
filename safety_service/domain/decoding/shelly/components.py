"""The components of a Shelly: what each tells in its status."""

from collections.abc import Callable
from typing import Any

from safety_service.domain.decoding.readings import Telling, bounded, number

Component = Callable[[Telling, str, str, dict[str, Any]], None]


def tell_status(telling: Telling, name: str, status: dict[str, Any]) -> None:
    sort, _, instance = name.partition(":")
    reader = COMPONENTS.get(sort)
    if reader is not None:
        reader(telling, name, name if instance not in ("", "0") else "", status)


def _alarm(kind: str) -> Component:
    def read(telling: Telling, name: str, channel: str, status: dict[str, Any]) -> None:
        telling.flag(kind, f"{name}.alarm", status.get("alarm"), channel)

    return read


def _flood(telling: Telling, name: str, channel: str, status: dict[str, Any]) -> None:
    """Without its cable it feels no water, and its alarm is null."""
    telling.flag("water_leak", f"{name}.alarm", status.get("alarm"), channel)
    errors = status.get("errors")
    if isinstance(errors, list):
        telling.say("tamper", f"{name}.cable_unplugged", "cable_unplugged" in errors, channel)


def _input(telling: Telling, name: str, channel: str, status: dict[str, Any]) -> None:
    telling.flag("alarm_input", f"{name}.state", status.get("state"), channel)


def _measures(*fields: tuple[str, str]) -> Component:
    def read(telling: Telling, name: str, channel: str, status: dict[str, Any]) -> None:
        for field, kind in fields:
            telling.measure(kind, f"{name}.{field}", status.get(field), channel)

    return read


def _battery(telling: Telling, name: str, channel: str, status: dict[str, Any]) -> None:
    battery = status.get("battery")
    if isinstance(battery, dict):
        telling.measure("battery", f"{name}.battery.percent", battery.get("percent"), channel)
        telling.measure("voltage", f"{name}.battery.V", battery.get("V"), channel)


def _switch(telling: Telling, name: str, channel: str, status: dict[str, Any]) -> None:
    if isinstance(status.get("output"), bool):
        telling.say("other", f"{name}.output", status["output"], channel)
    _LOAD(telling, name, channel, status)
    errors = status.get("errors")
    if isinstance(errors, list):
        telling.say("overheating", f"{name}.overtemp", "overtemp" in errors, channel)


def _zone(telling: Telling, name: str, channel: str, status: dict[str, Any]) -> None:
    """A part of a room that a radar watches, and how many are in it."""
    telling.flag("presence", f"{name}.value", status.get("value"), channel)
    telling.measure("people_count", f"{name}.num_objects", status.get("num_objects"), channel)


def _valued(telling: Telling, name: str, channel: str, status: dict[str, Any]) -> None:
    """A value whose meaning stands in the settings of the device only."""
    value = status.get("value")
    if isinstance(value, bool):
        telling.say("other", f"{name}.value", value, channel)
    elif not isinstance(value, str) and (reading := number(value)) is not None:
        event = telling.event(f"{name}.value", channel)
        event.phase, event.value = "measure", reading
        event.attributes["vendor_code"] = bounded(f"{name}.value")


_LOAD = _measures(("apower", "power"), ("voltage", "voltage"))
COMPONENTS: dict[str, Component] = {
    "smoke": _alarm("smoke"),
    "flood": _flood,
    "input": _input,
    "temperature": _measures(("tC", "temperature")),
    "humidity": _measures(("rh", "humidity")),
    "illuminance": _measures(("lux", "illuminance")),
    "devicepower": _battery,
    "em": _measures(("total_act_power", "power")),
    "em1": _measures(("act_power", "power"), ("voltage", "voltage")),
    "pm1": _LOAD,
    "voltmeter": _measures(("voltage", "voltage")),
    "switch": _switch,
    "cover": _LOAD,
    "light": _LOAD,
    "rgb": _LOAD,
    "rgbw": _LOAD,
    "cct": _LOAD,
    "presencezone": _zone,
    "bthomedevice": _measures(("battery", "battery")),
    "blutrv": _measures(("current_C", "temperature"), ("battery", "battery")),
    "bthomesensor": _valued,
    "boolean": _valued,
    "number": _valued,
}
