"""GA/T 1400 (view library): captured objects, notifications of them, watch-list alarms, states of devices.

What a payload holds is read from its own names and not from the path it was sent to. The first segment after
the format is who sent it: the DeviceID of the `User-Identify` header, or a bridge.
"""

from datetime import tzinfo
from typing import Any

from safety_service.domain.decoding.cleaning import LONGEST_NAME, clean_name
from safety_service.domain.decoding.lenient import read_lenient
from safety_service.domain.decoding.liveness import liveness
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.decoding.viid.objects import read_image, read_object
from safety_service.domain.decoding.viid.shapes import Sender, names_in, objects_in
from safety_service.domain.decoding.viid.systems import read_device, read_keepalive, read_registration
from safety_service.domain.decoding.viid.watching import read_disposition
from safety_service.domain.types import Event, Message, Rejected

OBJECTS = ("Face", "Person", "MotorVehicle", "NonMotorVehicle", "Thing")
CALLED_DEVICES = ("Device", "DeviceStatus")
SYSTEM = {"Register": "end", "UnRegister": "start"}
BY_PATH = ("Keepalive", *SYSTEM)
"""Some devices send these without the object around them; then the path alone tells what they are."""
_SILENT = """
    Response Subscribe Disposition Tollgate Lane APS Case Scene VideoSlice VideoLabel File Analysis DataClass
    FeatureAnalysis VIIDServer SystemTime
"""
SILENT = tuple(_SILENT.split())
"""Valid, and no news: what is asked for, and what describes places, cases and files."""
DEEPEST = 4


def decode_viid(message: Message, topic: Topic, _zone: tzinfo) -> list[Event | Rejected]:
    """Everything that a payload holds; its times are Beijing's wherever the school is."""
    name = clean_name(topic.rest[0])[:LONGEST_NAME] if topic.rest else ""
    if len(topic.rest) > 1 and topic.rest[-1] == "status":
        return liveness(message, topic, device=name, gateway=name)
    payload = message.payload
    if not payload.strip():
        return []
    document = read_lenient(payload)
    if isinstance(document, Rejected):
        return [document]
    if topic.rest and topic.rest[-1] in BY_PATH and isinstance(document, dict) and "DeviceID" in document:
        document = {topic.rest[-1]: document}
    sender = Sender(message, topic, name)
    found = _read(document, sender, "")
    if found is None and topic.rest and (bare := _of_path(topic.rest[-1], document)) is not None:
        found = _read(bare, sender, "")
    if found is None:
        return [refused("bad_value", "payload", "The payload holds no object of GA/T 1400 that is known.")]
    return found


def _of_path(path: str, document: Any) -> dict[str, Any] | None:
    """Objects that came without a name around them, under the one that their ids and the path give."""
    name = path.removesuffix("s")
    some = document if isinstance(document, list) else [document]
    named = name in OBJECTS and some and all(isinstance(one, dict) and f"{name}ID" in one for one in some)
    return {f"{name}Object": document} if named else None


def _read(content: Any, sender: Sender, place: str, depth: int = 0) -> list[Event | Rejected] | None:
    """What stands under the names of the standard, or None where not one of them is there."""
    known = False
    found: list[Event | Rejected] = []
    for element in content if isinstance(content, list) else [content]:
        if not isinstance(element, dict) or depth > DEEPEST:
            continue
        for field, name in names_in(element):
            news = _read_named(name, element[field], sender, f"{place}{field}", depth)
            known = known or news is not None
            found += news or ()
    return found if known else None


def _read_named(
    name: str, content: Any, sender: Sender, place: str, depth: int
) -> list[Event | Rejected] | None:
    found: list[Event | Rejected] = []
    if name == "SubscribeNotification":
        for notice in objects_in(content, name):
            found += _read(notice, sender.notified(notice), f"{place}.", depth + 1) or ()
        return found
    if name == "DispositionNotification":
        for number, notice in enumerate(objects_in(content, name)):
            found += read_disposition(notice, sender, f"{place}[{number}]")
        return found
    if name == "Image":
        for number, image in enumerate(objects_in(content, name)):
            inside = _read(image, sender, f"{place}[{number}].", depth + 1) or []
            found += [*read_image(image, sender, f"{place}[{number}]", holds_objects=bool(inside)), *inside]
        return found
    if name in OBJECTS or name == "BehaviorAnalysis":
        for number, one in enumerate(objects_in(content, name)):
            found += read_object(name, one, sender, f"{place}[{number}]", number)
        return found
    if name in CALLED_DEVICES and (told := _read(content, sender, f"{place}.", depth + 1)) is not None:
        # Notifications call a list of APEObject so.
        return told
    return _read_system(name, content, sender, place)


def _read_system(name: str, content: Any, sender: Sender, place: str) -> list[Event | Rejected] | None:
    found: list[Event | Rejected] = []
    if name in ("APE", "APEStatus", *CALLED_DEVICES):
        for number, one in enumerate(objects_in(content, name)):
            found += read_device(one, sender, f"{place}[{number}]", number)
        return found
    if name == "Keepalive":
        return read_keepalive(content, sender)
    if name in SYSTEM:
        return read_registration(content, sender, name)
    return [] if name.startswith(SILENT) else None
