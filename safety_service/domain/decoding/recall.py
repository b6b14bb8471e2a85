"""What earlier messages said that a later one leaves out: the names behind numbers, what is known already.

`decode` reads each message by itself and stays a pure function of it. A sender that counts on the reader's
memory is completed here, in the order of the log. The memory is bounded. What lasts, and the names that a
birth gave, can be kept beyond the process (`changed`, `restore`); everything else may be lost at any time.
A metric whose birth nobody has heard is `other` under its number. Messages may come again after a failure:
what was decided for a position then is decided again.
"""

from collections.abc import Hashable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from safety_service.domain.decoding.liveness import word_event
from safety_service.domain.decoding.refusal import decoder_failed
from safety_service.domain.decoding.sparkplug import SEQUENCE, SESSION_STARTS, sequence_of
from safety_service.domain.decoding.sparkplug.metrics import OLDEST_NEWS, resolved
from safety_service.domain.decoding.times import LARGEST_SKEW
from safety_service.domain.decoding.topic import Topic, parse_topic
from safety_service.domain.decoding.zigbee2mqtt.bridge import NETWORK
from safety_service.domain.types import Event, Message, Phase, Rejected

FORMATS = frozenset({"zigbee2mqtt", "tasmota", "shelly", "sparkplug", "thingsboard"})
LASTING = frozenset({"start", "state", "end"})
REPLAY = timedelta(seconds=60)
"""So long after its start a bridge may still be sending what it had kept."""
MOST_SENDERS = 8192
MOST_STATES = 65536
MOST_GAPS = 8
MOST_CODES = 32

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Known(NamedTuple):
    """What was told last of a lasting thing, and by which message first. `kept`: only as a stored state."""

    on: bool
    kept: bool
    position: int


class Told(NamedTuple):
    """What is known of one lasting thing, as it is kept beyond this process."""

    school: str
    device: str
    kind: str
    code: str
    is_on: bool
    kept: bool
    position: int


class Named(NamedTuple):
    """What the numbers of a node's or a device's metrics stand for, as its birth said: number -> name and
    data type."""

    school: str
    device: str
    names: dict[str, Any]
    position: int


class Lasting(NamedTuple):
    """What is to be kept beyond this process."""

    told: list[Told]
    named: list[Named]


class Bridge(NamedTuple):
    """When a bridge came online."""

    position: int
    at: datetime


class Count(NamedTuple):
    """The last number of a node, and where numbers were missing: position -> how many."""

    position: int
    last: int
    gaps: dict[int, int]


class Recall:
    """The memory of one reader of the log. Not thread-safe."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], dict[str, Any]] = {}
        self._births: dict[tuple[str, str, int], Named] = {}
        self._counts: dict[tuple[str, str], Count] = {}
        self._known: dict[tuple[str, str, str], dict[str, Known]] = {}
        self._bridges: dict[str, dict[str, Bridge]] = {}
        self._first: dict[tuple[str, str], tuple[int, int]] = {}
        self._changed: dict[tuple[tuple[str, str, str], str], None] = {}

    def restore(self, told: Iterable[Told], named: Iterable[Named] = ()) -> None:
        """What was known before a restart; what has been heard since is newer."""
        for one in told:
            codes = self._known.setdefault(one[:3], {})
            codes.setdefault(one.code, Known(one.is_on, one.kept, one.position))
        for birth in named:
            self._names.setdefault((birth.school, birth.device), birth.names)

    def changed(self, up_to: int) -> Lasting:
        """What has changed since the last call, as far as it was told by messages up to that position."""
        return Lasting(self._told(up_to), self._named(up_to))

    def _named(self, up_to: int) -> list[Named]:
        """The newest birth of each; a later one that is not to be kept yet must not hide it."""
        newest: dict[tuple[str, str], Named] = {}
        for key, birth in list(self._births.items()):
            if birth.position <= up_to:
                newest[birth.school, birth.device] = birth
                del self._births[key]
        return list(newest.values())

    def _told(self, up_to: int) -> list[Told]:
        found: list[Told] = []
        for key, code in list(self._changed):
            known = self._known.get(key, {}).get(code)
            if known is not None and known.position > up_to:
                continue
            del self._changed[key, code]
            if known is not None:
                found.append(Told(*key, code, known.on, known.kept, known.position))
        return found

    def keep_again(self, lasting: Lasting) -> None:
        """Writing these down has failed."""
        self._changed |= {(one[:3], one.code): None for one in lasting.told}
        self._births = {(*one[:2], one.position): one for one in lasting.named} | self._births

    def complete(self, message: Message, found: list[Event | Rejected]) -> list[Event | Rejected]:
        """What `decode` found in the message, with what was left out of it."""
        topic = parse_topic(message.topic)
        if isinstance(topic, Rejected) or topic.format not in FORMATS:
            return found
        try:
            return self._completed(message, topic, found)
        except Exception as error:
            # A fault of ours must not stop the log.
            return [*found, decoder_failed(error, topic.format)]

    def _completed(
        self, message: Message, topic: Topic, found: list[Event | Rejected]
    ) -> list[Event | Rejected]:
        if topic.format == "sparkplug":
            missing = self._missing(message, topic, sequence_of(message, topic, found))
            found = [*(item for item in found if self._has_a_name(item, message.position)), *missing]
        elif topic.format == "zigbee2mqtt":
            self._follow_bridges(message, found)
        return [item for item in found if self._is_news(item, message.position)]

    def _learn(self, event: Event, position: int) -> None:
        """Takes the names from a birth, as the event of it keeps them."""
        aliases = event.attributes.get("aliases")
        if event.kind != "device_announce" or not isinstance(aliases, dict):
            return
        key = event.school, event.device
        if position and aliases != self._names.get(key, {}):
            self._births[*key, position] = Named(*key, aliases, position)
        _remember(self._names, key, aliases, MOST_SENDERS)

    def _has_a_name(self, item: Event | Rejected, position: int) -> bool:
        if not isinstance(item, Event):
            return True
        self._learn(item, position)
        alias = item.attributes.get("alias")
        if alias is None:
            return True
        for device in (item.device, item.gateway):
            told = self._names.get((item.school, device or ""), {}).get(str(alias))
            if told is not None:
                return resolved(item, *told)
        return True

    def _missing(
        self, message: Message, topic: Topic, numbered: tuple[str, str, int] | None
    ) -> list[Event | Rejected]:
        """Sparkplug numbers the messages of a node from 0 to 255; what is lost is never sent again."""
        if numbered is None or message.position == 0:
            return []
        type, node, seq = numbered
        key = (topic.school, node)
        count = self._counts.get(key)
        if type in SESSION_STARTS:
            gap = count is None or bool(count.gaps)
            _remember(self._counts, key, Count(message.position, seq, {}), MOST_SENDERS)
            return [_gap(message, topic, node, "end", 0)] if gap else []
        if count is None or message.position <= count.position:
            missing = count.gaps.get(message.position, 0) if count is not None else 0
        else:
            missing = (seq - count.last - 1) % SEQUENCE if seq != count.last else 0
            if missing:
                recent = list(count.gaps.items())[1 - MOST_GAPS :]
                count = count._replace(gaps=dict([*recent, (message.position, missing)]))
        if count is None or message.position > count.position:
            gaps = count.gaps if count is not None else {}
            _remember(self._counts, key, Count(message.position, seq, gaps), MOST_SENDERS)
        return [_gap(message, topic, node, "start", missing)] if missing else []

    def _follow_bridges(self, message: Message, found: list[Event | Rejected]) -> None:
        """Notes when a bridge starts; what a device says first after that was kept by the bridge."""
        for item in found:
            if not isinstance(item, Event):
                continue
            bridges = self._bridges.setdefault(item.school, {})
            if item.kind == "device_offline" and item.device == item.gateway:
                if item.phase == "end" and not item.retained:
                    bridges[item.device] = Bridge(message.position, item.received_at)
                continue
            item.gateway = next(
                (name for name in bridges if item.device.startswith(f"{name}/")), item.gateway
            )
            bridge = bridges.get(item.gateway or NETWORK)
            is_replay = bridge is not None and self._is_replay(item, bridge, message.position)
            if is_replay and item.phase == "start":
                self._as_kept(item, message.position)

    def _is_replay(self, event: Event, bridge: Bridge, position: int) -> bool:
        if not bridge.position < position or event.received_at - bridge.at > REPLAY:
            return False
        first = self._first.get((event.school, event.device))
        if first is None or first[0] != bridge.position:
            first = (bridge.position, position)
            _remember(self._first, (event.school, event.device), first, MOST_STATES)
        return first[1] == position

    def _as_kept(self, event: Event, position: int) -> None:
        """A stored state; its own time is as old as it is, and no sign of a wrong clock."""
        known = self._known.get(_key(event), {}).get(_code(event))
        if known is not None and (not known.on or (known.position == position and not known.kept)):
            # It was not so before the bridge went away: news that came meanwhile.
            return
        event.phase = "state"
        event.attributes["replayed"] = True
        told = event.told_at
        if told is not None and event.received_at - OLDEST_NEWS <= told <= event.received_at + LARGEST_SKEW:
            event.occurred_at, event.clock_suspect = told, False

    def _is_news(self, item: Event | Rejected, position: int) -> bool:
        """Tells a beginning from its repetition: an update, or a state where it was only ever a state.

        False for the end of one thing while another of the same kind goes on: gas, but no carbon monoxide.
        """
        code = _code(item) if isinstance(item, Event) and item.phase in LASTING else ""
        if not code or not isinstance(item, Event):
            return True
        key = _key(item)
        told = self._known.get(key, {})
        known, on = told.get(code), item.phase != "end"
        if known is None or (known.on != on and position >= known.position):
            if known is None and len(told) >= MOST_CODES:
                return True
            told[code] = Known(on, item.phase == "state", position)
            self._changed[key, code] = None
            _remember(self._known, key, told, MOST_STATES)
        elif on and known.on and item.phase == "start" and position > known.position:
            item.phase = "state" if known.kept else "update"
        return on or not any(other.on for name, other in told.items() if name != code)


def _key(event: Event) -> tuple[str, str, str]:
    return event.school, event.device, event.kind


def _code(event: Event) -> str:
    """What lasts: its key, metric or component; empty for everything that does not."""
    code = event.attributes.get("code") or event.attributes.get("vendor_code")
    return code if isinstance(code, str) else ""


def _gap(message: Message, topic: Topic, node: str, phase: Phase, missing: int) -> Event:
    event = word_event(message, topic, node, node, "sequence_gap", phase, phase)
    if missing:
        event.attributes["missing"] = missing
    return event


def _remember(memory: dict[Key, Value], key: Key, value: Value, most: int) -> None:
    """As the newest; the oldest gives way."""
    memory.pop(key, None)
    memory[key] = value
    if len(memory) > most:
        del memory[next(iter(memory))]
