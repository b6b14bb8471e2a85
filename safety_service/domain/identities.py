"""Under which names one device may speak, and which names of a list are one and the same to an eye."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec

_MAC = re.compile(r"[0-9a-f]{12}")
_MAC_SIGNS = str.maketrans("", "", ":-. ")
_PAIRS = re.compile(r"..")
_WORLDWIDE = re.compile(r"([0-9a-f]{12}|[0-9]{20})(/.*)?")
"""A MAC address, or a device code of 20 digits: there is one of it in the world."""
_CONFUSED = str.maketrans(
    # Cyrillic and Greek letters that look like Latin ones, then what is mistaken for another on a label.
    "аеорсухіјѕԁһԛԝвкмнтαεορνκιτυχ01l|",
    "aeopcyxijsdhqwbkmhtaeopvkituxoiii",
)
_FILL = re.compile(r"[\s_\-.:·]+")

Sameness = Literal["look_alike", "same_identity"]


class Named(msgspec.Struct, frozen=True):
    """A device of the registry by all that it is called."""

    school: str
    device: str
    name: str
    condition: str
    identities: tuple[str, ...] = ()


class Double(msgspec.Struct, frozen=True):
    """Devices that are probably one: `look_alike` at one school, `same_identity` at one school or several."""

    sameness: Sameness
    shared: str
    devices: tuple[Named, ...]


def spellings(identity: str) -> frozenset[str]:
    """An identity and the other usual ways of writing it: a MAC address has many, a channel of it as well,
    everything else one."""
    head, slash, channel = identity.partition("/")
    plain = head.translate(_MAC_SIGNS).lower()
    if not _MAC.fullmatch(plain):
        return frozenset({identity})
    written = {sign.join(_PAIRS.findall(plain)) for sign in (":", "-", "")}
    written |= {one.upper() for one in written}
    return frozenset({identity} | {one + slash + channel for one in written})


def unified(identity: str) -> str:
    """What all spellings of an identity share."""
    head, slash, channel = identity.partition("/")
    plain = head.translate(_MAC_SIGNS).lower()
    return plain + slash + channel if _MAC.fullmatch(plain) else identity


def skeleton(name: str) -> str:
    """A name as an eye takes it in: without case, accents, width, signs between words and the invisible."""
    shown = unicodedata.normalize("NFKD", name).casefold()
    shown = "".join(one for one in shown if unicodedata.category(one)[0] not in "CM")
    return _FILL.sub("", shown.translate(_CONFUSED)) or name


def aliases(
    identities: Iterable[tuple[str, str, str]], adopted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """What each other name of a device stands for, in all its spellings: (school, other name) -> device.

    A device that is registered under a name below another's identity (`mac/2`) keeps its own name.
    """
    found = {
        (school, spelling): device
        for school, identity, device in identities
        for spelling in spellings(identity)
    }
    if found:
        for school, device in adopted:
            if (school, device) not in found and any((school, one) in found for one in _above(device)):
                found[school, device] = device
    return found


def resolve(names: Mapping[tuple[str, str], str], school: str, device: str) -> str:
    """The device that is meant; the channels of one that has another name are channels of that."""
    known = names.get((school, device))
    if known is not None:
        return known
    for above in _above(device):
        known = names.get((school, above))
        if known is not None:
            return known + device[len(above) :]
    return device


def _above(device: str) -> Iterator[str]:
    at = device.rfind("/")
    while at > 0:
        yield device[:at]
        at = device.rfind("/", 0, at)


def doubles(devices: Iterable[Named]) -> list[Double]:
    """Every group that is probably one device, retired ones left out; in the order of school and sameness."""
    alike: defaultdict[tuple[str, str], set[Named]] = defaultdict(set)
    identical: defaultdict[tuple[str, str], set[Named]] = defaultdict(set)
    for device in devices:
        if device.condition != "retired":
            alike[device.school, skeleton(device.device)].add(device)
            for identity in map(unified, (device.device, *device.identities)):
                identical["" if _WORLDWIDE.fullmatch(identity) else device.school, identity].add(device)
    found = [_double("same_identity", shared, group) for (_, shared), group in identical.items()]
    known = {frozenset(group) for group in identical.values()}
    found += [
        _double("look_alike", shared, group)
        for (_, shared), group in alike.items()
        if frozenset(group) not in known
    ]
    several = [one for one in found if len(one.devices) > 1]
    return sorted(several, key=lambda one: (one.devices[0].school, one.sameness, one.shared))


def _double(sameness: Sameness, shared: str, group: Iterable[Named]) -> Double:
    return Double(sameness, shared, tuple(sorted(group, key=lambda one: (one.school, one.device))))
