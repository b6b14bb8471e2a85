"""The same county with other makes of devices: those that could speak a wire format speak it."""

import msgspec

from device_simulator.errors import WrongUsageError
from device_simulator.formats import FORMATS
from device_simulator.model import County, Device, School


def speaking(county: County, format: str | None) -> County:
    """The county whose devices of the format's roles speak it, under the names it has for them.

    What the format has no word for, such a device says through the school's native gateway. None leaves the
    county as it is. Raises WrongUsageError for a format that nobody speaks.
    """
    if format is None:
        return county
    spoken = [name for name, known in FORMATS.items() if known.roles]
    if format not in spoken:
        raise WrongUsageError(f"no device speaks {format!r}; there is {', '.join(spoken)}")
    return County(county.seed, tuple(_recast(school, format) for school in county.schools))


def _recast(school: School, format: str) -> School:
    devices = tuple(_other_make(device, format) for device in school.devices)
    return msgspec.structs.replace(school, devices=devices)


def _other_make(device: Device, format: str) -> Device:
    known = FORMATS[format]
    if device.role not in known.roles:
        return device
    code = known.name(device) if known.name is not None else device.code
    return msgspec.structs.replace(device, format=format, code=code, model=format)
