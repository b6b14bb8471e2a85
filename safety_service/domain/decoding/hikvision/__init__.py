"""Hikvision's ISAPI alerts, from a bridge or the device's own push: XML, JSON, multipart with images."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from safety_service.domain.decoding.hikvision.access import ACCESS, PANEL
from safety_service.domain.decoding.hikvision.alerts import decode_alert
from safety_service.domain.decoding.lenient import read_lenient
from safety_service.domain.decoding.liveness import liveness
from safety_service.domain.decoding.multipart import Part, parts_of, with_snapshot, without_headers
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.decoding.xmltree import read_xml
from safety_service.domain.types import Event, Message, Rejected

WRAPPER = "EventNotificationAlert"
# A stream that was cut into several alerts, and the answer to a search for missed ones.
LISTS = ("EventNotificationAlertList", "AlarmList", "Events")
END = b"</EventNotificationAlert>"
BLANK = b"\x00 \r\n\t"
MOST_ALERTS = 4000


def decode_hikvision(message: Message, topic: Topic, zone: tzinfo) -> list[Event | Rejected]:
    """Every alert of a body with its image. `…/status` is the bridge's own word."""
    if len(topic.rest) > 1 and topic.rest[-1].lower() in ("status", "availability"):
        bridge = "/".join(topic.rest[:-1])
        return liveness(message, topic, device=bridge, gateway=bridge)
    payload = without_headers(message.payload.strip(BLANK))
    if payload.startswith(b"--"):
        return _multipart(message, topic, zone, payload)
    return _document(message, topic, zone, payload)


def _multipart(message: Message, topic: Topic, zone: tzinfo, payload: bytes) -> list[Event | Rejected]:
    """Each document with the images that follow it; those before the first belong to the first."""
    found: list[Event | Rejected] = []
    current: list[Event | Rejected] = []
    images: list[Part] = []
    for part in parts_of(payload):
        if part.is_image:
            images.append(part)
            continue
        if current:
            found += with_snapshot(current, images)
            images = []
        current = _document(message, topic, zone, part.body)
    return [*found, *with_snapshot(current, images)]


def _document(message: Message, topic: Topic, zone: tzinfo, payload: bytes) -> list[Event | Rejected]:
    payload = payload.strip(BLANK).removeprefix(b"\xef\xbb\xbf")
    if not payload or payload.startswith(b"\xff\xd8\xff"):
        return []
    body: Any
    if payload[:1] in b"{[":
        body = read_lenient(payload)
        if isinstance(body, Rejected):
            return [body]
    else:
        document = read_xml(payload)
        if isinstance(document, Rejected):
            return _one_by_one(message, topic, zone, payload, document)
        body = document[1]
    alerts = _alerts(body)
    if not alerts:
        return [refused("missing_field", "eventType", "The field eventType is required and missing.")]
    return [item for alert in alerts for item in decode_alert(message, topic, zone, alert)]


def _one_by_one(
    message: Message, topic: Topic, zone: tzinfo, payload: bytes, refusal: Rejected
) -> list[Event | Rejected]:
    """The alerts of a stream that has lost its boundaries, one behind the other."""
    pieces = payload.split(END, MOST_ALERTS)[:-1]
    if len(pieces) < 2:
        return [refusal]
    return [item for piece in pieces for item in _document(message, topic, zone, piece + END)]


def _alerts(body: Any) -> list[Mapping[str, Any]]:
    """The alerts in a body, whatever they are wrapped in."""
    if isinstance(body, list):
        return [alert for item in body for alert in _alerts(item)]
    if not isinstance(body, Mapping):
        return []
    # A door terminal may leave the type out: what it puts in its place says it.
    if "eventType" in body or ACCESS in body or PANEL in body:
        return [body]
    for name in (WRAPPER, *LISTS):
        if name in body:
            return _alerts(body[name])
    return []
