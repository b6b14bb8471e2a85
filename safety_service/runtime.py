"""What runs beside the requests: lease, receiver, jobs and stream hub, started and stopped as one."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

import httpx
import structlog
from sqlalchemy import Engine

from safety_service import footprint
from safety_service.domain.errors import Superseded, Unavailable
from safety_service.domain.health import Reading, Vitals
from safety_service.jobs import Jobs, Repeated
from safety_service.leading import Place, Reserve, Term, place_of
from safety_service.live import Hub
from safety_service.mqtt import parse_broker_url
from safety_service.services import (
    chores,
    delivery,
    growth,
    leases,
    own_files,
    partitions,
    retention,
    rulesets,
    signs,
    snapshots,
)
from safety_service.services.snapshot_work import SnapshotWork
from safety_service.settings import Settings
from safety_service.store import alerts
from safety_service.store.partitions import COUNTY_PARTITION
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

log = structlog.get_logger(__name__)

ADVANCE_SECONDS = DELIVER_SECONDS = LEASE_SECONDS = FETCH_SECONDS = 1.0
FORWARD_SECONDS = 2.0
CHORES_SECONDS = 60.0
STALE_ADVANCE = timedelta(seconds=15)


def prepare(settings: Settings, engine: Engine) -> None:
    """Makes sure that there is room to write, a partition, some rules, and that data files read.

    Raises Refused for a data file that cannot be read: no county begins on half a book.
    """
    own_files.read(settings)
    growth.create_ahead(engine, datetime.now(UTC))
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        rulesets.seed(session, settings.rules_file, now=datetime.now(UTC))
        partitions.prepare(session)


def begin_receiver() -> Reserve:
    """Begins to start a receiver: it takes as long as all the rest of the start, so it goes on beside it."""
    return Reserve()


def _place(engine: Engine, partition: str) -> Place:
    with session_scope(engine, EVERY_SCHOOL) as session:
        return place_of(partitions.find(session, partition))


class Runtime:
    """One process. With the role `pipeline` it leads its partition, or stands by; each feeds its streams.

    `reserve`: where the caller has begun to prepare a receiver, because there is more to prepare beside it.
    """

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        *,
        pipeline: bool,
        partition: str = COUNTY_PARTITION,
        reserve: Reserve | None = None,
    ) -> None:
        self.settings = settings
        self.engine = engine
        self.hub = Hub(self._newest_transition)
        self.transitions_written = 0
        self.events_processed = 0
        self.place: Place | None = None
        self._term: Term | None = None
        self._changing_term = Lock()
        self._committed_before = 0
        self._received_before = 0
        self._started_at = datetime.now(UTC)
        self._stopped = False
        self._jobs: Jobs | None = None
        self._client: httpx.Client | None = None
        self._courier: delivery.Courier | None = None
        self.album = snapshots.open_album(settings)
        self._images: SnapshotWork | None = None
        self._stands_by = False
        self._reserve = reserve
        if pipeline:
            self._build_pipeline(partition)

    def wake(self) -> None:
        """A message was appended to the log by this process."""
        if self._jobs is not None:
            self._advance_job.wake()

    def start(self) -> None:
        footprint.share_pools()
        self.hub.start()
        if self._jobs is not None:
            footprint.expect_short_lives()
            self._jobs.start()

    def stop(self) -> None:
        """Stops receiving first, then works off what a running job has in hand. Once is enough."""
        if self._stopped:
            return
        self._stopped = True
        self.hub.stop()
        self._end_term(give_back=True)
        if self._jobs is not None:
            self._jobs.stop()
        if self._courier is not None:
            self._courier.close()
        if self._client is not None:
            self._client.close()
        if self._images is not None:
            self._images.close()
        if self._reserve is not None:
            self._reserve.close()

    def vitals(self, now: datetime) -> Vitals:
        """Database, broker session, the age of the last advance, and the figures for Prometheus."""
        parts, gauges = signs.of_database(self.engine, self.place.name if self.place else COUNTY_PARTITION)
        if self.place is None:
            return Vitals(parts, self.album.figures(), gauges)
        term = self._term
        # Who has not even looked for the lease may be about to lead, and hears nothing yet.
        parts["pipeline"] = "ok" if term is not None else "standby" if self._stands_by else "starting"
        gauges["leads"] = ("1 while this process works on its partition", float(term is not None))
        if term is not None:
            receiver = term.receiver
            parts["broker"] = "ok" if receiver.link_since is not None else "not connected"
            parts["receiver"] = "ok" if receiver.alive else "not running"
            fails_since = receiver.report.storing_fails_since
            if fails_since is not None:
                parts["receiver"] = f"cannot store since {fails_since.isoformat()}"
            last = max(self._advance_job.last_success_at or self._started_at, self._started_at)
            parts["advance"] = "ok" if now - last <= STALE_ADVANCE else f"last success {last.isoformat()}"
            gauges["advance_age_seconds"] = ("Time since the last advance", (now - last).total_seconds())
        return Vitals(parts, self._figures(term), gauges)

    def _figures(self, term: Term | None) -> dict[str, Reading]:
        received = self._received_before + (term.receiver.received if term else 0)
        committed = self._committed_before + (term.receiver.committed if term else 0)
        return {
            "messages_received": ("Messages taken from the broker", received),
            "messages_committed": ("Messages committed and acknowledged", committed),
            "events_processed": ("New events stored and judged", self.events_processed),
            "transitions_written": ("Changes of alerts", self.transitions_written),
            **self.album.figures(),
        }

    def _build_pipeline(self, partition: str) -> None:
        settings = self.settings
        parse_broker_url(settings.broker_url)  # a wrong one is refused at the start, not by the receiver
        self._reserve = self._reserve or begin_receiver()
        self.place = _place(self.engine, partition)
        self._candidate = leases.Candidate(self.engine, self.place.name, settings.lease_seconds)
        self._chores = chores.Chores(
            self.engine, settings.timezone, settings.county_unit, settings.credit_index_file
        )
        client = self._client = delivery.open_client(settings)
        self._courier = delivery.Courier(self.engine, client, home=delivery.home_of(settings))
        self._images = SnapshotWork(self.engine, settings, self.album)
        self._lease_job = Repeated("lease", self._keep_lease, LEASE_SECONDS)
        self._advance_job = Repeated("advance", self._advance, ADVANCE_SECONDS)
        self._deliver_job = Repeated("deliver", self._deliver, DELIVER_SECONDS)
        nightly: dict[str, Callable[[], None]] = {"retention": self._retain}
        chores_job = Repeated("chores", self._do_chores, CHORES_SECONDS)
        repeated = [self._lease_job, self._advance_job, self._deliver_job, chores_job]
        repeated.append(Repeated("images", self._fetch_images, FETCH_SECONDS))
        repeated.append(Repeated("forward", self._images.forward, FORWARD_SECONDS))
        self._jobs = Jobs(repeated, nightly, settings.timezone, self._follow_clock)

    def _keep_lease(self) -> bool:
        """Renews the lease, or tries to get it."""
        term, now = self._term, datetime.now(UTC)
        if term is None:
            self._try_to_lead(now)
        elif term.receiver.superseded:
            self._lose(term)
        else:
            assert self.place is not None
            try:
                leases.renew(self.engine, self.place.name, term.fence, now)
            except Superseded:
                self._lose(term)
        return False

    def _try_to_lead(self, now: datetime) -> None:
        assert self.place is not None
        assert self._reserve is not None
        fence = self._candidate.try_to_claim(now, time.monotonic())
        self._stands_by = fence is None
        if fence is None:
            return
        term = Term(
            self.settings,
            self.engine,
            self.place,
            fence,
            self._reserve,
            self.album,
            on_stored=self._advance_job.wake,
            on_transitions=self._transitions_committed,
        )
        with self._changing_term:
            if self._stopped:
                leases.release(self.engine, self.place.name, fence)
                return
            self._term = term
        term.start()
        self._advance_job.wake()

    def _lose(self, term: Term) -> None:
        if self._term is term:
            log.error("lost the lease, standing by", fence=term.fence)
            self._stands_by = True
            self._end_term(give_back=False)
            if self._reserve is not None and not self._stopped:
                self._reserve.refill()

    def _end_term(self, *, give_back: bool) -> None:
        with self._changing_term:
            term, self._term = self._term, None
        if term is None:
            return
        term.stop()
        self._received_before += term.receiver.received
        self._committed_before += term.receiver.committed
        if give_back and self.place is not None:
            try:
                leases.release(self.engine, self.place.name, term.fence)
            except Unavailable as error:
                log.warning("cannot give the lease back; it will expire", reason=error.reason)

    def _advance(self) -> bool:
        term = self._term
        if term is None:
            return False
        try:
            advanced = term.advance()
        except Superseded:
            self._lose(term)
            return False
        self.events_processed += advanced.events
        self.transitions_written += advanced.transitions
        return advanced.more

    def _deliver(self) -> bool:
        if self._term is None or self._courier is None:
            return False
        return self._courier.deliver(datetime.now(UTC)).more

    def _fetch_images(self) -> bool:
        if self._term is not None and self._images is not None:
            self._images.fetch(datetime.now(UTC))
        return False

    def _do_chores(self) -> bool:
        if self._term is not None and self._chores.look(datetime.now(UTC)):
            self._advance_job.wake()
        return False

    def _follow_clock(self, seconds: float) -> None:
        if seconds < 0 and self._courier is not None:
            self._courier.follow_clock(datetime.now(UTC))

    def _transitions_committed(self, newest: int) -> None:
        self.hub.wake(newest)
        self._deliver_job.wake()

    def _retain(self) -> None:
        if self._term is not None:
            now = datetime.now(UTC)
            growth.create_ahead(self.engine, now)
            retention.prune(self.engine, self.settings, now)
            if self._images is not None:
                self._images.prune(now)
            if self._chores.nightly(now):
                self._advance_job.wake()

    def _newest_transition(self) -> int:
        with session_scope(self.engine, EVERY_SCHOOL, autocommit=True) as session:
            return alerts.last_transition(session)
