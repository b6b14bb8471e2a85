"""What sensors say in keys and values, as events: measurements, what is so or is not, presses of a button.

A sensor that repeats its whole state says `true` for as long as it lasts. Here each `true` is a start; that
it is the same one still, `recall` knows. A state that was kept and is only said again (retained, a birth, a
full status) is a `state`. None of them has an id: the next time under the same id would pass for late news of
the last time, so that device and kind join them.
"""

import hashlib
import math
from typing import Any

import msgspec

from safety_service.domain.decoding.cleaning import LONGEST_NAME, clean_name, clean_value
from safety_service.domain.decoding.lenient import yes_or_no
from safety_service.domain.decoding.refusal import read_any, refused
from safety_service.domain.decoding.times import Reading, microseconds
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import LIFE_SAFETY_KINDS, Event, Message, Rejected

UNITS: dict[str, str] = {
    "temperature": "°C",
    "humidity": "%",
    "illuminance": "lx",
    "co2": "ppm",
    "pm25": "µg/m³",
    "tvoc": "ppb",
    "noise": "dB",
    "battery": "%",
    "voltage": "V",
    "power": "W",
}
PRESSED = frozenset({"panic_button", "button"})
"""What is pressed has no end: a release is no second press."""
TESTED = LIFE_SAFETY_KINDS | {"water_leak"}
"""What a test button sets off."""
LARGEST_VOLTS = 1000.0
LONGEST_CHANNEL = 64
NO_LEVELS = str.maketrans("/+#", "   ")
FIRST_YEAR = 2010
LONGEST_KEY = 160
MOST_EVENTS = 512
_YES = (
    "true on 1 yes open opened alarm active abnormal detected trigger triggered occupied presence present "
    "motion leak leaking uninstalled tampered pressed"
)
_NO = (
    "false off 0 no close closed normal clear cleared inactive idle none unoccupied vacant absent dry "
    "installed ok released cancel no_alarm"
)
YES, NO = frozenset(_YES.split()), frozenset(_NO.split())
"""What sensors and the converters before them write for so and not so: a cover `uninstalled` is off."""
DOORS = frozenset({"open", "opened", "close", "closed"})
"""Said of the door itself, also under a key that is true while it is shut."""


class Telling(msgspec.Struct):
    """One message (or record) of one device, and the events read from it so far, in its order.

    `mark` tells this message from every other that may say the same. `cached`: it repeats a stored state.
    `is_fine`: its time is fine enough to tell two presses apart. `is_test`: somebody tries the alarm out.
    """

    message: Message
    topic: Topic
    device: str
    gateway: str | None
    time: Reading
    mark: str
    cached: bool = False
    is_fine: bool = False
    is_test: bool = False
    found: list[Event | Rejected] = []

    def event(self, name: str, channel: str = "") -> Event:
        """An event that says nothing yet; `channel` tells the parts of one device apart."""
        message, time, name = self.message, self.time, bounded(name)
        event = Event(
            school=self.topic.school,
            device=channel_of(self.device, channel) if channel else self.device,
            kind="other",
            phase="pulse",
            occurred_at=time.occurred_at,
            received_at=message.received_at,
            format=self.topic.format,
            dedup_key=f"{name}|{self.mark}",
            retained=message.retained,
            clock_suspect=time.clock_suspect,
            source_time=time.source_time,
            gateway=self.gateway,
            told_at=time.told_at,
        )
        if time.error is not None:
            event.attributes["time_error"] = f"{time.source_time!r}: {time.error}"
        self.found.append(event)
        return event

    def measure(self, kind: str, name: str, raw: Any, channel: str = "") -> None:
        """A number, in quotes or not; null is no news, anything else is refused beside the rest."""
        value = number(raw)
        if value is not None:
            as_measure(self.event(name, channel), kind, value)
        elif raw is not None and raw != "":
            detail = f"{name[:60]!r} is a finite number, not {str(raw)[:40]!r}.".replace("\x00", "")
            self.found.append(refused("bad_value", name.replace("\x00", "")[:60] or "payload", detail))

    def flag(self, kind: str, name: str, raw: Any, channel: str = "", *, inverted: bool = False) -> None:
        """Something that is so or not; whatever is neither is refused beside the rest."""
        on = truth(raw)
        if on is not None:
            self.say(kind, name, on is not (inverted and not says_door(raw)), channel)
        elif raw is not None and raw != "":
            detail = f"{name[:60]!r} is true or false, not {str(raw)[:40]!r}.".replace("\x00", "")
            self.found.append(refused("bad_value", name.replace("\x00", "")[:60] or "payload", detail))

    def say(self, kind: str, name: str, on: bool, channel: str = "") -> Event | None:
        """That it is so, or that it is so no more: None where the end of a press says nothing."""
        if kind in PRESSED and not on:
            return None
        event = self.event(name, channel)
        as_flag(event, kind, name, on, cached=self.cached)
        if self.is_test and on and kind in TESTED:
            # Shown, and no alarm. What goes on after the test comes again without it, and is one.
            event.kind, event.phase = "other", "pulse"
            event.attributes = {"vendor_code": bounded(name), "test": True}
        if kind in PRESSED and not self.is_fine:
            event.dedup_key += f"|{receipt(self.message)}"
        return event

    def press(self, kind: str, name: str, action: str, channel: str = "") -> None:
        """A press of a button, each of them news."""
        event = self.say(kind, f"{name}|{action}", True, channel)
        if event is not None:
            event.attributes["action"] = action

    def moment(self, kind: str, name: str, action: str, channel: str = "") -> None:
        """What has no end either, and is no press: the same bytes again are the same news."""
        event = self.event(f"{name}|{action}", channel)
        event.kind, event.phase = kind, "state" if self.cached or event.retained else "pulse"
        code = "vendor_code" if kind == "other" else "code"
        event.attributes |= {"action": action, code: bounded(f"{name}.{action}")}

    def close(self) -> list[Event | Rejected]:
        """Everything found; a time that could not be read is reported beside it, once."""
        if self.time.error is not None and self.found:
            detail = f"The time {self.time.source_time!r}: {self.time.error}."
            self.found.append(refused("bad_time", "time", detail))
        return self.found


def as_measure(event: Event, kind: str, value: float) -> None:
    """Makes it a measurement in the unit of its kind. Battery voltages come in millivolts or in volts."""
    event.kind, event.phase = kind, "measure"
    event.unit = UNITS.get(kind)
    event.value = round(value / 1000, 6) if kind == "voltage" and value >= LARGEST_VOLTS else value


def as_flag(event: Event, kind: str, name: str, on: bool, *, cached: bool) -> None:
    """Makes it a beginning, an end, a press, or the repetition of a stored state; `code` says of what."""
    event.kind = kind
    kept = cached or event.retained
    if kind in PRESSED:
        event.phase = "state" if kept else "pulse"
        return
    event.attributes["vendor_code" if kind == "other" else "code"] = bounded(name)
    event.phase = "end" if not on else "state" if kept else "start"


def bounded(name: str) -> str:
    """A name out of a payload, fit for a key."""
    return name if len(name) <= LONGEST_KEY and "\x00" not in name else clean_value(name[:LONGEST_KEY])


def number(raw: Any) -> float | None:
    """A finite number, in quotes or not."""
    if isinstance(raw, str):
        if len(raw) > 64:
            return None
        try:
            raw = float(raw)
        except ValueError:
            return None
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        return None
    try:
        value = float(raw)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def truth(raw: Any) -> bool | None:
    """True or false in any of the ways sensors write it; a number other than 0 and 1 is neither."""
    return yes_or_no(raw, YES, NO)


def says_door(raw: Any) -> bool:
    """Whether it is `open` or `closed`, which means the same whatever the key beside it asks."""
    return isinstance(raw, str) and raw.strip().lower() in DOORS


def read_object(payload: bytes) -> dict[str, Any] | Rejected:
    """A JSON object, or why it is none."""
    found = read_any(payload)
    if isinstance(found, (dict, Rejected)):
        return found
    return refused("bad_value", "payload", f"The payload is an object, not {type(found).__name__}.")


def device_of(segments: tuple[str, ...]) -> str | Rejected:
    """The device that these segments of a topic name, or why they name none."""
    name = clean_name("/".join(segments))
    if 0 < len(name) <= LONGEST_NAME:
        return name
    return refused("bad_topic", "topic", f"The topic names a device of 1 to {LONGEST_NAME} characters.")


def channel_of(device: str, channel: str) -> str:
    """A part of a device as a device of its own: two probes in two cold stores are two thermometers."""
    part = clean_name(channel.translate(NO_LEVELS))[:LONGEST_CHANNEL]
    return f"{device[: LONGEST_NAME - 1 - len(part)]}/{part}" if part else device


def content_mark(content: bytes) -> str:
    """The same bytes sent again are the same news."""
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def receipt(message: Message) -> str:
    """Without a time of its own every receipt of a message is news; a batch shares its receive time."""
    return f"{microseconds(message.received_at)}|{message.position}"


def mark_of(message: Message, time: Reading) -> str:
    """What tells a message with this time from every other; a clock that was never set repeats itself."""
    if time.told_at is None or time.told_at.year < FIRST_YEAR:
        return receipt(message)
    return content_mark(message.payload)
