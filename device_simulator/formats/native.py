"""The project's own format: CloudEvents 1.0 in JSON, one object or an array, numbered by the gateway."""

from datetime import datetime
from typing import Any

import msgspec

from device_simulator.formats.wire import Format, Link, Pen, WireMessage
from device_simulator.happenings import Happening

_encode = msgspec.json.Encoder().encode


def write(pen: Pen, happenings: tuple[Happening, ...], now: datetime) -> list[WireMessage]:
    """One message for all happenings of one school; a single one is an object, several are an array."""
    school = happenings[0].device.school
    events = [_cloud_event(pen, each, now) for each in happenings]
    return [
        WireMessage(
            school=school,
            format="native",
            topic=f"campus/v1/{school}/native/{pen.gateway}/events",
            payload=_encode(events[0] if len(events) == 1 else events),
            sequence=pen.numbers[school],
        )
    ]


def link(school: str, pen: Pen) -> Link:
    """The gateway's retained status topic."""
    return Link(f"campus/v1/{school}/native/{pen.gateway}/status", b"online", b"offline")


def _cloud_event(pen: Pen, happening: Happening, now: datetime) -> dict[str, Any]:
    school = happening.device.school
    pen.numbers[school] += 1
    number = pen.numbers[school]
    return {
        "specversion": "1.0",
        "id": f"{pen.run}-{number}",
        "source": happening.device.code,
        "type": happening.kind,
        "time": now.isoformat(timespec="milliseconds"),
        "sequence": str(number),
        "data": _inspection(happening, now)
        if happening.kind == "inspection_submitted"
        else _plain(happening),
    }


def _plain(happening: Happening) -> dict[str, Any]:
    said: dict[str, Any] = {"phase": happening.phase}
    if happening.value is not None:
        said |= {"value": happening.value, "unit": happening.unit}
    if happening.severity is not None:
        said["severity"] = happening.severity
    said["zone"] = happening.device.zone.code
    if happening.attributes:
        said["attributes"] = happening.attributes
    return said


def _inspection(happening: Happening, now: datetime) -> dict[str, Any]:
    """The body of the REST call; the day is the inspector's own, so only writing can tell it."""
    return {**happening.attributes, "date": now.date().isoformat()}


NATIVE = Format(write, link, None)
