"""What a gateway and the service write to each other over MQTT, as types: the contract that others build on.

The decoders read more than this, because devices write more; whatever keeps to these types is read whole.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from safety_service.domain.decoding.cleaning import LONGEST_NAME
from safety_service.domain.decoding.cloudevents import LARGEST_SEQUENCE, LONGEST_ID
from safety_service.domain.decoding.details import LONGEST_UNIT
from safety_service.domain.decoding.kinds import KINDS, MEASUREMENTS, SERVICE_KINDS
from safety_service.domain.types import Phase, Severity

INSPECTION = "inspection_submitted"
TOLD_KINDS = sorted(KINDS - SERVICE_KINDS - {INSPECTION})
"""What a device may tell of; grades, overdue duties and gaps are the service's own."""

# A blank alone is no name, and a control character in one is taken out: two names could become the same.
_NAME = r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$"

Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME, pattern=_NAME)]
Kind = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=LONGEST_NAME,
        pattern=_NAME,
        description="A kind of the vocabulary (x-kinds); another word is kept as the code of an `other`.",
        examples=["intrusion", "smoke", "temperature"],
        extra_json_schema={"not": {"enum": sorted({*SERVICE_KINDS, INSPECTION})}, "x-kinds": TOLD_KINDS},
    ),
]
Time = Annotated[
    str,
    Meta(
        description="RFC 3339. More than five minutes from the time of receipt it is kept, and not believed.",
        examples=["2026-11-23T08:00:00.123+08:00"],
        extra_json_schema={"format": "date-time"},
    ),
]
Sequence = Annotated[
    str,
    Meta(
        pattern="^[0-9]{1,18}$",
        description="The gateway's own count over all its events, from 1, for receipts.",
        examples=["1042"],
    ),
]


class EventData(msgspec.Struct, omit_defaults=True):
    """What an event tells beside what it is."""

    phase: (
        Annotated[
            Phase,
            Meta(
                description="start, update and end are of one lasting event; pulse: a moment; state: how it "
                "is; measure: a measurement. Without it measure where there is a value, else pulse."
            ),
        ]
        | UnsetType
    ) = UNSET
    value: (
        Annotated[
            float,
            Meta(description=f"What was measured, of {', '.join(sorted(MEASUREMENTS))}; measure needs it."),
        ]
        | UnsetType
    ) = UNSET
    unit: Annotated[str, Meta(min_length=1, max_length=LONGEST_UNIT, pattern=_NAME)] | UnsetType = UNSET
    severity: Annotated[Severity, Meta(description="The device's own opinion; rules decide.")] | UnsetType = (
        UNSET
    )
    zone: Annotated[Name, Meta(description="Code of a zone of the school.")] | UnsetType = UNSET
    snapshot_url: (
        Annotated[
            str,
            Meta(
                max_length=2048,
                pattern=r"^https?://[^\s\x00-\x20]{1,2040}$",
                description="An image, fetched once if the service may reach it.",
            ),
        ]
        | UnsetType
    ) = UNSET
    attributes: (
        Annotated[dict[str, Any], Meta(description="Whatever else; rules can match it.")] | UnsetType
    ) = UNSET


class CloudEvent(msgspec.Struct, omit_defaults=True):
    """CloudEvents 1.0 in JSON. Further attributes are allowed and not read."""

    specversion: Literal["1.0"]
    id: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=LONGEST_ID,
            pattern=_NAME,
            description="Of the event, the same over start, update and end; what comes twice counts once.",
        ),
    ]
    source: Annotated[Name, Meta(description="The device.")]
    type: Kind
    time: Time | UnsetType = UNSET
    sequence: Sequence | UnsetType = UNSET
    data: EventData | UnsetType = UNSET


class InspectionEvent(msgspec.Struct, omit_defaults=True):
    """An inspection that was made without a connection, in the same envelope."""

    specversion: Literal["1.0"]
    id: Annotated[str, Meta(min_length=1, max_length=LONGEST_ID, pattern=_NAME)]
    source: Annotated[Name, Meta(description="The device it was made on.")]
    type: Literal["inspection_submitted"]
    data: Annotated[
        dict[str, Any],
        Meta(
            description="The body of POST /api/v1/cafeterias/{id}/inspections; `cafeteria`: which of several."
        ),
    ]
    time: Time | UnsetType = UNSET
    sequence: Sequence | UnsetType = UNSET


class Receipt(msgspec.Struct):
    """Every message of the gateway up to this number is committed: it may forget those, and no other."""

    sequence: Annotated[int, Meta(ge=0, le=LARGEST_SEQUENCE)]


GatewayStatus = Literal["online", "offline"]
EVENTS = (CloudEvent, InspectionEvent)
"""Each of which may stand in a message, alone or among others."""
