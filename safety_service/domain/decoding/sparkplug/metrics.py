"""Metrics as events: their names through the vendor table, their times, what is late and what is bad."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from safety_service.domain.decoding.cleaning import clean_value
from safety_service.domain.decoding.readings import Telling, channel_of, number
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.sparkplug.values import MOST_METRICS, Metric, Payload, typed
from safety_service.domain.decoding.times import LARGEST_SKEW, Reading, read_time
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.decoding.vendornames import as_told, meant
from safety_service.domain.types import Event, Message, Rejected

PROFILE = "sparkplug"
OLDEST_NEWS = timedelta(days=7)
"""What a node kept while it was cut off is believed so far back."""
CONTROL = ("Node Control", "Device Control", "Node Info", "Device Info", "Properties")
GOOD, WORST_QUALITY = 192, 999
BAD_QUALITIES = frozenset({0, 500})
FAHRENHEIT = frozenset({"f", "°f", "degf", "fahrenheit"})


class Source(NamedTuple):
    """Where metrics come from; `mark` tells their payload from every other."""

    message: Message
    topic: Topic
    device: str
    gateway: str
    zone: tzinfo
    mark: str


def tell_metrics(source: Source, payload: Payload, *, is_birth: bool) -> list[Event | Rejected]:
    """One event for each metric with news. A birth repeats what is known: what is true in it is a state."""
    found: list[Event | Rejected] = []
    times: dict[int | str | None, Reading] = {}
    for place, metric in enumerate(payload.metrics[:MOST_METRICS]):
        stamp = metric.timestamp if metric.timestamp is not None else payload.timestamp
        time = times.get(stamp)
        if time is None:
            time = times[stamp] = read_time(stamp, source.message.received_at, source.zone)
        if metric.value is None or (metric.name is None and metric.alias is None):
            continue
        event = _event(source, metric, time, place)
        if metric.name is None:
            _unnamed(event, metric)
        elif not named(event, metric.name, _valued(metric), cached=is_birth) or (
            is_birth and event.kind == "other"
        ):
            # A birth lists settings and versions too; only what the table knows is news in it.
            continue
        found.append(event)
    return [*found, *_unreadable(times)]


def named(event: Event, name: str, value: Any, *, cached: bool) -> bool:
    """Makes the event what its metric's name says; False where the name is a control, or nothing is said."""
    folder, _, last = name.rpartition("/")
    if name == "bdSeq" or folder.startswith(CONTROL):
        return False
    code, part = meant(PROFILE, last[:128])
    if event.attributes.get("quality") in BAD_QUALITIES and number(value) is not None:
        return False
    part = f"{folder} {part}".strip()
    event.device = channel_of(event.device, part) if part else event.device
    event.severity_hint = code.severity
    return as_told(event, code.kind, clean_value(name[:128]), value, cached=cached)


def resolved(event: Event, name: str, datatype: int) -> bool:
    """The same for an event whose name became known only now (`recall`): its number stood for it."""
    value = typed(event.attributes.pop("value", None), datatype)
    event.attributes["alias"] = str(event.attributes.get("alias"))
    event.value = None
    return named(event, name, value, cached=False)


def _event(source: Source, metric: Metric, time: Reading, place: int) -> Event:
    telling = Telling(source.message, source.topic, source.device, source.gateway, time, source.mark)
    name = metric.alias if metric.name is None else metric.name[:128].replace("\x00", "")
    event = telling.event(f"{place}|{name}")
    if metric.is_historical:
        event.attributes["historical"] = True
        event.occurred_at, event.clock_suspect = _late(time, source.message.received_at)
    quality = metric.properties.get("quality")
    if isinstance(quality, int) and 0 <= quality <= WORST_QUALITY and quality != GOOD:
        event.attributes["quality"] = quality
    return event


def _unreadable(times: dict[int | str | None, Reading]) -> list[Event | Rejected]:
    return [
        refused("bad_time", "timestamp", f"The time {time.source_time!r}: {time.error}.")
        for time in list(times.values())[:8]
        if time.error is not None
    ]


def _late(time: Reading, received_at: datetime) -> tuple[datetime, bool]:
    """Its own time for what was kept, unless that is beyond belief."""
    told = time.told_at
    if told is None or not received_at - OLDEST_NEWS <= told <= received_at + LARGEST_SKEW:
        return time.occurred_at, time.clock_suspect
    return told.astimezone(UTC), False


def _valued(metric: Metric) -> Any:
    unit = metric.properties.get("engunit")
    if isinstance(unit, str) and unit.strip().lower() in FAHRENHEIT:
        degrees = number(metric.value)
        return metric.value if degrees is None else round((degrees - 32) / 1.8, 2)
    return metric.value


def _unnamed(event: Event, metric: Metric) -> None:
    """Only a number stands for the name, and the birth that gave it is elsewhere."""
    event.attributes |= {"alias": metric.alias, "value": clean_value(metric.value)}
    value = number(metric.value)
    if value is not None and not isinstance(metric.value, str):
        event.phase, event.value = "measure", value
