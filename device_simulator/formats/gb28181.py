"""GB/T 28181 alarms as a bridge passes them on: MANSCDP XML in GB 2312, local time, moments with no end."""

from datetime import datetime, timedelta, timezone
from xml.sax.saxutils import escape

from device_simulator.formats.digits import code_of
from device_simulator.formats.wire import Format, Link, Pen, WireMessage
from device_simulator.happenings import Happening

BEIJING = timezone(timedelta(hours=8))

# Method and type; "" leaves the type out.
_CODES = {
    "motion": ("5", "2"),
    "left_object": ("5", "3"),
    "removed_object": ("5", "4"),
    "line_crossing": ("5", "5"),
    "intrusion": ("5", "6"),
    "loitering": ("5", "8"),
    "crowd": ("5", "10"),
    "panic_button": ("5", "1"),
    "alarm_input": ("2", ""),
    "video_loss": ("2", "1"),
    "tamper": ("2", "2"),
}
_PRIORITIES = {"critical": 1, "major": 2, "minor": 3, "warning": 4}
_NOTIFY = """<?xml version="1.0" encoding="GB2312"?>\r
<Notify>\r
<CmdType>Alarm</CmdType>\r
<SN>{number}</SN>\r
<DeviceID>{device}</DeviceID>\r
<AlarmPriority>{priority}</AlarmPriority>\r
<AlarmMethod>{method}</AlarmMethod>\r
<AlarmTime>{time}</AlarmTime>\r
<AlarmDescription>{description}</AlarmDescription>\r
{info}</Notify>\r
"""


def write(pen: Pen, happenings: tuple[Happening, ...], now: datetime) -> list[WireMessage]:
    """One message for each beginning: that something goes on or is over is not told."""
    return [_message(pen, each, now) for each in happenings if each.phase in ("start", "pulse")]


def link(school: str, pen: Pen) -> Link:
    """The word of the bridge."""
    return Link(f"campus/v1/{school}/gb28181/{pen.gateway}/status", b"online", b"offline")


def _message(pen: Pen, happening: Happening, now: datetime) -> WireMessage:
    device = happening.device
    method, kind = _CODES[happening.kind]
    pen.posts[device.school] = number = pen.posts.get(device.school, 0) + 1
    text = _NOTIFY.format(
        number=number,
        device=device.code,
        priority=_PRIORITIES.get(happening.severity or "", 3),
        method=method,
        time=now.astimezone(BEIJING).strftime("%Y-%m-%dT%H:%M:%S"),
        description=escape(device.name),
        info=f"<Info>\r\n<AlarmType>{kind}</AlarmType>\r\n</Info>\r\n" if kind else "",
    )
    topic = f"campus/v1/{device.school}/gb28181/{pen.gateway}"
    return WireMessage(device.school, "gb28181", topic, text.encode("gb2312", "xmlcharrefreplace"))


GB28181 = Format(
    write, link, frozenset(_CODES), frozenset({"camera", "flame_camera", "fence", "panic_button"}), code_of
)
