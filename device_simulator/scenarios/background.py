"""What goes on all day in a school: heartbeats, cold-store readings, people, cars, doors, kitchen."""

from collections.abc import Iterator
from itertools import count
from math import exp, pi, sin

from device_simulator.formats import can_say
from device_simulator.happenings import Happening, Moment, in_order, lasting, merged, moment
from device_simulator.model import Device, School
from device_simulator.rhythm import SIGHTS, Sight, part_of_day
from device_simulator.scenarios.setting import Setting

HEARTBEAT_SECONDS = 60.0
READING_SECONDS = 60.0
_PUPILS_OF_RATES = 500


def school_background(setting: Setting, school: School) -> Iterator[Moment]:
    """Everything of one school, endless, in order."""
    streams = [heartbeats(setting, school)]
    streams += [cold_store_readings(setting, device) for device in school.having("thermometer")]
    streams += [_sights(setting, school, number, sight) for number, sight in enumerate(SIGHTS)]
    return merged(streams)


def heartbeats(setting: Setting, school: School) -> Iterator[Moment]:
    """All native devices of a school in one batch, once a real minute: silence is judged in real time."""
    devices = [device for device in school.devices if device.format == "native"]
    first = setting.random(school.code, "heartbeat").uniform(0.2, 5.0)
    beats = tuple(Happening(device=device, kind="heartbeat") for device in devices)
    for beat in count():
        yield Moment(setting.real(first + beat * HEARTBEAT_SECONDS), beats)


def cold_store_readings(setting: Setting, device: Device) -> Iterator[Moment]:
    """A reading each virtual minute, 3 to 5 °C, sawing up and down as the compressor starts and stops."""
    random = setting.random(device.school, device.code)
    cycle = random.uniform(1080, 1620)
    phase = random.uniform(0, cycle)
    offset = random.uniform(0, READING_SECONDS)
    while True:
        yield moment(offset, reading(device, compressor(offset + phase, cycle) + random.gauss(0, 0.06)))
        offset += READING_SECONDS


def reading(device: Device, celsius: float) -> Happening:
    """One temperature, to a tenth of a degree as such thermometers give it."""
    return Happening(device=device, kind="temperature", phase="measure", value=round(celsius, 1), unit="°C")


def compressor(second: float, cycle: float) -> float:
    """Temperature in °C: falls while the compressor runs (a third of the cycle), creeps up while it rests."""
    at = (second % cycle) / cycle
    if at < 1 / 3:
        return 3.4 + 1.2 * exp(-9 * at)
    return 3.46 + 1.14 * sin(pi / 2 * (at - 1 / 3) * 1.5)


def _sights(setting: Setting, school: School, number: int, sight: Sight) -> Iterator[Moment]:
    devices = [device for device in school.having(sight.role, *sight.zones) if can_say(device, sight.kind)]
    if not devices:
        return iter(())
    return in_order(_stories(setting, school, number, sight, devices))


def _stories(
    setting: Setting, school: School, number: int, sight: Sight, devices: list[Device]
) -> Iterator[list[Moment]]:
    """Poisson arrivals whose rate follows the day: draw at the highest rate, keep the share now due."""
    random = setting.random(school.code, "sight", number)
    size = min(3.0, max(0.4, school.pupils / _PUPILS_OF_RATES))
    highest = max(sight.per_minute.values()) * size / 60
    offset = 0.0
    for story in count():
        offset += random.expovariate(highest)
        rate = sight.per_minute.get(part_of_day(setting.start + offset), 0.0) * size / 60
        if random.random() * highest > rate:
            continue
        device = random.choice(devices)
        name = f"{setting.county.seed}/{school.code}/{number}/{story}"
        seen = Happening(
            device=device, kind=sight.kind, story=name, attributes=_noticed(sight.kind, random.random())
        )
        if sight.seconds[1] == 0:
            yield [moment(offset, seen)]
            continue
        seconds = random.uniform(*sight.seconds)
        yield lasting(offset, seconds, seen) + _plate(offset + seconds / 2, seen, random.randrange(10_000))


def _noticed(kind: str, chance: float) -> dict[str, object]:
    if kind == "crowd":
        return {"count": 12 + int(chance * 20)}
    if kind == "line_crossing":
        return {"direction": "in" if chance < 0.5 else "out"}
    if kind in ("door_open", "illegal_parking"):
        return {}
    return {"confidence": round(0.7 + 0.29 * chance, 2)}


def _plate(offset: float, seen: Happening, digits: int) -> list[Moment]:
    if seen.kind != "vehicle" or digits % 3:
        return []
    plate = Happening(
        device=seen.device,
        kind="plate_recognized",
        story=seen.story,
        attributes={"plate": f"鲁H·T{digits:04d}"},
    )
    return [moment(offset, plate)]
