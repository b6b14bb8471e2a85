"""Keepalives: a heartbeat, with the parts that the device itself calls faulty."""

from typing import Any

from safety_service.domain.decoding.cleaning import clean_value
from safety_service.domain.decoding.gb28181.fields import Fields, Source, device_of, parts, text
from safety_service.domain.decoding.telling import receipt_key
from safety_service.domain.types import Event, Rejected

MOST_FAULTY = 50


def read_keepalive(fields: Fields, source: Source) -> list[Event | Rejected]:
    """Every receipt is news: a repeat that was taken for none would leave the device silent."""
    device = device_of(fields, "deviceid")
    if isinstance(device, Rejected):
        return [device]
    message = source.message
    attributes: dict[str, Any] = {"status": clean_value(text(fields, "status") or "OK")}
    faulty = [name for info in parts(fields, "info") for name in _names(info.get("deviceid"))]
    if faulty:
        attributes["faulty_devices"] = clean_value(faulty[:MOST_FAULTY])
    return [
        Event(
            school=source.topic.school,
            device=device,
            kind="heartbeat",
            phase="pulse",
            occurred_at=message.received_at,
            received_at=message.received_at,
            format=source.topic.format,
            dedup_key=f"heartbeat|{receipt_key(message)}",
            attributes=attributes,
            retained=message.retained,
            gateway=source.bridge,
            told_at=message.received_at,
        )
    ]


def _names(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str) and one]
