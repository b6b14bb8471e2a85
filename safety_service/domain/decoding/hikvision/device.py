"""Which device a Hikvision alert is from: `ac:b9:2f:49:44:75/1`, the MAC address and the channel.

A recorder may tell its serial number instead of a MAC address; failing both, the topic names the device.
Channel 0 is the device itself. `dynChannelID` is the channel that people see, `channelID` the inner one.
"""

import re
from collections.abc import Mapping
from typing import Any

from safety_service.domain.decoding.cameras import named, part_of, text
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Rejected

MAC = re.compile(r"[0-9a-f]{12}|[0-9a-f]{1,2}(?:[:-][0-9a-f]{1,2}){5}")
NO_MAC = frozenset({"000000000000", "ffffffffffff"})
OWN = frozenset({"0", "-1"})


def device_of(alert: Mapping[str, Any], topic: Topic) -> str | Rejected:
    """The camera, or the recorder itself where an alert is about no channel."""
    device = _mac(alert.get("macAddress")) or named(_serial(alert) or "/".join(topic.rest) or "hikvision")
    if isinstance(device, Rejected):
        return device
    channel = text(alert.get("dynChannelID")) or text(alert.get("channelID"))
    if channel is None or channel in OWN:
        return device
    return part_of(device, channel.replace("/", "-").replace("+", "-").replace("#", "-"))


def _mac(raw: Any) -> str | None:
    """A MAC address in its usual notation; None for anything else, and for the address of no interface."""
    written = (text(raw) or "").lower()
    if not MAC.fullmatch(written):
        return None
    # Some firmware prints an octet below 16 as one digit.
    digits = "".join(octet.zfill(2) for octet in re.split("[:-]", written))
    return None if digits in NO_MAC else ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def _serial(alert: Mapping[str, Any]) -> str | None:
    extensions = alert.get("Extensions")
    inner = extensions.get("serialNumber") if isinstance(extensions, Mapping) else None
    name = text(inner) or text(alert.get("serialNumber")) or text(alert.get("deviceSerial"))
    return name.replace("/", "-") if name else None
