"""What the service itself tells goes the way of every message: into the inbox, then to the rules."""

from typing import Any

import msgspec
from sqlmodel import Session

from safety_service.domain.errors import Unavailable
from safety_service.domain.types import Event, Message
from safety_service.store import messages, partitions


def publish(session: Session, event: Event) -> None:
    """Appends the event to the message log, in the transaction of what it tells about.

    Raises Unavailable before a pipeline was ever set up: there is no log yet that anybody reads.
    """
    partition = partitions.of_school(session, event.school)
    if partition is None:
        raise Unavailable("no pipeline has been set up yet; start the service with the role pipeline once")
    messages.append(session, partition.id, [as_message(event)])


def as_message(event: Event) -> Message:
    """The event as the CloudEvent that the decoder of the format `service` reads back unchanged."""
    content: dict[str, Any] = {
        "specversion": "1.0",
        "id": event.event_id,
        "source": event.device,
        "type": event.kind,
        "time": event.occurred_at.isoformat(),
        "data": {
            "phase": event.phase,
            "value": event.value,
            "attributes": event.attributes,
        },
    }
    return Message(
        topic=f"campus/v1/{event.school}/service/{event.device}",
        payload=msgspec.json.encode(content),
        received_at=event.received_at,
        qos=1,
        origin="service",
    )
