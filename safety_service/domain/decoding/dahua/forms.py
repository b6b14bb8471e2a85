"""The forms in which Dahua firmware and its bridges write an event, each read into one `Happening`."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import msgspec

from safety_service.domain.decoding.cameras import text, whole
from safety_service.domain.decoding.lenient import UNREADABLE, as_text, read_lenient
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.types import Rejected

EVENT_LINE = re.compile(r"(?:^|[\r\n])[ \t]*Code=", re.IGNORECASE)
HEARTBEAT_LINE = re.compile(r"(?:^|[\r\n])[ \t]*Heartbeat[ \t;]*(?=$|[\r\n])", re.IGNORECASE)
DATA = re.compile(r";\s*data\s*=", re.IGNORECASE)
FIELD = re.compile(r"\s*(\w+)\s*=\s*([^;\r\n]*)")
BOUNDARY = re.compile(r"[\r\n]--\S*\s*(?:Content-|$)", re.IGNORECASE)
# Of a line without data; a longer one is none, and would only keep the expressions busy.
LONGEST_LINE = 1000
SNAP_LINE = re.compile(r"^Events\[(\d{1,3})\]\.([\w.\[\]]+?)=(.*?)\r?$", re.MULTILINE)
SCANNER = json.JSONDecoder(parse_constant=lambda _name: None)
LISTS = ("eventList", "Events", "events")
# Everything that is not one of these is data where a firmware puts the data beside the code.
FRAME = frozenset({"code", "action", "index", "name", "eventbaseinfo", "data"})


class Happening(msgspec.Struct):
    """One event as it was written. `problem`: its data could not be read; it is an event all the same."""

    code: str
    action: str = ""
    index: int | None = None
    data: dict[str, Any] = msgspec.field(default_factory=dict)
    name: str | None = None
    problem: Rejected | None = None


def read_happenings(payload: bytes, code: str | None) -> list[Happening | Rejected]:
    """All events of a body without its multipart frame; `code` is the topic's, for bodies that tell none."""
    if payload.lstrip()[:1] in (b"{", b"["):
        return list(_from_json(payload, code))
    content = as_text(payload)
    if "Events[" in content:
        return list(_from_snap_lines(content))
    found = list(_from_text(content))
    if not found:
        return [refused("bad_value", "payload", "No line of it begins with Code= or is a Heartbeat.")]
    return found


def _from_text(content: str) -> Iterator[Happening | Rejected]:
    starts = [match.end() - len("Code=") for match in EVENT_LINE.finditer(content)]
    head = content[: starts[0]] if starts else content
    if HEARTBEAT_LINE.search(head):
        yield Happening("Heartbeat", "Pulse")
    for start, end in pairwise([*starts, len(content)]):
        yield _event_line(content[start:end])


def _event_line(content: str) -> Happening | Rejected:
    split = DATA.search(content)
    head = content[: split.start()] if split else content.partition("\n")[0]
    fields = {name.lower(): value.strip() for name, value in FIELD.findall(head[:LONGEST_LINE])}
    code = text(fields.get("code"))
    if code is None:
        return refused("missing_field", "Code", "The field Code is required and missing.")
    found = Happening(code, fields.get("action", ""), whole(fields.get("index", "").strip('"')))
    if split:
        found.data, found.problem = _data(content[split.end() :])
    return found


def _data(written: str) -> tuple[dict[str, Any], Rejected | None]:
    """The JSON behind `data=`, up to wherever it ends: a boundary, another header or nothing may follow."""
    end = BOUNDARY.search(written)
    if end is not None:
        written = written[: end.start()]
    written = written.strip().rstrip(";")
    try:
        content = msgspec.json.decode(written)
    except UNREADABLE:
        content = _beginning(written)
    if isinstance(content, dict):
        return content, None
    if not written or content in ("", None, []):
        return {}, None
    detail = "The data of the event is no JSON object; the event is kept without it."
    return {}, refused("bad_value", "data", detail)


def _beginning(written: str) -> Any:
    """The JSON value at the beginning of a text; the text itself where there is none."""
    try:
        content, _ = SCANNER.raw_decode(written)
        # Half a surrogate pair is no text that a database stores.
        return msgspec.json.decode(json.dumps(content, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, *UNREADABLE):
        return written


def _from_json(payload: bytes, code: str | None) -> Iterator[Happening | Rejected]:
    body = read_lenient(payload)
    if isinstance(body, Rejected):
        yield body
        return
    found = [_from_object(item, code) for item in _objects(body, 0)]
    if not found:
        found = [refused("missing_field", "Code", "The field Code is required and missing.")]
    yield from found


def _objects(body: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """The event objects in a body: one, a list, or either of them wrapped in a notification."""
    if depth > 4:
        return
    if isinstance(body, list):
        for item in body:
            yield from _objects(item, depth + 1)
        return
    if not isinstance(body, Mapping):
        return
    inner = body.get("params")
    wrapped = [inner] if isinstance(inner, Mapping) else []
    wrapped += [body[name] for name in LISTS if isinstance(body.get(name), list)]
    if wrapped:
        for item in wrapped:
            yield from _objects(item, depth + 1)
    else:
        yield body


def _from_object(item: Mapping[str, Any], code: str | None) -> Happening | Rejected:
    fields = {name.lower(): value for name, value in item.items()}
    base = fields.get("eventbaseinfo")
    if isinstance(base, Mapping):
        fields |= {name.lower(): value for name, value in base.items()}
    told = text(fields.get("code")) or text(fields.get("event")) or code
    if told is None:
        return _without_code(fields)
    data, problem = fields.get("data"), None
    if isinstance(data, str):
        data, problem = _data(data)
    if not isinstance(data, dict):
        data = {name: value for name, value in item.items() if name.lower() not in FRAME}
    action = text(fields.get("action")) or text(data.get("Action")) or ""
    return Happening(told, action, whole(fields.get("index")), data, text(fields.get("name")), problem)


def _without_code(fields: Mapping[str, Any]) -> Happening | Rejected:
    """What a traffic camera pushes: a plate with its picture, or that it is alive."""
    if text(fields.get("active")) == "keepAlive":
        return Happening("Heartbeat", "Pulse", name=text(fields.get("deviceid")))
    picture = fields.get("picture")
    held = picture if isinstance(picture, Mapping) else {}
    plate, snap = held.get("Plate"), held.get("SnapInfo")
    if not isinstance(plate, Mapping):
        return refused("missing_field", "Code", "The field Code is required and missing.")
    snap = snap if isinstance(snap, Mapping) else {}
    data = {
        "PlateNumber": plate.get("PlateNumber"),
        "LocaleTime": snap.get("AccurateTime") or snap.get("SnapTime"),
        "Direction": snap.get("Direction"),
    }
    return Happening("TrafficJunction", "Pulse", None, data, text(snap.get("DeviceID")))


def _from_snap_lines(content: str) -> Iterator[Happening | Rejected]:
    """`Events[0].EventBaseInfo.Code=…`, one line for each value: how pictures are announced."""
    events: dict[str, dict[str, Any]] = {}
    for number, path, value in SNAP_LINE.findall(content):
        _put(events.setdefault(number, {}), path, value.strip())
    for fields in events.values():
        yield _from_object(fields, None)
    if not events:
        yield refused("bad_value", "payload", "No line of it is Events[N].NAME=VALUE.")


def _put(fields: dict[str, Any], path: str, value: str) -> None:
    *holders, name = path.split(".")
    for holder in holders[:6]:
        inner = fields.setdefault(holder, {})
        if not isinstance(inner, dict):
            return
        fields = inner
    fields[name] = value
