"""Whatever is done to a sample's bytes, no exception leaves its decoder and nothing unstorable comes out."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety_service.domain.decoding import decode
from safety_service.domain.decoding.kinds import KINDS
from safety_service.domain.types import PHASES, SEVERITIES, Event, Message
from tests import samples
from tests.jsontexts import texts
from tests.samples import Sample

EXAMPLES = 150
# What breaks readers: ends, brackets, numbers beyond every limit, half characters, other formats' beginnings.
TOKENS = [
    b"", b"\x00", b"\xff", b"\xed\xa0\x80", b'"', b"'", b"{", b"}", b"[", b"]", b"<", b"</", b">", b"&",
    b"&#0;", b"<!--", b"<![CDATA[", b"<!DOCTYPE a [", b"--", b"\r\n\r\n", b"\r\n--", b"Code=", b";data=",
    b"null", b"true", b"-1", b"1e999", b"NaN", b"9" * 23, b"\\ud800", b"\xe2\x80\x8b", b"Events[0].",
    b"\xff\xd8\xff", b"[" * 40, b'{"a":' * 40,
]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, payload: bytes) -> bytes:
    """The payload with some of it cut out, doubled, moved, or replaced by what breaks readers."""
    content = bytearray(payload)
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from([0, 1, 2, 8, 40, 400])))
        piece = bytes(content[start:end])
        other = draw(st.integers(0, len(content)))
        content[start:end] = draw(
            st.sampled_from([*TOKENS, piece * 2, piece[::-1], bytes(content[other : other + 30])])
            | st.binary(max_size=5)
        )
    return bytes(content[: draw(st.sampled_from([len(content), len(content) // 2]))])


def check(sample: Sample, payload: bytes) -> None:
    message = Message(
        topic=sample.topic,
        payload=payload,
        received_at=sample.received_at,
        retained=sample.retained,
        origin=sample.origin,
    )
    for item in decode(message, ZoneInfo(sample.zone)):
        assert not any("\x00" in text for text in texts(msgspec.to_builtins(item)))
        # Both databases take UTF-8, in which half a surrogate pair cannot be written.
        assert msgspec.json.encode(item)
        if not isinstance(item, Event):
            assert item.reason not in {"decoder_error", "decoder_failed"}, item
            assert item.place
            assert item.detail
            continue
        assert 0 < len(item.device) <= 128
        assert len(item.dedup_key.encode()) <= 1600
        assert item.kind in KINDS
        assert item.phase in PHASES
        assert item.severity_hint is None or item.severity_hint in {*SEVERITIES, "alert", "detection"}
        assert (item.phase == "measure") <= (item.value is not None)
        # What a sender says it had kept may be late.
        late = timedelta(days=7) if item.attributes.get("historical") else timedelta(minutes=5)
        assert -late <= item.occurred_at - sample.received_at <= timedelta(minutes=5)
        assert item.told_at is None or item.told_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("format", samples.FORMATS)
@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data())
def test_mutated_bytes(format: str, data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from([one for one in samples.every() if one.format == format]))
    check(sample, data.draw(mutated(sample.payload)))


@pytest.mark.parametrize("format", samples.FORMATS)
def test_every_beginning_and_every_end(format: str) -> None:
    """A sample cut off anywhere (at forty places of a long one), from either side."""
    for sample in samples.every():
        if sample.format == format:
            payload = sample.payload
            for cut in range(0, len(payload), max(1, len(payload) // 40)):
                check(sample, payload[:cut])
                check(sample, payload[cut:])


@pytest.mark.parametrize("format", samples.FORMATS)
def test_one_formats_payload_on_anothers_topic(format: str) -> None:
    """The wrong topic prefix is the commonest mistake of whoever sets up a device."""
    every = samples.every()
    topics = [one for one in every if one.format == format][::5]
    for payload in {one.payload for one in every}:
        for sample in topics:
            check(sample, payload)
