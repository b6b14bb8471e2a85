"""GB/T 28181, GA/T 1400 and AI boxes: news and repeats, texts, images; the samples show the rest."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from safety_service.domain.decoding.snapshots import LARGEST_SNAPSHOT, SNAPSHOT, keep_snapshot
from safety_service.domain.decoding.texts import read_text
from safety_service.domain.types import Event, Rejected
from tests.domain.decoding.conftest import RECEIVED

CAMERA = "37082801001320000017"


def alarm(
    sn: int | None = 1, time: str | None = "2026-11-23T23:10:01", method: int = 2, more: str = ""
) -> str:
    number = "" if sn is None else f"<SN>{sn}</SN>"
    at = "" if time is None else f"<AlarmTime>{time}</AlarmTime>"
    return (
        f"<Notify><CmdType>Alarm</CmdType>{number}<DeviceID>{CAMERA}</DeviceID>"
        f"<AlarmMethod>{method}</AlarmMethod>{at}{more}</Notify>"
    )


def keys(found: list[Event | Rejected]) -> list[str]:
    return [item.dedup_key for item in found if isinstance(item, Event)]


LATER: dict[str, Any] = {"received_at": RECEIVED + timedelta(seconds=1)}


@pytest.mark.parametrize(
    ("rest", "first", "second", "one_piece_of_news"),
    [
        ("gb28181/b", alarm(), alarm(), True),
        ("gb28181/b", alarm(sn=1), alarm(sn=2), False),
        ("gb28181/b", alarm(sn=1), alarm(sn=1, time="2026-11-23T23:10:02"), False),
        ("gb28181/b", alarm(time=None), alarm(time=None), False),
        ("gb28181/b", alarm(sn=None), alarm(sn=None), False),
        ("gb28181/b", alarm(sn=None, method=5), alarm(sn=None, method=5), True),
        ("gb28181/b", alarm(sn=None, method=5), alarm(sn=None, method=5, more="<X>1</X>"), False),
        (
            "viid/d",
            {"PersonObject": {"PersonID": CAMERA, "DeviceID": "d", "MarkTime": "20261123231001"}},
            {"PersonObject": {"PersonID": CAMERA, "DeviceID": "d", "MarkTime": "20261123231001"}},
            True,
        ),
        (
            "viid/d",
            {"PersonObject": {"PersonID": CAMERA, "DeviceID": "d", "MarkTime": "20261123231001"}},
            {"PersonObject": {"PersonID": CAMERA, "DeviceID": "d", "MarkTime": "20261123231002"}},
            False,
        ),
        ("viid/d", {"PersonObject": {"DeviceID": "d"}}, {"PersonObject": {"DeviceID": "d"}}, False),
        ("aibox/generic/b", {"type": "sos", "time": 1795446601}, {"type": "sos", "time": 1795446601}, False),
        (
            "aibox/generic/b",
            {"type": "sos", "time": 1795446601, "id": "a"},
            {"type": "sos", "time": 1795446601, "id": "a"},
            True,
        ),
        ("aibox/generic/b", {"type": "mask", "id": 1}, {"type": "mask", "id": 1}, False),
        ("aibox/generic/b", {"type": "mask", "time": 1795446601}, {"type": "mask", "time": 1795446601}, True),
        (
            "aibox/generic/b",
            {"type": "mask", "time": 1795446601, "image": "A" * 2000},
            {"type": "mask", "time": 1795446601, "score": 0.4, "image": "A" * 2000},
            False,
        ),
    ],
)
def test_the_same_news_has_the_same_key_and_two_presses_never(
    rest: str, first: Any, second: Any, one_piece_of_news: bool, read: Any
) -> None:
    said = [body if isinstance(body, str) else json.dumps(body) for body in (first, second)]
    (one,), (other,) = keys(read(rest, said[0])), keys(read(rest, said[1], **LATER))
    assert (one == other) == one_piece_of_news


def test_presses_in_one_batch_are_told_apart(read: Any) -> None:
    press = {"type": "sos", "time": 1795446601}
    assert len(set(keys(read("aibox/generic/b", json.dumps([press, press]))))) == 2
    first, second = (keys(read("gb28181/b", alarm(time=None), position=place)) for place in (1, 2))
    assert first != second


def test_nobody_is_kept_by_name(read: Any) -> None:
    person = {
        "PersonID": "1",
        "DeviceID": CAMERA,
        "Name": "NAMED",
        "UsedName": "NAMED",
        "IDNumber": "NAMED",
        "MarkTime": "20261123231001",
    }
    bodies = (
        {"PersonListObject": {"PersonObject": [person]}},
        {
            "DispositionNotificationObject": [
                {"NotificationID": "1", "Title": "NAMED", "PersonObject": person}
            ]
        },
        {"SubscribeNotificationObject": {"Title": "NAMED", "FaceObjectList": {"FaceObject": [person]}}},
    )
    for body in bodies:
        found = read("viid/d", json.dumps(body))
        assert found
        assert "NAMED" not in repr(found)


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"plain", "plain"),
        ("校门".encode(), "校门"),
        ("校门".encode("gb2312"), "校门"),
        ("围墙入侵".encode("gbk"), "围墙入侵"),
        ("㐂".encode("gb18030"), "㐂"),
        (b"\xef\xbb\xbf" + "校门".encode(), "校门"),
        (
            "<?xml version='1.0' encoding='gb2312'?><a>校门</a>".encode(),
            "<?xml version='1.0' encoding='gb2312'?><a>校门</a>",
        ),
        # Valid UTF-8 by accident, of characters that no device in China sends.
        ("路灯".encode("gbk"), "路灯"),
        ("<?xml version='1.0' encoding='UTF-8'?>é".encode(), "<?xml version='1.0' encoding='UTF-8'?>é"),
        ("校门".encode()[:-1], "校�"),
    ],
)
def test_text_is_read_whatever_it_is_declared(payload: bytes, text: str) -> None:
    assert read_text(payload) == text


def test_a_small_image_is_kept_and_a_large_one_is_reported() -> None:
    small, large = (
        base64.b64encode(b"\xff\xd8\xff" * number).decode() for number in (100, LARGEST_SNAPSHOT // 3 + 1)
    )
    for raw in (
        small,
        f"data:image/jpeg;base64,{small}",
        "\r\n".join(small[i : i + 76] for i in range(0, 400, 76)),
    ):
        attributes: dict[str, Any] = {}
        assert keep_snapshot(attributes, raw, "image") is None
        assert base64.b64decode(attributes[SNAPSHOT]) == b"\xff\xd8\xff" * 100
    for raw, reason in ((large, "too_large"), ("no image at all! " * 9, "bad_value")):
        attributes = {}
        refusal = keep_snapshot(attributes, raw, "image")
        assert refusal is not None
        assert refusal.reason == reason
        assert attributes == {}
    for nothing in (None, 5, "", "img1_base64", {"a": 1}):
        assert keep_snapshot({}, nothing, "image") is None


def test_a_large_image_costs_the_alarm_nothing_else(read: Any) -> None:
    image = "A" * (LARGEST_SNAPSHOT * 3 // 2)
    event, refusal = read(
        "aibox/generic/b",
        json.dumps({"type": "fire", "image": image}),
    )
    assert (event.kind, refusal.reason, refusal.place) == ("fire", "too_large", "image")
    assert SNAPSHOT not in event.attributes


@pytest.mark.parametrize("format", ["gb28181", "viid", "aibox/generic"])
def test_a_bridge_has_a_last_will(format: str, read: Any) -> None:
    (gone,), (back,) = (read(f"{format}/b-1/status", word) for word in ("offline", "online"))
    assert [(e.device, e.kind, e.phase) for e in (gone, back)] == [
        ("b-1", "device_offline", "start"),
        ("b-1", "device_offline", "end"),
    ]
    assert read(f"{format}/b-1/status", "") == read(f"{format}/b-1", "") == []
