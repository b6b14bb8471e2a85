"""What a Tasmota board hears from others: Zigbee, LoRa, Bluetooth beacons, infrared and 433 MHz.

A Zigbee device is the device `BOARD/NAME`, or `BOARD/0x8F20` without a name.
"""

import re
from collections.abc import Callable
from typing import Any

from safety_service.domain.decoding.cleaning import clean_value
from safety_service.domain.decoding.readings import Telling, bounded

MEASURES: dict[str, str] = {
    "Temperature": "temperature",
    "LocalTemperature": "temperature",
    "Humidity": "humidity",
    "Illuminance": "illuminance",
    "CarbonDioxide": "co2",
    "CO2": "co2",
    "PM2.5": "pm25",
    "TVOC": "tvoc",
    "ActivePower": "power",
    "RMSVoltage": "voltage",
    "BatteryVoltage": "voltage",
    "Voltage": "voltage",
    "BatteryPercentage": "battery",
    "Battery": "battery",
}
FLAGS: dict[str, str] = {
    "Occupancy": "occupancy",
    "Presence": "presence",
    "Motion": "motion",
    # Of the zone's first alarm: 1 is open.
    "Contact": "door_open",
    "DoorOpen": "door_open",
    "Water": "water_leak",
    "WaterLeak": "water_leak",
    "Fire": "fire",
    "Smoke": "smoke",
    "CO": "gas_leak",
    "Gas": "gas_leak",
    "PersonalAlarm": "panic_button",
    "Panic": "panic_button",
    "Movement": "vibration",
    "Vibration": "vibration",
    "GlassBreak": "alarm_input",
    "Tamper": "tamper",
}
CLICKS = ("click", "Click")
PUSHES: dict[Any, str] = {0: "hold", 1: "single", 2: "double", 3: "triple"}
SHOCK = "AqaraVibrationMode"
ZONE = "ZoneStatusChange"
ALARMED, TAMPERED = 0b11, 0b100
COMMAND = re.compile(r"(0005|0006|0008|0102|0300|0501)!([0-9A-F]{2})")
"""A remote's command: scenes, on and off, levels, blinds, colours, and the keys of an alarm panel."""
ALARM_KEYS: dict[str, tuple[str, str]] = {
    "0501!02": ("panic_button", "emergency"),
    "0501!03": ("fire", "fire"),
    "0501!04": ("panic_button", "panic"),
}
RELAYS: dict[Any, str] = {0: "OFF", 1: "ON", 2: "TOGGLE"}
NO_WORDS = frozenset({"Device", "Name", "Endpoint", "LinkQuality", "Group", "IEEEAddr", "ModelId"})
ANNOUNCED = 30
BEACON = "IBEACON"


def tell_heard(telling: Telling, _name: str, content: dict[str, Any]) -> None:
    """`ZbReceived` and `LwDecoded`: an object for each device, its key the name or the short address."""
    for key, told in content.items():
        if isinstance(told, dict):
            _heard(telling, key, told)


def tell_own_topic(telling: Telling, content: dict[str, Any], _prefix: str) -> None:
    """A topic `…/ZbReceived`: with the devices as keys, or of the one device that the topic names."""
    if isinstance(content.get("Device"), str):
        _told(telling, content, "", "")
    else:
        tell_heard(telling, "ZbReceived", content)


def _heard(telling: Telling, key: str, told: dict[str, Any]) -> None:
    name, address = told.get("Name"), told.get("Device")
    label = name if isinstance(name, str) and name.strip() else key
    board, _, last = telling.device.rpartition("/")
    known = {label.casefold(), key.removeprefix("0x").casefold()}
    if isinstance(address, str):
        known.add(address.removeprefix("0x").casefold())
    if board and last.casefold() in known:
        # The topic goes down to the device already.
        telling.device = telling.gateway = board
    _told(telling, told, label.strip(), f"{key}.")


def _told(telling: Telling, told: dict[str, Any], label: str, prefix: str) -> None:
    command = next((key for key in told if "!" in key and COMMAND.fullmatch(key)), None)
    if command is not None:
        _commanded(telling, told, command, label)
    pressed = next((told[key] for key in CLICKS if isinstance(told.get(key), str)), None)
    if pressed is None:
        push = told.get("MultiInValue")
        pressed = PUSHES.get(push) if isinstance(push, int) else None
    if pressed is not None and pressed[:7] != "release":
        telling.press("button", f"{prefix}click", clean_value(pressed[:32]), label)
    is_told = False
    for field, raw in told.items():
        if (kind := FLAGS.get(field)) is not None:
            if raw in (0, 1):
                is_told = True
                telling.flag(kind, f"{prefix}{field}", raw, label)
        elif (kind := MEASURES.get(field)) is not None:
            telling.measure(kind, f"{prefix}{field}", raw, label)
        elif field == SHOCK and isinstance(raw, str):
            telling.moment("vibration", f"{prefix}{field}", clean_value(raw[:32]), label)
        elif field == "Power" and raw in (0, 1) and command is None and pressed is None:
            # On or off; what it draws is ActivePower.
            telling.say("other", f"{prefix}{field}", raw == 1, label)
    if isinstance(told.get(ZONE), int):
        _zone(telling, told[ZONE], is_told, f"{prefix}{ZONE}", label)


def _commanded(telling: Telling, told: dict[str, Any], command: str, label: str) -> None:
    if command in ALARM_KEYS:
        kind, action = ALARM_KEYS[command]
        say = telling.press if kind == "panic_button" else telling.moment
        say(kind, command, action, label)
        return
    word = RELAYS.get(told.get("Power")) if isinstance(told.get("Power"), int) else None
    if word is None:
        word = next((key for key in told if key not in NO_WORDS and "!" not in key), command)
    telling.press("button", command, clean_value(word[:32]), label)


def _zone(telling: Telling, status: int, is_told: bool, name: str, label: str) -> None:
    """The bits of an alarm zone, where no other field says what they mean."""
    if not is_told:
        telling.say("alarm_input", name, bool(status & ALARMED), label)
    if status & TAMPERED:
        event = telling.event(f"{name}.tamper", label)
        event.kind = "tamper"
        event.attributes["code"] = bounded(f"{name}.tamper")


def tell_joined(telling: Telling, _name: str, content: dict[str, Any]) -> None:
    """`ZbState` 30: a device tells its address after it was switched on."""
    address = content.get("ShortAddr")
    if content.get("Status") != ANNOUNCED or not isinstance(address, str):
        return
    event = telling.event("ZbState", address)
    event.kind = "device_announce"
    if isinstance(content.get("IEEEAddr"), str):
        event.attributes["ieee_address"] = clean_value(content["IEEEAddr"][:64])


def tell_code(telling: Telling, name: str, content: dict[str, Any]) -> None:
    """A code over the air: whose remote it is, only a rule knows."""
    code = content.get("Data")
    if isinstance(code, int) and 0 < code < 1 << 64:
        code = str(code)
    if isinstance(code, str) and code:
        telling.moment("other", name, clean_value(code[:64]))


def is_beacon(name: str) -> bool:
    return name.startswith(BEACON)


def tell_beacon(telling: Telling, name: str, content: dict[str, Any]) -> None:
    """`IBEACON`, or `IBEACON_ADDRESS`: it is near until its state is OFF, or its strength 0."""
    address = content.get("MAC", content.get("UID", name.removeprefix(BEACON).lstrip("_")))
    if isinstance(address, str) and address and "RSSI" in content:
        is_near = content.get("STATE") != "OFF" and content["RSSI"] != 0
        telling.say("presence", f"{BEACON}.{address}"[:80], is_near, address)


RECEIVERS: dict[str, Callable[[Telling, str, dict[str, Any]], None]] = {
    "ZbReceived": tell_heard,
    "ZigbeeReceived": tell_heard,
    "LwReceived": tell_heard,
    "LwDecoded": tell_heard,
    "ZbState": tell_joined,
    "RfReceived": tell_code,
    "RfRaw": tell_code,
    "IrReceived": tell_code,
}
