"""PUBLISH packets read straight from the bytes: the same messages however the network cuts them."""

import socket
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_simulator import packets as written
from safety_service.mqtt.client import ReadAhead
from safety_service.mqtt.packets import Publish, is_whole, read_publishes

SUBACK = b"\x90\x03\x00\x01\x01"


def packet(publish: Publish) -> bytes:
    mid = publish.mid.to_bytes(2, "big") if publish.qos else b""
    topic = len(publish.topic).to_bytes(2, "big") + publish.topic
    body = topic + mid + publish.payload
    return bytes([publish.flags]) + written.remaining_length(len(body)) + body


publishes = st.builds(
    lambda topic, payload, mid, qos, retained, again: Publish(
        topic, payload, mid if qos else 0, 0x30 | again << 3 | qos << 1 | retained
    ),
    topic=st.binary(min_size=1, max_size=40),
    payload=st.one_of(st.binary(max_size=300), st.just(b"x" * 20_000), st.just(b"\x30\x82\x01")),
    mid=st.integers(1, 65_535),
    qos=st.integers(0, 1),
    retained=st.integers(0, 1),
    again=st.integers(0, 1),
)


@given(st.lists(publishes, max_size=8), st.lists(st.integers(0, 60_000), max_size=6))
def test_cut_anywhere_the_same_messages_come_out(sent: list[Publish], cuts: Sequence[int]) -> None:
    stream = b"".join(map(packet, sent))
    ends = sorted({min(cut, len(stream)) for cut in cuts} | {len(stream)})
    near, far = socket.socketpair()
    with near, far:
        far.setblocking(False)
        wire = ReadAhead(far)
        found: list[Publish] = []
        start = 0
        for end in ends:
            near.sendall(stream[start:end])
            start = end
            assert wire.fill()
            found += wire.take_publishes()
            assert not wire.holds_packet
    assert found == sent


def test_another_packet_is_left_for_paho() -> None:
    one = Publish(b"a", b"1", 7, 0x32)
    stream = packet(one) + SUBACK + packet(one)
    found, at = read_publishes(stream, 0)
    assert found == [one]
    assert stream[at:].startswith(SUBACK)
    assert is_whole(stream, at)
    assert read_publishes(stream, at) == ([], at)
    assert read_publishes(stream, at + len(SUBACK)) == ([one], len(stream))


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        (b"\x32\x0b\x00\x09ab", False),  # a length that cuts the packet off: the rest may come
        (b"\x32\x04\x00\x09ab", True),  # a topic longer than its packet
        (b"\x32\x03\x00\x01a", True),  # no room for the packet id
        (b"\x32\x01\x00", True),  # no room for the topic's length
        (b"\x34\x05\x00\x01a\x00\x01", True),  # QoS 2, which nobody asked for
        (b"\x32\xff\xff\xff\xff\xff", True),  # a length that is none
        (b"\x32\xff\xff", False),
        (b"\x32", False),
    ],
)
def test_what_is_no_message_is_left_for_paho_to_judge(broken: bytes, whole: bool) -> None:
    assert read_publishes(broken, 0) == ([], 0)
    assert is_whole(broken, 0) is whole


def test_the_end_of_the_connection_is_told_and_left_for_paho_to_find() -> None:
    near, far = socket.socketpair()
    with far:
        far.setblocking(False)
        wire = ReadAhead(far)
        assert wire.fill(), "nothing has come yet"
        near.sendall(b"\x32")
        near.close()
        assert wire.fill()
        assert not wire.fill()
        assert wire.recv(1) == b"\x32"
        assert wire.recv(1) == b""
