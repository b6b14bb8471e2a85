"""What a Shelly tells in `NotifyEvent`: pushes, switches, what its script hears of Bluetooth sensors."""

from typing import Any

from safety_service.domain.decoding.cleaning import clean_value
from safety_service.domain.decoding.readings import Telling, truth

PUSHES = ("_push", "_press")
PUSHED, RELEASED = "btn_down", "btn_up"
ALARMS: dict[str, str] = {"smoke": "smoke", "flood": "water_leak"}
ALARM_WORDS: dict[str, bool] = {"alarm": True, "alarm_test": True, "alarm_off": False}
CABLE: dict[str, bool] = {"cable_unplugged": True, "cable_plugged": False}
SILENT = frozenset({"ble", "bthome", "cloud", "mqtt", "sys", "wifi", "ws", "ota"})
"""Components whose events tell of the device's own network and software."""
BLU_MEASURES: dict[str, str] = {
    "temperature": "temperature",
    "humidity": "humidity",
    "illuminance": "illuminance",
    "co2": "co2",
    "pm2_5": "pm25",
    "tvoc": "tvoc",
    "voltage": "voltage",
    "battery": "battery",
}
BLU_FLAGS: dict[str, str] = {
    "window": "door_open",
    "door": "door_open",
    "opening": "door_open",
    "motion": "motion",
    "occupancy": "occupancy",
    "presence": "presence",
    "smoke": "smoke",
    "gas": "gas_leak",
    "carbon_monoxide": "gas_leak",
    "moisture": "water_leak",
    "vibration": "vibration",
    "tamper": "tamper",
}
BLU_PUSHES: dict[Any, str] = {
    1: "single_push",
    2: "double_push",
    3: "triple_push",
    4: "long_push",
    254: "hold",
}


def tell_event(telling: Telling, item: dict[str, Any], place: int) -> None:
    """One item of the list; `place` tells it from a twin with the same time."""
    name, word = str(item.get("component"))[:64].replace("\x00", ""), item["event"][:64].replace("\x00", "")
    sort, _, instance = name.partition(":")
    channel = name if instance not in ("", "0") else ""
    if word.startswith("config_") and sort == "input":
        return
    if word == "config_changed":
        telling.event(f"{name}|{word}|{place}", channel).kind = "config_changed"
    elif word == PUSHED or word.endswith(PUSHES):
        telling.press("button", f"{name}|{place}", word, channel)
    elif sort == "input" and isinstance(item.get("state"), bool):
        # An input of the type switch.
        telling.say("alarm_input", f"{name}.state", item["state"], channel)
    elif sort in ALARMS and (last := word.rpartition(".")[2]) in ALARM_WORDS:
        telling.is_test = last == "alarm_test"
        telling.say(ALARMS[sort], f"{name}.alarm", ALARM_WORDS[last], channel)
    elif sort in ALARMS and last in CABLE:
        telling.say("tamper", f"{name}.cable_unplugged", CABLE[last], channel)
    elif sort == "script" and isinstance(item.get("data"), dict) and "address" in item["data"]:
        _heard(telling, f"{name}|{place}", item["data"])
    elif sort not in SILENT and word != RELEASED:
        event = telling.event(f"{name}|{word}|{place}", channel)
        event.attributes["vendor_code"] = clean_value(f"{sort}.{word}")


def _heard(telling: Telling, name: str, data: dict[str, Any]) -> None:
    """One BTHome packet, as Shelly's own script passes it on: the sensor is the device `NAME/ADDRESS`."""
    address = str(data["address"])[:64]
    for field, value in data.items():
        if (kind := BLU_MEASURES.get(field)) is not None:
            for at, each in enumerate(value[:8] if isinstance(value, list) else [value]):
                part = address if not at else f"{address} {at + 1}"
                telling.measure(kind, f"{name}|{field}{at or ''}", each, part)
        elif (kind := BLU_FLAGS.get(field)) is not None:
            if truth(value) is not None:
                event = telling.say(kind, f"{name}|{field}", truth(value) is True, address)
                if event is not None:
                    event.attributes["code"] = field
        elif field == "button":
            _pushed(telling, name, value, address)


def _pushed(telling: Telling, name: str, value: Any, address: str) -> None:
    """0 is no push; a remote with several buttons tells all of them in a list."""
    buttons = value[:16] if isinstance(value, list) else [value]
    for at, each in enumerate(buttons):
        word = BLU_PUSHES.get(each) if isinstance(each, int) and not isinstance(each, bool) else None
        if word is not None:
            action = word if len(buttons) == 1 else f"{at + 1}_{word}"
            telling.press("button", f"{name}|button", action, address)
