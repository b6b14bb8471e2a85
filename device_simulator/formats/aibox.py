"""The JSON of an AI box: one alarm with the name of the algorithm that raised it, and a small image."""

import base64
from datetime import datetime

import msgspec

from device_simulator.formats.wire import Format, Link, Pen, WireMessage
from device_simulator.happenings import Happening

_encode = msgspec.json.Encoder().encode
PROFILE = "aidrive-tech"
_ALGORITHMS = {
    "no_chef_hat": "未佩戴厨师帽检测",
    "no_mask": "未佩戴口罩检测",
    "no_gloves": "未佩戴手套检测",
    "no_uniform": "未穿厨师服检测",
    "smoking": "抽烟检测",
    "phone_use": "玩手机检测",
    "rodent": "老鼠检测",
    "cockroach": "蟑螂检测",
    "bin_uncovered": "垃圾桶未盖检测",
    "standing_water": "地面积水检测",
    "off_post": "离岗检测",
    "flame_unattended": "动火离人检测",
    "fire": "火焰检测",
    "smoke": "烟雾检测",
    "fall": "人员跌倒检测",
    "fight": "打架斗殴检测",
    "intrusion": "区域入侵检测",
    "loitering": "人员徘徊检测",
    "crowd": "人员聚集检测",
    "climbing": "攀爬检测",
}
_SEVERITIES = {"critical": "高", "major": "高", "minor": "中", "warning": "低"}
# The smallest thing that begins as a JPEG does; nobody looks at it.
_IMAGE = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(60) + b"\xff\xd9").decode()


def write(pen: Pen, happenings: tuple[Happening, ...], now: datetime) -> list[WireMessage]:
    """One message for each beginning: a box tells what it saw, not that it is over."""
    return [_message(pen, each, now) for each in happenings if each.phase in ("start", "pulse")]


def link(school: str, pen: Pen) -> Link:
    """The word of the bridge."""
    return Link(f"campus/v1/{school}/aibox/{PROFILE}/{pen.gateway}/status", b"online", b"offline")


def _message(pen: Pen, happening: Happening, now: datetime) -> WireMessage:
    device = happening.device
    pen.posts[device.school] = number = pen.posts.get(device.school, 0) + 1
    name = _ALGORITHMS[happening.kind]
    body = {
        "id": f"{pen.run}-{device.code}-{number}",
        "alert_time": now.timestamp(),
        "device": {"id": device.code, "name": device.name, "desc": None},
        "source": {"id": device.code, "ipv4": "10.1.7.31", "desc": device.name},
        "alg": {"name": happening.kind, "ch_name": name, "type": "general"},
        "hazard_level": _SEVERITIES.get(happening.severity or "", ""),
        "image": _IMAGE,
        "reserved_data": {"bbox": {"rectangles": [{"label": name, "conf": 0.86, "ext": {}}]}},
    }
    topic = f"campus/v1/{device.school}/aibox/{PROFILE}/{device.code}"
    return WireMessage(device.school, "aibox", topic, _encode(body))


AIBOX = Format(write, link, frozenset(_ALGORITHMS), frozenset({"camera", "flame_camera", "kitchen_ai"}))
