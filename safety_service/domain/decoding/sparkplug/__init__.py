"""Sparkplug B: births, data and deaths of an edge node and of the devices behind it.

A node is the device `GROUP/NODE`, what is behind it `GROUP/NODE/DEVICE`; a metric in a folder is a part of
its device (`…/Freezer 2`). The outage of a session carries the session's number: the will of a session that
is over ends up as old news where the next birth has come first.
"""

from datetime import tzinfo
from typing import Any, NamedTuple, TypeGuard

from safety_service.domain.decoding.cleaning import clean_value
from safety_service.domain.decoding.liveness import read_word, word_event
from safety_service.domain.decoding.readings import device_of, mark_of, number, truth
from safety_service.domain.decoding.refusal import read_any, refused
from safety_service.domain.decoding.sparkplug.metrics import Source, tell_metrics
from safety_service.domain.decoding.sparkplug.payload import read_payload
from safety_service.domain.decoding.sparkplug.values import MOST_METRICS, Payload
from safety_service.domain.decoding.times import read_time
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Phase, Rejected

NAMESPACES = frozenset({"spBv1.0", "spAv1.0"})
SESSIONS = SEQUENCE = 256
SESSION_STARTS = frozenset({"NBIRTH"})
LIVENESS: dict[str, Phase] = {"NBIRTH": "end", "DBIRTH": "end", "NDEATH": "start", "DDEATH": "start"}
DATA = frozenset({"NDATA", "DDATA"})
HOST = "STATE"
HOST_WORDS: dict[str, bool] = {"online": True, "offline": False}


class Place(NamedTuple):
    """Whose message of which type it is."""

    type: str
    node: str
    device: str


def decode_sparkplug(message: Message, topic: Topic, zone: tzinfo) -> list[Event | Rejected]:
    """Events of one payload, in its order. Commands carry no news: an empty list."""
    rest = _below_namespace(topic)
    if HOST in rest[:2]:
        return _host(message, topic, rest[rest.index(HOST) + 1 :])
    if len(rest) not in (3, 4) or (rest[1] not in LIVENESS and rest[1] not in DATA):
        return []
    place = _place(rest)
    if isinstance(place, Rejected):
        return [place]
    if not message.payload:
        # A retained message is deleted with an empty one.
        return []
    payload = read_payload(message.payload)
    if isinstance(payload, Rejected):
        return [payload]
    sent = read_time(payload.timestamp, message.received_at, zone)
    source = Source(message, topic, place.device, place.node, zone, mark_of(message, sent))
    found: list[Event | Rejected] = []
    if place.type in LIVENESS:
        found += _liveness(source, place, payload)
    if not place.type.endswith("DEATH"):
        found += tell_metrics(source, payload, is_birth=place.type.endswith("BIRTH"))
    if len(payload.metrics) > MOST_METRICS:
        detail = f"A payload has at most {MOST_METRICS} metrics; the rest was left out."
        found.append(refused("too_large", f"metrics[{MOST_METRICS}]", detail))
    for item in found:
        if isinstance(item, Event) and payload.seq is not None:
            item.attributes["seq"] = payload.seq
    return found


def sequence_of(message: Message, topic: Topic, found: list[Event | Rejected]) -> tuple[str, str, int] | None:
    """Type, node and number of a message that a node has numbered; `found` is what was decoded from it."""
    rest = _below_namespace(topic)
    if len(rest) not in (3, 4) or (rest[1] not in LIVENESS and rest[1] not in DATA) or rest[1] == "NDEATH":
        return None
    place = _place(rest)
    if isinstance(place, Rejected):
        return None
    seq = next((each.attributes["seq"] for each in found if _is_numbered(each)), None)
    if seq is None:
        # Nothing in it was news, but its number counts.
        payload = read_payload(message.payload)
        seq = None if isinstance(payload, Rejected) else payload.seq
    return None if seq is None else (place.type, place.node, seq % SEQUENCE)


def _is_numbered(item: Event | Rejected) -> TypeGuard[Event]:
    return isinstance(item, Event) and "seq" in item.attributes


def _below_namespace(topic: Topic) -> tuple[str, ...]:
    return topic.rest[1:] if topic.rest and topic.rest[0] in NAMESPACES else topic.rest


def _place(rest: tuple[str, ...]) -> Place | Rejected:
    type = rest[1]
    if (type.startswith("D")) is not (len(rest) == 4):
        detail = "A device's topic is GROUP/TYPE/NODE/DEVICE, a node's GROUP/TYPE/NODE."
        return refused("bad_topic", "topic", detail)
    node = device_of((rest[0], rest[2]))
    device = device_of((rest[0], *rest[2:]))
    if isinstance(device, Rejected) or isinstance(node, Rejected):
        detail = "Group, node and device have 1 to 128 visible characters together."
        return refused("bad_topic", "topic", detail)
    return Place(type, node, device)


def _liveness(source: Source, place: Place, payload: Payload) -> list[Event | Rejected]:
    """Back or gone; a birth also says what its numbers stand for."""
    message = source.message
    session = next((number(each.value) for each in payload.metrics if each.name == "bdSeq"), None)
    phase = LIVENESS[place.type]
    event = word_event(
        message, source.topic, place.device, place.node, "device_offline", phase, place.type.lower()
    )
    # A will was written when its session began, so its time says nothing about now; but it names the session.
    told = read_time(payload.timestamp, message.received_at, source.zone)
    event.told_at = told.told_at
    event.dedup_key = f"{place.type}|{source.mark}"
    if place.type == "NDEATH":
        event.source_time = told.source_time
    else:
        event.occurred_at, event.clock_suspect = told.occurred_at, told.clock_suspect
        event.source_time = told.source_time
    if session is not None:
        ended = int(session) if place.type == "NDEATH" else int(session) - 1
        event.event_id = f"session {ended % SESSIONS}"
        event.attributes["bdSeq"] = clean_value(int(session))
    if phase == "start":
        return [event]
    return [event, _announced(source, event, payload)]


def _announced(source: Source, back: Event, payload: Payload) -> Event:
    word = "born"
    event = word_event(
        source.message, source.topic, source.device, source.gateway, "device_announce", "pulse", word
    )
    event.occurred_at, event.clock_suspect = back.occurred_at, back.clock_suspect
    event.source_time, event.told_at = back.source_time, back.told_at
    event.dedup_key = f"announce|{back.dedup_key}"
    names: list[Any] = []
    aliases: dict[str, Any] = {}
    for metric in payload.metrics[:MOST_METRICS]:
        if metric.name is not None:
            name = clean_value(metric.name[:128])
            names.append(name)
            if metric.alias is not None:
                aliases[str(metric.alias)] = [name, metric.datatype]
    event.attributes |= {"metrics": names, "aliases": aliases}
    return event


def _host(message: Message, topic: Topic, rest: tuple[str, ...]) -> list[Event | Rejected]:
    """The host application's own state: JSON, or one word in older versions."""
    device = device_of(rest)
    if isinstance(device, Rejected):
        return [device]
    if not message.payload:
        return []
    on = HOST_WORDS.get(read_word(message.payload))
    if on is None:
        content = read_any(message.payload)
        if isinstance(content, Rejected):
            return [content]
        on = truth(content.get("online")) if isinstance(content, dict) else None
    if on is None:
        return [refused("bad_value", "online", "The field online is true or false.")]
    word = "online" if on else "offline"
    phase: Phase = "end" if on else "start"
    return [word_event(message, topic, device, device, "device_offline", phase, word)]
