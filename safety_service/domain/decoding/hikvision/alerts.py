"""One EventNotificationAlert: who, what, since when, or the heartbeat that looks like a video loss."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from safety_service.domain.decoding.cameras import MOMENTS, event_of, input_of, number, text, truth, whole
from safety_service.domain.decoding.details import WEB_ADDRESS, digest
from safety_service.domain.decoding.hikvision.access import ACCESS, PANEL, exact_code, exact_phase, port_of
from safety_service.domain.decoding.hikvision.device import device_of
from safety_service.domain.decoding.profiles import Mapped, profile
from safety_service.domain.decoding.times import read_time
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Phase, Rejected

Alert = Mapping[str, Any]

HEARTBEAT = Mapped("heartbeat")
# What differs between an alert and the same one sent again after an outage.
NOT_NEWS = frozenset({"isDataRetransmission", "portNo", "ipAddress", "ipv6Address"})
DEEPEST = 8
WIDEST = 64
PICTURES = ("bkgUrl", "picURL", "pictureURL", "resourcesContent")
PLATES = ("licensePlate", "originalLicensePlate", "plateNumber")
MEASURED = {
    "people_count": ("framesPeopleCountingNum", "peopleNum", "alarmPeopleNum", "enter"),
    "temperature": ("currTemperature", "temperature"),
    "humidity": ("humidity",),
}


def decode_alert(message: Message, topic: Topic, zone: tzinfo, alert: Alert) -> list[Event | Rejected]:
    """The event of one alert. The rules join its repeats by device and kind: it brings no id of its own."""
    device = device_of(alert, topic)
    if isinstance(device, Rejected):
        return [device]
    details = flattened(alert)
    code = code_of(alert, details)
    state = truth(alert.get("eventState"))
    count = whole(alert.get("activePostCount"))
    mapped = HEARTBEAT if _is_heartbeat(code, state, count) else _meaning(code, details)
    value = _measured(mapped.kind, details)
    phase = _phase(code, mapped.kind, alert, state, count) if value is None else "measure"
    port = port_of(alert)
    if mapped.kind == "alarm_input" or port is not None:
        device = input_of(device, port)
    news = text(alert.get("uid")) or digest({k: v for k, v in alert.items() if k not in NOT_NEWS})
    return event_of(
        message,
        topic,
        read_time(alert.get("dateTime"), message.received_at, zone),
        device=device,
        mapped=mapped,
        phase=phase,
        key=f"{code[:80]}|{phase}|{count or 0}|{news[:80]}",
        attributes=_attributes(code, alert, details, port),
        place="dateTime",
        gateway=topic.rest[0] if topic.rest else None,
        value=value,
        snapshot_url=_picture(details),
    )


def code_of(alert: Alert, details: Alert) -> str:
    """The event type; `duration` only says that another one goes on, and wraps its name."""
    code = text(alert.get("eventType"))
    if code is None:
        code = next((name for name in (ACCESS, PANEL) if name in alert), "unknown")
    if code.lower() == "duration":
        return text(details.get("relationEvent")) or code
    return exact_code(code, alert, details)


def flattened(alert: Alert) -> dict[str, Any]:
    """The first value of each name, at any depth: each firmware nests its details in its own way."""
    found: dict[str, Any] = {}
    level: list[Any] = [alert]
    for _ in range(DEEPEST):
        deeper: list[Any] = []
        for holder in level[:WIDEST]:
            for name, value in holder.items():
                if isinstance(value, Mapping):
                    deeper.append(value)
                elif isinstance(value, list):
                    deeper += [item for item in value if isinstance(item, Mapping)]
                elif name not in found:
                    found[name] = value
        if not deeper:
            break
        level = deeper
    return found


def _is_heartbeat(code: str, state: bool | None, count: int | None) -> bool:
    """`videoloss`, not active and never posted as active: sent every few seconds to say "I live"."""
    return code.lower() == "videoloss" and state is False and not count


def _meaning(code: str, details: Alert) -> Mapped:
    mapped = profile("hikvision").look_up(code)
    if not mapped.known and "/" in code:
        mapped = profile("hikvision").look_up(code.partition("/")[0])
    if not mapped.known and details.get("licensePlate"):
        return Mapped("plate_recognized")
    return mapped


def _measured(kind: str, details: Alert) -> float | None:
    names = MEASURED.get(kind, ())
    return next((found for name in names if (found := number(details.get(name))) is not None), None)


def _picture(details: Alert) -> str | None:
    for name in PICTURES:
        address = details.get(name)
        if isinstance(address, str) and WEB_ADDRESS.fullmatch(address):
            return address
    return None


def _phase(code: str, kind: str, alert: Alert, state: bool | None, count: int | None) -> Phase:
    if kind in MOMENTS:
        return "pulse"
    told = exact_phase(code, alert)
    if told is not None:
        return told
    if state is None:
        return "pulse"
    if not state:
        return "end"
    repeated = (count or 0) > 1 or str(alert.get("eventType", "")).lower() == "duration"
    return "update" if repeated else "start"


def _attributes(code: str, alert: Alert, details: Alert, port: str | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "code": code,
        "channel": text(alert.get("dynChannelID")) or text(alert.get("channelID")),
        "channel_name": text(alert.get("channelName")),
        "description": text(alert.get("eventDescription")),
        "input": port,
        "count": whole(alert.get("activePostCount")),
        "region": text(details.get("regionID")),
        "target": text(details.get("detectionTarget")) or text(details.get("targetType")),
        "plate": next((found for name in PLATES if (found := text(details.get(name)))), None),
        "ip": text(alert.get("ipAddress")),
    }
    if truth(alert.get("isDataRetransmission")):
        told["retransmitted"] = True
    return {name: value for name, value in told.items() if value is not None}
