"""The PUBLISH packets of MQTT 3.1.1 in a stretch of bytes, read without a detour through paho's objects."""

from typing import NamedTuple

_PUBLISH = 0x30
_KIND_AND_QOS_2 = 0xF4
_QOS_1 = 0x02
_LONGEST_LENGTH = 4
"""MQTT writes a length in at most so many bytes."""


class Publish(NamedTuple):
    """`flags`: the first byte of the packet. `mid`: 0 at QoS 0."""

    topic: bytes
    payload: bytes
    mid: int
    flags: int

    @property
    def qos(self) -> int:
        return self.flags >> 1 & 3

    @property
    def retained(self) -> bool:
        return bool(self.flags & 1)


def read_publishes(data: bytes, start: int) -> tuple[list[Publish], int]:
    """Every whole PUBLISH of QoS 0 or 1 from `start` on, up to the first packet of another sort.

    Returns them and where that packet, a malformed one or the beginning of a broken off one begins.
    """
    found: list[Publish] = []
    size = len(data)
    while start < size and data[start] & _KIND_AND_QOS_2 == _PUBLISH:
        flags = data[start]
        body, end = _span(data, start)
        if not body or end > size or end < body + 2:
            break
        topic = body + 2
        payload = topic + (data[body] << 8 | data[body + 1])
        mid_ends = payload + 2 if flags & _QOS_1 else payload
        if mid_ends > end:
            break
        mid = data[payload] << 8 | data[payload + 1] if flags & _QOS_1 else 0
        found.append(Publish(data[topic:payload], data[mid_ends:end], mid, flags))
        start = end
    return found, start


def is_whole(data: bytes, start: int) -> bool:
    """Whether a packet begins at `start` and can be told to be complete, or to be none at all."""
    body, end = _span(data, start)
    return (body > 0 and end <= len(data)) or (len(data) - start > _LONGEST_LENGTH and not body)


def _span(data: bytes, start: int) -> tuple[int, int]:
    """Where the body of the packet begins and ends; (0, 0) where its length is not there, or is none."""
    length = shift = 0
    for place in range(start + 1, min(start + 1 + _LONGEST_LENGTH, len(data))):
        digit = data[place]
        length |= (digit & 0x7F) << shift
        if digit < 0x80:
            return place + 1, place + 1 + length
        shift += 7
    return 0, 0
