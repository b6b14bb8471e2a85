"""Topics and device clocks: what is accepted, what is refused, what is believed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from safety_service.domain.decoding import Topic, parse_topic
from safety_service.domain.decoding.times import LARGEST_SKEW, read_time
from safety_service.domain.types import Rejected

RECEIVED = datetime(2026, 11, 23, 0, 0, 30, tzinfo=UTC)
TOLD = datetime(2026, 11, 23, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_topic_in_its_parts() -> None:
    assert parse_topic("campus/v1/370828-001/native/gw/events") == Topic(
        "370828-001", "native", ("gw", "events")
    )
    assert parse_topic("campus/v1/S/aibox") == Topic("S", "aibox", ())
    assert parse_topic("campus/v1/S/tasmota//tele/x/") == Topic("S", "tasmota", ("tele", "x"))


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "campus",
        "campus/v1",
        "campus/v1/S",
        "campus/v1/S/",
        "campus/v1//native/gw",
        "/campus/v1/S/native/gw",
        "campus/v2/S/native/gw",
        "campus/v1/S/native/+/events",
        "campus/v1/S/native/#",
        "campus/v1/S\u200b/native/gw",
        "campus/v1/S\x00/native/gw",
        f"campus/v1/{'S' * 65}/native/gw",
    ],
)
def test_bad_topic(topic: str) -> None:
    found = parse_topic(topic)
    assert isinstance(found, Rejected)
    assert (found.reason, found.place) == ("bad_topic", "topic")


@pytest.mark.parametrize(
    "raw",
    [
        "2026-11-23T00:00:00Z",
        "2026-11-23t00:00:00z",
        "2026-11-23T08:00:00+08:00",
        "2026-11-23T08:00:00.000+0800",
        "2026-11-23 08:00:00",
        "2026/11/23 08:00:00",
        " 2026-11-23T08:00:00 ",
        "20261123080000",
        "20261123080000000",
        "2026-11-23 8:0:0",
        "2026-11-23T 08:00:00:000 +0800",
        "2026年11月23日 8时0分",
        20261123080000,
        20261123080000000,
        1795392000,
        1795392000.0,
        1795392000000,
        1795392000000000,
        1795392000000000000,
        "1795392000",
        "1795392000000",
    ],
)
def test_every_way_of_writing_one_moment(raw: Any) -> None:
    reading = read_time(raw, RECEIVED, SHANGHAI)
    assert reading.occurred_at.tzinfo is UTC
    assert reading == (TOLD, False, str(raw), None, TOLD)


def test_leap_second_is_the_second_before() -> None:
    received = datetime(2016, 12, 31, 23, 59, 58, tzinfo=UTC)
    reading = read_time("2016-12-31T23:59:60Z", received, UTC)
    assert reading.occurred_at == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        "11:47:0500:00",
        "yesterday",
        "2026年13月40日 8时0分",
        "2026-13-40T00:00:00Z",
        "2026-11-23T00:00:00+99:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "\u0660",
        "\x00",
        True,
        [],
        {"a": 1},
        1e300,
        -1e300,
        10**400,
        float("nan"),
        float("inf"),
    ],
)
def test_unreadable_time_is_the_receive_time_and_says_why(raw: Any) -> None:
    reading = read_time(raw, RECEIVED, SHANGHAI)
    assert (reading.occurred_at, reading.clock_suspect) == (RECEIVED, True)
    assert reading.error
    assert reading.told_at is None
    assert reading.source_time is not None
    assert len(reading.source_time) <= 64
    assert "\x00" not in reading.source_time


@pytest.mark.parametrize("raw", [None, ""])
def test_no_time_is_no_suspicion(raw: Any) -> None:
    assert read_time(raw, RECEIVED, SHANGHAI) == (RECEIVED, False, None, None, None)


@pytest.mark.parametrize("sign", [1, -1])
def test_five_minutes_are_believed_and_no_more(sign: int) -> None:
    at_limit = RECEIVED + sign * LARGEST_SKEW
    beyond = at_limit + sign * timedelta(microseconds=1)
    assert read_time(at_limit.isoformat(), RECEIVED, UTC)[:2] == (at_limit, False)
    assert read_time(beyond.isoformat(), RECEIVED, UTC) == (
        RECEIVED,
        True,
        beyond.isoformat(),
        None,
        beyond,
    )


def test_time_without_zone_is_the_schools() -> None:
    assert read_time("2026-11-23T00:00:10", RECEIVED, UTC).clock_suspect is False
    assert read_time("2026-11-23T00:00:10", RECEIVED, SHANGHAI).clock_suspect is True
