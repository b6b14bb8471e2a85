"""The plain reader finds what the full reader finds, or leaves the message to it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety_service.domain.decoding.cloudevents import decode_cloudevents
from safety_service.domain.decoding.plain import read_plain
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Message

NOW = datetime(2026, 9, 1, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
TOPIC = Topic("370828-001", "native", ("gw", "events"))

TEXTS = st.one_of(st.text(max_size=140), st.sampled_from(["", " ", "\x00", "e-1", "cam\u200b1", " gate  1 "]))
TIMES = st.one_of(
    st.none(),
    st.sampled_from(["", "2026-09-01T08:00:00+08:00", "2026-09-01 08:00", "1767225600", "yesterday"]),
    st.datetimes(NOW.replace(tzinfo=None), NOW.replace(tzinfo=None) + timedelta(hours=1)).map(
        datetime.isoformat
    ),
    st.integers(0, 2_000_000_000),
)
DATA = st.fixed_dictionaries(
    {},
    optional={
        "phase": st.sampled_from(["start", "update", "end", "pulse", "state", "measure", "begin", None]),
        "value": st.one_of(
            st.none(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans()
        ),
        "unit": st.one_of(st.none(), TEXTS),
        "severity": st.sampled_from(["major", "grave", None]),
        "zone": st.one_of(st.none(), TEXTS),
        "attributes": st.sampled_from([None, {}, {"confidence": 0.9}]),
        "snapshot_url": st.sampled_from([None, "http://h/1.jpg", "x"]),
        "more": st.integers(),
    },
)
ENVELOPES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "specversion": st.sampled_from(["1.0", "1.0", "1.0", "0.3"]),
        "id": TEXTS,
        "source": TEXTS,
        "type": st.sampled_from(
            ["intrusion", "temperature", "inspection_graded", "inspection_submitted", "x", ""]
        ),
    },
    optional={
        "time": TIMES,
        "sequence": st.one_of(
            st.none(), st.integers(-1, 2**70), st.integers(0, 2**70).map(str), st.just("٣")
        ),
        "data": st.one_of(st.none(), DATA, st.just([])),
        "data_base64": st.sampled_from([None, "AA=="]),
    },
)


def both(payload: bytes, retained: bool = False) -> tuple[Any, Any]:
    message = Message(topic="t", payload=payload, received_at=NOW, retained=retained, position=7)
    plain = read_plain(message, ZONE, school=TOPIC.school, format=TOPIC.format, gateway="gw")
    return plain, decode_cloudevents(message, TOPIC, ZONE, gateway="gw")


@given(ENVELOPES, st.booleans())
def test_whatever_it_reads_the_full_reader_reads_too(envelope: dict[str, Any], retained: bool) -> None:
    plain, full = both(json.dumps(envelope).encode(), retained)
    if plain is not None:
        assert plain.position == 7
        plain.position = 0
        assert full == [plain]


@pytest.mark.parametrize("data", [None, {"value": 4.5, "unit": "°C"}, {"phase": "start", "zone": "gate"}])
def test_it_does_read_the_plain_ones(data: Any) -> None:
    envelope = {"specversion": "1.0", "id": "e-1", "source": "cam", "type": "motion", "data": data}
    plain, full = both(json.dumps({**envelope, "sequence": "12", "time": NOW.isoformat()}).encode())
    assert plain is not None
    assert plain.sequence == 12
    plain.position = 0
    assert [plain] == full
