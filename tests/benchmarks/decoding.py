"""What a message of each format costs to decode, over every sample of it, in this process alone."""

import time
from collections import defaultdict
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from safety_service.domain.decoding import decode
from safety_service.domain.types import Message
from safety_service.services import vendors
from tests import samples
from tests.benchmarks.scene import Bench
from tests.benchmarks.table import Row, at_most, told

MEAN_MICROSECONDS = 40.0
LARGEST_BYTES = 20_000
"""Samples with an image in them are left out: what they cost is their base64."""
ZONE = ZoneInfo("Asia/Shanghai")


def measure(bench: Bench) -> list[Row]:
    vendors.ensure_installed()
    messages: dict[str, list[Message]] = defaultdict(list)
    for one in samples.every():
        if len(one.payload) <= LARGEST_BYTES:
            messages[one.format].append(
                Message(
                    topic=one.topic, payload=one.payload, received_at=one.received_at, retained=one.retained
                )
            )
    took = {}
    for format, some in sorted(messages.items()):
        bench.say(format)
        took[format] = _microseconds(some, bench.sizes.decoded_messages)
    mean = sum(took.values()) / len(took)
    return [
        *(told(f"decoding: {format}", each, "µs") for format, each in took.items()),
        at_most("decoding: mean over the formats", mean, "µs", MEAN_MICROSECONDS),
    ]


def _microseconds(messages: Sequence[Message], count: int) -> float:
    """CPU of one message: after a first round, for what is imported and cached with it."""
    rounds = max(1, count // len(messages))
    for message in messages:
        decode(message, ZONE)
    began = time.process_time()
    for _ in range(rounds):
        for message in messages:
            decode(message, ZONE)
    return (time.process_time() - began) * 1e6 / (rounds * len(messages))
