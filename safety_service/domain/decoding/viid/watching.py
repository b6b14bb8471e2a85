"""Alarms of a watch list (`DispositionNotification`): what was found, or what was done; no names."""

from typing import Any

from safety_service.domain.decoding.profiles import Mapped, code_text, profile
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.viid.objects import EVENT_CODES, event_meaning, read_object
from safety_service.domain.decoding.viid.shapes import Sender, names_in, objects_in, text
from safety_service.domain.types import Event, Rejected

FOUND = ("Person", "Face", "MotorVehicle", "NonMotorVehicle", "BehaviorAnalysis", "Thing")


def read_disposition(notice: dict[str, Any], sender: Sender, place: str) -> list[Event | Rejected]:
    """One event for each object of the alarm. Its title is left behind: often it is a person's name."""
    found: list[Event | Rejected] = []
    for field, name in names_in(notice):
        for number, content in enumerate(objects_in(notice[field], name) if name in FOUND else ()):
            found += read_object(
                name,
                _with_alarm(content, notice),
                sender.notified(notice),
                f"{place}.{field}",
                number,
                _meaning(name, content, notice),
            )
    if not found:
        detail = f"A disposition notification has one of {', '.join(f'{name}Object' for name in FOUND)}."
        return [refused("missing_field", place, detail)]
    for item in found:
        if isinstance(item, Event):
            _complete(item, notice)
    return found


def _with_alarm(content: dict[str, Any], notice: dict[str, Any]) -> dict[str, Any]:
    """The object with the time and level of the alarm, which are newer than what is known of the object."""
    extra = {name: notice[name] for name in ("AlarmLevel",) if name in notice}
    if notice.get("TriggerTime"):
        extra["PassTime"] = notice["TriggerTime"]
    return {**content, **extra}


def _meaning(name: str, content: dict[str, Any], notice: dict[str, Any]) -> tuple[str, Mapped] | None:
    linkage = notice.get("AlarmLinkageInfo")
    for holder in (content, notice, linkage if isinstance(linkage, dict) else {}):
        if given := code_text(text(holder, *EVENT_CODES)):
            return given, event_meaning(given)
    code = f"Disposition/{name}"
    meant = profile("viid").look_up(code)
    return (code, meant) if meant.known else None


def _complete(event: Event, notice: dict[str, Any]) -> None:
    for field, attribute in (("DispositionID", "disposition"), ("SubscribeID", "subscription")):
        if given := text(notice, field):
            event.attributes[attribute] = given[:128].replace("\x00", "")
    # The alarm's own id tells two alarms on one object apart.
    if notification := text(notice, "NotificationID")[:64].replace("\x00", ""):
        event.event_id = notification
        event.dedup_key = f"{notification}|{event.dedup_key}"
