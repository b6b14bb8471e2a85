"""A believable county, the same for the same seed, and the same first schools however many are asked for."""

from collections import Counter
from random import Random

from device_simulator.equipment import equip
from device_simulator.model import KINDS, County, School, SchoolKind
from device_simulator.naming import TOWNSHIPS, school_name, shuffled_villages

CENTRE = (35.07, 116.31)
TIMEZONE = "Asia/Shanghai"

_SHARE: dict[SchoolKind, int] = {
    "kindergarten": 112,
    "primary": 98,
    "middle": 30,
    "high": 5,
    "vocational": 3,
    "special": 1,
}
"""How 249 schools divide into kinds."""

_MEAN_PUPILS: dict[SchoolKind, int] = {
    "kindergarten": 165,
    "primary": 535,
    "middle": 1190,
    "high": 3400,
    "vocational": 2750,
    "special": 165,
}
"""With the shares above these make 132,300 pupils in 249 schools."""

_TOWN_KINDS = ("high", "vocational", "special")


def build_county(schools: int, seed: int) -> County:
    """A county of `schools` schools. Raises ValueError outside 1 to 999, which three digits can number."""
    if not 1 <= schools <= 999:
        raise ValueError(f"a county has 1 to 999 schools, not {schools}")
    villages = shuffled_villages(seed)
    seen: Counter[str] = Counter()
    seen_there: Counter[tuple[str, int]] = Counter()
    built: list[School] = []
    for index, kind in enumerate(_kinds(schools)):
        random = Random(f"{seed}/school/{index}")
        town = _township(kind, seen[kind], random)
        name_zh, name_en = school_name(
            kind,
            seen[kind],
            TOWNSHIPS[town][:2],
            seen_there[kind, town],
            villages[seen[kind] % len(villages)],
        )
        built.append(_school(index, kind, seen[kind], town, (name_zh, name_en), seed, random))
        seen[kind] += 1
        seen_there[kind, town] += 1
    return County(seed, tuple(built))


def _kinds(schools: int) -> list[SchoolKind]:
    """One of each common kind first, so five schools have them all; then whichever is furthest behind."""
    kinds: list[SchoolKind] = list(KINDS[:5])
    given = Counter(kinds)
    total = sum(_SHARE.values())
    for index in range(len(kinds), schools):
        behind = max(_SHARE, key=lambda kind: (index + 1) * _SHARE[kind] / total - given[kind])
        kinds.append(behind)
        given[behind] += 1
    return kinds[:schools]


def _township(kind: SchoolKind, nth: int, random: Random) -> int:
    if kind in _TOWN_KINDS:
        return random.randrange(2)
    return nth % len(TOWNSHIPS)


def _school(
    index: int, kind: SchoolKind, nth: int, town: int, name: tuple[str, str], seed: int, random: Random
) -> School:
    township, _, north, east = TOWNSHIPS[town]
    code = f"370828-{index + 1:03d}"
    pupils = _pupils(kind, nth, seed)
    boarding = kind in ("high", "vocational", "special") or (kind == "middle" and nth % 3 != 2)
    zones, devices = equip(code, index, kind, pupils, boarding)
    return School(
        code=code,
        name_zh=name[0],
        name_en=name[1],
        township=township,
        kind=kind,
        latitude=round(CENTRE[0] + north + random.uniform(-0.032, 0.032), 5),
        longitude=round(CENTRE[1] + east + random.uniform(-0.038, 0.038), 5),
        pupils=pupils,
        timezone=TIMEZONE,
        boarding=boarding,
        zones=zones,
        devices=devices,
    )


def _pupils(kind: SchoolKind, nth: int, seed: int) -> int:
    """Between half and one and a half times the mean. Sizes alternate around it, so the sum stays near."""
    spread = Random(f"{seed}/size/{kind}/{nth // 2}").uniform(-0.5, 0.5)
    return round(_MEAN_PUPILS[kind] * (1 + (spread if nth % 2 == 0 else -spread)))
