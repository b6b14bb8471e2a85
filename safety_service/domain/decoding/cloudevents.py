"""Structured CloudEvents 1.0 in JSON, one or a batch: a bad element never costs its neighbours.

What an event cannot do without (id, source, type, phase, a measurement's value) refuses it; what it can do
without (time, sequence, severity, zone, snapshot) is left out and reported beside it, because a fire alarm
with a broken clock is still a fire alarm.
"""

from datetime import datetime, tzinfo
from typing import Any, NamedTuple

import msgspec

from safety_service.domain.decoding.cleaning import LONGEST_NAME, clean_name, clean_value
from safety_service.domain.decoding.details import Details, read_details
from safety_service.domain.decoding.kinds import KINDS, SERVICE_KINDS
from safety_service.domain.decoding.refusal import (
    BYTE_ORDER_MARK,
    decoder_failed,
    read_json,
    refused,
)
from safety_service.domain.decoding.times import read_time
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Rejected

LONGEST_ID = 256
LARGEST_SEQUENCE = 2**63 - 1


class Envelope(msgspec.Struct):
    """The attributes of a CloudEvent that are read; others are allowed and ignored."""

    specversion: str
    id: str
    source: str
    type: str
    time: Any = None
    sequence: Any = None
    data: Any = None
    data_base64: Any = None


class Context(NamedTuple):
    """What an event takes from its message and not from its own text."""

    school: str
    format: str
    gateway: str | None
    received_at: datetime
    zone: tzinfo
    retained: bool
    trusted: bool


ONE_OR_MANY: msgspec.json.Decoder[Envelope | list[Envelope]] = msgspec.json.Decoder(Envelope | list[Envelope])
ONE = msgspec.json.Decoder(Envelope)
PIECES: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


def decode_cloudevents(
    message: Message, topic: Topic, zone: tzinfo, *, gateway: str | None
) -> list[Event | Rejected]:
    """All events of one payload, in its order; `gateway` is whose sequence numbers they carry."""
    trusted = message.origin == "service"
    context = Context(
        topic.school, topic.format, gateway, message.received_at, zone, message.retained, trusted
    )
    payload = message.payload.removeprefix(BYTE_ORDER_MARK)
    document: Envelope | list[Envelope] | Rejected
    try:
        document = ONE_OR_MANY.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        if payload.lstrip().startswith(b"["):
            return _piece_by_piece(payload, context)
        document = read_json(payload, ONE_OR_MANY)
    if isinstance(document, Rejected):
        return [document]
    if isinstance(document, Envelope):
        return _read(document, "", context)
    found: list[Event | Rejected] = []
    for index, envelope in enumerate(document):
        found += _read(envelope, f"[{index}].", context)
    return found


def _piece_by_piece(payload: bytes, context: Context) -> list[Event | Rejected]:
    pieces = read_json(payload, PIECES)
    if isinstance(pieces, Rejected):
        return [pieces]
    found: list[Event | Rejected] = []
    for index, piece in enumerate(pieces):
        envelope = read_json(bytes(piece), ONE, f"[{index}].")
        if not isinstance(envelope, Rejected):
            found += _read(envelope, f"[{index}].", context)
        elif envelope.place.startswith("["):
            found.append(envelope)
        else:
            found.append(msgspec.structs.replace(envelope, place=f"[{index}] {envelope.place}"))
    return found


def _read(envelope: Envelope, place: str, context: Context) -> list[Event | Rejected]:
    try:
        refusal = _essential(envelope, place, context)
        if refusal is not None:
            return [refusal]
        details = read_details(envelope.type, envelope.data, f"{place}data")
        if isinstance(details, Rejected):
            return [details]
        return _event(envelope, details, place, context)
    except Exception as error:
        # A fault of ours in one element of a batch must not cost the others.
        return [decoder_failed(error, context.format)]


def _essential(envelope: Envelope, place: str, context: Context) -> Rejected | None:
    if envelope.specversion != "1.0":
        detail = f"CloudEvents 1.0 is read, not {envelope.specversion[:20]!r}."
        return refused("unsupported_specversion", f"{place}specversion", detail)
    for name, text, longest in (
        ("id", envelope.id.strip(), LONGEST_ID),
        ("source", clean_name(envelope.source), LONGEST_NAME),
        ("type", envelope.type.strip(), LONGEST_NAME),
    ):
        if not text:
            return refused("bad_value", f"{place}{name}", f"The field {name} is empty.")
        if len(text) > longest:
            return refused(
                "bad_value", f"{place}{name}", f"The field {name} is longer than {longest} characters."
            )
    if envelope.data_base64 is not None:
        return refused("bad_value", f"{place}data_base64", "Binary data is not read; send data as JSON.")
    if envelope.type in SERVICE_KINDS and not context.trusted:
        return refused("forbidden_kind", f"{place}type", f"Only the service itself reports {envelope.type}.")
    return None


def _event(envelope: Envelope, details: Details, place: str, context: Context) -> list[Event | Rejected]:
    warnings = details.warnings
    attributes = details.attributes
    kind = envelope.type
    if kind not in KINDS:
        attributes["vendor_code"] = clean_value(kind)
        kind = "other"
    time = read_time(envelope.time, context.received_at, context.zone)
    if time.error is not None:
        attributes["time_error"] = f"{place}time {time.source_time!r}: {time.error}"
        warnings.append(refused("bad_time", f"{place}time", f"The time {time.source_time!r}: {time.error}."))
    sequence = read_sequence(envelope.sequence)
    if sequence is None and envelope.sequence is not None:
        detail = "A sequence is a whole number from 0, or its digits; the event is kept without it."
        warnings.append(refused("bad_value", f"{place}sequence", detail))
    event_id = envelope.id.replace("\x00", "")
    event = Event(
        school=context.school,
        device=clean_name(envelope.source),
        kind=kind,
        phase=details.phase,
        occurred_at=time.occurred_at,
        received_at=context.received_at,
        format=context.format,
        dedup_key=_dedup_key(event_id, details, sequence, time.source_time),
        event_id=event_id,
        value=details.value,
        unit=details.unit,
        severity_hint=details.severity_hint,
        zone=details.zone,
        snapshot_url=details.snapshot_url,
        attributes=attributes,
        retained=context.retained,
        clock_suspect=time.clock_suspect,
        source_time=time.source_time,
        sequence=sequence,
        gateway=context.gateway,
        told_at=time.told_at,
    )
    return [event, *warnings]


def _dedup_key(event_id: str, details: Details, sequence: int | None, source_time: str | None) -> str:
    if details.phase != "update":
        return f"{event_id}|{details.phase}"
    mark = source_time if sequence is None else sequence
    return f"{event_id}|update|{details.digest if mark is None else mark}"


def read_sequence(raw: Any) -> int | None:
    """A whole number from 0, or its digits; None for anything else."""
    if isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) <= 19:
        raw = int(raw)
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw <= LARGEST_SEQUENCE:
        return raw
    return None
