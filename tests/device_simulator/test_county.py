"""The county: believable, whole, and the same for the same seed."""

import csv
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from device_simulator.county import CENTRE, build_county
from device_simulator.model import KINDS, County
from device_simulator.registry_csv import DEVICE_COLUMNS, SCHOOL_COLUMNS


@pytest.fixture(scope="module")
def whole() -> County:
    return build_county(249, 1)


def test_the_same_seed_makes_the_same_county() -> None:
    assert build_county(30, 7) == build_county(30, 7)
    assert build_county(30, 7) != build_county(30, 8)


def test_a_smaller_county_is_the_beginning_of_a_larger_one(whole: County) -> None:
    assert build_county(24, 1).schools == whole.schools[:24]


@pytest.mark.parametrize("seed", range(6))
def test_pupils_add_up(seed: int) -> None:
    pupils = [school.pupils for school in build_county(249, seed).schools]
    assert sum(pupils) == pytest.approx(132_300, rel=0.02)
    assert min(pupils) > 50


def test_kinds_townships_and_codes(whole: County) -> None:
    assert [school.code for school in whole.schools] == [f"370828-{n:03d}" for n in range(1, 250)]
    assert [school.kind for school in whole.schools[:5]] == list(KINDS[:5])
    kinds = Counter(school.kind for school in whole.schools)
    assert kinds == {
        "kindergarten": 112,
        "primary": 98,
        "middle": 30,
        "high": 5,
        "vocational": 3,
        "special": 1,
    }
    assert len({school.township for school in whole.schools}) == 13


@pytest.mark.parametrize("schools", [249, 999])
def test_no_two_schools_share_a_name(schools: int) -> None:
    county = build_county(schools, 1)
    assert len({school.name_zh for school in county.schools}) == schools
    assert len({school.name_en for school in county.schools}) == schools


def test_schools_lie_around_the_county_town(whole: County) -> None:
    for school in whole.schools:
        assert abs(school.latitude - CENTRE[0]) < 0.2
        assert abs(school.longitude - CENTRE[1]) < 0.2
    assert len({(school.latitude, school.longitude) for school in whole.schools}) == 249


def test_every_school_is_equipped(whole: County) -> None:
    for school in whole.schools:
        codes = [device.code for device in school.devices]
        assert len(set(codes)) == len(codes)
        assert {device.zone for device in school.devices} <= set(school.zones)
        roles = {(device.role, device.zone.type) for device in school.devices}
        assert roles >= {
            ("camera", "gate"),
            ("camera", "perimeter"),
            ("fence", "perimeter"),
            ("panic_button", "gate"),
            ("thermometer", "cold_store"),
            ("door_contact", "cold_store"),
            ("gas_detector", "kitchen"),
            ("kitchen_ai", "kitchen"),
            ("smoke_detector", "classroom"),
        }
        assert school.boarding == (("smoke_detector", "dormitory") in roles)


def test_cameras_of_a_school_speak_one_format(whole: County) -> None:
    formats = [{device.format for device in school.having("camera")} for school in whole.schools]
    assert all(len(found) == 1 for found in formats)
    assert 30 < sum("frigate" in found for found in formats) < 60
    assert {device.format for s in whole.schools for device in s.devices if device.role != "camera"} == {
        "native"
    }


@pytest.mark.parametrize("schools", [0, -1, 1000])
def test_an_impossible_county_is_refused(schools: int) -> None:
    with pytest.raises(ValueError, match="1 to 999"):
        build_county(schools, 1)


def test_export_as_csv(tmp_path: Path, whole: County) -> None:
    command = [sys.executable, "-m", "device_simulator", "county", "--schools", "249", "--seed", "1"]
    subprocess.run(
        [*command, "--out", str(tmp_path / "new")], check=True, stdin=subprocess.DEVNULL, timeout=60
    )
    with (tmp_path / "new" / "schools.csv").open(encoding="utf-8", newline="") as file:
        schools = list(csv.DictReader(file))
    with (tmp_path / "new" / "devices.csv").open(encoding="utf-8", newline="") as file:
        devices = list(csv.DictReader(file))
    assert tuple(schools[0]) == SCHOOL_COLUMNS
    assert tuple(devices[0]) == DEVICE_COLUMNS
    assert [row["name_zh"] for row in schools] == [school.name_zh for school in whole.schools]
    assert sum(int(row["pupils"]) for row in schools) == sum(school.pupils for school in whole.schools)
    assert {(row["school"], row["device"]) for row in devices} == {
        (school.code, device.code) for school in whole.schools for device in school.devices
    }
    assert {row["format"] for row in devices} == {"native", "frigate"}
