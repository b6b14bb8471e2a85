"""What runs beside the requests: receiver, jobs and stream hub, started and stopped as one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy import Engine

from safety_service.domain.errors import SafetyError
from safety_service.domain.health import Reading, Vitals
from safety_service.jobs import Jobs, Repeated
from safety_service.live import Hub
from safety_service.mqtt import Inbox, Receiver
from safety_service.services import delivery, growth, ingest, retention, rulesets
from safety_service.services.intake import GradingHouse
from safety_service.services.pipeline import Pipeline, PipelineOptions
from safety_service.settings import Settings
from safety_service.store import alerts, counters, partitions
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

COUNTY_FILTERS = ["campus/v1/#"]
ADVANCE_SECONDS = 1.0
DELIVER_SECONDS = 1.0
STALE_ADVANCE = timedelta(seconds=15)


def client_id_of(partition: str) -> str:
    """Fixed for ever: the broker keeps a partition's unread messages under this name."""
    return f"campus-safety-{partition}"


def prepare(settings: Settings, engine: Engine, partition: str = partitions.COUNTY_PARTITION) -> int:
    """Makes sure that the partition has its row and some rules are in force; returns the partition's id."""
    growth.create_ahead(engine, datetime.now(UTC))
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        rulesets.seed(session, settings.rules_file, now=datetime.now(UTC))
        return partitions.ensure(
            session, partition, client_id=client_id_of(partition), filters=COUNTY_FILTERS
        )


class Runtime:
    """One process. With the role `pipeline` it receives and works; every process feeds its own streams."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        *,
        pipeline: bool,
        partition: str = partitions.COUNTY_PARTITION,
    ) -> None:
        self.settings = settings
        self.engine = engine
        self.hub = Hub(self._newest_transition)
        self.receiver: Receiver | None = None
        self.advance: Repeated | None = None
        self.transitions_written = 0
        self.events_processed = 0
        self._jobs: Jobs | None = None
        self._client: httpx.Client | None = None
        self._courier: delivery.Courier | None = None
        self._started_at = datetime.now(UTC)
        self._stopped = False
        if pipeline:
            self._build_pipeline(partition)

    def wake(self) -> None:
        """A message was appended to the log by this process."""
        if self.advance is not None:
            self.advance.wake()

    def start(self) -> None:
        self.hub.start()
        if self._jobs is not None:
            self._jobs.start()
        if self.receiver is not None:
            self.receiver.start()

    def stop(self) -> None:
        """Stops receiving first, then works off what a running job has in hand. Once is enough."""
        if self._stopped:
            return
        self._stopped = True
        self.hub.stop()
        if self.receiver is not None:
            self.receiver.stop()
        if self._jobs is not None:
            self._jobs.stop()
        if self._courier is not None:
            self._courier.close()
        if self._client is not None:
            self._client.close()

    def vitals(self, now: datetime) -> Vitals:
        """Database, broker session, the age of the last advance, and the figures for Prometheus."""
        parts, gauges = self._database_signs()
        receiver, advance = self.receiver, self.advance
        if receiver is None or advance is None:
            return Vitals(parts, {}, gauges)
        parts["broker"] = "ok" if receiver.link_since is not None else "not connected"
        parts["receiver"] = "ok" if receiver.alive else "a thread has ended"
        if receiver.storing_fails_since is not None:
            parts["receiver"] = f"cannot store since {receiver.storing_fails_since.isoformat()}"
        last = advance.last_success_at or self._started_at
        parts["advance"] = "ok" if now - last <= STALE_ADVANCE else f"last success {last.isoformat()}"
        gauges["advance_age_seconds"] = ("Time since the last advance", (now - last).total_seconds())
        figures: dict[str, Reading] = {
            "messages_received": ("Messages taken from the broker", receiver.received),
            "messages_committed": ("Messages committed and acknowledged", receiver.committed),
            "events_processed": ("New events stored and judged", self.events_processed),
            "transitions_written": ("Changes of alerts", self.transitions_written),
        }
        return Vitals(parts, figures, gauges)

    def _database_signs(self) -> tuple[dict[str, str], dict[str, Reading]]:
        try:
            with session_scope(self.engine, EVERY_SCHOOL) as session:
                row = partitions.read(session)
                written = counters.current(session, counters.message_log(row.id)) if row else 0
                newest = alerts.last_transition(session)
        except SafetyError as error:
            return {"database": error.reason}, {}
        gauges = {
            "backlog_messages": (
                "Committed messages not yet processed",
                float(written - row.cursor if row else 0),
            ),
            "newest_transition": ("Number of the newest change of an alert", float(newest)),
        }
        return {"database": "ok"}, gauges

    def _build_pipeline(self, partition: str) -> None:
        settings = self.settings
        number = prepare(settings, self.engine, partition)
        options = PipelineOptions(
            partition=number,
            zone=ZoneInfo(settings.timezone),
            batch=settings.advance_batch,
            tolerance=timedelta(seconds=settings.restart_tolerance_seconds),
            max_payload_bytes=settings.max_payload_bytes,
            grading=GradingHouse(settings.schemes_dir, settings.timezone),
        )
        self._client = delivery.open_client(settings)
        courier = self._courier = delivery.Courier(self.engine, self._client)
        deliver = Repeated("deliver", lambda: courier.deliver(datetime.now(UTC)).more, DELIVER_SECONDS)
        pipeline = Pipeline(self.engine, options, lambda: self._transitions_committed(deliver))
        self.advance = Repeated("advance", lambda: self._advance(pipeline), ADVANCE_SECONDS)
        self.receiver = self._build_receiver(number, client_id_of(partition), self.advance.wake)
        nightly: dict[str, Callable[[], None]] = {"retention": self._retain}
        self._jobs = Jobs([self.advance, deliver], nightly, settings.timezone)

    def _build_receiver(self, partition: int, client_id: str, on_stored: Callable[[], None]) -> Receiver:
        settings = self.settings
        return Receiver(
            settings.broker_url,
            client_id=client_id,
            filters=COUNTY_FILTERS,
            store=lambda batch: ingest.store_batch(self.engine, partition, batch),
            on_stored=on_stored,
            batch_messages=settings.batch_messages,
            linger_seconds=settings.batch_linger_seconds,
            inbox=Inbox(settings.receive_buffer_messages, settings.receive_buffer_bytes),
            ca_file=str(settings.broker_ca_file) if settings.broker_ca_file else None,
        )

    def _advance(self, pipeline: Pipeline) -> bool:
        link_since = self.receiver.link_since if self.receiver is not None else None
        advanced = pipeline.advance(datetime.now(UTC), link_since)
        self.events_processed += advanced.events
        self.transitions_written += advanced.transitions
        return advanced.more

    def _transitions_committed(self, deliver: Repeated) -> None:
        self.hub.wake()
        deliver.wake()

    def _retain(self) -> None:
        growth.create_ahead(self.engine, datetime.now(UTC))
        retention.prune(self.engine, self.settings, datetime.now(UTC))

    def _newest_transition(self) -> int:
        with session_scope(self.engine, EVERY_SCHOOL) as session:
            return alerts.last_transition(session)
