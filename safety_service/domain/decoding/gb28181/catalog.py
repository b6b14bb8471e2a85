"""Catalog notifications: channels that come, go, lose their picture or are changed."""

from safety_service.domain.decoding.cleaning import clean_value
from safety_service.domain.decoding.gb28181.fields import Fields, Source, device_of, parts, text
from safety_service.domain.decoding.profiles import code_text, profile
from safety_service.domain.decoding.telling import receipt_key
from safety_service.domain.types import Event, Phase, Rejected

# ON ends the outage that OFF began, as `online` does elsewhere, so that a rule on the outage resolves.
PHASES: dict[str, Phase] = {"ON": "end", "OFF": "start", "DEFECT": "start", "VLOST": "start"}


def read_catalog(fields: Fields, source: Source) -> list[Event | Rejected]:
    """One event for each item with an Event; an item without one is an inventory and no news."""
    found: list[Event | Rejected] = []
    for devices in parts(fields, "devicelist"):
        for number, item in enumerate(parts(devices, "item")):
            what = text(item, "event").upper()
            if not what:
                continue
            device = device_of(item, "deviceid")
            found.append(
                device if isinstance(device, Rejected) else _event(device, what, number, item, source)
            )
    return found


def _event(device: str, what: str, number: int, item: Fields, source: Source) -> Event:
    message = source.message
    code = code_text(f"catalog/{what}")
    attributes = {"code": code, "status": what.lower()}
    if name := text(item, "name"):
        attributes["name"] = name
    return Event(
        school=source.topic.school,
        device=device,
        kind=profile("gb28181").look_up(code).kind,
        phase=PHASES.get(what, "pulse"),
        occurred_at=message.received_at,
        received_at=message.received_at,
        format=source.topic.format,
        # Neither a time nor a number that holds: every receipt is news, and every item of it.
        dedup_key=f"{code}|{receipt_key(message)}|{number}",
        attributes=clean_value(attributes),
        retained=message.retained,
        gateway=source.bridge,
        told_at=message.received_at,
    )
