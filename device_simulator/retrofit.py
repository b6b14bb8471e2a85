"""The same county with sensors of another make: whatever can say all it has to say in a format speaks it."""

import msgspec

from device_simulator.errors import WrongUsageError
from device_simulator.formats import FORMATS
from device_simulator.model import County, School

_SAYS = {
    "smoke_detector": frozenset({"smoke"}),
    "gas_detector": frozenset({"gas_leak"}),
    "thermometer": frozenset({"temperature"}),
    "door_contact": frozenset({"door_open"}),
    "panic_button": frozenset({"panic_button"}),
}
"""What a sensor of a role has to be able to say."""


def retrofitted(county: County, format: str) -> County:
    """The county with all sensors that can speak `format` speaking it; WrongUsageError if none can."""
    if format not in FORMATS:
        raise WrongUsageError(f"sensors do not speak {format!r}; there is {', '.join(FORMATS)}")
    kinds = FORMATS[format].kinds
    roles = {role for role, said in _SAYS.items() if kinds is None or said <= kinds}
    if not roles:
        raise WrongUsageError(f"{format} has no words for what sensors say")
    return County(county.seed, tuple(_refitted(school, format, roles) for school in county.schools))


def _refitted(school: School, format: str, roles: set[str]) -> School:
    devices = tuple(
        msgspec.structs.replace(device, format=format) if device.role in roles else device
        for device in school.devices
    )
    return msgspec.structs.replace(school, devices=devices)
