"""The bare MQTT packets of a load, against bytes written down by hand from the MQTT 3.1.1 specification."""

import pytest

from device_simulator import packets
from device_simulator.errors import SimulatorError


@pytest.mark.parametrize(
    ("length", "coded"),
    [
        (0, b"\x00"),
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (16_383, b"\xff\x7f"),
        (16_384, b"\x80\x80\x01"),
        (2_097_151, b"\xff\xff\x7f"),
        (268_435_455, b"\xff\xff\xff\x7f"),
    ],
)
def test_remaining_length(length: int, coded: bytes) -> None:
    assert packets.remaining_length(length) == coded


def test_publish() -> None:
    packet = packets.publish(packets.text("a/b"), 10, b"hello")
    assert packet == b"\x32\x0c\x00\x03a/b\x00\x0ahello"
    again = packets.publish(packets.text("a/b"), 10, b"hello", packets.PUBLISH_QOS1_AGAIN)
    assert again == b"\x3a" + packet[1:]


def test_connect() -> None:
    assert packets.connect("me", None, None) == b"\x10\x0e\x00\x04MQTT\x04\x02\xff\xff\x00\x02me"
    assert (
        packets.connect("me", "u", "p") == b"\x10\x14\x00\x04MQTT\x04\xc2\xff\xff\x00\x02me\x00\x01u\x00\x01p"
    )


def test_acknowledgements_come_in_any_pieces() -> None:
    stream = b"\x40\x02\x00\x01\x40\x02\x12\x34\x40\x02\xff\xff"
    for cut in range(len(stream)):
        first, rest = packets.acknowledged(stream[:cut])
        then, left = packets.acknowledged(rest + stream[cut:])
        assert first + then == [1, 0x1234, 0xFFFF]
        assert left == b""


def test_anything_but_acknowledgements_is_an_error() -> None:
    with pytest.raises(SimulatorError):
        packets.acknowledged(b"\x30\x02\x00\x01")


def test_subscribe() -> None:
    assert packets.subscribe(10, "a/+") == b"\x82\x08\x00\x0a\x00\x03a/+\x01"
    assert packets.puback(0x1234) == b"\x40\x02\x12\x34"


def test_a_subscribers_stream_comes_in_any_pieces() -> None:
    long = b"y" * 200
    stream = b"\x90\x03\x00\x0a\x01" + b"\x40\x02\x00\x07" + b"\x33\x0a\x00\x03a/b\x00\x05one"
    stream += b"\x40\x02\x00\x08" + b"\x30\xcd\x01\x00\x03a/c" + long + b"\x40\x02\x00\x09"
    for cut in range(len(stream) + 1):
        first = packets.incoming(stream[:cut])
        then = packets.incoming(first.rest + stream[cut:])
        assert first.acknowledged + then.acknowledged == [7, 8, 9]
        assert first.messages + then.messages == [("a/b", b"one"), ("a/c", long)]
        assert first.owed + then.owed == [5]
        assert then.rest == b""


@pytest.mark.parametrize(
    "stream", [b"\x90\x03\x00\x0a\x80", b"\x20\x02\x00\x00", b"\x40\xff\xff\xff\xff\x01"]
)
def test_a_refused_subscription_and_nonsense_are_errors(stream: bytes) -> None:
    with pytest.raises(SimulatorError):
        packets.incoming(stream)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(b"\x20\x02\x00\x00", None), (b"\x20\x02\x00\x05", "not authorised"), (b"\x20\x02\x00\x63", "code 99")],
)
def test_connack(answer: bytes, reason: str | None) -> None:
    assert packets.refusal(answer) == reason


def test_something_that_is_no_broker_is_told_as_such() -> None:
    with pytest.raises(SimulatorError, match="does not speak MQTT"):
        packets.refusal(b"HTTP")
