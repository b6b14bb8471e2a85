"""School and device lists from CSV: right lines are imported, every other is reported with its number."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

import msgspec
from pydantic import BaseModel
from sqlalchemy import Engine
from sqlmodel import Session

from safety_service.domain.errors import Refused
from safety_service.domain.identities import unified
from safety_service.domain.registry import DeviceEntry, SchoolEntry, read_entry
from safety_service.services import cafeterias, registry
from safety_service.services.csv_lines import NumberedCells, RefusedLine, Tick, read_csv
from safety_service.settings import Settings
from safety_service.store import audit, devices
from safety_service.store import registry as store
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

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
SCHOOL_REQUIRED = ("code", "name_zh", "township")
DEVICE_COLUMNS = (
    "school",
    "device",
    "name",
    "zone",
    "zone_type",
    "format",
    "model",
    "identities",
    "live_url",
)
DEVICE_REQUIRED = ("school", "device")

LINES_AT_ONCE = 100
"""Lines of one transaction: a long list must not keep the pipeline from writing."""

EntryT = TypeVar("EntryT", bound=BaseModel)
Line = tuple[int, Mapping[str, str]]


class Outcome(msgspec.Struct):
    """What an import did; `refused` in the order of the file."""

    added: int = 0
    updated: int = 0
    refused: list[RefusedLine] = msgspec.field(default_factory=list)


def import_schools(
    engine: Engine, settings: Settings, path: Path, now: datetime, tick: Tick = lambda _lines: None
) -> Outcome:
    """Adds and updates the schools of a list, with their townships and first cafeterias.

    `tick(n)` is called after every n lines. Raises Refused where the file as a whole cannot be read.
    """

    def save(session: Session, entry: SchoolEntry) -> bool:
        school, added = registry.save_school(session, settings, entry.code, entry, keep_unset=True)
        cafeterias.create_for_schools(session, [school])
        return added

    lines = _read(path, SCHOOL_COLUMNS, SCHOOL_REQUIRED)
    return _import(engine, "school", path, lines, SchoolEntry, lambda e: (e.code,), save, now, tick)


def import_devices(
    engine: Engine, _settings: Settings, path: Path, now: datetime, tick: Tick = lambda _lines: None
) -> Outcome:
    """Registers and adopts the devices of a list, with their zones; their schools must exist."""

    named: dict[tuple[str, str], str] = {}

    def save(session: Session, entry: DeviceEntry) -> bool:
        if store.find_school(session, entry.school) is None:
            raise Refused(f"school: there is no school {entry.school}", place="school")
        for one in (entry.device, *(entry.identities or ())):
            first = named.setdefault((entry.school, unified(one)), entry.device)
            if first != entry.device:
                raise Refused(f"identities: {one} is {first} in this list already", place="identities")
        return registry.save_device(session, entry.school, entry.device, entry, now)[1] is None

    lines = _read(path, DEVICE_COLUMNS, DEVICE_REQUIRED)
    with_names = ((number, {**line, "name": line.get("name") or line["device"]}) for number, line in lines)
    return _import(
        engine, "device", path, with_names, DeviceEntry, lambda e: (e.school, e.device), save, now, tick
    )


def _import(
    engine: Engine,
    noun: str,
    path: Path,
    lines: Iterator[Line],
    model: type[EntryT],
    key_of: Callable[[EntryT], tuple[str, ...]],
    save: Callable[[Session, EntryT], bool],
    now: datetime,
    tick: Tick,
) -> Outcome:
    outcome = Outcome()
    seen: dict[tuple[str, ...], int] = {}
    while block := list(islice(lines, LINES_AT_ONCE)):
        added, updated = outcome.added, outcome.updated
        with session_scope(engine, EVERY_SCHOOL, write=True) as session:
            for number, line in block:
                try:
                    entry = read_entry(model, line)
                    _not_twice(seen, key_of(entry), number)
                    new = save(session, entry)
                except Refused as error:
                    outcome.refused.append(RefusedLine(number, error.reason))
                    continue
                outcome.added += new
                outcome.updated += not new
            devices.changed(session)
            detail = {"file": path.name, "added": outcome.added - added, "updated": outcome.updated - updated}
            audit.record(session, f"{noun}.import", noun, path.name, now=now, detail=detail)
        tick(len(block))
    return outcome


def _not_twice(seen: dict[tuple[str, ...], int], key: tuple[str, ...], number: int) -> None:
    first = seen.setdefault(key, number)
    if first != number:
        raise Refused(f"{'/'.join(key)} stands on line {first} already")


def _read(path: Path, columns: tuple[str, ...], required: tuple[str, ...]) -> Iterator[Line]:
    heads, lines = read_csv(path)
    missing = [name for name in required if name not in heads]
    strange = [head for head in heads if head not in columns]
    if missing or strange or len(set(heads)) != len(heads):
        named = [f"the column {name} is missing" for name in missing]
        named += [f"the column {name!r} is not known" for name in strange]
        reason = "; ".join(named) or "a column stands there twice"
        raise Refused(f"{reason}; the columns are {','.join(columns)}", place=f"{path.name}, line 1")
    return _named(heads, lines)


def _named(heads: list[str], lines: Iterator[NumberedCells]) -> Iterator[Line]:
    for number, cells in lines:
        # Short and long lines go on as they are: the check of the entry names what is wrong.
        line = dict(zip(heads, cells, strict=False))
        if len(cells) > len(heads):
            line[f"cell {len(heads) + 1}"] = cells[len(heads)]
        yield number, line
