"""The plain CloudEvent, as nearly every message is one, read in one go; the unusual goes to the full reader.

A typed decoder checks shape and length while it reads. `read_plain` answers None for whatever it does not
take, so it never refuses: the full reader in `cloudevents.py` finds the same event, or the reason.
"""

from datetime import tzinfo
from typing import Annotated, Literal

import msgspec

from safety_service.domain.decoding.cleaning import LONGEST_NAME, clean_name
from safety_service.domain.decoding.kinds import KINDS, SERVICE_KINDS
from safety_service.domain.decoding.times import read_time
from safety_service.domain.types import Event, Message

LONGEST_ID = 256

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]


class PlainData(msgspec.Struct, gc=False):
    """`data` without attributes and snapshot; an update is left out because its key needs all of it."""

    phase: Literal["start", "end", "pulse", "state", "measure"] | None = None
    value: float | None = None
    unit: Annotated[str, msgspec.Meta(min_length=1, max_length=32)] | None = None
    severity: Literal["critical", "major", "minor", "warning"] | None = None
    zone: Name | None = None
    attributes: None = None
    snapshot_url: None = None


class PlainEnvelope(msgspec.Struct, gc=False):
    specversion: Literal["1.0"]
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ID)]
    source: Name
    type: str
    time: str | None = None
    sequence: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,18}$")] | None = None
    data: PlainData | None = None
    data_base64: None = None


_NO_DATA = PlainData()
_KINDS = KINDS - SERVICE_KINDS - {"inspection_submitted"}
_decode = msgspec.json.Decoder(PlainEnvelope).decode


def read_plain(
    message: Message, zone: tzinfo, *, school: str, format: str, gateway: str | None
) -> Event | None:
    """The event of a payload that holds one plain CloudEvent, else None."""
    try:
        envelope = _decode(message.payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    data, device = envelope.data or _NO_DATA, clean_name(envelope.source)
    phase = data.phase or ("pulse" if data.value is None else "measure")
    time = read_time(envelope.time, message.received_at, zone)
    if time.error is not None or not device or not _is_sound(envelope, data, phase):
        return None
    return Event(
        school=school,
        device=device,
        kind=envelope.type,
        phase=phase,
        occurred_at=time.occurred_at,
        received_at=message.received_at,
        format=format,
        dedup_key=f"{envelope.id}|{phase}",
        event_id=envelope.id,
        value=data.value,
        unit=data.unit,
        severity_hint=data.severity,
        zone=data.zone,
        retained=message.retained,
        clock_suspect=time.clock_suspect,
        source_time=time.source_time,
        told_at=time.told_at,
        sequence=int(envelope.sequence) if envelope.sequence is not None else None,
        gateway=gateway,
        position=message.position,
    )


def _is_sound(envelope: PlainEnvelope, data: PlainData, phase: str) -> bool:
    """Whether nothing in it needs cleaning or refusing."""
    name = envelope.id
    return (
        envelope.type in _KINDS
        and name.isprintable()
        and not name.isspace()
        and (phase != "measure" or data.value is not None)
        and (data.unit is None or clean_name(data.unit) == data.unit)
        and (data.zone is None or clean_name(data.zone) == data.zone)
    )
