"""GB/T 28181 over a bridge: the MANSCDP XML of a SIP MESSAGE as it came, or a platform's JSON of the same.

The bridge is the first segment after the format. Its own status word (`…/gb28181/{bridge}/status`) is read
as a gateway's is.
"""

import re
from collections.abc import Iterator
from datetime import tzinfo

from safety_service.domain.decoding.cleaning import LONGEST_NAME, clean_name
from safety_service.domain.decoding.gb28181.alarms import looks_like_alarm, read_alarm
from safety_service.domain.decoding.gb28181.catalog import read_catalog
from safety_service.domain.decoding.gb28181.fields import Fields, Source, lowered, parts
from safety_service.domain.decoding.gb28181.keepalive import read_keepalive
from safety_service.domain.decoding.lenient import read_lenient
from safety_service.domain.decoding.liveness import liveness
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.texts import read_text
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.decoding.xmltree import lower_name, read_xml_text
from safety_service.domain.types import Event, Message, Rejected

ROOT = re.compile(r"<(notify|response|query|control)\b", re.IGNORECASE)
_SILENT = """
    deviceinfo devicestatus recordinfo mediastatus mobileposition configdownload presetquery devicecontrol
    deviceconfig broadcast cruisetracklistquery cruisetrackquery ptzposition sdcardstatus ptzprecisectrl
    homepositionquery videouploadnotify uploadsnapshotfinished deviceupgraderesult
"""
SILENT = frozenset(_SILENT.split())
"""Answers to questions, positions, the end of a playback: no news of anybody's safety."""
WRAPPERS = ("notify", "data", "alarm", "alarmlist", "list", "body", "params", "payload", "message")
DEEPEST = 3


def decode_gb28181(message: Message, topic: Topic, zone: tzinfo) -> list[Event | Rejected]:
    """Alarms, heartbeats and the comings and goings of channels."""
    bridge = clean_name(topic.rest[0])[:LONGEST_NAME] if topic.rest else ""
    source = Source(message, topic, zone, bridge or None)
    if len(topic.rest) > 1 and topic.rest[-1] == "status":
        return liveness(message, topic, device=bridge, gateway=bridge)
    payload = message.payload
    if not payload.strip(b"\x00 \r\n\t"):
        return []
    if payload.lstrip(b"\xef\xbb\xbf\r\n\t ")[:1] in (b"{", b"["):
        return _read_json(source)
    body = read_text(payload)
    start = ROOT.search(body)
    if start is not None and start[1].lower() != "notify":
        # Alarms of the past are asked for, and would be news again.
        return []
    # Without the headers of the SIP message before it and the declaration that may lie.
    root = read_xml_text(body[start.start() :] if start is not None else body, lower_name)
    if isinstance(root, Rejected):
        return [root]
    name, content = root
    if start is None:
        return [_unknown(name)]
    return _read(content if isinstance(content, dict) else {}, source)


def _read_json(source: Source) -> list[Event | Rejected]:
    document = read_lenient(source.message.payload)
    if isinstance(document, Rejected):
        return [document]
    found: list[Event | Rejected] = []
    for element in document if isinstance(document, list) else [document]:
        if isinstance(element, dict):
            for fields in _unwrapped(lowered(element)):
                found += _read(fields, source)
        else:
            found.append(refused("bad_value", "payload", "An alarm is an object."))
    return found


def _unwrapped(fields: Fields, depth: int = 0) -> Iterator[Fields]:
    """What a bridge has put around the message itself, or around several, taken off."""
    if depth < DEEPEST and "cmdtype" not in fields and not looks_like_alarm(fields):
        inner = next((found for name in WRAPPERS if (found := parts(fields, name))), None)
        if inner is not None:
            for one in inner:
                yield from _unwrapped(one, depth + 1)
            return
    yield fields


def _read(fields: Fields, source: Source) -> list[Event | Rejected]:
    command = str(fields.get("cmdtype") or "").strip().lower()
    if command == "alarm" or (not command and looks_like_alarm(fields)):
        return read_alarm(fields, source)
    if command == "keepalive":
        return read_keepalive(fields, source)
    if command == "catalog":
        return read_catalog(fields, source)
    return [] if command in SILENT else [_unknown(command)]


def _unknown(name: str) -> Rejected:
    detail = f"No alarm, keepalive or catalog notification, but {name[:40]!r}."
    return refused("bad_value", "CmdType", detail)
