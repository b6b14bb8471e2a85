"""Which zones a school of a kind has, and which devices hang in them."""

from device_simulator.model import Device, SchoolKind, Zone

_ZONES_EVERYWHERE = (
    "gate",
    "perimeter",
    "playground",
    "corridor",
    "classroom",
    "office",
    "kitchen",
    "cold_store",
)
_ZONES_MORE: dict[SchoolKind, tuple[str, ...]] = {
    "kindergarten": (),
    "primary": (),
    "middle": ("laboratory",),
    "high": ("laboratory", "exam_room", "exam_store"),
    "vocational": ("laboratory",),
    "special": (),
}

_MODEL = {
    "camera": "IPC-4MP",
    "flame_camera": "IPC-TF2",
    "fence": "EF-6",
    "smoke_detector": "SD-3",
    "gas_detector": "GD-2",
    "thermometer": "TH-1",
    "door_contact": "DC-1",
    "panic_button": "PB-1",
    "kitchen_ai": "KAI-8",
}
_FRIGATE_MODEL = "Frigate NVR"

_PLACE = {
    "gate": "校门",
    "perimeter": "围墙",
    "playground": "操场",
    "corridor": "走廊",
    "classroom": "教室",
    "office": "办公室",
    "kitchen": "厨房",
    "cold_store": "冷藏库",
    "laboratory": "实验室",
    "dormitory": "宿舍",
    "exam_room": "考场",
    "exam_store": "保密室",
}
_THING = {
    "camera": "摄像机",
    "flame_camera": "火焰摄像机",
    "fence": "电子围栏",
    "smoke_detector": "烟感",
    "gas_detector": "燃气探测器",
    "thermometer": "温度计",
    "door_contact": "门磁",
    "panic_button": "一键报警",
    "kitchen_ai": "明厨亮灶盒",
}
_SHORT = {
    "camera": "cam",
    "flame_camera": "flame",
    "fence": "fence",
    "smoke_detector": "smoke",
    "gas_detector": "gas",
    "thermometer": "temp",
    "door_contact": "door",
    "panic_button": "panic",
    "kitchen_ai": "ai",
}


def equip(
    school: str, index: int, kind: SchoolKind, pupils: int, boarding: bool
) -> tuple[tuple[Zone, ...], tuple[Device, ...]]:
    """Zones and devices of one school; every sixth school keeps its cameras behind a Frigate NVR."""
    zones = _zones(kind, pupils, boarding)
    camera_format = "frigate" if index % 6 == 2 else "native"
    devices: list[Device] = []
    for zone in zones:
        for role, marks in _roles(zone, pupils):
            format = camera_format if role == "camera" else "native"
            devices += [_device(school, zone, role, mark, format) for mark in marks]
    return zones, tuple(devices)


def _zones(kind: SchoolKind, pupils: int, boarding: bool) -> tuple[Zone, ...]:
    zones = [Zone(type, type) for type in (*_ZONES_EVERYWHERE, *_ZONES_MORE[kind])]
    if pupils > 1500:
        zones.append(Zone("gate-2", "gate"))
    if boarding:
        zones.append(Zone("dormitory", "dormitory"))
        if pupils > 1500:
            zones.append(Zone("dormitory-2", "dormitory"))
    return tuple(zones)


def _roles(zone: Zone, pupils: int) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(role, marks) of the devices in a zone; a mark tells neighbours apart, in a dormitory the room."""
    match zone.type:
        case "gate":
            return ("camera", ("1", "2") if pupils > 600 else ("1",)), ("panic_button", ("1",))
        case "perimeter":
            return ("camera", ("1", "2", "3") if pupils > 1500 else ("1",)), ("fence", ("1",))
        case "playground" | "exam_room":
            return (("camera", ("1",)),)
        case "corridor":
            return ("camera", ("1",)), ("smoke_detector", ("1",))
        case "office":
            return (("panic_button", ("1",)),)
        case "classroom":
            return (("smoke_detector", ("1", "2") if pupils > 300 else ("1",)),)
        case "laboratory":
            return ("smoke_detector", ("1",)), ("door_contact", ("1",))
        case "kitchen":
            return ("kitchen_ai", ("1",)), ("gas_detector", ("1",)), ("smoke_detector", ("1",))
        case "cold_store":
            return ("thermometer", ("1", "2") if pupils > 900 else ("1",)), ("door_contact", ("1",))
        case "exam_store":
            return ("camera", ("1",)), ("door_contact", ("1",))
        case "dormitory":
            rooms = ("101", "102", "201", "202", "301", "302")
            return ("smoke_detector", rooms), ("flame_camera", ("1",)), ("panic_button", ("1",))
    return ()


def _device(school: str, zone: Zone, role: str, mark: str, format: str) -> Device:
    place = _PLACE[zone.type] + zone.code[len(zone.type) :].lstrip("-")
    code = f"{_SHORT[role]}-{zone.code.replace('_', '-')}-{mark}"
    if format == "frigate":
        # Frigate allows only letters, digits and underscores in a camera's name
        code = code.replace("-", "_")
    return Device(
        school=school,
        code=code,
        name=f"{place}{_THING[role]}{mark}",
        role=role,
        zone=zone,
        format=format,
        model=_FRIGATE_MODEL if format == "frigate" else _MODEL[role],
    )
