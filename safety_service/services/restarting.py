"""What a pipeline keeps between its steps, and with what it begins again."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from safety_service.domain.deafness import Deaf, heard_at, remember
from safety_service.domain.rules.engine import Engine
from safety_service.domain.rules.model import RuleSet
from safety_service.domain.types import DeviceSeen, Rejected
from safety_service.services import alerting, suppression
from safety_service.services.intake import Decoder
from safety_service.services.presence import Presence
from safety_service.services.receipts import Ledger
from safety_service.services.screening import Screen
from safety_service.store import devices
from safety_service.store.tables_partition import Partition


class Memory(msgspec.Struct):
    """What is kept between batches, all of it rebuilt from the database at need."""

    rules_version: int
    engine: Engine
    registry: devices.Registry
    decoder: Decoder
    latest: alerting.LatestAlerts
    presence: Presence
    heard_until: datetime
    ledger: Ledger
    cursor: int
    owed_until: int
    """The last change of the obligations that the rules were told."""
    screen: Screen
    followed: suppression.Followed | None = None
    """The last look at what is held back, and what no longer is."""


def own_states(
    states: Iterable[tuple[str, tuple[str, ...], bytes]], rules: RuleSet, schools: frozenset[str]
) -> list[tuple[str, tuple[str, ...], bytes]]:
    """The states of this partition's schools; those of rules that are gone belong to whoever reads first."""
    own = []
    for rule, key, state in states:
        known = rules.rules.get(rule)
        school = key[known.key.index("school")] if known is not None and len(key) == len(known.key) else None
        if school is None or school in schools:
            own.append((rule, key, state))
    return own


def silent_since(device: DeviceSeen, intervals: Sequence[Deaf], tolerance: timedelta) -> DeviceSeen:
    """The device with its silence counted from when it could have been heard."""
    if device.last_seen_at is None:
        return device
    return msgspec.structs.replace(device, last_seen_at=heard_at(device.last_seen_at, intervals, tolerance))


def note_deaf(row: Partition, latest: Deaf) -> None:
    """Keeps on the partition when nothing could be heard."""
    intervals = remember(msgspec.convert(row.deaf, list[Deaf]), latest)
    row.deaf = msgspec.to_builtins(intervals)


def failure(error: Exception) -> Rejected:
    """Why a message is set aside that the pipeline cannot get past; the place is the last line it came to."""
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = f"{where.tb_frame.f_code.co_name}:{where.tb_lineno}" if where is not None else "pipeline"
    return Rejected(reason="processing_error", place=place, detail=f"{type(error).__name__}: {error}")
