"""One message in, everything the decoders find in it out, at a fixed moment."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from safety_service.domain.decoding import decode
from safety_service.domain.types import Event, Message, Rejected

RECEIVED = datetime(2026, 11, 23, 15, 10, 5, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
Read = Callable[..., list[Event | Rejected]]


@pytest.fixture
def received() -> datetime:
    return RECEIVED


@pytest.fixture
def zone() -> ZoneInfo:
    return ZONE


@pytest.fixture
def read() -> Read:
    """`read(rest, payload)`: what follows the school in the topic, and the bytes (or text)."""

    def run(rest: str, payload: bytes | str, **options: Any) -> list[Event | Rejected]:
        raw = payload.encode() if isinstance(payload, str) else payload
        options.setdefault("received_at", RECEIVED)
        return decode(Message(topic=f"campus/v1/370828-001/{rest}", payload=raw, **options), ZONE)

    return run
