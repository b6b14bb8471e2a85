"""The wire formats the simulator speaks: one file each, one line here."""

from itertools import groupby

from device_simulator.formats.aibox import AIBOX
from device_simulator.formats.axis import AXIS
from device_simulator.formats.dahua import DAHUA
from device_simulator.formats.frigate import FRIGATE
from device_simulator.formats.gb28181 import GB28181
from device_simulator.formats.hikvision import HIKVISION
from device_simulator.formats.native import NATIVE
from device_simulator.formats.onvif import ONVIF
from device_simulator.formats.shelly import SHELLY
from device_simulator.formats.sparkplug import SPARKPLUG
from device_simulator.formats.tasmota import TASMOTA
from device_simulator.formats.thingsboard import THINGSBOARD
from device_simulator.formats.viid import VIID
from device_simulator.formats.wire import Format
from device_simulator.formats.zigbee2mqtt import ZIGBEE2MQTT
from device_simulator.happenings import Happening, Moment
from device_simulator.model import Device

FORMATS: dict[str, Format] = {
    "native": NATIVE,
    "frigate": FRIGATE,
    "zigbee2mqtt": ZIGBEE2MQTT,
    "tasmota": TASMOTA,
    "shelly": SHELLY,
    "sparkplug": SPARKPLUG,
    "thingsboard": THINGSBOARD,
    "onvif": ONVIF,
    "axis": AXIS,
    "hikvision": HIKVISION,
    "dahua": DAHUA,
    "gb28181": GB28181,
    "viid": VIID,
    "aibox": AIBOX,
}


def can_say(device: Device, kind: str) -> bool:
    """Whether the device's wire format has a word for the kind."""
    kinds = FORMATS[device.format].kinds
    return kinds is None or kind in kinds


def format_of(happening: Happening) -> str:
    """The format a happening is told in: its device's, or native where that has no word for it."""
    return happening.device.format if can_say(happening.device, happening.kind) else "native"


def by_format(moment: Moment) -> list[Moment]:
    """The moment split so that each part is of one school and one format, in the order first mentioned."""
    return [
        Moment(moment.offset, tuple(group))
        for _, group in groupby(moment.happenings, key=lambda each: (each.device.school, format_of(each)))
    ]
