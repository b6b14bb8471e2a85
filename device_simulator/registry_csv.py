"""The county as the two CSV files a service imports: schools and devices."""

import csv
from collections.abc import Iterable
from pathlib import Path

from device_simulator.model import County

SCHOOL_COLUMNS = (
    "code",
    "name_zh",
    "name_en",
    "township",
    "kind",
    "latitude",
    "longitude",
    "pupils",
    "timezone",
)
DEVICE_COLUMNS = ("school", "device", "name", "zone", "zone_type", "format", "model")


def write_registry(county: County, directory: Path) -> tuple[Path, Path]:
    """Write `schools.csv` and `devices.csv` (UTF-8) into the directory, which is made if need be."""
    directory.mkdir(parents=True, exist_ok=True)
    schools, devices = directory / "schools.csv", directory / "devices.csv"
    _write(
        schools,
        SCHOOL_COLUMNS,
        ([getattr(school, name) for name in SCHOOL_COLUMNS] for school in county.schools),
    )
    _write(
        devices,
        DEVICE_COLUMNS,
        (
            [each.school, each.code, each.name, each.zone.code, each.zone.type, each.format, each.model]
            for school in county.schools
            for each in school.devices
        ),
    )
    return schools, devices


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[list[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
