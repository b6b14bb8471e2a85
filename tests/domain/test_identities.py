"""Other names of a device, and names that are probably one."""

import pytest

from safety_service.domain.identities import Named, aliases, doubles, resolve, skeleton, spellings

MAC = "ac:b9:2f:49:44:75"


def test_a_mac_address_is_known_in_every_spelling() -> None:
    usual = {MAC, MAC.upper(), "acb92f494475", "ACB92F494475", "ac-b9-2f-49-44-75", "AC-B9-2F-49-44-75"}
    assert spellings("ACB9.2F49.4475") == usual | {"ACB9.2F49.4475"}
    assert spellings("serial-1") == {"serial-1"}


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("acb92f494475", "gate"),
        ("ACB92F494475/2", "gate/2"),
        ("acb92f494475/io1", "alarm button"),
        ("old name", "gate"),
        ("old name 2", "old name 2"),
        ("elsewhere", "elsewhere"),
        ("a/b", "a/b"),
    ],
)
def test_a_device_is_found_under_its_other_names(told: str, meant: str) -> None:
    known = [("s-1", MAC, "gate"), ("s-1", "old name", "gate"), ("s-1", f"{MAC}/io1", "alarm button")]
    names = aliases(known, [("s-1", "gate"), ("s-1", "alarm button")])
    assert resolve(names, "s-1", told) == meant
    assert resolve(names, "s-2", told) == told


def test_a_device_that_is_registered_below_anothers_name_keeps_its_own() -> None:
    names = aliases([("s-1", "nvr", "recorder")], [("s-1", "nvr/3"), ("s-2", "nvr/4")])
    found = [resolve(names, "s-1", one) for one in ("nvr", "nvr/3", "nvr/3/io1", "nvr/4")]
    assert found == ["recorder", "nvr/3", "nvr/3/io1", "recorder/4"]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("cam-1", "Cam 1", True),
        ("cam-1", "саm-1", True),
        ("cam-10", "cam-lO", True),
        ("cam\u200b-1", "cam-1", True),
        ("ｃａｍ-1", "cam-1", True),
        ("cam-1", "cam-2", False),
        ("nvr/1", "nvr1", False),
        ("北门", "南门", False),
        ("\u200b", "\u200c", False),
    ],
)
def test_what_an_eye_takes_for_the_same(one: str, other: str, alike: bool) -> None:
    assert (skeleton(one) == skeleton(other)) is alike


def test_doubles_are_named_with_what_they_share() -> None:
    def named(school: str, device: str, *identities: str, condition: str = "active") -> Named:
        return Named(school, device, device, condition, identities)

    devices = [
        named("s-1", "Cam 1"),
        named("s-1", "cam-1", condition="new"),
        named("s-2", "cam-1"),
        named("s-1", "gate", MAC),
        named("s-2", "ACB92F494475", condition="new"),
        named("s-2", "yard", "serial-1"),
        named("s-1", "hall", "serial-1"),
        named("s-2", "serial-1", condition="quarantined"),
        named("s-2", "CAM.1", condition="retired"),
    ]
    found = [(one.sameness, one.shared, [each.device for each in one.devices]) for one in doubles(devices)]
    assert found == [
        ("look_alike", "cami", ["Cam 1", "cam-1"]),
        ("same_identity", "acb92f494475", ["gate", "ACB92F494475"]),
        ("same_identity", "serial-1", ["serial-1", "yard"]),
    ]
