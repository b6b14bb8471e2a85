"""The few MQTT 3.1.1 packets a load needs, as pure functions over bytes.

paho-mqtt reached 9,000 messages a second here (19,000 over two connections), most of it spent in its own
locks: it would have measured itself, not the broker.
"""

import struct
from typing import NamedTuple

from device_simulator.errors import SimulatorError

PUBLISH_QOS1 = 0x32
PUBLISH_QOS1_AGAIN = 0x3A
DISCONNECT = b"\xe0\x00"
_CONNECT, _CONNACK, _PUBACK, _SUBSCRIBE, _SUBACK = 0x10, 0x20, 0x40, 0x82, 0x90
_PUBLISH_TYPE = 0x30
_FAILED = 0x80

CONNACK_SIZE = 4
_REFUSALS = {
    1: "protocol version not accepted",
    2: "client id rejected",
    3: "server unavailable",
    4: "bad user name or password",
    5: "not authorised",
}


def connect(client_id: str, user: str | None, password: str | None) -> bytes:
    """CONNECT with a clean session; the longest keep-alive, for the embedded broker refuses to go without."""
    flags = 0x02 | (0x80 if user is not None else 0) | (0x40 if password is not None else 0)
    body = text("MQTT") + bytes([4, flags, 0xFF, 0xFF]) + text(client_id)
    body += b"".join(text(part) for part in (user, password) if part is not None)
    return bytes([_CONNECT]) + remaining_length(len(body)) + body


def refusal(connack: bytes) -> str | None:
    """Why the broker refused, None if it accepted. Raises SimulatorError if this is no CONNACK."""
    if len(connack) != CONNACK_SIZE or connack[0] != _CONNACK:
        raise SimulatorError("what answers at the broker's address does not speak MQTT 3.1.1")
    code = connack[3]
    return _REFUSALS.get(code, f"code {code}") if code else None


def publish(topic: bytes, packet_id: int, payload: bytes, first_byte: int = PUBLISH_QOS1) -> bytes:
    """PUBLISH at QoS 1; `topic` is already encoded by `text`."""
    length = remaining_length(len(topic) + 2 + len(payload))
    return b"%c%b%b%b%b" % (first_byte, length, topic, packet_id.to_bytes(2, "big"), payload)


def acknowledged(received: bytes) -> tuple[list[int], bytes]:
    """Packet ids of the PUBACKs received, and the incomplete rest. Raises SimulatorError on other packets."""
    ids, rest = _nothing_else(received)
    if ids is None:
        raise SimulatorError("the broker sent something other than acknowledgements")
    return ids, rest


def _nothing_else(received: bytes) -> tuple[list[int] | None, bytes]:
    """Ids and rest of a stream of PUBACKs; None in place of the ids where something else is among them."""
    whole = len(received) // 4 * 4
    words = struct.unpack(f">{whole // 2}H", received[:whole])
    if words[::2].count(_PUBACK << 8 | 2) != whole // 4:
        return None, received
    return list(words[1::2]), received[whole:]


def subscribe(packet_id: int, topic_filter: str) -> bytes:
    """SUBSCRIBE to one filter at QoS 1."""
    body = packet_id.to_bytes(2, "big") + text(topic_filter) + b"\x01"
    return bytes([_SUBSCRIBE]) + remaining_length(len(body)) + body


def puback(packet_id: int) -> bytes:
    """The acknowledgement of a message that came in at QoS 1."""
    return bytes([_PUBACK, 2]) + packet_id.to_bytes(2, "big")


class Incoming(NamedTuple):
    """Ids acknowledged, messages as (topic, payload), the ids of those that want a PUBACK, the rest."""

    acknowledged: list[int]
    messages: list[tuple[str, bytes]]
    owed: list[int]
    rest: bytes


def incoming(received: bytes) -> Incoming:
    """All whole packets of a subscriber's stream. Raises SimulatorError if its subscription was refused."""
    ids, rest = _nothing_else(received)
    if ids is not None and not rest:
        return Incoming(ids, [], [], b"")
    found = Incoming([], [], [], b"")
    start = 0
    while (span := _span(received, start)) is not None:
        body, end = span
        kind = received[start]
        if kind == _PUBACK:
            found.acknowledged.append(int.from_bytes(received[body : body + 2], "big"))
        elif kind & 0xF0 == _PUBLISH_TYPE:
            _take_message(found, kind, received[body:end])
        elif kind != _SUBACK:
            raise SimulatorError(f"the broker sent a packet of the unexpected type {kind:#x}")
        elif received[end - 1] == _FAILED:
            raise SimulatorError("the broker does not let this client subscribe to its receipts")
        start = end
    return found._replace(rest=received[start:])


def _take_message(found: Incoming, kind: int, packet: bytes) -> None:
    behind_topic = 2 + int.from_bytes(packet[:2], "big")
    topic = packet[2:behind_topic].decode(errors="replace")
    if kind & 0x06:
        found.owed.append(int.from_bytes(packet[behind_topic : behind_topic + 2], "big"))
        behind_topic += 2
    found.messages.append((topic, packet[behind_topic:]))


def _span(received: bytes, start: int) -> tuple[int, int] | None:
    """Where the body of the packet at `start` begins and ends; None while it is not whole."""
    length = 0
    for place in range(1, 5):
        if start + place >= len(received):
            return None
        digit = received[start + place]
        length |= (digit & 0x7F) << 7 * (place - 1)
        if not digit & 0x80:
            body = start + place + 1
            return (body, body + length) if body + length <= len(received) else None
    raise SimulatorError("the broker sent a length that is none")


def text(value: str) -> bytes:
    """A string with its length in front, as MQTT writes it."""
    encoded = value.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def remaining_length(length: int) -> bytes:
    """MQTT's number of one to four bytes, seven bits in each."""
    if 128 <= length < 16_384:  # nearly all messages
        return bytes((length & 0x7F | 0x80, length >> 7))
    coded = bytearray()
    while True:
        length, digit = divmod(length, 128)
        coded.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(coded)
