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


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(b"\x20\x02\x00\x00", None), (b"\x20\x02\x00\x05", "not authorised"), (b"\x20\x02\x00\x63", "code 99")],
)
def test_connack(answer: bytes, reason: str | None) -> None:
    assert packets.refusal(answer) == reason


def test_something_that_is_no_broker_is_told_as_such() -> None:
    with pytest.raises(SimulatorError, match="does not speak MQTT"):
        packets.refusal(b"HTTP")
