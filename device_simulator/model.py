"""What a simulated county is made of: schools, their zones, the devices in them."""

from typing import Literal

import msgspec

SchoolKind = Literal["kindergarten", "primary", "middle", "high", "vocational", "special"]
KINDS: tuple[SchoolKind, ...] = ("kindergarten", "primary", "middle", "high", "vocational", "special")


class Zone(msgspec.Struct, frozen=True):
    """A place inside a school. `type` is the vocabulary rules match on, `code` is unique in its school."""

    code: str
    type: str


class Device(msgspec.Struct, frozen=True):
    """One device; `role` says what it is (camera, smoke_detector, ...), `format` how it speaks."""

    school: str
    code: str
    name: str
    role: str
    zone: Zone
    format: str
    model: str


class School(msgspec.Struct, frozen=True):
    """One school. Latitude and longitude in degrees (WGS 84), `pupils` a head count."""

    code: str
    name_zh: str
    name_en: str
    township: str
    kind: SchoolKind
    latitude: float
    longitude: float
    pupils: int
    timezone: str
    boarding: bool
    zones: tuple[Zone, ...]
    devices: tuple[Device, ...]

    @property
    def cafeteria(self) -> str:
        """The id of the school's only canteen."""
        return f"{self.code}-c1"

    def having(self, role: str, *zone_types: str, format: str | None = None) -> tuple[Device, ...]:
        """The devices of a role, in any of the zone types (none given: anywhere), of a format if named."""
        return tuple(
            device
            for device in self.devices
            if device.role == role
            and (not zone_types or device.zone.type in zone_types)
            and (format is None or device.format == format)
        )


class County(msgspec.Struct, frozen=True):
    """All schools, in the order of their codes, and the seed that made them."""

    seed: int
    schools: tuple[School, ...]

    def school(self, code: str) -> School | None:
        """The school of that code, if the county has it."""
        return next((school for school in self.schools if school.code == code), None)
