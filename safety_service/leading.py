"""One term of leadership: what runs while this process holds the lease of a partition."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Engine

from safety_service.domain.noise import Ration
from safety_service.mqtt import ReceiverPlan
from safety_service.receiving import Order, ReceiverProcess, Reserve
from safety_service.services.intake import GradingHouse
from safety_service.services.pipeline import Advanced, Pipeline, PipelineOptions
from safety_service.services.snapshots import Album
from safety_service.settings import Settings
from safety_service.store.tables_partition import Partition

__all__ = ["Place", "Reserve", "Term", "order_of", "place_of"]


class Place(msgspec.Struct, frozen=True):
    """A partition as it is configured."""

    number: int
    name: str
    client_id: str
    filters: list[str]
    schools: frozenset[str]


def place_of(row: Partition) -> Place:
    return Place(row.id, row.name, row.client_id, list(row.filters), frozenset(row.schools))


class Term:
    """Receiver and pipeline of one partition under one fencing number."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        place: Place,
        fence: int,
        reserve: Reserve,
        album: Album,
        *,
        on_stored: Callable[[], None],
        on_transitions: Callable[[int], None],
    ) -> None:
        self.fence = fence
        self.receiver = ReceiverProcess(order_of(settings, place, fence), on_stored, reserve)
        options = PipelineOptions(
            partition=place.number,
            lease=place.name,
            fence=fence,
            schools=place.schools,
            zone=ZoneInfo(settings.timezone),
            batch=settings.advance_batch,
            tolerance=timedelta(seconds=settings.restart_tolerance_seconds),
            max_payload_bytes=settings.max_payload_bytes,
            grading=GradingHouse(
                settings.own_schemes, settings.timezone, settings.deadlines_file, settings.planning_file
            ),
            max_push_bytes=settings.max_push_bytes,
            ration=Ration(settings.noise_burst, settings.noise_per_minute),
            album=album,
        )
        self._receipts_connection = 0
        self._pipeline = Pipeline(engine, options, on_transitions)

    def start(self) -> None:
        self.receiver.start()

    def stop(self) -> None:
        self.receiver.stop()
        self._pipeline.close()

    def advance(self) -> Advanced:
        """One step. Raises Superseded when the lease is lost, Unavailable without a database."""
        advanced = self._pipeline.advance(datetime.now(UTC), self.receiver.link_since)
        self._publish_receipts()
        return advanced

    def _publish_receipts(self) -> None:
        """After the commit. A new connection gets them all: a killed broker forgot what it had retained."""
        if self.receiver.link_since is None:
            return
        connections = self.receiver.connections
        again = connections != self._receipts_connection
        for receipt in self._pipeline.receipts_due(datetime.now(UTC), again=again):
            self.receiver.publish(receipt.topic, receipt.payload)
        self._receipts_connection = connections


def order_of(settings: Settings, place: Place, fence: int) -> Order:
    plan = ReceiverPlan(
        broker_url=settings.broker_url,
        client_id=place.client_id,
        filters=place.filters,
        batch_messages=settings.batch_messages,
        linger_seconds=settings.batch_linger_seconds,
        buffer_messages=settings.receive_buffer_messages,
        buffer_bytes=settings.receive_buffer_bytes,
        ca_file=str(settings.broker_ca_file) if settings.broker_ca_file else None,
    )
    return Order(
        plan=plan,
        database_url=settings.resolved_database_url,
        partition=place.number,
        lease=place.name,
        fence=fence,
        log_level=settings.log_level,
    )
