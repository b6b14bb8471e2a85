"""The inbox becomes everything else: one batch, one transaction, the cursor moved with it.

A crash at any instant repeats the batch and changes nothing twice. What the rules remember lives in memory
between batches and is written with each; after a failure it is thrown away and rebuilt from the database.
"""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from functools import partial

import msgspec
import structlog
from sqlalchemy import Engine as Database
from sqlmodel import Session

from safety_service.domain.deafness import Deaf
from safety_service.domain.errors import SafetyError
from safety_service.domain.noise import Ration
from safety_service.domain.rules.engine import Engine
from safety_service.domain.types import Event, Finding
from safety_service.services import alerting, escalating, rulesets, snapshots, suppression, unmapped
from safety_service.services.intake import Decoder, GradingHouse, SharedRecall, grade_inspections
from safety_service.services.presence import Presence
from safety_service.services.reading import BatchReader, DecodedBatch
from safety_service.services.receipts import Ledger, Receipt
from safety_service.services.restarting import Memory, failure, note_deaf, own_states, silent_since
from safety_service.services.screening import Screen
from safety_service.store import (
    devices,
    event_log,
    leases,
    messages,
    obligations,
    partitions,
    rollups,
    rule_states,
    versions,
)
from safety_service.store.event_log import Refusal
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import after_commit, session_scope
from safety_service.store.tables_partition import Partition

log = structlog.get_logger(__name__)


class Advanced(msgspec.Struct, frozen=True):
    """What one step did; `more`: the log holds messages that it did not reach."""

    messages: int
    events: int
    transitions: int
    more: bool


class PipelineOptions(msgspec.Struct, frozen=True):
    """`batch`: messages in one transaction; `tolerance`: a shorter downtime keeps pending timers running.

    `lease` and `fence`: under which every step is taken. `schools` empty: all there are. Without an `album`
    images stay where they are.
    """

    partition: int
    lease: str
    fence: int
    schools: frozenset[str]
    zone: tzinfo
    batch: int
    tolerance: timedelta
    max_payload_bytes: int
    grading: GradingHouse
    max_push_bytes: int = 0
    ration: Ration = Ration()
    album: snapshots.Album | None = None


class Pipeline:
    """Advances one partition. Not thread-safe: one job runs it, and nobody else."""

    def __init__(
        self, database: Database, options: PipelineOptions, on_transitions: Callable[[int], None]
    ) -> None:
        """`on_transitions` is told the number of the newest transition after each commit that brought any."""
        self._database = database
        self._options = options
        self._on_transitions = on_transitions
        self._memory: Memory | None = None
        self._batch = options.batch
        self._keeper = snapshots.Keeper(options.album) if options.album is not None else None
        self._reader = BatchReader(database, options.partition, self._keeper)
        # It outlives a rolled back batch: what it knows of a message is bound to its position.
        self._decoders_memory = SharedRecall()

    def close(self) -> None:
        """Ends the threads that read ahead and write files."""
        self._reader.close()
        if self._keeper is not None:
            self._keeper.close()

    def advance(self, now: datetime, link_since: datetime | None) -> Advanced:
        """One step. `link_since`: since when the broker has been heard, None while it is not.

        Raises Unavailable while the database is away. A batch that fails for any other reason is tried again
        in ever smaller pieces, until the one message at fault is set aside as rejected: it must not stop the
        alarm behind it.
        """
        try:
            ahead = self._read_ahead()
            with session_scope(self._database, EVERY_SCHOOL, write=True) as session:
                advanced = self._step(session, now, link_since, self._batch, ahead)
        except SafetyError:
            self._memory = None
            raise
        except Exception as error:
            self._memory = None
            log.exception("a batch failed and was rolled back", batch=self._batch)
            if self._batch == 1 and self._works_without_messages(now, link_since):
                self._set_aside(error)
            self._batch = max(1, self._batch // 8)
            raise
        # Nothing is proved by a step that stopped before the first message, because of its image.
        if advanced.messages or not advanced.more:
            self._batch = min(self._options.batch, self._batch * 2)
        return advanced

    def receipts_due(self, now: datetime, *, again: bool = False) -> list[Receipt]:
        """What to tell the gateways after a step; `again`: everything, for the broker has forgotten it."""
        if self._memory is None:
            return []
        if again:
            self._memory.ledger.forget_published()
        return self._memory.ledger.due(now)

    def _works_without_messages(self, now: datetime, link_since: datetime | None) -> bool:
        """Whether the fault is the message's: a defect in anything else must not cost a single one."""
        try:
            with session_scope(self._database, EVERY_SCHOOL, write=True) as session:
                self._step(session, now, link_since, 0)
        except Exception:
            self._memory = None
            return False
        return True

    def _read_ahead(self) -> DecodedBatch | None:
        if self._memory is None:
            self._reader.forget()
            return None
        return self._reader.next(self._memory.decoder, self._memory.cursor, self._batch)

    def _step(
        self,
        session: Session,
        now: datetime,
        link_since: datetime | None,
        limit: int,
        ahead: DecodedBatch | None = None,
    ) -> Advanced:
        leases.hold(session, self._options.lease, self._options.fence)
        row = partitions.claim(session, self._options.partition)
        seen = versions.read(session)
        memory = self._refresh(session, row, seen, now)
        self._note_deafness(row, memory, now, link_since)
        if ahead is None or not ahead.follows(row.cursor, memory.decoder):
            ahead = self._reader.read(session, memory.decoder, row.cursor, limit)
        batch = ahead.messages
        new = self._take_in(session, row, memory, ahead, now)
        judged = memory.screen.judge(session, row, new, memory.registry, memory.presence, now)
        unknown = memory.presence.note(new, memory.registry, memory.engine)
        findings = self._owe(session, memory, seen, now) + memory.engine.observe(judged, now)
        more = ahead.cut or 0 < limit == len(batch)
        if not more:
            # Timers wait until the backlog is read: what is in it may be the very message they wait for.
            findings += memory.engine.tick(now)
        rules, told = memory.engine.rules, 0
        transitions = alerting.apply(session, findings, rules, memory.latest, now)
        if not more:
            # What was held back waits for that too, and so does whoever is to be told next.
            newest = seen.transitions + transitions
            memory.followed, told = suppression.follow(session, rules, memory.followed, newest, now)
            transitions += escalating.look(session, now, self._options.schools, row.advanced_at)
        rule_states.save(session, memory.engine.drain_changes())
        row.cursor = memory.cursor = ahead.ends_at
        self._decoders_memory.save(session, row.cursor)
        memory.presence.write(session, row, memory.registry, memory.engine, now, unknown=unknown)
        row.advanced_at = now
        session.add(row)
        if transitions or told:
            after_commit(session, partial(self._on_transitions, seen.transitions + transitions))
        return Advanced(len(batch), len(new), transitions, more)

    def _take_in(
        self, session: Session, row: Partition, memory: Memory, ahead: DecodedBatch, now: datetime
    ) -> list[Event]:
        """Grades and stores; returns the events that are news."""
        batch, decoded = ahead.messages, ahead.intake
        intake = grade_inspections(session, decoded, batch, self._options.grading, now)
        # In a backlog the clock of the receipts is that of the messages: the missing one may lie behind.
        heard = batch[-1].received_at if batch and (ahead.cut or len(batch) >= self._batch) else now
        unread = [refusal.message for refusal in decoded.refused if refusal.school is not None]
        intake.events += memory.ledger.take_in(session, decoded.events, unread, heard)
        new = event_log.insert_new(session, row.id, row.event_position, intake.events)
        row.event_position += len(intake.events)
        if self._options.album is not None:
            snapshots.note(session, self._options.album, new, decoded.images, now)
        event_log.insert_rejected(session, row.id, intake.refused)
        counts = rollups.count_by_hour(new)
        rollups.add_events(session, counts)
        unmapped.note(session, new, counts)
        return new

    def _owe(self, session: Session, memory: Memory, seen: versions.Versions, now: datetime) -> list[Finding]:
        """What the rules find in the obligations that changed since the last step."""
        if seen.obligations <= memory.owed_until:
            return []
        memory.owed_until, changed = obligations.changed_after(session, memory.owed_until)
        schools = self._schools(session)
        return memory.engine.owe([owed for owed in changed if owed.school in schools], now)

    def _refresh(self, session: Session, row: Partition, seen: versions.Versions, now: datetime) -> Memory:
        """The memory, made or renewed where rules or registry changed since the last step."""
        memory = self._memory
        if memory is not None and memory.rules_version == seen.rules:
            if memory.registry.version != seen.registry:
                schools = self._schools(session)
                memory.registry = devices.load(session, schools)
                memory.decoder = self._decoder(memory.registry, schools)
                for device in memory.registry.devices.values():
                    memory.engine.register(device)
            return memory
        self._memory = self._rebuild(session, row, seen, now)
        return self._memory

    def _rebuild(self, session: Session, row: Partition, seen: versions.Versions, now: datetime) -> Memory:
        schools = self._schools(session)
        registry = devices.load(session, schools)
        decoder = self._decoder(registry, schools)
        self._decoders_memory.restore(session, schools)
        presence = Presence()
        presence.catch_up(session, row, registry, decoder)
        zones = {school: decoder.zone_of(school) for school in schools}
        tolerance, rules = self._options.tolerance, rulesets.in_force(session)
        engine = Engine(rules, tolerance=tolerance, zones=zones, zone=self._options.zone)
        intervals = msgspec.convert(row.deaf, list[Deaf])
        engine.load(
            own_states(rule_states.load(session), rules, schools),
            [silent_since(device, intervals, tolerance) for device in registry.devices.values()],
            [owed for owed in obligations.every_open(session) if owed.school in schools],
        )
        heard_until = self._memory.heard_until if self._memory is not None else now
        if self._memory is None and row.advanced_at is not None and row.advanced_at < now:
            engine.deaf(row.advanced_at, now, restart=True)
            note_deaf(row, Deaf(row.advanced_at, now, True))
        latest = alerting.LatestAlerts()
        ledger = self._memory.ledger if self._memory is not None else Ledger.load(session, schools)
        return Memory(
            rules_version=seen.rules,
            engine=engine,
            registry=registry,
            decoder=decoder,
            latest=latest,
            presence=presence,
            heard_until=heard_until,
            ledger=ledger,
            cursor=row.cursor,
            # Obligations were read after this: what was written meanwhile is read once more.
            owed_until=seen.obligations,
            screen=self._memory.screen if self._memory is not None else Screen(self._options.ration),
        )

    def _decoder(self, registry: devices.Registry, schools: frozenset[str]) -> Decoder:
        given = self._options
        limits = given.max_payload_bytes, given.max_push_bytes
        return Decoder(registry, schools, given.zone, *limits, self._decoders_memory)

    def _schools(self, session: Session) -> frozenset[str]:
        """The schools this partition works for."""
        return self._options.schools or devices.school_codes(session)

    def _note_deafness(
        self, row: Partition, memory: Memory, now: datetime, link_since: datetime | None
    ) -> None:
        """While the broker is out of reach nobody can be heard, so nobody is silent."""
        heard_again = now if link_since is None else min(link_since, now)
        if heard_again > memory.heard_until:
            memory.engine.deaf(memory.heard_until, heard_again, restart=False)
            note_deaf(row, Deaf(memory.heard_until, heard_again, False))
        memory.heard_until = now

    def _set_aside(self, error: Exception) -> None:
        """Rejects the one message that the pipeline cannot get past, and says where it failed."""
        with session_scope(self._database, EVERY_SCHOOL, write=True) as session:
            leases.hold(session, self._options.lease, self._options.fence)
            row = partitions.claim(session, self._options.partition)
            batch = messages.read_after(session, row.id, row.cursor, 1)
            if not batch:
                return
            event_log.insert_rejected(session, row.id, [Refusal(batch[0], None, failure(error))])
            row.cursor = batch[0].position
            session.add(row)
